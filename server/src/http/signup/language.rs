//! The page's language: chosen as the widget chooses, and spoken by the same catalogues.

use std::sync::OnceLock;

use axum::http::{HeaderMap, header};
use doorstep_fields::{Field, Kind, codes};
use doorstep_texts::{LANGUAGES, Language, Text, Words};
use doorstep_wire::session;
use icu_collator::{Collator, options::CollatorOptions};
use icu_locale::{
    Direction, LanguageIdentifier, LocaleDirectionality, LocaleExpander,
    names::{
        LanguageIdentifierDisplayName, LanguageIdentifierDisplayNameOptions, RegionDisplayName,
    },
};
use icu_plurals::{PluralCategory, PluralRules};

use crate::config::{Custom, Settings};

/// Browsers send a handful; what is longer is no reader's wish.
const MOST_WISHES: usize = 20;

/// A language that somebody wants to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader {
    language: &'static Language,
}

/// A choice of a list: what is sent, and what is read.
pub(super) type Choice = (&'static str, String);

impl Reader {
    /// The first wish that anybody can fulfil: the address's, then the browser's.
    pub(crate) fn of(query: Option<&str>, headers: &HeaderMap) -> Self {
        let asked = super::member(query.unwrap_or_default().as_bytes(), "locale");
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok());
        let wishes = asked.into_iter().chain(by_weight(accepted.unwrap_or_default()));
        let language = wishes.take(MOST_WISHES).find_map(|wish| nearest(&wish));
        Self { language: language.unwrap_or_else(english) }
    }

    /// Its tag.
    pub(super) fn tag(self) -> &'static str {
        self.language.tag
    }

    /// Where its lines begin.
    pub(super) fn direction(self) -> &'static str {
        match LocaleDirectionality::new_common().get(&self.identifier()) {
            Some(Direction::RightToLeft) => "rtl",
            _ => "ltr",
        }
    }

    fn identifier(self) -> LanguageIdentifier {
        self.language.tag.parse().unwrap_or(LanguageIdentifier::UNKNOWN)
    }

    /// All choices of a kind, in the order of their names.
    pub(super) fn choices(self, kind: Kind) -> Vec<Choice> {
        /// Countries and languages, named when somebody first asks.
        static NAMED: OnceLock<Vec<OnceLock<[Vec<Choice>; 2]>>> = OnceLock::new();
        let at = match kind {
            Kind::Country => 0,
            Kind::Locale => 1,
            Kind::Currency => return codes::currencies().map(|it| (it, it.to_owned())).collect(),
            _ => return Vec::new(),
        };
        let named = NAMED.get_or_init(|| LANGUAGES.iter().map(|_| OnceLock::new()).collect());
        let own = LANGUAGES.iter().zip(named).find(|(language, _)| language.tag == self.tag());
        own.map_or(Vec::new(), |(_, own)| {
            own.get_or_init(|| [self.countries(), self.languages()])[at].clone()
        })
    }

    fn countries(self) -> Vec<Choice> {
        let name = |code: &str| {
            let locale = self.identifier().into();
            let name = RegionDisplayName::try_new_light(locale, code.parse().ok()?).ok()?;
            Some(name.to_string())
        };
        self.sorted(codes::countries().map(|code| (code, name(code).unwrap_or(code.to_owned()))))
    }

    fn languages(self) -> Vec<Choice> {
        let name = |code: &str| {
            let (locale, subject) = (self.identifier().into(), code.parse().ok()?);
            let options = LanguageIdentifierDisplayNameOptions::default();
            let name = LanguageIdentifierDisplayName::try_new_heavy(locale, subject, options);
            Some(name.ok()?.as_borrowed().to_string())
        };
        self.sorted(codes::languages().map(|code| (code, name(code).unwrap_or(code.to_owned()))))
    }

    fn sorted(self, choices: impl Iterator<Item = Choice>) -> Vec<Choice> {
        let mut choices: Vec<Choice> = choices.collect();
        match Collator::try_new(self.identifier().into(), CollatorOptions::default()) {
            Ok(collator) => choices.sort_by(|(_, one), (_, other)| collator.compare(one, other)),
            Err(_) => choices.sort_by(|(_, one), (_, other)| one.cmp(other)),
        }
        choices
    }
}

/// The page's texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) reader: Reader,
    words: Option<&'a Words>,
    custom: &'a [Custom],
}

impl<'a> Said<'a> {
    pub(super) fn new(settings: &'a Settings, reader: Reader) -> Self {
        Self { reader, words: settings.texts.words(reader.tag()), custom: &settings.form.custom }
    }

    fn text(&self, section: &str, name: &str) -> Option<&'a Text> {
        let word = self.words.and_then(|words| words.get(section)?.get(name));
        word.or_else(|| self.reader.language.catalogue().text(section, name))
    }

    /// A text.
    pub(super) fn say(&self, section: &str, name: &str) -> &'a str {
        self.text(section, name).map_or("", |text| text.form("other"))
    }

    /// A text with something in it.
    pub(super) fn fill(&self, section: &str, name: &str, what: &str, with: &str) -> String {
        self.say(section, name).replace(&format!("{{{what}}}"), with)
    }

    /// A field's label.
    pub(super) fn label(&self, field: &Field) -> String {
        match self.words(field) {
            Some(words) => words.label.replace(['[', ']'], ""),
            None => self.say("field", field.name).to_owned(),
        }
    }

    /// What people read of a field that the operator declared.
    pub(super) fn words(&self, field: &Field) -> Option<session::Words> {
        let custom = self.custom.iter().find(|custom| custom.name == field.name)?;
        Some(custom.words_in(self.reader.tag()))
    }

    /// A text that counts.
    pub(super) fn count(&self, section: &str, name: &str, count: usize) -> String {
        let rules = PluralRules::try_new_cardinal(self.reader.identifier().into());
        let category = match rules.map(|rules| rules.category_for(count)) {
            Ok(PluralCategory::Zero) => "zero",
            Ok(PluralCategory::One) => "one",
            Ok(PluralCategory::Two) => "two",
            Ok(PluralCategory::Few) => "few",
            Ok(PluralCategory::Many) => "many",
            Ok(PluralCategory::Other) | Err(_) => "other",
        };
        let form = self.text(section, name).map_or("", |text| text.form(category));
        form.replace("{count}", &count.to_string())
    }

    /// What is wrong with an answer, if its code is one of ours.
    pub(super) fn fault(&self, field: &Field, code: &str) -> Option<String> {
        let [least, greatest] = field.range;
        let (code, limit) = match code {
            "too_small" | "too_early" => ("below", least),
            "too_large" | "too_late" => ("above", greatest),
            "invalid_number" | "invalid_date" => ("unlike", ""),
            "consent_needed" => ("consent", ""),
            code => (code, ""),
        };
        let like = match (field.kind, field.decimals) {
            (Kind::Date, _) => "2026-02-28",
            (_, 0) => "12",
            _ => "12.5",
        };
        let length = if code == "too_short" { field.min } else { field.max };
        let section = ["fault", "rule"].into_iter().find(|it| self.text(it, code).is_some())?;
        let sentence = self.count(section, code, length);
        let sentence = sentence.replace("{limit}", limit).replace("{like}", like);
        Some(sentence.replace("{field}", &self.label(field)))
    }
}

fn english() -> &'static Language {
    doorstep_texts::language("en").expect("English is one of them")
}

/// The catalogue of the same language and script, of the same region if there is a
/// choice; what a tag leaves out comes from CLDR's likely subtags.
fn nearest(wish: &str) -> Option<&'static Language> {
    let whole = |tag: &str| {
        let mut identifier: LanguageIdentifier = tag.parse().ok()?;
        LocaleExpander::new_common().maximize(&mut identifier);
        Some(identifier)
    };
    let wish = wish.replace('_', "-");
    // Norwegian is written in two ways, and the one is read by those who write the other.
    let wish = match wish.split_once('-').unwrap_or((&wish, "")) {
        ("no" | "nn" | "NO" | "NN", "") => "nb".to_owned(),
        ("no" | "nn" | "NO" | "NN", rest) => format!("nb-{rest}"),
        _ => wish,
    };
    // Extensions say nothing of the language.
    let wanted = whole(wish.split("-u-").next().unwrap_or_default())?;
    let near: Vec<(&Language, LanguageIdentifier)> = LANGUAGES
        .iter()
        .filter_map(|language| Some((language, whole(language.tag)?)))
        .filter(|(_, it)| it.language == wanted.language && it.script == wanted.script)
        .collect();
    let same_region = near.iter().find(|(_, it)| it.region == wanted.region);
    same_region.or(near.first()).map(|(language, _)| *language)
}

/// The tags of an `Accept-Language`, heaviest first.
fn by_weight(accepted: &str) -> Vec<String> {
    let mut wishes: Vec<(f32, &str)> = accepted
        .split(',')
        .take(MOST_WISHES)
        .filter_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let tag = parts.next().filter(|tag| !tag.is_empty() && *tag != "*")?;
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
            Some((weight.unwrap_or(1.0), tag))
        })
        .filter(|(weight, _)| *weight > 0.0)
        .collect();
    wishes.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    wishes.into_iter().map(|(_, tag)| tag.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(query: &str, accepted: &str) -> &'static str {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
        Reader::of(Some(query), &headers).tag()
    }

    #[test]
    fn the_first_wish_that_can_be_fulfilled_decides() {
        for (query, accepted, expected) in [
            ("", "", "en"),
            ("", "tlh, de-AT;q=0.9, fr;q=0.8", "de"),
            ("", "fr;q=0.2, sv;q=0.7, de;q=0", "sv"),
            ("", "zh-TW", "zh-Hant"),
            ("", "zh", "zh-Hans"),
            ("", "pt", "pt-BR"),
            ("", "nn-NO", "nb"),
            ("", "*", "en"),
            ("locale=de_AT", "fr", "de"),
            ("x=1&locale=ar-EG-u-nu-latn", "fr", "ar"),
            ("locale=%00%3Cscript%3E", "fr", "fr"),
            ("locale=", "he", "he"),
        ] {
            assert_eq!(tag(query, accepted), expected, "{query} {accepted}");
        }
    }

    #[test]
    fn names_are_those_of_the_language_in_its_order() {
        let reader = |tag| Reader { language: doorstep_texts::language(tag).unwrap() };
        let german = reader("de").choices(Kind::Country);
        assert_eq!(german.len(), codes::countries().count());
        assert!(german.contains(&("AT", "Österreich".to_owned())));
        let place = |code| german.iter().position(|(it, _)| *it == code).unwrap();
        // Not after "Z", where its bytes are.
        assert!(place("OM") < place("AT") && place("AT") < place("PK"));
        assert!(reader("fr").choices(Kind::Locale).contains(&("de", "allemand".to_owned())));
        for language in LANGUAGES {
            let reader = Reader { language };
            let unnamed = |(code, name): &&Choice| name.is_empty() || *code == name;
            let choices = [reader.choices(Kind::Country), reader.choices(Kind::Locale)].concat();
            let unnamed: Vec<_> = choices.iter().filter(unnamed).collect();
            assert!(unnamed.len() < 8, "{}: {unnamed:?}", language.tag);
            let mirrored = ["ar", "fa", "he"].contains(&language.tag);
            assert_eq!(reader.direction(), if mirrored { "rtl" } else { "ltr" });
        }
    }

    #[test]
    fn plurals_are_those_that_the_catalogues_have() {
        for language in LANGUAGES {
            let locale = Reader { language }.identifier();
            let rules = PluralRules::try_new_cardinal(locale.into()).unwrap();
            let names: Vec<String> =
                rules.categories().map(|it| format!("{it:?}").to_lowercase()).collect();
            // A category that is newer than a catalogue has the form for all else.
            let missing = language.plurals.iter().find(|it| names.iter().all(|name| name != *it));
            assert_eq!(missing, None, "{}: {names:?}", language.tag);
        }
    }
}

//! `[[form.custom]]`: fields of the operator's own.
//!
//! ```toml
//! [[form.custom]]
//! name = "employees"
//! kind = "number"             # text, choice, number, date or consent
//! label = "Employees"
//! hint = "In the whole company"
//! required = true
//! min = 1                     # of numbers and days
//! max = 100000
//! texts.de = { label = "Beschäftigte", hint = "Im ganzen Unternehmen" }
//!
//! [[form.custom]]
//! name = "size"
//! kind = "choice"
//! label = "Size"
//! options = ["small", { value = "l", label = "Large" }]
//! texts.de = { label = "Größe", options = { small = "Klein", l = "Groß" } }
//!
//! [[form.custom]]
//! name = "terms"
//! kind = "consent"
//! label = "I accept the [terms of service]"
//! link = "https://host.example/terms"
//! required = true
//! ```

mod check;

use std::collections::BTreeMap;

use doorstep_fields::{Field, Kind, declare};
use doorstep_texts::language;
use doorstep_wire::session;
use serde::Deserialize;

pub(super) use self::check::validate;
/// The longest answer of a text, and how long it is where nothing is said.
const TEXT_CHARACTERS: usize = 255;

/// One declaration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Custom {
    /// By which the answer is sent and kept.
    pub name: String,
    /// How it is answered.
    pub kind: CustomKind,
    /// What people read; of a consent with the link's words in brackets.
    pub label: String,
    /// What helps to answer.
    #[serde(default)]
    pub hint: String,
    /// Whether the form goes out without it.
    #[serde(default)]
    pub required: bool,
    /// The least number, or the first day.
    #[serde(default)]
    pub min: Option<Bound>,
    /// The greatest number, or the last day.
    #[serde(default)]
    pub max: Option<Bound>,
    /// Digits of a number after the point; none unless said otherwise.
    #[serde(default)]
    pub decimals: Option<usize>,
    /// The shortest text.
    #[serde(default)]
    pub min_length: Option<usize>,
    /// The longest text; 255 characters unless said otherwise.
    #[serde(default)]
    pub max_length: Option<usize>,
    /// What there is to choose from.
    #[serde(default)]
    pub options: Vec<Choice>,
    /// What is consented to.
    #[serde(default)]
    pub link: Option<String>,
    /// The same in other languages.
    #[serde(default)]
    pub texts: BTreeMap<String, Translation>,
}

/// How a field is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CustomKind {
    /// A line of text.
    Text,
    /// One of a list.
    Choice,
    /// A number.
    Number,
    /// A day.
    Date,
    /// A yes.
    Consent,
}

/// One of a list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Choice {
    /// What is sent is what is read.
    Plain(String),
    /// It is not.
    Labelled {
        /// What is sent.
        value: String,
        /// What is read.
        label: String,
    },
}

/// A bound as TOML has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Bound {
    /// A whole number.
    Whole(i64),
    /// Another one.
    Decimal(f64),
    /// A day, or a number in quotes.
    Text(String),
}

/// Words of another language; what is left out is read as it was said first.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Translation {
    /// The label.
    pub label: Option<String>,
    /// The hint.
    pub hint: Option<String>,
    /// The choices, by what is sent.
    pub options: BTreeMap<String, String>,
    /// What is consented to, in that language.
    pub link: Option<String>,
}

/// The fields by which answers are checked, in the order in which the form asks.
pub(crate) fn fields(all: &[Custom]) -> &'static [Field] {
    declare(format!("{all:?}"), || all.iter().map(Custom::field).collect())
}

impl Custom {
    /// What is kept of it for as long as the program runs.
    fn field(&self) -> Field {
        let text = |text: &str| -> &'static str { text.to_owned().leak() };
        let kind = match self.kind {
            CustomKind::Text => Kind::Text,
            CustomKind::Choice => Kind::Choice,
            CustomKind::Number => Kind::Number,
            CustomKind::Date => Kind::Date,
            CustomKind::Consent => Kind::Consent,
        };
        let bound = |bound: &Option<Bound>| bound.as_ref().map_or("", |it| text(&it.text()));
        let choices: Vec<_> = self.options.iter().map(|it| text(it.value())).collect();
        Field {
            required: self.required,
            min: self.min_length.unwrap_or(0),
            max: self.max_length.unwrap_or(TEXT_CHARACTERS),
            range: [bound(&self.min), bound(&self.max)],
            decimals: self.decimals.unwrap_or(0),
            choices: choices.leak(),
            ..Field::declared(text(&self.name), text(&self.label.replace(['[', ']'], "")), kind)
        }
    }

    /// As the form gets it.
    pub(crate) fn to_wire(&self) -> session::Custom {
        let plain = |number: Option<usize>| number.and_then(|it| u32::try_from(it).ok());
        let bound = |bound: &Option<Bound>| bound.as_ref().map(Bound::text);
        session::Custom {
            name: self.name.clone(),
            kind: self.kind.name().to_owned(),
            required: self.required,
            min: bound(&self.min),
            max: bound(&self.max),
            decimals: plain(self.decimals),
            min_length: plain(self.min_length),
            max_length: plain(
                (self.kind == CustomKind::Text).then(|| self.max_length.unwrap_or(TEXT_CHARACTERS)),
            ),
            options: self.options.iter().map(|it| it.value().to_owned()).collect(),
            words: self.words(None),
            languages: self
                .texts
                .iter()
                .filter_map(|(tag, texts)| {
                    Some((language(tag)?.tag.to_owned(), self.words(Some(texts))))
                })
                .collect(),
        }
    }

    /// As the form gets it in a language.
    pub(crate) fn to_wire_in(&self, tag: &str) -> session::Custom {
        session::Custom { words: self.words_in(tag), languages: BTreeMap::new(), ..self.to_wire() }
    }

    /// The words of a language of the form.
    pub(crate) fn words_in(&self, tag: &str) -> session::Words {
        let texts = self.texts.iter().find(|(other, _)| other.eq_ignore_ascii_case(tag));
        self.words(texts.map(|(_, texts)| texts))
    }

    /// The words with those of another language over them.
    fn words(&self, texts: Option<&Translation>) -> session::Words {
        let or = |word: Option<&String>, own: &str| word.map_or(own, String::as_str).to_owned();
        let options = self
            .options
            .iter()
            .map(|option| or(texts.and_then(|it| it.options.get(option.value())), option.label()));
        let link = texts.and_then(|it| it.link.as_ref()).or(self.link.as_ref());
        session::Words {
            label: or(texts.and_then(|it| it.label.as_ref()), &self.label),
            hint: or(texts.and_then(|it| it.hint.as_ref()), &self.hint),
            options: options.collect(),
            link: link.cloned(),
        }
    }
}

impl CustomKind {
    /// As it is written.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Choice => "choice",
            Self::Number => "number",
            Self::Date => "date",
            Self::Consent => "consent",
        }
    }
}

impl Choice {
    fn value(&self) -> &str {
        match self {
            Self::Plain(value) | Self::Labelled { value, .. } => value,
        }
    }

    fn label(&self) -> &str {
        match self {
            Self::Plain(label) | Self::Labelled { label, .. } => label,
        }
    }
}

impl Bound {
    fn text(&self) -> String {
        match self {
            Self::Whole(number) => number.to_string(),
            Self::Decimal(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use doorstep_fields::{FaultCode, Raw, Value};

    use super::*;
    use crate::config::Form;

    fn check(toml: &str) -> Result<&'static [Field], String> {
        let form: Form = toml::from_str(toml).map_err(|error| error.to_string())?;
        validate(&form.custom)?;
        Ok(fields(&form.custom))
    }

    fn one(members: &str) -> Result<&'static [Field], String> {
        check(&format!("[[custom]]\nname = \"x\"\nlabel = \"X\"\n{members}"))
    }

    #[test]
    fn a_declaration_is_the_rule() {
        let fields = check(
            "[[custom]]\nname = \"staff\"\nkind = \"number\"\nlabel = \"Staff\"\nmin = 0.5\nmax = 9\ndecimals = 1\n\
             [[custom]]\nname = \"day\"\nkind = \"date\"\nlabel = \"Day\"\nmin = \"2020-01-01\"\n\
             [[custom]]\nname = \"terms\"\nkind = \"consent\"\nlabel = \"I accept [them]\"\nlink = \"https://x.example\"\nrequired = true\n",
        )
        .unwrap();
        let parse = |at: usize, text| fields[at].parse(Raw::Text(text)).map(|it| it.value);
        assert_eq!(parse(0, "0.4"), Err(FaultCode::TooSmall { least: "0.5" }));
        assert_eq!(parse(0, "9"), Ok(Some(Value::from("9"))));
        assert_eq!(parse(1, "2019-12-31"), Err(FaultCode::TooEarly { first: "2020-01-01" }));
        assert_eq!(parse(2, ""), Err(FaultCode::ConsentNeeded));
        assert_eq!(fields[2].label, "I accept them");
    }

    #[test]
    fn what_cannot_be_asked_is_named_with_what_to_do() {
        for (members, expected) in [
            ("kind = \"colour\"", "unknown variant `colour`"),
            ("kind = \"text\"\ncolor = 1", "unknown field `color`"),
            (
                "kind = \"text\"\nmin = 1",
                "form.custom.x.min is not for kind = \"text\": leave it out",
            ),
            (
                "kind = \"text\"\nmax_length = 0",
                "form.custom.x.max_length 0 is not between 1 and 255",
            ),
            (
                "kind = \"text\"\nmax_length = 3\nmin_length = 4",
                "form.custom.x.min_length 4 is more than max_length, 3",
            ),
            ("kind = \"number\"\nmin = 2\nmax = 1", "form.custom.x.min 2 is above max, 1"),
            (
                "kind = \"number\"\nmax = 1.5",
                "form.custom.x.max \"1.5\" is not a number of up to 15 digits, 0 of them",
            ),
            ("kind = \"number\"\nmax = 1e300", "form.custom.x.max"),
            ("kind = \"number\"\nmin = \"1e2\"", "form.custom.x.min \"1e2\" is not a number"),
            ("kind = \"number\"\ndecimals = 7", "form.custom.x.decimals 7 is more than 6"),
            (
                "kind = \"date\"\nmin = \"2026-02-30\"",
                "form.custom.x.min \"2026-02-30\" is not a day",
            ),
            (
                "kind = \"date\"\nmin = \"2026-02-02\"\nmax = \"2026-02-01\"",
                "form.custom.x.min 2026-02-02 is above max",
            ),
            ("kind = \"choice\"", "form.custom.x.options must be a list of 1 to 250"),
            (
                "kind = \"choice\"\noptions = [\"a\", \"a\"]",
                "form.custom.x.options: \"a\" is there twice",
            ),
            (
                "kind = \"choice\"\noptions = [\" a\"]",
                "form.custom.x.options: \" a\" is not 1 to 64 visible",
            ),
            (
                "kind = \"choice\"\noptions = [\"a\"]\ntexts.de = { options = { b = \"B\" } }",
                "form.custom.x.texts.de.options.b is none of the field's options",
            ),
            (
                "kind = \"consent\"\nlink = \"https://x.example\"",
                "form.custom.x.label must have the link's words in brackets",
            ),
            (
                "kind = \"consent\"\nlink = \"javascript:1\"",
                "form.custom.x.link \"javascript:1\" is not an http(s) URL",
            ),
            (
                "kind = \"date\"\nlink = \"https://x.example\"",
                "form.custom.x.link is not for kind = \"date\"",
            ),
            (
                "kind = \"text\"\ntexts.tlh = {}",
                "form.custom.x.texts.tlh is no language of the form",
            ),
            (
                "kind = \"text\"\ntexts.de = { label = \"a\\u202Eb\" }",
                "form.custom.x.texts.de.label is not 1 to 200 visible",
            ),
            ("kind = \"text\"\nhint = \"a\\nb\"", "form.custom.x.hint is not 1 to 200"),
        ] {
            let error = one(members).unwrap_err();
            assert!(error.contains(expected), "{members}: {error}");
        }
        for (name, expected) in [
            ("Staff", "the name \"Staff\" is not one: use up to 32 small letters"),
            ("", "the name \"\" is not one"),
            ("a.b", "the name \"a.b\" is not one"),
            ("1a", "the name \"1a\" is not one"),
            ("__proto__", "the name \"__proto__\" is not one"),
            ("email", "form.custom.email has the name of a field that the form knows"),
            ("token", "form.custom.token has a name that means something else"),
            ("title", "form.custom.title has a name that means something else"),
            ("remove", "form.custom.remove has a name that means something else"),
        ] {
            let toml = format!("[[custom]]\nname = {name:?}\nkind = \"text\"\nlabel = \"X\"");
            let error = check(&toml).unwrap_err();
            assert!(error.contains(expected), "{name}: {error}");
            let twice = format!(
                "{}\n{}",
                toml.replace(&format!("{name:?}"), "\"a\""),
                toml.replace(&format!("{name:?}"), "\"a\"")
            );
            assert!(check(&twice).unwrap_err().contains("form.custom.a is declared twice"));
        }
        let many: Vec<_> = (0..21)
            .map(|at| format!("[[custom]]\nname = \"a{at}\"\nkind = \"text\"\nlabel = \"X\"\n"))
            .collect();
        assert!(check(&many.concat()).unwrap_err().contains("at most 20 are possible"));
    }

    #[test]
    fn words_that_a_language_lacks_are_those_that_were_said_first() {
        let toml = "[[custom]]\nname = \"x\"\nkind = \"choice\"\nlabel = \"Size\"\nhint = \"Roughly\"\n\
                    options = [\"s\", { value = \"l\", label = \"Large\" }]\n\
                    texts.DE = { label = \"Größe\", options = { l = \"Groß\" } }\n";
        let form: Form = toml::from_str(toml).unwrap();
        assert_eq!(validate(&form.custom), Ok(()));
        let custom = &form.custom[0];
        let german = session::Words {
            label: "Größe".to_owned(),
            hint: "Roughly".to_owned(),
            options: vec!["s".to_owned(), "Groß".to_owned()],
            link: None,
        };
        let told = custom.to_wire();
        assert_eq!(told.words.options, ["s", "Large"]);
        assert_eq!(told.languages, BTreeMap::from([("de".to_owned(), german)]));
    }
}

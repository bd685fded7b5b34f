//! Which languages there are, and which forms their numbers need.

/// A language that the widget speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language {
    /// Its BCP 47 tag, as short as it can be, which is the name of its file.
    pub tag: &'static str,
    /// The plural categories of its cardinal numbers (CLDR), which every counted text has.
    /// The browser tests hold this to the browser's own `Intl.PluralRules`.
    pub plurals: &'static [&'static str],
}

/// No number changes a word.
const ALIKE: &[&str] = &["other"];
const ONE: &[&str] = &["one", "other"];
/// Romance languages count millions in another way.
const MILLIONS: &[&str] = &["one", "many", "other"];
const SLAVIC: &[&str] = &["one", "few", "many", "other"];

/// All of them, in the order of their tags.
pub static LANGUAGES: &[Language] = &[
    Language { tag: "ar", plurals: &["zero", "one", "two", "few", "many", "other"] },
    Language { tag: "cs", plurals: SLAVIC },
    Language { tag: "da", plurals: ONE },
    Language { tag: "de", plurals: ONE },
    Language { tag: "el", plurals: ONE },
    Language { tag: "en", plurals: ONE },
    Language { tag: "es", plurals: MILLIONS },
    Language { tag: "fa", plurals: ONE },
    Language { tag: "fi", plurals: ONE },
    Language { tag: "fr", plurals: MILLIONS },
    Language { tag: "he", plurals: &["one", "two", "other"] },
    Language { tag: "hi", plurals: ONE },
    Language { tag: "hu", plurals: ONE },
    Language { tag: "id", plurals: ALIKE },
    Language { tag: "it", plurals: MILLIONS },
    Language { tag: "ja", plurals: ALIKE },
    Language { tag: "ko", plurals: ALIKE },
    Language { tag: "nb", plurals: ONE },
    Language { tag: "nl", plurals: ONE },
    Language { tag: "pl", plurals: SLAVIC },
    Language { tag: "pt-BR", plurals: MILLIONS },
    Language { tag: "ro", plurals: &["one", "few", "other"] },
    Language { tag: "ru", plurals: SLAVIC },
    Language { tag: "sv", plurals: ONE },
    Language { tag: "th", plurals: ALIKE },
    Language { tag: "tr", plurals: ONE },
    Language { tag: "uk", plurals: SLAVIC },
    Language { tag: "vi", plurals: ALIKE },
    Language { tag: "zh-Hans", plurals: ALIKE },
    Language { tag: "zh-Hant", plurals: ALIKE },
];

/// The language of that tag, in any case.
pub fn language(tag: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.tag.eq_ignore_ascii_case(tag))
}

#[cfg(test)]
mod tests {
    use super::{LANGUAGES, language};

    #[test]
    fn tags_are_sorted_and_every_language_has_a_form_for_all_else() {
        assert!(LANGUAGES.is_sorted_by_key(|language| language.tag));
        assert!(LANGUAGES.iter().all(|language| language.plurals.ends_with(&["other"])));
        assert_eq!(language("EN").unwrap().tag, "en");
    }
}

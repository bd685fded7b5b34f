//! Every catalogue, for programs that speak to people themselves.

use std::sync::OnceLock;

use crate::{Catalogue, LANGUAGES, Language};

/// The files, by the tags of their languages.
macro_rules! files {
    ($($tag:literal)*) => {
        [$(($tag, include_str!(concat!("../../../widget/locales/", $tag, ".json"))),)*]
    };
}

static FILES: [(&str, &str); 30] = files! {
    "ar" "cs" "da" "de" "el" "en" "es" "fa" "fi" "fr" "he" "hi" "hu" "id" "it" "ja" "ko" "nb" "nl" "pl" "pt-BR" "ro" "ru"
    "sv" "th" "tr" "uk" "vi" "zh-Hans" "zh-Hant"
};

/// Read when somebody first asks.
static READ: [OnceLock<Catalogue>; FILES.len()] = [const { OnceLock::new() }; FILES.len()];

impl Language {
    /// Its texts.
    pub fn catalogue(&self) -> &'static Catalogue {
        let at = LANGUAGES.iter().position(|it| it.tag == self.tag);
        let at = at.expect("languages are those of the list");
        READ[at].get_or_init(|| Catalogue::read(FILES[at].1).expect("the tests read it too"))
    }
}

#[cfg(test)]
mod tests {
    use super::FILES;
    use crate::{LANGUAGES, Text, language};

    #[test]
    fn each_language_has_its_file() {
        let tags: Vec<&str> = LANGUAGES.iter().map(|language| language.tag).collect();
        assert_eq!(FILES.map(|(tag, _)| tag).to_vec(), tags);
        let title = language("de").unwrap().catalogue().text("page", "failed");
        assert_eq!(title, Some(&Text::One("Das hat nicht geklappt".to_owned())));
    }
}

//! `[texts]`: the operator's words in place of the form's own.

use std::collections::BTreeMap;

use doorstep_texts::{Catalogue, LANGUAGES, Part, Words, language};
use doorstep_wire::session::{OPERATOR, Operator};
use serde::Deserialize;
use serde_json::{Value, json};

/// `[texts]`: by language, section and name, as the widget's catalogues are written.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Texts(BTreeMap<String, Words>);

impl Texts {
    /// Whoever writes for a person to read sees at once what cannot be shown.
    pub(super) fn validate(&self) -> Result<(), String> {
        let english = Catalogue::english();
        for (tag, words) in &self.0 {
            let Some(language) = language(tag) else {
                let known: Vec<_> = LANGUAGES.iter().map(|language| language.tag).collect();
                return Err(format!(
                    "texts.{tag} is no language of the form; they are {}",
                    known.join(", ")
                ));
            };
            for (section, texts) in words {
                for (name, text) in texts {
                    let faults = english.text_faults(section, name, text, language);
                    if let Some(fault) = faults.first() {
                        return Err(format!("texts.{tag}.{section}.{name} {fault}"));
                    }
                }
            }
        }
        Ok(())
    }

    /// The operator's words in a language.
    pub(crate) fn words(&self, tag: &str) -> Option<&Words> {
        Some(self.0.iter().find(|(other, _)| other.eq_ignore_ascii_case(tag))?.1)
    }

    /// A file of texts with the operator's words in it, and in the form's own with what
    /// else is the operator's; nothing where there is neither. Its name says which it is:
    /// `text-de-0123456789abcdef.json`.
    pub(crate) fn put_into(
        &self,
        file: &str,
        packed: &[u8],
        operator: impl FnOnce(&str) -> Option<Operator>,
    ) -> Option<String> {
        let (part, rest) = file.strip_suffix(".json")?.split_once('-')?;
        let (tag, _) = rest.rsplit_once('-')?;
        let part = Part::ALL.into_iter().find(|it| it.name() == part)?;
        let own = self.words(tag).and_then(|words| part.with(words, packed));
        let operator = if part == Part::Form { operator(tag) } else { None };
        let Some(operator) = operator else { return own };
        let texts = own.as_ref().map_or(packed, |own| own.as_bytes());
        let mut texts: Vec<Value> = serde_json::from_slice(texts).ok()?;
        texts.push(json!({ OPERATOR: operator }));
        serde_json::to_string(&texts).ok()
    }
}

#[cfg(test)]
mod tests {
    use doorstep_texts::{Catalogue, Part};

    use super::Texts;
    use crate::config::{Branding, Form};

    fn texts(toml: &str) -> Texts {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn what_cannot_be_shown_is_named() {
        for (written, expected) in [
            ("[tlh.form]\ntitle = \"x\"", "texts.tlh is no language of the form; they are ar, "),
            ("[de.form]\nheading = \"x\"", "texts.de.form.heading is none of the widget's texts"),
            (
                "[de.fault]\nrequired = \"{label} fehlt\"",
                "texts.de.fault.required has the placeholder {label}, which nothing fills",
            ),
            ("[de.form]\ntitle = \"<b>x</b>\"", "texts.de.form.title has a character of HTML"),
            (
                "[pl.shared.check_fields]\none = \"x\"\nother = \"y\"",
                "texts.pl.shared.check_fields lacks the plural form \"few\"",
            ),
        ] {
            let error = texts(written).validate().unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
        let sound = "[pt-br]\nform.title = \"Olá\"\n[en.fault]\ntoo_long = \"{field}: {count}\"\n";
        assert_eq!(texts(sound).validate(), Ok(()));
    }

    #[test]
    fn the_operators_words_take_the_place_of_ours() {
        let english = Catalogue::english();
        let texts = texts("[en.form]\ntitle = \"Join us\"\n[en.order]\nstart = \"Go\"\n");
        let packed = english.packed(Part::Form);
        let own = texts.put_into("text-en-0.json", packed.as_bytes(), |_| None).unwrap();
        assert_eq!(own, packed.replace("Create your account", "Join us"));
        let packed = english.packed(Part::Order);
        let own = texts.put_into("order-en-0.json", packed.as_bytes(), |_| None).unwrap();
        assert_eq!(own, packed.replace("Set up a project", "Go"));
        for other in ["text-de-0.json", "text-en-0.css", "doorstep-0.wasm", "prover-0.js"] {
            assert_eq!(texts.put_into(other, packed.as_bytes(), |_| None), None, "{other}");
        }
    }

    #[test]
    fn what_is_the_operators_stands_after_the_forms_last_text() {
        let form = Form { fields: " phone  country".to_owned(), ..Form::default() };
        let [name, color] = ["Cumulus", "#ffcc00"].map(|it| Some(it.to_owned()));
        let branding = Branding { name, color, logo: None };
        let operator = |tag: &str| form.to_wire(&branding, tag);
        let said = concat!(
            r##"{"operator":{"brand":{"logo":null,"name":"Cumulus"},"##,
            r##""colors":{"--doorstep-brand":"#ffcc00","--doorstep-on-brand":"#000000"},"##,
            r##""suggested":"phone country"}}]"##
        );
        let put =
            |toml: &str, file: &str| texts(toml).put_into(file, br#"["Hello","b"]"#, operator);
        assert_eq!(put("", "text-de-0.json").unwrap(), format!(r#"["Hello","b",{said}"#));
        let words = "[de.loader]\nloading = \"Los\"";
        assert_eq!(put(words, "text-de-0.json").unwrap(), format!(r#"["Los","b",{said}"#));
        for other in ["order-de-0.json", "doorstep-0.css"] {
            assert_eq!(put("", other), None, "{other}");
        }
        assert_eq!(Form::default().to_wire(&Branding::default(), "de"), None);
    }
}

//! What makes a catalogue whole.

use crate::{
    catalogue::Catalogue,
    languages::Language,
    text::{Text, placeholders},
};

/// Forms for a few fixed numbers, which words say as well as figures.
const IN_WORDS: [&str; 3] = ["zero", "one", "two"];

impl Catalogue {
    /// What is wrong with it beside `english`, a sentence each; nothing if it is whole.
    pub fn faults(&self, language: &Language, english: &Self) -> Vec<String> {
        let mut faults = Vec::new();
        for (section, texts) in &english.sections {
            for (name, model) in texts {
                match self.text(section, name) {
                    None => faults.push(format!("{section}.{name} is missing")),
                    Some(text) => {
                        faults.extend(
                            text_faults(text, model, language)
                                .map(|fault| format!("{section}.{name} {fault}")),
                        );
                    }
                }
            }
        }
        for (section, texts) in &self.sections {
            for (name, _) in texts.iter().filter(|(name, _)| english.text(section, name).is_none())
            {
                faults.push(format!("{section}.{name} is none of the widget's texts"));
            }
        }
        faults
    }

    /// What is wrong with an operator's text in place of one of ours.
    pub fn text_faults(
        &self,
        section: &str,
        name: &str,
        text: &Text,
        language: &Language,
    ) -> Vec<String> {
        match self.text(section, name) {
            None => vec!["is none of the widget's texts".to_owned()],
            Some(model) => text_faults(text, model, language).collect(),
        }
    }
}

fn text_faults<'a>(
    text: &'a Text,
    model: &'a Text,
    language: &'a Language,
) -> impl Iterator<Item = String> + use<'a> {
    let is_counted = matches!(model, Text::Plural(_));
    let shape = match (text, is_counted) {
        (Text::Plural(_), false) => Some("does not count anything: write one text".to_owned()),
        (Text::Plural(forms), true) => {
            let missing =
                language.plurals.iter().find(|name| forms.iter().all(|it| it.0 != **name));
            let foreign = forms.iter().find(|(name, _)| !language.plurals.contains(&name.as_str()));
            match (missing, foreign) {
                (Some(name), _) => Some(format!("lacks the plural form {name:?}")),
                (_, Some((name, _))) => {
                    Some(format!("has the plural form {name:?}, which {} has not", language.tag))
                }
                (None, None) => None,
            }
        }
        // The same sentence for every number.
        (Text::One(_), _) => None,
    };
    shape.into_iter().chain(text.forms().flat_map(move |(name, form)| {
        let needs_all = name.is_none_or(|name| !IN_WORDS.contains(&name));
        form_faults(form, model, needs_all)
    }))
}

fn form_faults(form: &str, model: &Text, needs_all: bool) -> Vec<String> {
    let mut faults = Vec::new();
    let wanted = model.placeholders();
    // Whatever counts can also say the number.
    let is_filled =
        |name: &str| wanted.contains(name) || name == "count" && matches!(model, Text::Plural(_));
    let unknown = placeholders(form).find(|name| !is_filled(name));
    if let Some(name) = unknown {
        faults.push(format!("has the placeholder {{{name}}}, which nothing fills"));
    } else if form.matches('{').count() != form.matches('}').count() {
        faults.push("has a brace without its partner".to_owned());
    }
    // Where English says a number in words in all its forms, nobody needs the figure.
    let everywhere = wanted.iter().filter(|name| {
        model.forms().last().is_some_and(|(_, text)| placeholders(text).any(|it| it == **name))
    });
    for name in everywhere.filter(|_| needs_all) {
        if placeholders(form).all(|it| it != *name) {
            faults.push(format!("lacks the placeholder {{{name}}}"));
        }
    }
    if form.trim() != form || form.is_empty() {
        faults.push("is empty, or has a blank at its beginning or end".to_owned());
    }
    let is_entity = |part: &str| {
        part.split_once(';').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '#')
        })
    };
    if form.contains(['<', '>']) || form.split('&').skip(1).any(is_entity) {
        faults.push("has a character of HTML: it is shown as it is written".to_owned());
    }
    if form.chars().any(char::is_control) {
        faults.push("has a control character".to_owned());
    }
    faults
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use doorstep_fields::{CATALOGUE, Fault, FaultCode};

    use crate::{Catalogue, LANGUAGES, Text, language};

    fn folder() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../widget/locales")
    }

    #[test]
    fn every_catalogue_is_whole() {
        let english = Catalogue::english();
        let mut faults = Vec::new();
        for language in LANGUAGES {
            let file = folder().join(format!("{}.json", language.tag));
            let text = fs::read_to_string(&file).unwrap_or_else(|error| {
                panic!("{}: {error}: write it, or take it out of LANGUAGES", file.display())
            });
            match Catalogue::read(&text) {
                Ok(catalogue) => faults.extend(
                    catalogue
                        .faults(language, &english)
                        .into_iter()
                        .map(|fault| format!("{}.json: {fault}", language.tag)),
                ),
                Err(error) => faults.push(format!("{}.json: {error}", language.tag)),
            }
        }
        assert!(faults.is_empty(), "\n  {}\n", faults.join("\n  "));
        let files: BTreeSet<String> = fs::read_dir(folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let expected: BTreeSet<String> =
            LANGUAGES.iter().map(|language| format!("{}.json", language.tag)).collect();
        assert_eq!(files, expected);
    }

    #[test]
    fn sentences_are_translated() {
        let english = Catalogue::english();
        for language in LANGUAGES.iter().filter(|language| language.tag != "en") {
            let text = fs::read_to_string(folder().join(format!("{}.json", language.tag))).unwrap();
            let catalogue = Catalogue::read(&text).unwrap();
            for (section, texts) in &english.sections {
                for (name, text) in texts {
                    let sentence = matches!(text, Text::One(text) if text.matches(' ').count() > 2);
                    assert!(
                        !sentence || catalogue.text(section, name) != Some(text),
                        "{}.json: {section}.{name} is still English",
                        language.tag
                    );
                }
            }
        }
    }

    #[test]
    fn english_says_what_the_server_says() {
        let english = Catalogue::english();
        let labels: Vec<(&str, &Text)> = english
            .sections
            .iter()
            .filter(|(name, _)| name == "field")
            .flat_map(|(_, texts)| texts.iter().map(|(name, text)| (name.as_str(), text)))
            .collect();
        // In the catalogue's order, by which the widget finds them.
        let expected: Vec<(&str, Text)> =
            CATALOGUE.iter().map(|it| (it.name, Text::One(it.label.to_owned()))).collect();
        assert_eq!(labels, expected.iter().map(|(name, text)| (*name, text)).collect::<Vec<_>>());
        for code in [
            FaultCode::Required,
            FaultCode::TooLong { max: 100 },
            FaultCode::ControlCharacter,
            FaultCode::WrongType,
            FaultCode::InvalidEmail,
            FaultCode::InvalidPhone,
            FaultCode::UnknownCountry,
            FaultCode::InvalidCurrency,
        ] {
            let text =
                ["fault", "rule"].iter().find_map(|it| english.text(it, code.name())).unwrap();
            let (_, form) = text.forms().last().unwrap();
            let said = form.replace("{field}", "Phone").replace("{count}", "100");
            assert_eq!(said, Fault { field: "phone", code }.to_string());
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let read = |json: &str| Catalogue::read(json).unwrap();
        let english = read(
            r#"{"a":{"b":"{x} and {y}","c":"C","d":{"one":"{count} day","other":"{count} days"}}}"#,
        );
        let check = |json: &str, expected: &[&str]| {
            let faults = read(json).faults(language("ar").unwrap(), &english);
            assert_eq!(faults, expected, "{json}");
        };
        let forms = r#"{"zero":"0","one":"1","two":"2","few":"{count} f","many":"{count} m","other":"{count} o"}"#;
        check(&format!(r#"{{"a":{{"b":"{{y}} {{x}}","c":"c","d":{forms}}}}}"#), &[]);
        check(r#"{"a":{"b":"{y} {x}","c":"c","d":"{count}"}}"#, &[]);
        check(
            r#"{"a":{"b":"{y} {z}","d":{"one":"1","other":"2"},"e":""},"f":{}}"#,
            &[
                "a.b has the placeholder {z}, which nothing fills",
                "a.b lacks the placeholder {x}",
                "a.c is missing",
                "a.d lacks the plural form \"zero\"",
                "a.d lacks the placeholder {count}",
                "a.e is none of the widget's texts",
            ],
        );
        check(
            r#"{"a":{"b":"{x} {y","c":" a&nbsp;b","d":"{count}"}}"#,
            &[
                "a.b has a brace without its partner",
                "a.c is empty, or has a blank at its beginning or end",
                "a.c has a character of HTML: it is shown as it is written",
            ],
        );
    }
}

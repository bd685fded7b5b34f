//! One text: a sentence, or a sentence for each way to count.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, Visitor},
};

/// A text as it is written.
///
/// Placeholders stand in braces, `{field}`, and are filled with what the widget knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// The same for every number, or for none.
    One(String),
    /// By the plural category of `count`, as `Intl.PluralRules` names it.
    Plural(Vec<(String, String)>),
}

impl Text {
    /// What is written, with the category of each form; none where there is one form.
    pub fn forms(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        let (one, forms) = match self {
            Self::One(text) => (Some(text), &[][..]),
            Self::Plural(forms) => (None, forms.as_slice()),
        };
        one.map(|text| (None, text.as_str()))
            .into_iter()
            .chain(forms.iter().map(|(name, text)| (Some(name.as_str()), text.as_str())))
    }

    /// The form for a plural category; where there is none of it, that for all else.
    pub fn form(&self, category: &str) -> &str {
        match self {
            Self::One(text) => text,
            Self::Plural(forms) => {
                let found = forms.iter().find(|(name, _)| name == category).or(forms.last());
                found.map_or("", |(_, text)| text)
            }
        }
    }

    /// Every placeholder of every form.
    pub fn placeholders(&self) -> BTreeSet<&str> {
        self.forms().flat_map(|(_, text)| placeholders(text)).collect()
    }
}

/// The placeholders of a sentence, without their braces.
pub(crate) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).map(|part| part.split('}').next().unwrap_or_default())
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(text) => serializer.serialize_str(text),
            Self::Plural(forms) => {
                serializer.collect_map(forms.iter().map(|(name, text)| (name, text)))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl<'de> Visitor<'de> for Written {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a text for each plural category")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text::One(text.to_owned()))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Text, M::Error> {
                pairs(map).map(Text::Plural)
            }
        }
        deserializer.deserialize_any(Written)
    }
}

/// The members of an object in the order in which they are written. Other readers take
/// the last of two that have one name, and nobody hears of the first.
pub(crate) fn pairs<'de, M: MapAccess<'de>, T: Deserialize<'de>>(
    mut map: M,
) -> Result<Vec<(String, T)>, M::Error> {
    let mut pairs: Vec<(String, T)> = Vec::new();
    while let Some((name, value)) = map.next_entry::<String, T>()? {
        if pairs.iter().any(|(other, _)| *other == name) {
            return Err(M::Error::custom(format!("{name} is there twice")));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn a_text_is_read_with_its_forms_in_order() {
        let text: Text =
            serde_json::from_str(r#"{"one":"{count} a","other":"{count} {b}"}"#).unwrap();
        let forms: Vec<_> = text.forms().collect();
        assert_eq!(forms, [(Some("one"), "{count} a"), (Some("other"), "{count} {b}")]);
        assert_eq!(text.placeholders().into_iter().collect::<Vec<_>>(), ["b", "count"]);
        let twice = serde_json::from_str::<Text>(r#"{"one":"a","one":"b"}"#).unwrap_err();
        assert!(twice.to_string().contains("one is there twice"), "{twice}");
        assert!(serde_json::from_str::<Text>("1").is_err());
    }
}

//! One language's texts, in sections.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

use crate::text::{Text, pairs};

/// What all catalogues are held to.
const ENGLISH: &str = include_str!("../../../widget/locales/en.json");

/// An operator's texts in place of ours, by section and name.
pub type Words = BTreeMap<String, BTreeMap<String, Text>>;

/// What a page downloads at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// With the form. The loader's own texts come first, by their places.
    Form,
    /// With the steps after a sign-up.
    Order,
}

impl Part {
    /// The sections that are in it, in the order of the download.
    pub const fn sections(self) -> &'static [&'static str] {
        match self {
            Self::Form => &["loader", "shared", "fault", "rule", "form", "field"],
            Self::Order => &["shared", "fault", "order"],
        }
    }

    /// How a page's files of it begin.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Form => "text",
            Self::Order => "order",
        }
    }

    /// What a page downloads, with an operator's words in place of ours. Nothing if it is
    /// no such download.
    pub fn with(self, words: &Words, packed: &[u8]) -> Option<String> {
        let mut texts: Vec<Text> = serde_json::from_slice(packed).ok()?;
        for ((section, name), text) in Catalogue::english().keys(self).zip(&mut texts) {
            if let Some(word) = words.get(section).and_then(|texts| texts.get(name)) {
                text.clone_from(word);
            }
        }
        serde_json::to_string(&texts).ok()
    }

    /// Both.
    pub const ALL: [Self; 2] = [Self::Form, Self::Order];
}

/// One language's texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    pub(crate) sections: Vec<(String, Section)>,
}

type Section = Vec<(String, Text)>;

impl Catalogue {
    /// The catalogue that says which texts there are.
    pub fn english() -> Self {
        Self::read(ENGLISH).expect("the tests read it too")
    }

    /// Reads a file. The error says where it is wrong.
    pub fn read(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    /// All texts of a part with their sections and names, in the order of the download.
    pub fn texts(&self, part: Part) -> impl Iterator<Item = (&str, &str, &Text)> {
        part.sections().iter().flat_map(|section| {
            self.section(section).iter().map(|(name, text)| (*section, name.as_str(), text))
        })
    }

    /// Their sections and names alone.
    pub fn keys(&self, part: Part) -> impl Iterator<Item = (&str, &str)> {
        self.texts(part).map(|(section, name, _)| (section, name))
    }

    /// What a page downloads: a list, in which a text is found by its place.
    pub fn packed(&self, part: Part) -> String {
        let texts: Vec<&Text> = self.texts(part).map(|(_, _, text)| text).collect();
        serde_json::to_string(&texts).expect("texts always have a JSON form")
    }

    /// A text, if there is one of that name.
    pub fn text(&self, section: &str, name: &str) -> Option<&Text> {
        self.section(section).iter().find(|(other, _)| other == name).map(|(_, text)| text)
    }

    fn section(&self, name: &str) -> &[(String, Text)] {
        let found = self.sections.iter().find(|(other, _)| other == name);
        found.map_or(&[], |(_, texts)| texts)
    }
}

/// A section in the order in which it is written.
struct Ordered(Section);

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder(PhantomData)).map(Self)
    }
}

impl<'de> Deserialize<'de> for Catalogue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sections: Vec<(String, Ordered)> =
            deserializer.deserialize_map(InOrder(PhantomData))?;
        let sections = sections.into_iter().map(|(name, Ordered(texts))| (name, texts));
        Ok(Self { sections: sections.collect() })
    }
}

struct InOrder<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
    type Value = Vec<(String, T)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Self::Value, M::Error> {
        pairs(map)
    }
}

//! Reading a document's tables: each getter gives what is right and notes what is
//! wrong, so that one pass finds all faults.

use std::{cell::RefCell, fmt::Display, ops::RangeInclusive};

use doorstep_fields::is_hidden;
use toml::Value;

use super::{CatalogFault, Decimal};

/// Numbers by which things name one another.
const IDS: RangeInclusive<i64> = 1..=1_000_000_000;

/// The faults found so far.
#[derive(Debug, Default)]
pub(super) struct Faults(RefCell<Vec<CatalogFault>>);

impl Faults {
    pub(super) fn into_inner(self) -> Vec<CatalogFault> {
        self.0.into_inner()
    }

    /// A fault that was found after the tables were read.
    pub(super) fn note(&self, entry: String, message: String) {
        self.add(entry, message, false);
    }

    fn add(&self, entry: String, message: String, is_unknown_key: bool) {
        self.0.borrow_mut().push(CatalogFault { entry, message, is_unknown_key });
    }
}

/// A table of the document. What was asked for is remembered, so that
/// [`Table::finish`] can name what nobody asked for.
#[derive(Debug)]
pub(super) struct Table<'a> {
    /// Its place, as a person would name it; empty for the whole document.
    at: String,
    values: &'a toml::Table,
    faults: &'a Faults,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Table<'a> {
    /// The whole document.
    pub(super) fn root(values: &'a toml::Table, faults: &'a Faults) -> Self {
        Self { at: String::new(), values, faults, asked: RefCell::default() }
    }

    /// Where it is, for a fault of the whole table.
    pub(super) fn fault(&self, message: impl Into<String>) {
        self.faults.add(self.at.clone(), message.into(), false);
    }

    /// A fault of one key.
    pub(super) fn fault_of(&self, key: &str, message: impl Into<String>) {
        self.faults.add(self.path(key), message.into(), false);
    }

    fn path(&self, key: impl Display) -> String {
        if self.at.is_empty() { key.to_string() } else { format!("{}.{key}", self.at) }
    }

    fn get(&self, key: &'static str) -> Option<&'a Value> {
        self.asked.borrow_mut().push(key);
        self.values.get(key)
    }

    /// A text of so many characters, if it is there.
    pub(super) fn text(&self, key: &'static str, length: RangeInclusive<usize>) -> Option<String> {
        let at = self.path(key);
        self.check_text(&at, self.get(key)?, length)
    }

    /// A text that must be there.
    pub(super) fn required_text(
        &self,
        key: &'static str,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
        if !self.values.contains_key(key) {
            self.get(key);
            self.fault_of(key, "is missing: add it");
        }
        self.text(key, length)
    }

    fn check_text(&self, at: &str, value: &Value, length: RangeInclusive<usize>) -> Option<String> {
        let fault = |message: String| {
            self.faults.add(at.to_owned(), message, false);
            None
        };
        let Value::String(text) = value else { return fault("must be text".to_owned()) };
        if text.chars().any(is_hidden) {
            return fault("has an invisible control character: type it again".to_owned());
        }
        if text.trim() != text {
            return fault("begins or ends with a space: remove it".to_owned());
        }
        if !length.contains(&text.chars().count()) {
            let (min, max) = (length.start(), length.end());
            return fault(format!("must have {min} to {max} characters"));
        }
        Some(text.clone())
    }

    /// A list of different texts; empty if it is not there. `check` says what is wrong
    /// with one.
    pub(super) fn texts(
        &self,
        key: &'static str,
        length: &RangeInclusive<usize>,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        let Some(value) = self.get(key) else { return texts };
        let Value::Array(items) = value else {
            self.fault_of(key, "must be a list of texts in brackets");
            return texts;
        };
        for (index, item) in items.iter().enumerate() {
            let at = format!("{} {}", self.path(key), index + 1);
            let Some(text) = self.check_text(&at, item, length.clone()) else { continue };
            let at = format!("{at} {text:?}");
            if texts.contains(&text) {
                self.faults.add(at, "is there twice: remove one".to_owned(), false);
            } else if let Err(message) = check(&text) {
                self.faults.add(at, message, false);
            } else {
                texts.push(text);
            }
        }
        texts
    }

    /// A whole number within a range.
    pub(super) fn number(&self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.get(key)?;
        let number = value.as_integer().filter(|number| range.contains(number));
        if number.is_none() {
            let (min, max) = (range.start(), range.end());
            self.fault_of(key, format!("must be a whole number from {min} to {max}"));
        }
        number
    }

    /// A number that must be there.
    pub(super) fn required_number(
        &self,
        key: &'static str,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        if !self.values.contains_key(key) {
            self.get(key);
            self.fault_of(key, "is missing: add it");
        }
        self.number(key, range)
    }

    /// The number that others name it by.
    pub(super) fn id(&self) -> i64 {
        self.required_number("id", IDS).unwrap_or_default()
    }

    /// Numbers of other things; empty if there are none.
    pub(super) fn ids(&self, key: &'static str) -> Vec<i64> {
        self.some_ids(key).unwrap_or_default()
    }

    /// Numbers of other things, if the key is there.
    pub(super) fn some_ids(&self, key: &'static str) -> Option<Vec<i64>> {
        let value = self.get(key)?;
        let ids: Option<Vec<i64>> = value.as_array().and_then(|items| {
            items.iter().map(|item| item.as_integer().filter(|id| IDS.contains(id))).collect()
        });
        if ids.is_none() {
            self.fault_of(key, "must be a list of ids in brackets, as in [1, 2]");
        }
        ids
    }

    /// A decimal number, as text so that it is told as it was written; 0.0 if it is
    /// not there.
    pub(super) fn decimal(&self, key: &'static str) -> Decimal {
        let Some(value) = self.get(key) else { return Decimal::default() };
        let number = value.as_str().and_then(Decimal::parse);
        if number.is_none() {
            self.fault_of(key, "must be a decimal number in quotes, as in \"0.05\"");
        }
        number.unwrap_or_default()
    }

    /// Yes or no.
    pub(super) fn flag(&self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.get(key) else { return default };
        value.as_bool().unwrap_or_else(|| {
            self.fault_of(key, "must be true or false");
            default
        })
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let value = self.get(key)?;
        let found = value.as_str().and_then(|word| words.iter().find(|(name, _)| *name == word));
        if found.is_none() {
            let names: Vec<_> = words.iter().map(|(name, _)| format!("{name:?}")).collect();
            self.fault_of(key, format!("must be one of {}", names.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    /// A table within this one.
    pub(super) fn table(&self, key: &'static str) -> Option<Self> {
        let values = self.get(key)?.as_table();
        if values.is_none() {
            self.fault_of(key, format!("must be a table: write [{}]", self.path(key)));
        }
        values.map(|values| self.child(self.path(key), values))
    }

    /// A list of tables. Each is named by its number and its text at `name_key`.
    pub(super) fn tables(&self, key: &'static str, name_key: &str) -> Vec<Self> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let path = self.path(key);
        let wrong = || {
            self.fault_of(key, format!("must be a list of tables: write [[{path}]] for each"));
            Vec::new()
        };
        let Value::Array(items) = value else { return wrong() };
        let Some(tables) = items.iter().map(Value::as_table).collect::<Option<Vec<_>>>() else {
            return wrong();
        };
        tables
            .into_iter()
            .enumerate()
            .map(|(index, values)| {
                let name = values.get(name_key).and_then(Value::as_str);
                let name = name.map(|name| format!(" {name:?}")).unwrap_or_default();
                self.child(format!("{path} {}{name}", index + 1), values)
            })
            .collect()
    }

    fn child(&self, at: String, values: &'a toml::Table) -> Self {
        Self { at, values, faults: self.faults, asked: RefCell::default() }
    }

    /// Notes every key that nobody asked for: a misspelt one that is passed over in
    /// silence is worse than an import that is refused.
    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        for key in self.values.keys().filter(|key| !asked.contains(&key.as_str())) {
            let message = format!(
                "is not a key that means something here: remove it, or correct it to one of {}",
                asked.join(", ")
            );
            self.faults.add(self.path(key), message, true);
        }
    }
}

/// Notes what stands twice in a list of things that are told apart by a number.
pub(super) fn refuse_twin_ids<T>(things: &[(Table<'_>, T)], id: impl Fn(&T) -> i64) {
    for (at, (table, thing)) in things.iter().enumerate() {
        if things[..at].iter().any(|(_, other)| id(other) == id(thing)) {
            table.fault_of("id", "is another one's as well: give each a number of its own");
        }
    }
}

/// Notes what stands twice in a list of things that are told apart by a name.
pub(super) fn refuse_twins<'t, T>(things: &'t [(Table<'_>, T)], name: impl Fn(&'t T) -> &'t str) {
    for (at, (table, thing)) in things.iter().enumerate() {
        if things[..at].iter().any(|(_, other)| name(other) == name(thing)) {
            table.fault("is there twice: remove one, or give it another name");
        }
    }
}

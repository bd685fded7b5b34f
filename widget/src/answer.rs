//! What a person typed into one field, and what is wrong with it.

use doorstep_fields::{Field, Kind, Raw};
use leptos::prelude::*;

use crate::i18n;

/// One field's answer. It outlives the row that shows it, so that a field which
/// the host takes off the form and puts back still has its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) field: &'static Field,
    /// As typed; a flag is `true` or empty.
    pub(crate) text: RwSignal<String>,
    /// The sentence to show.
    pub(crate) fault: RwSignal<Option<String>>,
    /// Whether it ever had a fault: from then on it is checked at every key, so
    /// that the sentence goes away as soon as it is no longer true.
    is_watched: StoredValue<bool>,
    /// Whether the person typed here. Passing through an empty field is no fault.
    is_edited: StoredValue<bool>,
}

impl Answer {
    pub(crate) fn new(field: &'static Field, text: String) -> Self {
        Self {
            field,
            text: RwSignal::new(text),
            fault: RwSignal::new(None),
            is_watched: StoredValue::new(false),
            is_edited: StoredValue::new(false),
        }
    }

    /// The person typed or chose.
    pub(crate) fn edit(self, text: String) {
        self.text.set(text);
        self.is_edited.set_value(true);
        if self.is_watched.get_value() {
            self.check();
        }
    }

    /// The person went on to the next field.
    pub(crate) fn leave(self) {
        if self.is_edited.get_value() {
            self.check();
        }
    }

    /// Checks it by the rule that the server has. Says whether it is sound.
    pub(crate) fn check(self) -> bool {
        let found = self.text.with_untracked(|text| self.field.parse(self.raw(text)).err());
        let fault = found.map(|code| i18n::fault(self.field, &code));
        let is_sound = fault.is_none();
        // A signal that is set anew makes a screen reader read anew.
        if self.fault.with_untracked(|shown| *shown != fault) {
            self.put(fault);
        }
        is_sound
    }

    /// Shows what the server found.
    pub(crate) fn blame(self, sentence: String) {
        self.put(Some(sentence));
    }

    /// As the rule wants it.
    pub(crate) fn raw(self, text: &str) -> Raw<'_> {
        match self.field.kind {
            Kind::Flag => Raw::Flag(text == "true"),
            _ => Raw::Text(text),
        }
    }

    fn put(self, fault: Option<String>) {
        if fault.is_some() {
            self.is_watched.set_value(true);
        }
        self.fault.set(fault);
    }
}

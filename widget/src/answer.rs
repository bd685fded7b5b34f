//! What a person typed into one field, and what is wrong with it.

use doorstep_fields::{Field, Kind, Raw};
use leptos::prelude::*;

/// One field's answer. It outlives the row that shows it, so that a field which
/// the host takes off the form and puts back still has its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) field: &'static Field,
    /// As typed; a flag is `true` or empty.
    pub(crate) text: RwSignal<String>,
    /// What is wrong, or nothing: a fault's code, or the server's own sentence where
    /// we have none for it.
    pub(crate) fault: RwSignal<String>,
    /// Whether the provider answered, and the person cannot.
    pub(crate) is_locked: RwSignal<bool>,
    attention: StoredValue<Attention>,
}

/// How closely an answer is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attention {
    /// Nobody typed here. Passing through an empty field is no fault.
    None,
    /// Somebody did: it is checked when they go on.
    OnLeave,
    /// It had a fault: it is checked at every key, so that the sentence goes away
    /// as soon as it is no longer true.
    OnInput,
}

impl Answer {
    pub(crate) fn new(field: &'static Field, text: String) -> Self {
        Self {
            field,
            text: RwSignal::new(text),
            fault: RwSignal::default(),
            is_locked: RwSignal::new(false),
            attention: StoredValue::new(Attention::None),
        }
    }

    /// The person typed or chose; nothing comes of it where the provider answered.
    pub(crate) fn edit(self, text: String) {
        if self.is_locked.get_untracked() {
            return;
        }
        self.text.set(text);
        match self.attention.get_value() {
            Attention::None => self.attention.set_value(Attention::OnLeave),
            Attention::OnLeave => {}
            Attention::OnInput => {
                self.check();
            }
        }
    }

    /// The provider's answer, whatever was typed before.
    pub(crate) fn lock(self, text: String) {
        self.is_locked.set(true);
        self.text.set(text);
        self.fault.set(String::new());
    }

    /// Whether a suggestion may go here: nobody typed, and nothing is there.
    pub(crate) fn is_untouched(self) -> bool {
        !self.is_typed() && self.text.with_untracked(String::is_empty)
    }

    /// Whether somebody did.
    pub(crate) fn is_typed(self) -> bool {
        self.attention.get_value() != Attention::None
    }

    /// The person went on to the next field.
    pub(crate) fn leave(self) {
        if self.is_typed() {
            self.check();
        }
    }

    /// Checks it by the rule that the server has. Says whether it is sound.
    pub(crate) fn check(self) -> bool {
        let found = self.text.with_untracked(|text| self.field.parse(self.raw(text)).err());
        let what = found.map_or("", |code| code.name());
        let is_sound = what.is_empty();
        // A signal that is set anew makes a screen reader read anew.
        if self.fault.with_untracked(|shown| shown != what) {
            self.blame(what.to_owned());
        }
        is_sound
    }

    /// Shows what is wrong, by our own check or by the server's.
    pub(crate) fn blame(self, what: String) {
        if !what.is_empty() {
            self.attention.set_value(Attention::OnInput);
        }
        self.fault.set(what);
    }

    /// Whether a sentence is shown.
    pub(crate) fn is_at_fault(self) -> bool {
        self.fault.with(|what| !what.is_empty())
    }

    /// As the rule wants it.
    pub(crate) fn raw(self, text: &str) -> Raw<'_> {
        match self.field.kind {
            Kind::Flag | Kind::Consent => Raw::Flag(text == "true"),
            _ => Raw::Text(text),
        }
    }
}

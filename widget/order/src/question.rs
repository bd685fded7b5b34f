//! What a person answers in words: the project's name, a setting of an image.

use leptos::prelude::*;

/// Characters of a name, as the server has it.
pub(crate) const NAME_LENGTH: usize = 100;
/// Characters of a setting's value, as the server has it.
pub(crate) const VALUE_LENGTH: usize = 4_096;

/// A question and its answer. It outlives the view that shows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    /// What does not change.
    pub(crate) asks: StoredValue<Asks>,
    /// As typed.
    pub(crate) answer: RwSignal<String>,
    /// What is wrong, or nothing: a fault's code, or the server's own sentence where
    /// we have none for it.
    pub(crate) fault: RwSignal<String>,
}

/// What is asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asks {
    /// For programs: the input's name.
    pub(crate) name: String,
    /// For people.
    pub(crate) label: String,
    pub(crate) is_secret: bool,
    pub(crate) is_required: bool,
    /// Characters of an answer.
    pub(crate) longest: usize,
    /// What a browser may put in: a token of `autocomplete`.
    pub(crate) autocomplete: &'static str,
}

impl Question {
    pub(crate) fn new(asks: Asks, answer: String) -> Self {
        Self {
            asks: StoredValue::new(asks),
            answer: RwSignal::new(answer),
            fault: RwSignal::default(),
        }
    }

    /// The person typed. What was wrong is looked at again, so that the sentence goes
    /// as soon as it is no longer true.
    pub(crate) fn edit(self, text: String) {
        self.answer.set(text);
        if self.fault.with_untracked(|fault| !fault.is_empty()) {
            self.check();
        }
    }

    /// Checks the answer. Says whether it is sound.
    pub(crate) fn check(self) -> bool {
        let what =
            self.asks.with_value(|asks| self.answer.with_untracked(|answer| asks.fault(answer)));
        let is_sound = what.is_empty();
        // A signal that is set anew makes a screen reader read anew.
        if self.fault.with_untracked(|shown| shown != what) {
            self.fault.set(what.to_owned());
        }
        is_sound
    }
}

impl Asks {
    /// The code of what is wrong with an answer; empty if nothing is.
    fn fault(&self, answer: &str) -> &'static str {
        // The server takes blanks off names alone.
        if self.is_required && answer.trim().is_empty() {
            "required"
        } else if answer.chars().count() > self.longest {
            "too_long"
        } else {
            ""
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Asks;

    #[test]
    fn an_answer_is_there_and_not_too_long() {
        let asks = Asks { is_required: true, longest: 3, ..Asks::default() };
        assert_eq!(asks.fault(" "), "required");
        assert_eq!(asks.fault("éééé"), "too_long");
        assert_eq!(asks.fault("ééé"), "");
        assert_eq!(Asks { is_required: false, ..asks }.fault(""), "");
    }
}

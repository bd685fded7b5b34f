//! Every text of the steps, by key.

use leptos::prelude::*;

use crate::{order::Order, question::Question};

include!(concat!(env!("OUT_DIR"), "/keys.rs"));

impl Order {
    /// A text, in the language of the moment. The steps are drawn anew in another.
    pub(crate) fn say(self, key: Key) -> String {
        self.texts(|texts| texts.say(key as u8))
    }

    /// A text with its gaps filled by name.
    pub(crate) fn fill(self, key: Key, with: &[(&str, &str)]) -> String {
        self.texts(|texts| texts.fill(key as u8, with))
    }

    /// A text that counts.
    pub(crate) fn count(self, key: Key, count: f64) -> String {
        self.texts(|texts| texts.count(key as u8, count, &[]))
    }

    /// The sentence that says what is wrong with an answer, if anything is.
    pub(crate) fn fault(self, question: Question) -> String {
        let what = question.fault.get();
        question.asks.with_value(|asks| {
            let with = [("field", asks.label.as_str())];
            let key = match what.as_str() {
                "required" => Key::FaultRequired,
                "control_character" => Key::FaultControlCharacter,
                "too_long" => {
                    let longest = u32::try_from(asks.longest).map_or(f64::INFINITY, f64::from);
                    return self
                        .texts(|texts| texts.count(Key::FaultTooLong as u8, longest, &with));
                }
                "wrong_password" => {
                    let username = self.state.with_value(|state| state.username.clone());
                    return self.fill(Key::WrongPassword, &[("username", &username)]);
                }
                _ => return what,
            };
            self.fill(key, &with)
        })
    }
}

/// Whether [`Order::fault`] has a text for the server's code.
pub(crate) fn is_known(code: &str) -> bool {
    matches!(code, "required" | "too_long" | "control_character")
}

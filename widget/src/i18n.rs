//! Every text of the form, by key.

use doorstep_fields::{CATALOGUE, Field, Kind};
use doorstep_widget_kit::object::text;
use leptos::prelude::*;

use crate::widget::Widget;

include!(concat!(env!("OUT_DIR"), "/keys.rs"));

impl Widget {
    /// A text, in the language of the moment. The form is drawn anew in another.
    pub(crate) fn say(self, key: Key) -> String {
        self.texts(|texts| texts.say(key as u8))
    }

    /// A text that follows the language where it stands.
    pub(crate) fn follow(self, key: Key) -> String {
        self.language.track();
        self.say(key)
    }

    /// A text that counts.
    pub(crate) fn count(self, key: Key, count: usize) -> String {
        self.texts(|texts| texts.count(key as u8, figure(count), &[]))
    }

    /// A text with a reason in it that is not ours.
    pub(crate) fn explain(self, key: Key, reason: &str) -> String {
        self.texts(|texts| texts.fill(key as u8, &[("reason", reason)]))
    }

    /// A field's label.
    pub(crate) fn label(self, field: &Field) -> String {
        let label = self.marked_label(field);
        if field.kind == Kind::Consent { label.replace(['[', ']'], "") } else { label }
    }

    /// The same with the words of a link in brackets.
    pub(crate) fn marked_label(self, field: &Field) -> String {
        let at = CATALOGUE.iter().zip(FIELD..).find(|(other, _)| other.name == field.name);
        match at {
            Some((_, at)) => self.texts(|texts| texts.say(at)),
            None => text(&self.words(field), "label"),
        }
    }

    /// What helps to answer, if anything does.
    pub(crate) fn hint(self, field: &Field) -> String {
        match field.name {
            "phone" => self.say(Key::HintPhone),
            "c_sftp_pass" => self.say(Key::HintSftp),
            _ => text(&self.words(field), "hint"),
        }
    }

    /// The sentence that says what is wrong. `what` is a fault's code; any other text is
    /// the sentence already.
    pub(crate) fn fault(self, field: &Field, what: &str) -> String {
        let Some(key) = fault(what) else { return what.to_owned() };
        let label = self.label(field);
        let [least, greatest] = field.range;
        let limit = if key == Key::FaultBelow { least } else { greatest };
        let like = match (field.kind, field.decimals) {
            (Kind::Date, _) => "2026-02-28",
            (_, 0) => "12",
            _ => "12.5",
        };
        let with = [("field", label.as_str()), ("limit", limit), ("like", like)];
        self.texts(|texts| {
            let length = match key {
                Key::FaultTooLong => field.max,
                Key::FaultTooShort => field.min,
                _ => return texts.fill(key as u8, &with),
            };
            texts.count(key as u8, figure(length), &with)
        })
    }
}

/// The text for a fault's code.
pub(crate) fn fault(code: &str) -> Option<Key> {
    Some(match code {
        "required" => Key::FaultRequired,
        "too_long" => Key::FaultTooLong,
        "control_character" => Key::FaultControlCharacter,
        "wrong_type" => Key::FaultWrongType,
        "invalid_email" => Key::FaultInvalidEmail,
        "invalid_phone" => Key::FaultInvalidPhone,
        "unknown_country" => Key::FaultUnknownCountry,
        "invalid_currency" => Key::FaultInvalidCurrency,
        "too_short" => Key::FaultTooShort,
        "too_small" | "too_early" => Key::FaultBelow,
        "too_large" | "too_late" => Key::FaultAbove,
        "invalid_number" | "invalid_date" => Key::FaultUnlike,
        "consent_needed" => Key::FaultConsent,
        _ => return None,
    })
}

/// As the browser counts.
fn figure(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use doorstep_fields::FaultCode;

    use super::fault;

    #[test]
    fn every_fault_has_its_own_text() {
        let codes = [
            FaultCode::Required,
            FaultCode::TooLong { max: 1 },
            FaultCode::ControlCharacter,
            FaultCode::WrongType,
            FaultCode::InvalidEmail,
            FaultCode::InvalidPhone,
            FaultCode::UnknownCountry,
            FaultCode::InvalidCurrency,
        ];
        let texts: Vec<u8> = codes.iter().map(|code| fault(code.name()).unwrap() as u8).collect();
        assert!(texts.iter().enumerate().all(|(at, text)| !texts[..at].contains(text)));
        assert_eq!(fault("E-mail is in use by another account"), None);
    }
}

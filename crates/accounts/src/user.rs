//! Users.

use doorstep_fields::{SignUp, Value as Answer};
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;

use crate::clock::Timestamp;

/// A user of the platform.
#[derive(Debug, Clone)]
pub struct User {
    /// The platform's number for the user.
    pub id: i64,
    /// The address on record.
    pub email: String,
    /// Whether we made the address up.
    pub email_generated: bool,
    /// The other answers, by field name.
    pub profile: Map<String, Value>,
    /// Labels.
    pub labels: Map<String, Value>,
    /// Whether the account may be used.
    pub active: bool,
    /// Whether the user administers the platform.
    pub is_admin: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// A text answer of the profile.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.profile.get(field).and_then(Value::as_str)
    }

    /// A member of the profile as it is shown. Who is known by one name for the whole of
    /// it has it where others have their first: nobody can tell where it would divide.
    pub fn shown(&self, field: &str) -> Option<&Value> {
        let whole = || (field == "fname").then(|| self.profile.get(WHOLE_NAME)).flatten();
        self.profile.get(field).or_else(whole)
    }

    /// The whole name.
    pub fn whole_name(&self) -> String {
        let parts = ["fname", "lname"].map(|name| self.shown(name).and_then(Value::as_str));
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// The profile's member for a name that was given in one piece.
pub const WHOLE_NAME: &str = "name";

/// The form of an address in which it is unique: NFC, lower case. Mailbox names
/// can differ by case in theory (RFC 5321 §2.4) and belong to one person in practice.
pub fn email_key(email: &str) -> String {
    email.trim().nfc().collect::<String>().to_lowercase()
}

/// Writes answers into a profile, in NFC so that equal names compare equal. The
/// e-mail is not part of it: it has a column of its own.
pub fn write_profile(profile: &mut Map<String, Value>, answers: &SignUp) {
    for (name, answer) in answers.values().filter(|(name, _)| *name != "email") {
        let value = match answer {
            Answer::Text(text) => Value::String(text.nfc().collect()),
            Answer::Flag(flag) => Value::Bool(*flag),
        };
        profile.insert(name.to_owned(), value);
    }
}

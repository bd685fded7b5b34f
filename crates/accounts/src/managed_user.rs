//! Users as administrators describe, find and see them.

use doorstep_fields::SignUp;
use serde_json::{Map, Value};

use crate::{
    application::Replaced,
    clock::Timestamp,
    confirmation::Confirmation,
    customer::{Membership, MembershipForm},
    labels,
    secret::Secret,
    user::User,
};

/// A user with what only administrators see.
#[derive(Debug, Clone)]
pub struct ManagedUser {
    /// The user.
    pub user: User,
    /// The operator's own name for the user; unique.
    pub external_id: Option<String>,
    /// When the address was taken to be the user's.
    pub confirmed_at: Option<Timestamp>,
    /// What the account is called where accounts have numbers of their own, as `API-E001`.
    pub account_number: Option<String>,
    /// What the user is within a customer, if they belong to one.
    pub membership: Option<Membership>,
    /// What became of asking by mail whether the address is the user's, if anybody did.
    pub confirmation: Option<Confirmation>,
}

/// What an administrator says of a user. What is absent keeps its default in a new
/// user and stays as it is in one that is there.
#[derive(Debug, Clone, Default)]
pub struct UserForm {
    /// Answers to the catalogue's fields.
    pub answers: SignUp,
    /// Catalogue fields to clear.
    pub cleared: Vec<&'static str>,
    /// Profile members that only administrators set, by name; null clears one.
    pub extras: Map<String, Value>,
    /// Labels to write, reserved ones among them.
    pub labels: Map<String, Value>,
    /// Whether the account may be used.
    pub active: Option<bool>,
    /// Whether the user administers the platform.
    pub is_admin: Option<bool>,
    /// The operator's own name for the user; `Some(None)` clears it.
    pub external_id: Option<Option<String>>,
    /// Whether the address counts as the user's without a question by mail.
    pub skip_email_confirm: bool,
    /// A password, of [`crate::password::CHARACTERS`].
    pub password: Option<Secret>,
    /// What a new account's number begins with, if it gets one.
    pub account_prefix: Option<String>,
    /// What is said of the user within a customer.
    pub membership: Option<MembershipForm>,
    /// What was sent in fields whose answer was replaced.
    pub replaced: Vec<Replaced>,
    /// JSON pointers of what was sent and means nothing here.
    pub ignored: Vec<String>,
}

/// By what a user is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The platform's number.
    Id(i64),
    /// The operator's own name for the user.
    ExternalId(String),
    /// The address, in any case.
    Email(String),
    /// A reserved label: its [`label_name`] and its value. Of several users with the
    /// label the one with the lowest number is meant.
    Label(String, String),
}

/// The name by which a member of a reserved label is looked up.
pub fn label_name(provider: &str, member: &str) -> String {
    format!("{}/{member}", provider.to_ascii_lowercase())
}

/// Longer names and values are not looked up: an index has to hold them.
const LOOKED_UP_BYTES: usize = 255;

/// Under which names and values a user is looked up: the text and the numbers in
/// reserved labels. Other labels are everybody's own, and whoever could write what
/// others are looked up by could pass for them.
pub fn looked_up_by(labels: &Map<String, Value>) -> Vec<(String, String)> {
    let plain = |text: &str| text.len() <= LOOKED_UP_BYTES && !text.chars().any(char::is_control);
    let mut found = Vec::new();
    for (provider, members) in labels.iter().filter(|(key, _)| labels::is_reserved(key, "")) {
        for (member, value) in members.as_object().into_iter().flatten() {
            let name = label_name(provider, member);
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => continue,
            };
            if plain(&name) && plain(&value) {
                found.push((name, value));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_reserved_labels_are_looked_up() {
        let labels = json!({
            "whmcs": { "client_id": 33, "service_id": "44", "deep": {}, "long": "x".repeat(256) },
            "mine": { "client_id": 1 },
            "cpanel": "flat",
        });
        let found = looked_up_by(labels.as_object().unwrap());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(found, [pair("whmcs/client_id", "33"), pair("whmcs/service_id", "44")]);
    }
}

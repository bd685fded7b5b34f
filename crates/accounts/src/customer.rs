//! Customers, and what a user is within one.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    clock::{Entropy, Timestamp},
    idempotency::joined,
    managed_user::ManagedUser,
};

/// Somebody whose users are managed together.
#[derive(Debug, Clone)]
pub struct Customer {
    /// Its number.
    pub id: i64,
    /// What a change has to name.
    pub hash: String,
    /// Its name.
    pub name: String,
    /// Where it is written to.
    pub email: String,
    /// Whether it is in business.
    pub status: CustomerStatus,
    /// The operator's own identifier; unique.
    pub unique_id: Option<String>,
    /// What else is said of it.
    pub details: Map<String, Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// Whether a customer is in business. Only one that is on gets users; those that it has
/// are suspended one by one, as others are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerStatus {
    /// In business.
    On,
    /// Not now.
    Off,
    /// Stopped by the operator.
    Suspended,
    /// Gone from lists.
    Deleted,
}

impl CustomerStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::On, Self::Off, Self::Suspended, Self::Deleted];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Suspended => "suspended",
            Self::Deleted => "deleted",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// What an administrator says of a customer. What is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct CustomerForm {
    /// Its name.
    pub name: Option<String>,
    /// Where it is written to.
    pub email: Option<String>,
    /// Whether it is in business.
    pub status: Option<CustomerStatus>,
    /// The operator's own identifier; `Some(None)` clears it.
    pub unique_id: Option<Option<String>>,
    /// What else is said; null clears a member.
    pub details: Map<String, Value>,
    /// What the customer's hash is, as the administrator knows it.
    pub hash: Option<String>,
    /// JSON pointers of what was sent and means nothing here.
    pub ignored: Vec<String>,
}

/// What a user is within a customer.
#[derive(Debug, Clone)]
pub struct Membership {
    /// Whose.
    pub customer_id: i64,
    /// The name to log in with; unique over the whole installation, for a log-in names no
    /// customer.
    pub username: String,
    /// Whether the user may manage the customer's other users.
    pub can_customer_admin: bool,
    /// Random, so that nobody can work out the hash.
    pub seed: String,
}

/// What an administrator says of a user within a customer.
#[derive(Debug, Clone, Default)]
pub struct MembershipForm {
    /// Whose.
    pub customer_id: Option<i64>,
    /// The name to log in with.
    pub username: Option<String>,
    /// Whether the user may manage others. For a new user who is the customer's first the
    /// default is yes, for others no: somebody has to, and nobody else needs to.
    pub can_customer_admin: Option<bool>,
    /// What the user's hash is, as the administrator knows it; needed for a change.
    pub hash: Option<String>,
}

/// The form in which a username is unique: neither case nor width matters.
pub fn username_key(username: &str) -> String {
    // Lower case can take a text out of its normal form.
    username.nfkc().collect::<String>().to_lowercase().nfkc().collect()
}

/// Letters and digits of a hash: 95 bits.
const HASH_CHARACTERS: usize = 16;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new hash.
pub fn new_hash(entropy: &dyn Entropy) -> String {
    let mut random = [0; HASH_CHARACTERS];
    entropy.fill(&mut random);
    spell(&random)
}

fn spell(bytes: &[u8]) -> String {
    bytes
        .iter()
        .take(HASH_CHARACTERS)
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect()
}

impl ManagedUser {
    /// What a change of a user within a customer has to name. It follows from what the
    /// user is, so that a change by whichever API makes it another one.
    pub fn hash(&self) -> Option<String> {
        let Membership { customer_id, username, can_customer_admin, seed } =
            self.membership.as_ref()?;
        let user = &self.user;
        let profile = Value::Object(user.profile.clone()).to_string();
        let flags = [*can_customer_admin, user.active, user.is_admin].map(u8::from);
        let parts: [&[u8]; 7] = [
            seed.as_bytes(),
            &user.updated_at.0.to_be_bytes(),
            user.email.as_bytes(),
            profile.as_bytes(),
            &customer_id.to_be_bytes(),
            username.as_bytes(),
            &flags,
        ];
        Some(spell(&Sha256::digest(joined(&parts))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_one_whatever_its_case_and_width() {
        for same in ["Ada@Host.example", "ADA@HOST.EXAMPLE", "ａｄａ@host.example"] {
            assert_eq!(username_key(same), "ada@host.example", "{same}");
        }
        assert_ne!(username_key("ada"), username_key("adä"));
        assert_eq!(username_key("A\u{308}"), username_key("ä"));
    }

    #[test]
    fn statuses_have_the_names_that_they_are_read_by() {
        for status in CustomerStatus::ALL {
            assert_eq!(CustomerStatus::parse(status.name()), Some(status));
        }
        assert_eq!(CustomerStatus::parse("On"), None);
    }
}

//! What a door makes of a request: answers in one form, whatever the dialect.

use doorstep_fields::SignUp;
use serde_json::{Map, Value};

use crate::provider::Identity;

/// A checked request to sign somebody up.
#[derive(Debug, Clone)]
pub struct Application {
    /// For whom.
    pub identity: Identity,
    /// The answers.
    pub answers: SignUp,
    /// The caller's own labels, among which no key is reserved; and below the key that is
    /// ours the answers to fields that the operator declared.
    pub labels: Map<String, Value>,
    /// What was sent in fields whose answer was replaced.
    pub replaced: Vec<Replaced>,
    /// JSON pointers of what was sent and may not be set.
    pub ignored: Vec<String>,
}

/// A checked request to change an account.
#[derive(Debug, Clone)]
pub struct Change {
    /// New answers.
    pub answers: SignUp,
    /// Fields to clear.
    pub cleared: Vec<&'static str>,
    /// Labels to write over the present ones; may hold reserved keys, which are
    /// dropped when the user's own provider is known.
    pub labels: Map<String, Value>,
}

/// An answer that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The field.
    pub field: &'static str,
    /// What was sent.
    pub from: String,
}

//! What a successful sign-up gives back.

use crate::{application::Replaced, secret::Secret, user::User};

/// A new user and the credential that is shown this once.
#[derive(Debug, Clone)]
pub struct Created {
    /// The user.
    pub user: User,
    /// The API username.
    pub api_username: String,
    /// The API password; `None` in a late replay, when it was delivered before.
    pub api_password: Option<Secret>,
    /// Whether this is the answer to an earlier request with the same key.
    pub replayed: bool,
    /// Answers that were replaced.
    pub replaced: Vec<Replaced>,
    /// What was sent and may not be set.
    pub ignored: Vec<String>,
}

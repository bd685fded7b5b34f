//! What a successful sign-up gives back.

use crate::{application::Replaced, secret::Secret, user::User};

/// A new user and how the credential's password is handed over.
#[derive(Debug, Clone)]
pub struct Created {
    /// The user.
    pub user: User,
    /// The API username.
    pub api_username: String,
    /// The API password, or what stands for it.
    pub handover: Handover,
    /// The address to show: pages see what they sent, not whether somebody has it.
    pub shown_email: String,
    /// Whether this is the answer to an earlier request with the same key.
    pub replayed: bool,
    /// Answers that were replaced.
    pub replaced: Vec<Replaced>,
    /// What was sent and may not be set.
    pub ignored: Vec<String>,
}

/// How a password is handed over.
#[derive(Debug, Clone)]
pub enum Handover {
    /// Here it is, this once.
    Password(Secret),
    /// For a code, by the panel's back end.
    Claim {
        /// The code.
        code: Secret,
        /// Seconds that it lives.
        expires_in: i64,
    },
    /// It was, before.
    Delivered,
}

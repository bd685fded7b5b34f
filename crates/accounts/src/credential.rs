//! API credentials: a username and a password for HTTP Basic.

use crate::{
    clock::{Entropy, Timestamp},
    secret::{Secret, SecretHash, random_text},
};

/// What is stored of an API credential.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user_id: i64,
    /// What it is for, in words.
    pub name: String,
    /// The username, unique.
    pub username: String,
    /// The hash of the password.
    pub secret: SecretHash,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it was last used, to the minute; `None`: its owner may not have it.
    pub last_used_at: Option<Timestamp>,
    /// Since when it is no longer valid, if so.
    pub revoked_at: Option<Timestamp>,
}

/// The name of the credential that a sign-up issues (the reference
/// implementation's text, which its clients show).
pub const SIGN_UP_NAME: &str = "generated-on-signup";

/// 19 characters, as long as those of the reference implementation, of 5.95
/// bits each: 113 bits, so that usernames do not collide and cannot be guessed.
const USERNAME_LENGTH: usize = 19;
/// Lets secret scanners recognise a password.
const PASSWORD_PREFIX: &str = "dsp_";
/// With the prefix 40 characters, as long as those of the reference
/// implementation; 36 random ones are 214 bits (at least 160 are needed for a
/// fast hash at rest).
const PASSWORD_LENGTH: usize = 36;

/// A new username.
pub fn new_username(entropy: &dyn Entropy) -> String {
    random_text(USERNAME_LENGTH, entropy)
}

/// A new password.
pub fn new_password(entropy: &dyn Entropy) -> Secret {
    Secret::generate(PASSWORD_PREFIX, PASSWORD_LENGTH, entropy)
}

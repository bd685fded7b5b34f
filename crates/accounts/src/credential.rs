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
    /// The number that the API shows.
    pub number: i64,
    /// What it is for, in words.
    pub name: String,
    /// The username, unique.
    pub username: String,
    /// The hash of the password; [`SecretHash::unset`] until one is claimed.
    pub secret: SecretHash,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it was last used, to the minute; `None`: its owner may not have it.
    pub last_used_at: Option<Timestamp>,
    /// From when it is no longer valid, if it was given an end.
    pub expires_at: Option<Timestamp>,
    /// When its password was last replaced.
    pub rotated_at: Option<Timestamp>,
    /// Since when it is no longer valid, if it was ended.
    pub revoked_at: Option<Timestamp>,
}

impl Credential {
    /// Whether it opens anything at this time.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Numbers that there are for each user's credentials, the ended ones among them:
/// more than whoever steals one could use up in a week at a change a second, and
/// few enough for nine billion users below 2^53, which JSON readers count exactly.
pub const NUMBERS_PER_USER: i64 = 1_000_000;
/// Credentials that may work at a time. A person has a handful of programs; more
/// is a program gone wrong, or somebody who digs in.
pub const MOST_LIVE: usize = 50;

/// The number of a user's `nth` credential, counted from 1. Numbers are small
/// integers, as the documented contract has them, and no two are equal.
pub const fn number(user_id: i64, nth: i64) -> i64 {
    user_id * NUMBERS_PER_USER + nth
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

/// Whether a name has the form of those that [`new_username`] makes, which no
/// `client_id` has.
pub fn is_username(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A new password.
pub fn new_password(entropy: &dyn Entropy) -> Secret {
    Secret::generate(PASSWORD_PREFIX, PASSWORD_LENGTH, entropy)
}

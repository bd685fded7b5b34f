//! A challenge: what it is bound to, and how it is signed.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{ALGORITHM, hex};

/// What a challenge is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound<'a> {
    /// The publishable client.
    pub client: &'a str,
    /// The origin of the page, as browsers send it.
    pub origin: &'a str,
}

/// What challenges are signed with. The version is in the challenge, so that one
/// which was issued before a rotation is still good.
#[derive(Clone, Copy)]
pub struct Key<'a> {
    /// Which one.
    pub version: u32,
    /// The key.
    pub bytes: &'a [u8; 32],
}

/// Keys do not print.
impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("version", &self.version).finish_non_exhaustive()
    }
}

/// A challenge, member for member as ALTCHA's solvers read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// [`ALGORITHM`].
    pub algorithm: String,
    /// SHA-256 of the salt and the decimal number, in hex.
    pub challenge: String,
    /// The number is between 0 and this.
    pub maxnumber: u32,
    /// A nonce and what the challenge is bound to, in the form of a query string.
    pub salt: String,
    /// HMAC-SHA-256 of `challenge`, in hex.
    pub signature: String,
}

impl Challenge {
    /// Makes one that is good until `expires` (seconds since the Unix epoch).
    ///
    /// Of the 20 random bytes twelve make every challenge another one and eight
    /// choose the number. Their remainder favours some numbers by less than one in
    /// 2^32: nothing that a solver could use.
    pub fn issue(
        bound: Bound<'_>,
        expires: i64,
        maxnumber: u32,
        key: Key<'_>,
        random: [u8; 20],
    ) -> Self {
        let (nonce, number) = random.split_at(12);
        let number = number.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let number = number % (u64::from(maxnumber) + 1);
        let salt = salt(&hex(nonce), bound, expires, key.version);
        let challenge = digest(&salt, number);
        Self {
            algorithm: ALGORITHM.to_owned(),
            signature: sign(&challenge, key),
            challenge,
            maxnumber,
            salt,
        }
    }
}

/// The salt. The `&` at its end is what parts it from the number: without it the
/// first digits of the number could be read as the last ones of the salt, and a
/// solution could be given another expiry (ALTCHA's advisory of 2025).
pub(crate) fn salt(nonce: &str, bound: Bound<'_>, expires: i64, version: u32) -> String {
    let text = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    format!(
        "{nonce}?client={}&expires={expires}&key={version}&origin={}&",
        text(bound.client),
        text(bound.origin)
    )
}

/// What the number hashes to.
pub(crate) fn digest(salt: &str, number: u64) -> String {
    hex(&Sha256::new().chain_update(salt).chain_update(number.to_string()).finalize())
}

/// What says that a challenge is ours.
pub(crate) fn sign(challenge: &str, key: Key<'_>) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes)
        .expect("HMAC takes a key of any length (RFC 2104 §2)");
    mac.update(challenge.as_bytes());
    hex(&mac.finalize().into_bytes())
}

//! The secret with which a panel claims a credential.

use std::fmt;

use oauth2::{PkceCodeChallenge, PkceCodeVerifier};

/// A random secret that stays in the panel's back end. What the server gets first
/// is only its hash (RFC 7636, method S256), so nobody else can claim what the
/// sign-up token's person is given.
///
/// Keep one for a person until [`Panel::claim`](crate::Panel::claim) has worked:
/// each page view has a token of its own, and any of them can be the one that is
/// used.
pub struct Verifier(PkceCodeVerifier);

impl Verifier {
    /// A new one, of 256 random bits.
    pub fn random() -> Self {
        let (_, verifier) = PkceCodeChallenge::new_random_sha256();
        Self(verifier)
    }

    /// One that the panel stored.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(PkceCodeVerifier::new(text.into()))
    }

    /// The text to store, where only the back end can read it.
    pub fn secret(&self) -> &str {
        self.0.secret()
    }

    pub(crate) fn challenge(&self) -> String {
        PkceCodeChallenge::from_code_verifier_sha256(&self.0).as_str().to_owned()
    }
}

/// Secrets do not print.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(…)")
    }
}

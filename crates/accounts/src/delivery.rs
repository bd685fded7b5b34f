//! How the password of a new credential reaches its owner.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::secret::Secret;

/// The two ways.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Delivery {
    /// In the answer to the sign-up.
    #[default]
    Inline,
    /// To the panel's back end, which claims it: the page gets a code that is
    /// worth nothing without the back end's own secrets.
    Claim {
        /// What the claimer's verifier must hash to.
        challenge: Challenge,
    },
}

impl Delivery {
    /// The name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::Claim { .. } => "claim",
        }
    }
}

/// `BASE64URL(SHA256(verifier))`, 43 characters (RFC 7636 §4.2, method `S256`).
/// The method `plain` does not exist here: it would let whoever reads the token
/// request claim the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge(String);

/// RFC 7636 §4.1.
const VERIFIER_LENGTH: std::ops::RangeInclusive<usize> = 43..=128;

impl Challenge {
    /// Reads one that somebody sent or that was stored.
    pub fn parse(text: &str) -> Option<Self> {
        let hash = URL_SAFE_NO_PAD.decode(text).ok()?;
        (hash.len() == 32).then(|| Self(text.to_owned()))
    }

    /// The one that fits a verifier.
    pub fn of(verifier: &Secret) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose().as_bytes())))
    }

    /// Whether the verifier is the one; takes the same time whatever the answer.
    pub fn verify(&self, verifier: &Secret) -> bool {
        Self::of(verifier).0.as_bytes().ct_eq(self.0.as_bytes()).into()
    }

    /// The text on the wire and in storage.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge(…)")
    }
}

/// Whether a text can be a verifier: 43 to 128 unreserved characters.
pub fn is_verifier(text: &str) -> bool {
    VERIFIER_LENGTH.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rfcs_own_example_holds() {
        // RFC 7636 appendix B.
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert!(is_verifier(verifier.expose()));
        assert!(challenge.verify(&verifier));
        assert!(!challenge.verify(&Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl")));
        for bad in ["", "short", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", &"A".repeat(44)] {
            assert_eq!(Challenge::parse(bad), None, "{bad}");
        }
        assert!(!is_verifier("short"));
        assert!(!is_verifier(&"a".repeat(129)));
        assert!(!is_verifier(&" ".repeat(43)));
    }
}

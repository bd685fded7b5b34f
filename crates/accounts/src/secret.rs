//! Secrets and their keyed hashes, as two types.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{clock::Entropy, keys::KeyRing};

/// A secret in clear: wiped when dropped, and never printed.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

/// Digits and letters: survives shells, URLs, INI files and both base64
/// alphabets without quoting.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Secret {
    /// Takes a secret that somebody else chose or sent.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// `prefix` and `length` random characters of 5.95 bits each.
    pub fn generate(prefix: &str, length: usize, entropy: &dyn Entropy) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(prefix.len() + length));
        text.push_str(prefix);
        text.push_str(&random_text(length, entropy));
        Self(text)
    }

    /// The secret itself. Callers hand it to its owner or hash it, nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Random digits and letters, without bias: bytes past the largest multiple of
/// 62 are thrown away.
pub fn random_text(length: usize, entropy: &dyn Entropy) -> String {
    let mut text = String::with_capacity(length);
    let mut buffer = Zeroizing::new([0_u8; 64]);
    while text.len() < length {
        entropy.fill(buffer.as_mut_slice());
        let usable = buffer.iter().filter(|byte| **byte < 62 * 4);
        text.extend(
            usable
                .take(length - text.len())
                .map(|byte| char::from(ALPHABET[usize::from(byte % 62)])),
        );
    }
    text
}

/// What is stored of a secret: `v<pepper version>:<HMAC-SHA-256 in hex>`.
///
/// The secrets are random and long, so a fast keyed hash is as good as a slow
/// one and can be checked on every request; the key keeps a stolen database
/// useless alone.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHash(String);

impl SecretHash {
    /// Hashes with the ring's current pepper.
    pub fn of(secret: &Secret, keys: &KeyRing) -> Self {
        let (version, key) = keys.current();
        Self(mac(version, &key, secret.expose().as_bytes()))
    }

    /// Hashes with the pepper of that version; `None` if the ring has none.
    pub(crate) fn by_version(secret: &Secret, keys: &KeyRing, version: u32) -> Option<Self> {
        let (version, key) = keys.get(version)?;
        Some(Self(mac(version, &key, secret.expose().as_bytes())))
    }

    /// What stands for a secret that does not exist yet: nothing verifies against it.
    pub const fn unset() -> Self {
        Self(String::new())
    }

    /// Whether it is [`Self::unset`].
    pub fn is_unset(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads what was stored.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text to store.
    pub fn as_stored(&self) -> &str {
        &self.0
    }

    /// Whether the secret is the one that was hashed. Takes the same time
    /// whatever the answer.
    pub fn verify(&self, secret: &Secret, keys: &KeyRing) -> bool {
        match verify_mac(&self.0, secret.expose().as_bytes(), keys) {
            Some(right) => right,
            None => Self::verify_nothing(secret, keys),
        }
    }

    /// The version of the pepper that it was made with.
    pub fn version(&self) -> Option<u32> {
        version_of(&self.0)
    }

    /// Does the work of [`Self::verify`] for a name that does not exist, so that
    /// its refusal takes as long as that of a wrong secret.
    pub fn verify_nothing(secret: &Secret, keys: &KeyRing) -> bool {
        let (version, key) = keys.current();
        let never = format!("v{version}:{}", "-".repeat(64));
        mac(version, &key, secret.expose().as_bytes()).as_bytes().ct_eq(never.as_bytes()).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// The version in front of what a ring's key made: `v<version>:…`.
pub fn version_of(text: &str) -> Option<u32> {
    text.strip_prefix('v')?.split_once(':')?.0.parse().ok()
}

/// `v<version>:<HMAC-SHA-256 in hex>` of a message.
pub(crate) fn mac(version: u32, key: &[u8; 32], message: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length (RFC 2104 §2)");
    mac.update(message);
    format!("v{version}:{}", hex(&mac.finalize().into_bytes()))
}

/// Whether [`mac`] made the text for the message; `None` if the ring lacks the
/// text's version.
pub(crate) fn verify_mac(text: &str, message: &[u8], keys: &KeyRing) -> Option<bool> {
    let (version, key) = keys.get(version_of(text)?)?;
    Some(mac(version, &key, message).as_bytes().ct_eq(text.as_bytes()).into())
}

/// SHA-256 of some texts, none of which can be continued into the next, in hex.
pub(crate) fn hex_digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}

/// Reads lower-case hexadecimal.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let nibble = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(nibble(*high)? << 4 | nibble(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::tests::{Counting, ring};

    #[test]
    fn verifies_its_own_secret_and_no_other() {
        let keys = ring();
        let secret = Secret::generate("x_", 40, &Counting::default());
        let hash = SecretHash::of(&secret, &keys);
        assert!(hash.verify(&secret, &keys));
        assert!(SecretHash::from_stored(hash.as_stored()).verify(&secret, &keys));
        assert!(!hash.verify(&Secret::new("x_other"), &keys));
        assert!(!SecretHash::from_stored("v9:00").verify(&secret, &keys));
        assert!(!SecretHash::unset().verify(&secret, &keys));
        assert!(!SecretHash::verify_nothing(&secret, &keys));
    }

    #[test]
    fn nothing_prints() {
        let secret = Secret::new("hunter2");
        assert!(!format!("{secret:?} {:?}", SecretHash::of(&secret, &ring())).contains("hunter2"));
    }
}

//! Idempotency keys: one filled form, one account, however often it is sent.

use std::fmt;

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{
    clock::Entropy,
    keys::KeyRing,
    secret::{Secret, hex, unhex},
};

/// The value of an `Idempotency-Key` header. Who knows it can ask for the answer
/// again, so it is kept like a secret: hashed in the database, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(Zeroizing<String>);

/// Shorter keys would clash; longer ones say no more.
const LENGTH: std::ops::RangeInclusive<usize> = 16..=128;

impl IdempotencyKey {
    /// Reads a header's value: 16 to 128 printable ASCII characters, with or
    /// without the quotes of a structured field (RFC 9651 §3.3.3).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        let fits = LENGTH.contains(&bare.len())
            && bare.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
        fits.then(|| Self(Zeroizing::new(bare.to_owned())))
    }

    /// What is stored and looked up.
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes()))
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(…)")
    }
}

/// What makes two requests the same request: method, path, caller and body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Hashes the parts. Each is preceded by its length, so that no two lists of
    /// parts run together into the same text.
    pub fn of(parts: &[&[u8]]) -> Self {
        Self(hex(&Sha256::digest(joined(parts))))
    }

    /// The text to store and compare.
    pub fn as_stored(&self) -> &str {
        &self.0
    }
}

/// The parts in a row, each preceded by its length (64 bits, big end first).
pub(crate) fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(*part);
    }
    bytes
}

/// Seals a secret so that it opens only with the server's key **and** the
/// caller's own idempotency key: a stolen database has neither.
///
/// `v<version>:<nonce><ciphertext>` in hex; XChaCha20-Poly1305 with a key from
/// HKDF-SHA-256 (RFC 5869) over both. The client's id is authenticated with it.
pub fn seal(
    secret: &Secret,
    key: &IdempotencyKey,
    client_id: &str,
    ring: &KeyRing,
    entropy: &dyn Entropy,
) -> String {
    let (version, server_key) = ring.current();
    let mut nonce = [0_u8; 24];
    entropy.fill(&mut nonce);
    let sealed = cipher(&server_key, key, client_id)
        .encrypt(
            &XNonce::from(nonce),
            Payload { msg: secret.expose().as_bytes(), aad: client_id.as_bytes() },
        )
        .expect("a short message always fits");
    format!("v{version}:{}{}", hex(&nonce), hex(&sealed))
}

/// Opens what [`seal`] made; `None` with any other key, client or text.
pub fn open(sealed: &str, key: &IdempotencyKey, client_id: &str, ring: &KeyRing) -> Option<Secret> {
    let (version, rest) = sealed.strip_prefix('v')?.split_once(':')?;
    let (_, server_key) = ring.get(version.parse().ok()?)?;
    let bytes = unhex(rest)?;
    let (nonce, message) = bytes.split_first_chunk::<24>()?;
    let payload = Payload { msg: message, aad: client_id.as_bytes() };
    let opened =
        cipher(&server_key, key, client_id).decrypt(&XNonce::from(*nonce), payload).ok()?;
    String::from_utf8(opened).ok().map(Secret::new)
}

fn cipher(server_key: &[u8; 32], key: &IdempotencyKey, client_id: &str) -> XChaCha20Poly1305 {
    let mut derived = Zeroizing::new([0_u8; 32]);
    let info = [b"doorstep replay ".as_slice(), client_id.as_bytes()].concat();
    Hkdf::<Sha256>::new(Some(server_key), key.0.as_bytes())
        .expand(&info, derived.as_mut_slice())
        .expect("32 bytes are within HKDF's bound");
    XChaCha20Poly1305::new((&*derived).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::tests::{Counting, ring};

    const KEY: &str = "0190f3a8-5c1e-7d7b-9d58-6f0c3a3f9a11";

    #[test]
    fn keys_are_read_with_and_without_quotes() {
        let bare = IdempotencyKey::parse(KEY).unwrap();
        assert_eq!(IdempotencyKey::parse(&format!("\"{KEY}\"")).unwrap(), bare);
        assert!(!format!("{bare:?}").contains("0190"));
        for bad in [
            "",
            "short",
            "fifteen-letters",
            &"x".repeat(129),
            "with a space in it",
            "täglich-neu-und-lang",
            "\"unbalanced-quote-here",
        ] {
            assert_eq!(IdempotencyKey::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn sealed_copies_open_only_with_every_part() {
        let key = IdempotencyKey::parse(KEY).unwrap();
        let secret = Secret::new("dsp_secret");
        let sealed = seal(&secret, &key, "cli_1", &ring(), &Counting::default());
        assert!(!sealed.contains("dsp_"));
        let opened = open(&sealed, &key, "cli_1", &ring()).unwrap();
        assert_eq!(opened.expose(), "dsp_secret");
        let other = IdempotencyKey::parse("another-key-of-somebody").unwrap();
        assert!(open(&sealed, &other, "cli_1", &ring()).is_none());
        assert!(open(&sealed, &key, "cli_2", &ring()).is_none());
        let foreign = KeyRing::new([(1, [9; 32])]).unwrap();
        assert!(open(&sealed, &key, "cli_1", &foreign).is_none());
        for broken in ["", "v1:", "v1:00", "v2:00", &sealed[..sealed.len() - 2], "x"] {
            assert!(open(broken, &key, "cli_1", &ring()).is_none(), "{broken}");
        }
    }

    #[test]
    fn fingerprints_keep_their_parts_apart() {
        assert_ne!(Fingerprint::of(&[b"ab", b"c"]), Fingerprint::of(&[b"a", b"bc"]));
        assert_eq!(Fingerprint::of(&[b"ab"]), Fingerprint::of(&[b"ab"]));
    }
}

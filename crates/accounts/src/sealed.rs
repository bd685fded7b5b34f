//! Secrets that wait in the database until they are needed.
//!
//! Unlike a replay copy ([`crate::idempotency::seal`]), nobody sends half of the key
//! again: who has both the database and the key file can open these. They are kept no
//! longer than they are needed.

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};

use crate::{
    clock::Entropy,
    keys::{Key, KeyRing},
    secret::{Secret, hex, unhex, version_of},
};

/// Seals a secret for one purpose and one subject: it opens for no other.
///
/// `v<version>:<nonce><ciphertext>` in hex; XChaCha20-Poly1305 with a key of its own
/// for the purpose. The subject is authenticated with it.
pub fn seal(
    secret: &Secret,
    (purpose, subject): (&str, &str),
    ring: &KeyRing,
    entropy: &dyn Entropy,
) -> String {
    let (version, _) = ring.current();
    let key = ring.subkey(version, purpose).expect("a ring has its current version");
    let mut nonce = [0_u8; 24];
    entropy.fill(&mut nonce);
    let payload = Payload { msg: secret.expose().as_bytes(), aad: subject.as_bytes() };
    let sealed = cipher(&key)
        .encrypt(&XNonce::from(nonce), payload)
        .expect("what fits a request is no too long message");
    format!("v{version}:{}{}", hex(&nonce), hex(&sealed))
}

/// Opens what [`seal`] made; `None` for another purpose, subject, ring or text.
pub fn open(sealed: &str, (purpose, subject): (&str, &str), ring: &KeyRing) -> Option<Secret> {
    let key = ring.subkey(version_of(sealed)?, purpose)?;
    let bytes = unhex(sealed.split_once(':')?.1)?;
    let (nonce, message) = bytes.split_first_chunk::<24>()?;
    let payload = Payload { msg: message, aad: subject.as_bytes() };
    let opened = cipher(&key).decrypt(&XNonce::from(*nonce), payload).ok()?;
    String::from_utf8(opened).ok().map(Secret::new)
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&**key).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::tests::{Counting, ring};

    #[test]
    fn it_opens_for_the_same_purpose_and_subject_alone() {
        let (ring, secret) = (ring(), Secret::new("hunter2 \u{1F600}"));
        let sealed = seal(&secret, ("order", "1"), &ring, &Counting::default());
        assert!(!sealed.contains("hunter2"));
        assert_eq!(open(&sealed, ("order", "1"), &ring).unwrap().expose(), secret.expose());
        assert!(open(&sealed, ("order", "2"), &ring).is_none());
        assert!(open(&sealed, ("mail", "1"), &ring).is_none());
        assert!(open(&sealed, ("order", "1"), &KeyRing::new([(1, [9; 32])]).unwrap()).is_none());
        let rotated = ring.with([8; 32]);
        assert!(open(&sealed, ("order", "1"), &rotated).is_some());
        assert!(open(&sealed, ("order", "1"), &rotated.without(1).unwrap()).is_none());
        for broken in ["", "v1:", "v1:00", "v2:00", &sealed[..sealed.len() - 2], "x"] {
            assert!(open(broken, ("order", "1"), &ring).is_none(), "{broken}");
        }
    }
}

//! Idempotency keys and what is sealed with them.
//!
//! Input: the header's value, another one, a client's id, one a line.

use doorstep_accounts::{
    Entropy, IdempotencyKey, KeyRing, Secret,
    idempotency::{open, seal},
};
use sha2::{Digest as _, Sha256};

/// Holds an input to it.
pub fn check(data: &[u8]) {
    let Some([one, other, client]) = crate::lines(data) else { return };
    let (first, second) = (read(one), read(other));
    let Some(key) = first else { return };
    if let Some(second) = &second {
        assert_eq!(key == *second, key.hash() == second.hash());
    }
    let ring = KeyRing::new([(3, [9; 32])]).expect("it has a key");
    let sealed = seal(&Secret::new(client), &key, client, &ring, &Ones);
    let opens = |key: &IdempotencyKey, client: &str| {
        open(&sealed, key, client, &ring).map(|secret| secret.expose().to_owned())
    };
    assert_eq!(opens(&key, client).as_deref(), Some(client));
    assert_eq!(opens(&key, &format!("{client}x")), None);
    if let Some(second) = &second {
        assert_eq!(opens(second, client).is_some(), *second == key);
    }
    // Nor does anything else that somebody could write into the database.
    assert!(open(other, &key, client, &ring).is_none());
}

/// Reads a header's value and holds it against the rule as it is documented.
fn read(text: &str) -> Option<IdempotencyKey> {
    let trimmed = text.trim();
    let quoted = trimmed.len() >= 2 && trimmed.starts_with('"') && trimmed.ends_with('"');
    let bare = if quoted { &trimmed[1..trimmed.len() - 1] } else { trimmed };
    let fits = (16..=128).contains(&bare.len())
        && bare.bytes().all(|byte| (b'!'..=b'~').contains(&byte) && byte != b'"');
    let key = IdempotencyKey::parse(text);
    assert_eq!(key.is_some(), fits, "{text:?}");
    if let Some(key) = &key {
        let hash = crate::hexadecimal(&Sha256::digest(bare));
        assert_eq!(key.hash(), hash);
        for spelling in [bare.to_owned(), format!("\"{bare}\""), format!(" {bare} ")] {
            assert_eq!(IdempotencyKey::parse(&spelling).as_ref(), Some(key));
        }
    }
    key
}

struct Ones;

impl Entropy for Ones {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(1);
    }
}

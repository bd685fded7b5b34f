//! The pepper ring: versions of the key that stored secrets are hashed with.

use std::{collections::BTreeMap, fmt};

use zeroize::Zeroizing;

use crate::secret::{Secret, SecretHash};

/// Keys by version; the highest version is the one that new hashes use.
#[derive(Clone)]
pub struct KeyRing(BTreeMap<u32, Zeroizing<[u8; 32]>>);

impl KeyRing {
    /// A ring of these keys; `None` without any.
    pub fn new(keys: impl IntoIterator<Item = (u32, [u8; 32])>) -> Option<Self> {
        let keys: BTreeMap<_, _> =
            keys.into_iter().map(|(version, key)| (version, Zeroizing::new(key))).collect();
        if keys.is_empty() { None } else { Some(Self(keys)) }
    }

    /// The newest key and its version.
    pub fn current(&self) -> (u32, &[u8; 32]) {
        let (version, key) = self.0.last_key_value().expect("`new` refuses an empty ring");
        (*version, key)
    }

    /// The key of that version.
    pub fn get(&self, version: u32) -> Option<(u32, &[u8; 32])> {
        self.0.get_key_value(&version).map(|(version, key)| (*version, &**key))
    }

    /// A value that only this ring's current key makes. Kept in the database, it
    /// tells at start that the right key file is there.
    pub fn fingerprint(&self) -> SecretHash {
        SecretHash::of(&Secret::new("doorstep key check"), self)
    }

    /// Whether a stored fingerprint was made by a key of this ring.
    pub fn recognises(&self, fingerprint: &SecretHash) -> bool {
        fingerprint.verify(&Secret::new("doorstep key check"), self)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyRing").field(&self.0.keys().collect::<Vec<_>>()).finish()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;
    use crate::clock::Entropy;

    /// Counts instead of rolling dice, so that tests repeat.
    #[derive(Default)]
    pub(crate) struct Counting(AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    pub(crate) fn ring() -> KeyRing {
        KeyRing::new([(1, [7; 32])]).unwrap()
    }

    #[test]
    fn a_rotated_ring_still_verifies_what_the_old_key_made() {
        let old = ring();
        let secret = Secret::new("s");
        let hash = SecretHash::of(&secret, &old);
        let rotated = KeyRing::new([(1, [7; 32]), (2, [8; 32])]).unwrap();
        assert!(hash.verify(&secret, &rotated));
        assert_eq!(rotated.current().0, 2);
        assert!(rotated.recognises(&old.fingerprint()));
        let foreign = KeyRing::new([(1, [9; 32])]).unwrap();
        assert!(!foreign.recognises(&old.fingerprint()));
    }
}

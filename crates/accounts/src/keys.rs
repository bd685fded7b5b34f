//! Key rings: the versions of a key that stored things are hashed or sealed with.

use std::{collections::BTreeMap, fmt, sync::Arc};

use arc_swap::ArcSwap;
use zeroize::Zeroizing;

use crate::secret::{Secret, SecretHash};

/// Keys by version; the highest version is the one that new things use.
///
/// A clone is the same ring: after [`KeyRing::replace`] everybody who holds it
/// works with the new keys, so that a running server can follow a rotation.
#[derive(Clone)]
pub struct KeyRing(Arc<ArcSwap<Keys>>);

/// A key: wiped when dropped.
pub type Key = Zeroizing<[u8; 32]>;

type Keys = BTreeMap<u32, Key>;

impl KeyRing {
    /// A ring of these keys; `None` without any.
    pub fn new(keys: impl IntoIterator<Item = (u32, [u8; 32])>) -> Option<Self> {
        let keys: Keys =
            keys.into_iter().map(|(version, key)| (version, Zeroizing::new(key))).collect();
        if keys.is_empty() { None } else { Some(Self(Arc::new(ArcSwap::from_pointee(keys)))) }
    }

    /// The newest key and its version.
    pub fn current(&self) -> (u32, Key) {
        let keys = self.0.load();
        let (version, key) = keys.last_key_value().expect("`new` refuses an empty ring");
        (*version, key.clone())
    }

    /// The key of that version.
    pub fn get(&self, version: u32) -> Option<(u32, Key)> {
        self.0.load().get(&version).map(|key| (version, key.clone()))
    }

    /// A key of its own for another purpose, made of the key of that version
    /// (HKDF-SHA-256, RFC 5869): what is signed with it says nothing of the ring.
    pub fn subkey(&self, version: u32, purpose: &str) -> Option<Key> {
        let (_, key) = self.get(version)?;
        let mut derived = Zeroizing::new([0_u8; 32]);
        hkdf::Hkdf::<sha2::Sha256>::new(None, key.as_slice())
            .expand(purpose.as_bytes(), derived.as_mut_slice())
            .expect("32 bytes are within HKDF's bound");
        Some(derived)
    }

    /// All versions, oldest first.
    pub fn versions(&self) -> Vec<u32> {
        self.0.load().keys().copied().collect()
    }

    /// Takes over the keys of another ring, for everybody who holds this one.
    pub fn replace(&self, other: &Self) {
        self.0.store(other.0.load_full());
    }

    /// The same ring with a key more: its version is one above the newest.
    #[must_use]
    pub fn with(&self, key: [u8; 32]) -> Self {
        let mut keys = Keys::clone(&self.0.load());
        keys.insert(self.current().0.saturating_add(1), Zeroizing::new(key));
        Self(Arc::new(ArcSwap::from_pointee(keys)))
    }

    /// The same ring without that version; `None` if nothing would be left.
    pub fn without(&self, version: u32) -> Option<Self> {
        let mut keys = Keys::clone(&self.0.load());
        keys.remove(&version);
        if keys.is_empty() { None } else { Some(Self(Arc::new(ArcSwap::from_pointee(keys)))) }
    }

    /// A value that only the key of that version makes. Kept in the database, it
    /// tells at start that the right key file is there.
    pub fn fingerprint(&self, version: u32) -> Option<SecretHash> {
        SecretHash::by_version(&check(), self, version)
    }

    /// Whether a stored fingerprint was made by a key of this ring.
    pub fn recognises(&self, fingerprint: &SecretHash) -> bool {
        fingerprint.verify(&check(), self)
    }
}

fn check() -> Secret {
    Secret::new("doorstep key check")
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyRing").field(&self.versions()).finish()
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
        let fingerprint = old.fingerprint(1).unwrap();
        let rotated = old.with([8; 32]);
        assert!(hash.verify(&secret, &rotated));
        assert_eq!((rotated.current().0, old.current().0), (2, 1));
        assert!(rotated.recognises(&fingerprint));
        assert!(old.fingerprint(2).is_none());
        let foreign = KeyRing::new([(1, [9; 32])]).unwrap();
        assert!(!foreign.recognises(&fingerprint));
        assert_eq!(rotated.subkey(1, "x"), old.subkey(1, "x"));
        assert_ne!(old.subkey(1, "x"), old.subkey(1, "y"));
        assert_eq!(old.subkey(2, "x"), None);
        let held = old.clone();
        old.replace(&rotated);
        assert_eq!(held.versions(), [1, 2]);
        assert!(!hash.verify(&secret, &held.without(1).unwrap()));
        assert!(held.without(1).unwrap().without(2).is_none());
    }
}

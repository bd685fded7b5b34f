//! Public keys of clients (RFC 7517): nothing private is taken, and what is taken is kept through storage.
//!
//! Input: a JWK Set, or one key.

use doorstep_accounts::{
    Jwk, JwkSet,
    jwk::{ALGORITHMS, is_thumbprint},
};

/// Holds an input to it.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let set = match JwkSet::parse(text) {
        Ok(set) => set,
        Err(why) => return assert!(!why.to_string().is_empty()),
    };
    assert!((1..=8).contains(&set.keys().len()) && text.len() <= 16 * 1024);
    let stored = set.to_json();
    assert_eq!(JwkSet::parse(&stored.to_string()).as_ref(), Ok(&set));
    for (key, stored) in set.keys().iter().zip(stored["keys"].as_array().into_iter().flatten()) {
        assert!(ALGORITHMS.contains(&key.algorithm()));
        assert!(is_thumbprint(&key.thumbprint()));
        let members = stored.as_object().expect("a key is an object");
        for member in members.keys() {
            let public = ["kty", "crv", "x", "y", "n", "e", "kid"];
            assert!(public.contains(&member.as_str()), "{member}");
        }
        // The name of a key is no part of what it is.
        let mut nameless = stored.clone();
        if let Some(members) = nameless.as_object_mut() {
            members.remove("kid");
        }
        let nameless = Jwk::parse(&nameless).expect("a name may be left out");
        assert_eq!(nameless.thumbprint(), key.thumbprint());
    }
}

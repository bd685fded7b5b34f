//! Client assertions (RFC 7523): one that is accepted is by this client, for us, and for a few minutes.
//!
//! Input: a header and claims, the header on the first line, which are signed here; a single line is taken for an
//! assertion as it was sent.

use std::sync::OnceLock;

use doorstep_accounts::{JwkSet, Timestamp, assertion::Assertion};

use crate::signed;

const NOW: Timestamp = Timestamp(1_700_000_000_500);
const US: [&str; 2] = ["https://us.example", "https://us.example/api/oauth/token"];

/// Holds an input to it.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.split_once('\n') {
        None => one(text),
        Some((header, claims)) => one(&signed::sign(header, claims)),
    }
}

fn one(text: &str) {
    let Some(assertion) = Assertion::read(text) else { return };
    let Some(verified) = assertion.verify(keys(), &US, NOW) else { return };
    let header = signed::header(text).expect("it has a header");
    let claims = signed::claims(text).expect("it has claims");
    assert_eq!(header["alg"], "EdDSA");
    assert!(header.get("kid").is_none_or(|kid| kid == "mine") && !header.contains_key("crit"));
    assert_eq!(claims["iss"], assertion.client_id.as_str());
    assert_eq!(claims["sub"], assertion.client_id.as_str());
    let audience = &claims["aud"];
    let audiences = audience.as_array().map_or(std::slice::from_ref(audience), Vec::as_slice);
    assert!(audiences.iter().any(|one| US.iter().any(|us| one == us)), "{audience}");
    let time =
        |name: &str| claims.get(name).and_then(serde_json::Value::as_f64).map(|at| at - 1.7e9);
    let expires = time("exp").expect("it has an end");
    assert!((1.0..301.0).contains(&expires), "{expires}");
    for name in ["iat", "nbf"] {
        assert!(time(name).is_none_or(|since| since < 61.0), "{name}");
    }
    let jti = claims["jti"].as_str().expect("it has an id");
    assert!((1..=256).contains(&jti.len()));
    // Remembered exactly until it is too old anyway, and always as the same one.
    assert_eq!(assertion.verify(keys(), &US, NOW).as_ref(), Some(&verified));
    assert!(assertion.verify(keys(), &US, verified.expires_at).is_none());
    let other = "https://other.example";
    let is_for_it = audiences.iter().any(|one| one == other);
    assert_eq!(assertion.verify(keys(), &[other], NOW).is_some(), is_for_it);
    assert!(assertion.verify(&JwkSet::default(), &US, NOW).is_none());
    let changed = signed::changed(text);
    let changed = Assertion::read(&changed).and_then(|it| it.verify(keys(), &US, NOW));
    assert_eq!(changed, None);
}

fn keys() -> &'static JwkSet {
    static KEYS: OnceLock<JwkSet> = OnceLock::new();
    KEYS.get_or_init(|| {
        let mut key = signed::public();
        key["kid"] = "mine".into();
        JwkSet::parse(&key.to_string()).expect("it is a public key")
    })
}

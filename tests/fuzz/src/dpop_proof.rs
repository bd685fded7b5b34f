//! DPoP proofs (RFC 9449): one that is accepted is for this request, now, by its own key.
//!
//! Input: a header and claims, the header on the first line, which are signed here; a single line is taken for a
//! proof as it was sent.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorstep_accounts::{Jwk, Proof, Secret, Timestamp, dpop::Request};
use sha2::{Digest as _, Sha256};

use crate::signed;

const NOW: Timestamp = Timestamp(1_700_000_000_500);
const URL: &str = "https://us.example/api/users";
const TOKEN: &str = "sgn_of-somebody";

/// Holds an input to it.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.split_once('\n') {
        None => one(text),
        Some((header, claims)) => one(&signed::sign(header, claims)),
    }
}

fn one(text: &str) {
    let token = Secret::new(TOKEN);
    let request = Request { method: "POST", url: URL, token: Some(&token) };
    let proof = match Proof::check(text, request, NOW) {
        Ok(proof) => proof,
        Err(why) => return assert!(!why.is_empty()),
    };
    let header = signed::header(text).expect("it has a header");
    let claims = signed::claims(text).expect("it has claims");
    assert_eq!(header["typ"], "dpop+jwt");
    let key = Jwk::parse(&header["jwk"]).expect("it has a public key");
    assert_eq!(header["alg"], key.algorithm());
    assert_eq!(proof.jkt, key.thumbprint());
    assert_eq!(claims["htm"], "POST");
    assert_eq!(claims["ath"], URL_SAFE_NO_PAD.encode(Sha256::digest(TOKEN)));
    let since = claims["iat"].as_f64().expect("it has a time") - 1_700_000_000.0;
    assert!((-61.0..61.0).contains(&since), "{since}");
    let jti = claims["jti"].as_str().expect("it has an id");
    assert!((1..=256).contains(&jti.len()));
    assert_eq!(proof.expires_at, NOW.plus_seconds(300));
    // Remembered for longer than it is good, and always as the same one.
    assert_eq!(Proof::check(text, request, NOW).as_ref(), Ok(&proof));
    assert!(Proof::check(text, request, NOW.plus_seconds(122)).is_err());
    assert!(Proof::check(text, request, NOW.plus_seconds(-122)).is_err());
    for elsewhere in [
        Request { method: "GET", ..request },
        Request { url: "https://us.example/api/user", ..request },
        Request { token: Some(&Secret::new("sgn_of-another")), ..request },
    ] {
        assert!(Proof::check(text, elsewhere, NOW).is_err(), "{elsewhere:?}");
    }
    assert!(Proof::check(&signed::changed(text), request, NOW).is_err());
}

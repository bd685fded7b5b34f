//! DPoP proofs (RFC 9449): the sender of a token shows that it holds the key which
//! the token is bound to, for this very request.

use serde_json::Value;
use url::Url;

use crate::{
    assertion::number,
    clock::Timestamp,
    jwk::Jwk,
    jws::{Header, verified_claims},
    secret::{Secret, hex_digest},
    token::base64_digest,
};

/// An RSA key and a signature of 8192 bits are 2.8 KiB in base64url.
const MAX_BYTES: usize = 4 * 1024;
/// How old a proof may be, and how wrong the sender's clock, either way.
const WINDOW_SECONDS: i64 = 60;
/// How long a used proof is remembered: longer than its window is open at both ends.
const REMEMBER_SECONDS: i64 = 300;
/// A `jti` is a UUID or so (RFC 9449 §4.2 asks for 96 random bits).
const MAX_JTI: usize = 256;

/// Where and with what a proof was sent.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The URL as the sender knows it, without query and fragment.
    pub url: &'a str,
    /// The access token that came with it, if one did.
    pub token: Option<&'a Secret>,
}

/// A proof that is right, and that may be used if it was not before.
#[derive(Debug, PartialEq, Eq)]
pub struct Proof {
    /// The thumbprint (RFC 7638) of the sender's key.
    pub jkt: String,
    /// What to remember, so that it is used once.
    pub once: String,
    /// Until when to remember it.
    pub expires_at: Timestamp,
}

impl Proof {
    /// Checks a proof (RFC 9449 §4.3) as far as that is possible without knowing
    /// earlier ones. The error completes "the DPoP proof …".
    pub fn check(text: &str, request: Request<'_>, now: Timestamp) -> Result<Self, &'static str> {
        if text.len() > MAX_BYTES {
            return Err("is too long");
        }
        let header = Header::read(text).ok_or("is not a JWT")?;
        if header.text("typ") != Some("dpop+jwt") {
            return Err("must have the typ dpop+jwt");
        }
        let key = header.get("jwk").ok_or("has no jwk")?;
        let key = Jwk::parse(key).map_err(|_| "has a jwk that is no public EC, OKP or RSA key")?;
        if header.text("alg") != Some(key.algorithm()) {
            return Err("must be signed by ES256, EdDSA or PS256, as fits its jwk");
        }
        let claims = verified_claims(text, &key).ok_or("is not signed by its jwk")?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("htm") != Some(request.method) {
            return Err("is for another method (htm)");
        }
        let url = text("htu").and_then(target).ok_or("has no URL in htu")?;
        if Some(url) != target(request.url) {
            return Err("is for another URL (htu)");
        }
        let issued = number(&claims, "iat").flatten().ok_or("has no time in iat")?;
        if issued.abs_diff(now.seconds()) > WINDOW_SECONDS.unsigned_abs() {
            return Err("is not of this minute (iat): make one for each request");
        }
        if let Some(token) = request.token
            && text("ath") != Some(base64_digest(token).as_str())
        {
            return Err("is for another access token (ath)");
        }
        let jti = text("jti").filter(|jti| (1..=MAX_JTI).contains(&jti.len()));
        let jti = jti.ok_or("has no jti of at most 256 bytes")?;
        let jkt = key.thumbprint();
        Ok(Self {
            once: hex_digest(&["dpop proof", &jkt, jti]),
            jkt,
            expires_at: now.plus_seconds(REMEMBER_SECONDS),
        })
    }
}

/// A URL without query and fragment (RFC 9449 §4.3), in the normal form of RFC 3986
/// §6.2.2 and §6.2.3.
fn target(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    Some(url)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jws::tests::{Signer, sign};

    const NOW: Timestamp = Timestamp(1_700_000_000_000);
    const URL: &str = "https://us.example/api/users";
    // RFC 9449 §7.1's token and its hash.
    const TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    const ATH: &str = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";

    fn header(signer: &Signer) -> Value {
        json!({ "typ": "dpop+jwt", "alg": signer.algorithm(), "jwk": signer.public() })
    }

    fn claims() -> Value {
        json!({ "htm": "POST", "htu": URL, "iat": NOW.seconds(), "jti": "a", "ath": ATH })
    }

    fn check(text: &str) -> Result<Proof, &'static str> {
        let token = Secret::new(TOKEN);
        Proof::check(text, Request { method: "POST", url: URL, token: Some(&token) }, NOW)
    }

    #[test]
    fn a_proof_shows_the_key_for_this_request() {
        for signer in [Signer::es256(), Signer::eddsa()] {
            let proof = check(&sign(&signer, &header(&signer), &claims())).unwrap();
            assert_eq!(proof.jkt, Jwk::parse(&signer.public()).unwrap().thumbprint());
            assert_eq!(proof.expires_at, NOW.plus_seconds(300));
        }
        let signer = Signer::es256();
        for htu in ["HTTPS://US.example:443/api/users", "https://us.example/x/../api/users?q#f"] {
            let mut claims = claims();
            claims["htu"] = htu.into();
            assert!(check(&sign(&signer, &header(&signer), &claims)).is_ok(), "{htu}");
        }
    }

    #[test]
    fn everything_else_is_refused_and_says_why() {
        let signer = Signer::es256();
        for (name, value, why) in [
            ("htm", json!("GET"), "htm"),
            ("htm", Value::Null, "htm"),
            ("htu", json!("https://us.example/api/user"), "htu"),
            ("htu", json!("http://us.example/api/users"), "htu"),
            ("htu", json!("/api/users"), "htu"),
            ("iat", json!(NOW.seconds() + 61), "iat"),
            ("iat", json!(NOW.seconds() - 61), "iat"),
            ("iat", json!("now"), "iat"),
            ("iat", json!(i64::MIN), "iat"),
            ("ath", json!("x"), "ath"),
            ("ath", Value::Null, "ath"),
            ("jti", json!(""), "jti"),
            ("jti", json!(7), "jti"),
            ("jti", json!("x".repeat(257)), "jti"),
        ] {
            let mut claims = claims();
            claims[name] = value.clone();
            let error = check(&sign(&signer, &header(&signer), &claims)).unwrap_err();
            assert!(error.contains(why), "{name} {value}: {error}");
        }
        let mut private = signer.public();
        private["d"] = "AAAA".into();
        for (name, value, why) in [
            ("typ", json!("JWT"), "typ"),
            ("typ", Value::Null, "typ"),
            ("alg", json!("HS256"), "signed by ES256"),
            ("alg", json!("none"), "signed by ES256"),
            ("alg", json!("EdDSA"), "signed by ES256"),
            ("jwk", private, "public"),
            ("jwk", Signer::es256().public(), "not signed"),
            ("jwk", json!({ "kty": "oct", "k": "AAAA" }), "public"),
            ("jwk", Value::Null, "public"),
            ("crit", json!(["b64"]), "JWT"),
        ] {
            let mut header = header(&signer);
            header[name] = value.clone();
            let error = check(&sign(&signer, &header, &claims())).unwrap_err();
            assert!(error.contains(why), "{name} {value}: {error}");
        }
        for garbage in ["", "a.b.c", "....", &"x".repeat(5_000)] {
            assert!(check(garbage).is_err(), "{garbage}");
        }
    }
}

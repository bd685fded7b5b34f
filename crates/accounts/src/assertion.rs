//! Client assertions: `private_key_jwt` (RFC 7523 §2.2 and §3). A client signs that
//! it is itself, for us, now, instead of sending a secret.

use serde_json::{Map, Value};

use crate::{
    clock::Timestamp,
    jwk::{ALGORITHMS, JwkSet},
    jws::{Header, unverified_claims, verified_claims},
    secret::hex_digest,
};

/// The only `client_assertion_type` (RFC 7523 §2.2).
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A signature of RSA 8192 is 1.4 KiB; the claims are a few hundred bytes.
const MAX_BYTES: usize = 4 * 1024;
/// How far ahead an assertion may expire. It is made for one request; what lives
/// longer only has to be remembered longer.
const MAX_LIFE_SECONDS: i64 = 300;
/// How wrong a client's clock may be.
const SKEW_SECONDS: i64 = 60;
/// A `jti` is a UUID or so.
const MAX_JTI: usize = 256;

/// An assertion whose signature is not verified yet.
#[derive(Debug)]
pub struct Assertion<'a> {
    text: &'a str,
    algorithm: &'a str,
    kid: Option<String>,
    /// Who the sender claims to be.
    pub client_id: String,
}

/// An assertion that its client made, and that may be used if it was not before.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified {
    /// What to remember, so that it is used once.
    pub once: String,
    /// Until when to remember it.
    pub expires_at: Timestamp,
}

impl<'a> Assertion<'a> {
    /// Reads what can be read without a key. `None` is all that the caller learns
    /// of why not.
    pub fn read(text: &'a str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let header = Header::read(text)?;
        let named = header.text("alg")?;
        let algorithm = ALGORITHMS.into_iter().find(|algorithm| *algorithm == named)?;
        let kid = match header.get("kid") {
            None => None,
            Some(kid) => Some(kid.as_str()?.to_owned()),
        };
        // RFC 7523 §3: the issuer and the subject are both the client.
        let claims = unverified_claims(text)?;
        let client_id = claims.get("iss")?.as_str()?;
        (claims.get("sub")?.as_str()? == client_id).then(|| Self {
            text,
            algorithm,
            kid,
            client_id: client_id.to_owned(),
        })
    }

    /// Checks it against the client's keys and our own names: the issuer and the
    /// token endpoint.
    pub fn verify(&self, keys: &JwkSet, audiences: &[&str], now: Timestamp) -> Option<Verified> {
        let mut fitting = keys.fitting(self.kid.as_deref(), self.algorithm);
        let claims = fitting.find_map(|key| verified_claims(self.text, key))?;
        let seconds = |name: &str| number(&claims, name);
        let expires = seconds("exp")??;
        let early = [seconds("nbf")?, seconds("iat")?];
        let now = now.seconds();
        let timely = now < expires
            && expires <= now.saturating_add(MAX_LIFE_SECONDS)
            && early.into_iter().flatten().all(|since| since <= now.saturating_add(SKEW_SECONDS));
        let jti = claims.get("jti")?.as_str()?;
        if !timely
            || !is_for_us(claims.get("aud")?, audiences)
            || !(1..=MAX_JTI).contains(&jti.len())
        {
            return None;
        }
        let once = hex_digest(&["client assertion", &self.client_id, jti]);
        Some(Verified { once, expires_at: Timestamp(0).plus_seconds(expires) })
    }

    /// Takes as long as [`verify`](Self::verify) with a key, for a client that does
    /// not exist or has none.
    pub fn verify_nothing(&self) {
        if let Ok(decoys) = JwkSet::parse(DECOYS) {
            for key in decoys.fitting(None, self.algorithm) {
                let _ = verified_claims(self.text, key);
            }
        }
    }
}

/// The example keys of RFC 7517 §A.1 and RFC 8037 §A.2, one for each algorithm.
/// What they would verify is thrown away.
const DECOYS: &str = r#"{"keys":[
{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"},
{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
{"kty":"RSA","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}
]}"#;

/// A time in seconds: `Some(None)` without one, `None` when it is not a number.
/// Fractions are allowed (RFC 7519 §2) and cut off.
#[expect(clippy::option_option, reason = "absent and unreadable are told apart by `?`")]
pub(crate) fn number(claims: &Map<String, Value>, name: &str) -> Option<Option<i64>> {
    let Some(value) = claims.get(name) else { return Some(None) };
    #[expect(clippy::cast_possible_truncation, reason = "casting from a float saturates")]
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64));
    seconds.map(Some)
}

/// One audience or a list of them (RFC 7519 §4.1.3).
fn is_for_us(audience: &Value, ours: &[&str]) -> bool {
    let is_ours = |value: &Value| value.as_str().is_some_and(|one| ours.contains(&one));
    match audience {
        Value::Array(list) => list.iter().any(is_ours),
        one => is_ours(one),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jws::tests::{Signer, sign};

    const NOW: Timestamp = Timestamp(1_700_000_000_000);
    const US: [&str; 2] = ["https://us.example", "https://us.example/token"];

    fn claims() -> Value {
        let now = NOW.seconds();
        json!({ "iss": "cli", "sub": "cli", "aud": US[0], "exp": now + 300, "iat": now, "jti": "1" })
    }

    fn check(signer: &Signer, header: &Value, claims: &Value, keys: &JwkSet) -> bool {
        let text = sign(signer, header, claims);
        Assertion::read(&text)
            .and_then(|assertion| {
                assertion.verify_nothing();
                assertion.verify(keys, &US, NOW)
            })
            .is_some()
    }

    #[test]
    fn a_client_proves_who_it_is_with_each_kind_of_key() {
        for signer in [Signer::es256(), Signer::eddsa()] {
            let header = json!({ "alg": signer.algorithm() });
            let keys = signer.key_set();
            assert!(check(&signer, &header, &claims(), &keys), "{}", signer.algorithm());
            let text = sign(&signer, &header, &claims());
            let verified = Assertion::read(&text).unwrap().verify(&keys, &US, NOW).unwrap();
            assert_eq!(verified.expires_at, NOW.plus_seconds(300));
            // Any changed byte is noticed.
            for at in (0..text.len()).step_by(7) {
                let mut bytes = text.clone().into_bytes();
                bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
                let changed = String::from_utf8(bytes).unwrap();
                let verified = Assertion::read(&changed).and_then(|it| it.verify(&keys, &US, NOW));
                assert_eq!(verified, None, "{at}");
            }
        }
    }

    #[test]
    fn claims_must_say_who_to_whom_and_when() {
        let signer = Signer::es256();
        let header = json!({ "alg": "ES256", "typ": "JWT" });
        let now = NOW.seconds();
        let with = |name: &str, value: Value| {
            let mut claims = claims();
            claims[name] = value;
            check(&signer, &header, &claims, &signer.key_set())
        };
        for (name, value) in [
            ("aud", json!(US[1])),
            ("aud", json!(["https://other.example", US[0]])),
            ("iat", json!(now + 60)),
            ("nbf", json!(now + 60)),
            ("nbf", json!(now - 9_999)),
            ("exp", json!(now + 1)),
            ("exp", json!(1_700_000_200.5)),
        ] {
            assert!(with(name, value.clone()), "{name} {value}");
        }
        for (name, value) in [
            ("iss", json!("other")),
            ("sub", json!("other")),
            ("sub", Value::Null),
            ("aud", json!("https://us.example/")),
            ("aud", json!([])),
            ("aud", Value::Null),
            ("exp", json!(now)),
            ("exp", json!(now + 301)),
            ("exp", json!("soon")),
            ("exp", json!(1e300)),
            ("exp", Value::Null),
            ("iat", json!(now + 61)),
            ("iat", json!("now")),
            ("nbf", json!(now + 61)),
            ("jti", json!("")),
            ("jti", json!(7)),
            ("jti", json!("x".repeat(257))),
        ] {
            assert!(!with(name, value.clone()), "{name} {value}");
        }
        for absent in ["iss", "sub", "aud", "exp", "jti"] {
            let mut claims = claims();
            claims.as_object_mut().unwrap().remove(absent);
            assert!(!check(&signer, &header, &claims, &signer.key_set()), "{absent}");
        }
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove("iat");
        assert!(check(&signer, &header, &claims, &signer.key_set()), "iat is optional");
    }

    #[test]
    fn a_header_cannot_choose_how_a_key_is_used() {
        let signer = Signer::es256();
        let keys = signer.key_set();
        for header in [
            json!({ "alg": "none" }),
            json!({ "alg": "None" }),
            json!({ "alg": "HS256" }),
            json!({ "alg": "RS256" }),
            json!({ "alg": "EdDSA" }),
            json!({ "alg": "PS256" }),
            json!({}),
            json!({ "alg": "ES256", "crit": ["x"] }),
            json!({ "alg": "ES256", "kid": "other" }),
            json!({ "alg": "ES256", "kid": 7 }),
        ] {
            assert!(!check(&signer, &header, &claims(), &keys), "{header}");
        }
        assert!(!check(&Signer::es256(), &json!({ "alg": "ES256" }), &claims(), &keys));
        for garbage in ["", ".", "..", "a.b.c", "e30.e30.", "....", &"x".repeat(5_000)] {
            assert!(Assertion::read(garbage).is_none(), "{garbage}");
        }
    }
}

//! Public keys as clients write them: JSON Web Keys (RFC 7517), of the three
//! kinds that we verify with.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// Algorithms that signatures may use (RFC 7518 §3.1, RFC 8037 §3.1), in the order
/// of our preference. `none` and the symmetric ones are not among them, and each
/// goes with one kind of key, so no header can choose how a key is used.
pub const ALGORITHMS: [&str; 3] = ["ES256", "EdDSA", "PS256"];

/// Keys of one client: one in use, one to come, one on its way out, and some more
/// for clients that have a key per machine.
const MAX_KEYS: usize = 8;
/// A set of that many RSA keys of 4096 bits is half of this.
const MAX_BYTES: usize = 16 * 1024;
/// Room for a thumbprint or a date with a name; nobody writes longer ones.
const MAX_KID: usize = 128;
/// NIST SP 800-131A: shorter moduli are no longer for signatures.
const MIN_RSA_BITS: usize = 2048;
/// What ring verifies; longer ones only make verifying slow.
const MAX_RSA_BITS: usize = 8192;
/// Members that only private or symmetric keys have (RFC 7518 §6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwk {
    /// Its name within a set.
    pub kid: Option<String>,
    /// The numbers.
    pub(crate) material: Material,
}

/// What is public in a key; each text is base64url without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Material {
    /// On P-256, for ES256.
    Ec { x: String, y: String },
    /// On Ed25519, for EdDSA.
    Ed { x: String },
    /// For PS256.
    Rsa { n: String, e: String },
}

/// Why a text is no key that we take; a sentence for its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAKey(pub String);

impl fmt::Display for NotAKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Jwk {
    /// Reads a key. A private one is refused: whoever handed it over must replace it.
    pub fn parse(value: &Value) -> Result<Self, NotAKey> {
        let refuse = |why: &str| NotAKey(why.to_owned());
        let object = value.as_object().ok_or_else(|| refuse("a key must be a JSON object"))?;
        if PRIVATE.iter().any(|member| object.contains_key(*member)) {
            return Err(refuse(
                "this is a private or symmetric key: send the public half, and replace the key, for others have seen it now",
            ));
        }
        let kid = match object.get("kid") {
            None => None,
            Some(Value::String(kid)) if (1..=MAX_KID).contains(&kid.len()) => Some(kid.clone()),
            Some(_) => return Err(refuse("kid must be a text of 1 to 128 bytes")),
        };
        if object.get("use").is_some_and(|usage| usage != "sig") {
            return Err(refuse("use must be sig, or left out"));
        }
        let material = Material::parse(object)?;
        if object.get("alg").is_some_and(|alg| alg != material.algorithm()) {
            return Err(NotAKey(format!(
                "alg must be {} for this kind of key, or left out",
                material.algorithm()
            )));
        }
        Ok(Self { kid, material })
    }

    /// The algorithm of its signatures.
    pub const fn algorithm(&self) -> &'static str {
        self.material.algorithm()
    }

    /// SHA-256 of the key in its canonical form (RFC 7638 §3), in base64url.
    pub fn thumbprint(&self) -> String {
        // `Material::to_json` has the members in the order that the RFC asks for.
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.material.to_json().to_string()))
    }

    /// The key as it is stored and shown.
    pub fn to_json(&self) -> Value {
        let mut json = self.material.to_json();
        if let Some(kid) = &self.kid {
            json["kid"] = kid.as_str().into();
        }
        json
    }
}

impl Material {
    fn parse(object: &Map<String, Value>) -> Result<Self, NotAKey> {
        let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        let number = |name: &str| {
            let decoded = URL_SAFE_NO_PAD.decode(text(name)).ok();
            let decoded = decoded.filter(|bytes| !bytes.is_empty());
            decoded.ok_or_else(|| NotAKey(format!("{name} must be in base64url, without padding")))
        };
        let coordinate = |name: &str| {
            let fits = number(name)?.len() == 32;
            fits.then(|| text(name).to_owned())
                .ok_or_else(|| NotAKey(format!("{name} must be 32 bytes")))
        };
        match (text("kty"), text("crv")) {
            ("EC", "P-256") => Ok(Self::Ec { x: coordinate("x")?, y: coordinate("y")? }),
            ("OKP", "Ed25519") => Ok(Self::Ed { x: coordinate("x")? }),
            ("RSA", _) => {
                let bits = number("n")?.len() * 8;
                if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
                    return Err(NotAKey(format!(
                        "an RSA key must have {MIN_RSA_BITS} to {MAX_RSA_BITS} bits"
                    )));
                }
                if number("e")?.len() > 4 {
                    return Err(NotAKey("e must be at most 4 bytes".to_owned()));
                }
                Ok(Self::Rsa { n: text("n").to_owned(), e: text("e").to_owned() })
            }
            _ => Err(NotAKey("the key must be EC on P-256, OKP on Ed25519, or RSA".to_owned())),
        }
    }

    const fn algorithm(&self) -> &'static str {
        match self {
            Self::Ec { .. } => ALGORITHMS[0],
            Self::Ed { .. } => ALGORITHMS[1],
            Self::Rsa { .. } => ALGORITHMS[2],
        }
    }

    /// The required members alone.
    fn to_json(&self) -> Value {
        match self {
            Self::Ec { x, y } => json!({ "crv": "P-256", "kty": "EC", "x": x, "y": y }),
            Self::Ed { x } => json!({ "crv": "Ed25519", "kty": "OKP", "x": x }),
            Self::Rsa { n, e } => json!({ "e": e, "kty": "RSA", "n": n }),
        }
    }
}

/// The keys of a client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JwkSet(Vec<Jwk>);

impl JwkSet {
    /// Reads a JWK Set (RFC 7517 §5), or one key alone.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        if text.len() > MAX_BYTES {
            return Err(NotAKey(format!("the keys are longer than {MAX_BYTES} bytes")));
        }
        let value: Value =
            serde_json::from_str(text).map_err(|_| NotAKey("this is not JSON".to_owned()))?;
        let keys = match value.get("keys") {
            None => vec![Jwk::parse(&value)?],
            Some(Value::Array(keys)) => keys.iter().map(Jwk::parse).collect::<Result<_, _>>()?,
            Some(_) => return Err(NotAKey("keys must be a list".to_owned())),
        };
        if keys.is_empty() || keys.len() > MAX_KEYS {
            return Err(NotAKey(format!("there must be 1 to {MAX_KEYS} keys")));
        }
        for (at, key) in keys.iter().enumerate() {
            let earlier = &keys[..at];
            if key.kid.is_some() && earlier.iter().any(|other| other.kid == key.kid) {
                return Err(NotAKey("two keys have the same kid".to_owned()));
            }
        }
        Ok(Self(keys))
    }

    /// The keys.
    pub fn keys(&self) -> &[Jwk] {
        &self.0
    }

    /// The keys that a signature with this header may be checked with: the named
    /// one, or without a name all of the algorithm's.
    pub(crate) fn fitting<'a>(
        &'a self,
        kid: Option<&'a str>,
        algorithm: &'a str,
    ) -> impl Iterator<Item = &'a Jwk> {
        self.0.iter().filter(move |key| {
            key.algorithm() == algorithm && (kid.is_none() || key.kid.as_deref() == kid)
        })
    }

    /// The set as it is stored and shown.
    pub fn to_json(&self) -> Value {
        json!({ "keys": self.0.iter().map(Jwk::to_json).collect::<Vec<_>>() })
    }
}

/// Whether a text has the form of a thumbprint: 32 bytes in base64url.
pub fn is_thumbprint(text: &str) -> bool {
    text.len() == 43 && URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037 §A.2 and A.3.
    const ED: &str =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// RFC 7638 §3.1.
    const RSA: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"PS256","kid":"2011-04-29"}"#;

    #[test]
    fn thumbprints_are_those_of_the_rfcs() {
        for (text, thumbprint) in [
            (ED, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
            (RSA, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
        ] {
            let key = &JwkSet::parse(text).unwrap().0[0];
            assert_eq!(key.thumbprint(), thumbprint);
            assert!(is_thumbprint(thumbprint));
        }
    }

    #[test]
    fn a_set_is_kept_through_storage() {
        let set = JwkSet::parse(&format!(r#"{{"keys":[{ED},{RSA}]}}"#)).unwrap();
        assert_eq!(set.keys().len(), 2);
        assert_eq!(JwkSet::parse(&set.to_json().to_string()), Ok(set.clone()));
        assert_eq!(set.fitting(None, "EdDSA").count(), 1);
        assert_eq!(set.fitting(Some("2011-04-29"), "PS256").count(), 1);
        assert_eq!(set.fitting(Some("2011-04-29"), "EdDSA").count(), 0);
    }

    #[test]
    fn what_is_no_public_signing_key_is_refused_and_says_why() {
        let ed = |extra: &str| ED.replace("{\"kty\"", &format!("{{{extra}\"kty\""));
        for (text, why) in [
            (String::new(), "JSON"),
            ("[]".to_owned(), "object"),
            (r#"{"keys":{}}"#.to_owned(), "list"),
            (r#"{"keys":[]}"#.to_owned(), "1 to 8"),
            (ed(r#""d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","#), "private"),
            (r#"{"kty":"oct","k":"c2VjcmV0"}"#.to_owned(), "symmetric"),
            (ed(r#""use":"enc","#), "use"),
            (ed(r#""alg":"HS256","#), "EdDSA"),
            (ed(r#""kid":7,"#), "kid"),
            (ED.replace("Ed25519", "X25519"), "Ed25519"),
            (ED.replace("URo", "UR"), "x must"),
            (RSA.replace("AQAB", "AQAAAAAB"), "at most 4"),
            (r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#.to_owned(), "2048"),
            (format!(r#"{{"keys":[{RSA},{RSA}]}}"#), "same kid"),
            (" ".repeat(MAX_BYTES + 1), "longer"),
        ] {
            let error = JwkSet::parse(&text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        for bad in ["", "x", &"=".repeat(43), &"A".repeat(44)] {
            assert!(!is_thumbprint(bad));
        }
    }
}

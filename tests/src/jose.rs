//! A client's side of signatures: keys, client assertions (RFC 7523) and DPoP proofs
//! (RFC 9449), written without the server's code.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RSA_PSS_SHA256, RsaKeyPair, RsaPublicKeyComponents,
    },
};
use serde_json::{Value, json};

/// A private key.
#[derive(Debug)]
pub enum Signer {
    /// On P-256.
    Es256(EcdsaKeyPair),
    /// On Ed25519.
    EdDsa(Ed25519KeyPair),
    /// RSA, always the same: ring makes no RSA keys.
    Ps256(RsaKeyPair),
}

impl Signer {
    /// A new key.
    pub fn es256() -> Self {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        Self::Es256(EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).expect("a key"))
    }

    /// A new key.
    pub fn eddsa() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Self::EdDsa(Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("a key"))
    }

    /// The one RSA key, made for these tests and used nowhere else.
    pub fn ps256() -> Self {
        let text = include_str!("rsa-key-of-the-tests.b64").replace('\n', "");
        let key = STANDARD.decode(text).expect("base64");
        Self::Ps256(RsaKeyPair::from_pkcs8(&key).expect("a key"))
    }

    /// The name of its algorithm.
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Es256(_) => "ES256",
            Self::EdDsa(_) => "EdDSA",
            Self::Ps256(_) => "PS256",
        }
    }

    /// The public key, as a JWK.
    pub fn public(&self) -> Value {
        match self {
            Self::Es256(key) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                json!({ "crv": "P-256", "kty": "EC", "x": base64url(x), "y": base64url(y) })
            }
            Self::EdDsa(key) => {
                json!({ "crv": "Ed25519", "kty": "OKP", "x": base64url(key.public_key().as_ref()) })
            }
            Self::Ps256(key) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(key.public());
                json!({ "e": base64url(&public.e), "kty": "RSA", "n": base64url(&public.n) })
            }
        }
    }

    /// The thumbprint of the public key (RFC 7638).
    pub fn thumbprint(&self) -> String {
        base64url(digest(&SHA256, self.public().to_string().as_bytes()).as_ref())
    }

    /// A signed text.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| base64url(value.to_string().as_bytes());
        let message = format!("{}.{}", part(header), part(claims));
        let random = SystemRandom::new();
        let signature = match self {
            Self::Es256(key) => {
                key.sign(&random, message.as_bytes()).expect("a signature").as_ref().to_vec()
            }
            Self::EdDsa(key) => key.sign(message.as_bytes()).as_ref().to_vec(),
            Self::Ps256(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PSS_SHA256, &random, message.as_bytes(), &mut signature)
                    .expect("a signature");
                signature
            }
        };
        format!("{message}.{}", base64url(&signature))
    }

    /// The claims of a good assertion, to be changed.
    pub fn assertion_claims(client_id: &str, audience: &str) -> Value {
        json!({
            "iss": client_id, "sub": client_id, "aud": audience,
            "iat": now(), "exp": now() + 60, "jti": fresh(),
        })
    }

    /// An assertion that a client is itself.
    pub fn assertion(&self, client_id: &str, audience: &str) -> String {
        let header = json!({ "alg": self.algorithm(), "typ": "JWT" });
        self.sign(&header, &Self::assertion_claims(client_id, audience))
    }

    /// The header of a good proof, to be changed.
    pub fn proof_header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": self.algorithm(), "jwk": self.public() })
    }

    /// The claims of a good proof, to be changed.
    pub fn proof_claims(method: &str, url: &str, token: Option<&str>) -> Value {
        let mut claims = json!({ "htm": method, "htu": url, "iat": now(), "jti": fresh() });
        if let Some(token) = token {
            claims["ath"] = base64url(digest(&SHA256, token.as_bytes()).as_ref()).into();
        }
        claims
    }

    /// A proof for a request.
    pub fn proof(&self, method: &str, url: &str, token: Option<&str>) -> String {
        self.sign(&self.proof_header(), &Self::proof_claims(method, url, token))
    }
}

/// Seconds since the Unix epoch.
#[expect(clippy::disallowed_methods, reason = "the server under test has the same clock")]
pub fn now() -> i64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since_epoch.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// A text that was not there before.
fn fresh() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

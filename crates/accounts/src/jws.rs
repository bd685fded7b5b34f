//! Signed JSON (RFC 7515, RFC 7519): the form of client assertions and DPoP proofs.
//!
//! `jsonwebtoken` reads the parts and holds a signature to the algorithms that it is
//! told; ring, which TLS brings anyway, does the mathematics. Times are not the
//! library's business: it would ask the machine's clock.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, Validation,
    crypto::{CryptoProvider, JwtVerifier, KeyUtils},
    decode,
    errors::ErrorKind,
    signature::{Error as SignatureError, Verifier},
};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde_json::{Map, Value};

use crate::jwk::{Jwk, Material};

/// The header of a signed text, before anything of it can be believed.
pub(crate) struct Header(Map<String, Value>);

impl Header {
    /// Reads it; `None` when the text is not three parts with a JSON object in the
    /// first, or asks for an extension that we would have to understand (RFC 7515 §4.1.11).
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (header, _, _) = (parts.next()?, parts.next()?, parts.next()?);
        let header = URL_SAFE_NO_PAD.decode(header).ok()?;
        let header: Map<String, Value> = serde_json::from_slice(&header).ok()?;
        (parts.next().is_none() && !header.contains_key("crit")).then_some(Self(header))
    }

    /// A member that is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// Any member.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

/// The claims, before anything of them can be believed: to find the key.
pub(crate) fn unverified_claims(text: &str) -> Option<Map<String, Value>> {
    let payload = URL_SAFE_NO_PAD.decode(text.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}

/// The claims, if the key's owner signed them.
pub(crate) fn verified_claims(text: &str, key: &Jwk) -> Option<Map<String, Value>> {
    // The first of several to get here; later ones change nothing.
    let _ = PROVIDER.install_default();
    let (algorithm, key) = match &key.material {
        Material::Ec { x, y } => (Algorithm::ES256, DecodingKey::from_ec_components(x, y)),
        Material::Ed { x } => (Algorithm::EdDSA, DecodingKey::from_ed_components(x)),
        Material::Rsa { n, e } => (Algorithm::PS256, DecodingKey::from_rsa_components(n, e)),
    };
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    Some(decode::<Map<String, Value>>(text, &key.ok()?, &validation).ok()?.claims)
}

/// Ring, in the form in which `jsonwebtoken` takes it.
static PROVIDER: CryptoProvider = CryptoProvider {
    // We sign nothing.
    signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    verifier_factory: |algorithm, key| match algorithm {
        Algorithm::ES256 | Algorithm::EdDSA | Algorithm::PS256 => {
            Ok(Box::new(RingVerifier { algorithm: *algorithm, key: key.clone() }))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct RingVerifier {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        let verified = match (self.algorithm, self.key.kind()) {
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(key)) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(message, signature)
            }
            (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(key)) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature)
            }
            (Algorithm::PS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(
                    &RSA_PSS_2048_8192_SHA256,
                    message,
                    signature,
                )
            }
            _ => return Err(SignatureError::new()),
        };
        verified.map_err(|_| SignatureError::new())
    }
}

/// Signing, to test against. PS256 is tested over HTTP: ring makes no RSA keys.
#[cfg(test)]
pub(crate) mod tests {
    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
    };
    use serde_json::json;

    use super::*;
    use crate::jwk::JwkSet;

    pub(crate) enum Signer {
        Es256(EcdsaKeyPair),
        EdDsa(Ed25519KeyPair),
    }

    impl Signer {
        pub(crate) fn es256() -> Self {
            let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
            let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
            Self::Es256(EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap())
        }

        pub(crate) fn eddsa() -> Self {
            let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
            Self::EdDsa(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap())
        }

        pub(crate) fn algorithm(&self) -> &'static str {
            match self {
                Self::Es256(_) => "ES256",
                Self::EdDsa(_) => "EdDSA",
            }
        }

        /// The public key, as a JWK.
        pub(crate) fn public(&self) -> Value {
            let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            match self {
                Self::Es256(key) => {
                    let point = key.public_key().as_ref();
                    json!({ "kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..]) })
                }
                Self::EdDsa(key) => {
                    json!({ "kty": "OKP", "crv": "Ed25519", "x": text(key.public_key().as_ref()) })
                }
            }
        }

        pub(crate) fn key_set(&self) -> JwkSet {
            JwkSet::parse(&self.public().to_string()).unwrap()
        }
    }

    pub(crate) fn sign(signer: &Signer, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = match signer {
            Signer::Es256(key) => {
                let signature = key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
                URL_SAFE_NO_PAD.encode(signature)
            }
            Signer::EdDsa(key) => URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes())),
        };
        format!("{message}.{signature}")
    }
}

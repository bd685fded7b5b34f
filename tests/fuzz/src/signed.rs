//! Signing what a fuzzer wrote, so that it gets past the signature.

use std::sync::OnceLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Map, Value, json};

/// The only key, always the same.
fn key() -> &'static Ed25519KeyPair {
    static KEY: OnceLock<Ed25519KeyPair> = OnceLock::new();
    KEY.get_or_init(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("32 bytes are a seed"))
}

/// Its public half, as a JWK.
pub(crate) fn public() -> Value {
    let point = URL_SAFE_NO_PAD.encode(key().public_key().as_ref());
    json!({ "kty": "OKP", "crv": "Ed25519", "x": point })
}

/// A header and claims, whatever they are, in the form of RFC 7515.
pub(crate) fn sign(header: &str, claims: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key().sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// The claims as anybody reads them, if they are an object.
pub(crate) fn claims(text: &str) -> Option<Map<String, Value>> {
    let claims = URL_SAFE_NO_PAD.decode(text.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&claims).ok()
}

/// The header in the same way.
pub(crate) fn header(text: &str) -> Option<Map<String, Value>> {
    let header = URL_SAFE_NO_PAD.decode(text.split('.').next()?).ok()?;
    serde_json::from_slice(&header).ok()
}

/// The text with one character changed: which one, the text itself decides.
pub(crate) fn changed(text: &str) -> String {
    let at = text.bytes().fold(7_usize, |at, byte| at.wrapping_mul(31).wrapping_add(byte.into()));
    let at = at % text.len();
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

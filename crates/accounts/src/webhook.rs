//! Signatures of the Standard Webhooks specification, and what answers to them are
//! recognised by.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::{
    clock::Timestamp,
    idempotency::joined,
    keys::{Key, KeyRing},
    secret::{Secret, hex, version_of},
};

/// What the receivers' keys are made of, apart from what else the ring is for.
const SIGNING: &str = "doorstep webhook signature";
/// What callback tokens are made of.
const CALLBACK: &str = "doorstep provisioning callback";
/// Versions that a message is signed with: the newest, and the one before it, which the
/// receiver has until it is given the newest.
const VERSIONS: usize = 2;

/// Who receives a message. Each has keys of its own: what one could sign with its key is
/// no message to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receiver<'a> {
    /// Whoever brings projects up.
    Provisioner,
    /// An endpoint that is told of events, by its id.
    Endpoint(&'a str),
}

impl Receiver<'_> {
    fn purpose(self) -> String {
        match self {
            Self::Provisioner => SIGNING.to_owned(),
            Self::Endpoint(id) => format!("{SIGNING} {id}"),
        }
    }
}

/// The keys in the form in which a receiver is given them, newest first:
/// `whsec_<base64>`.
pub fn receiver_keys(receiver: Receiver<'_>, ring: &KeyRing) -> Vec<(u32, Secret)> {
    keys(ring, &receiver.purpose())
        .map(|(version, key)| {
            (version, Secret::new(format!("whsec_{}", STANDARD.encode(key.as_slice()))))
        })
        .collect()
}

/// The `webhook-signature` header for a message: one signature for each key that the
/// receiver may have.
pub fn signature(
    receiver: Receiver<'_>,
    id: &str,
    at: Timestamp,
    body: &[u8],
    ring: &KeyRing,
) -> String {
    let signed = [id.as_bytes(), at.seconds().to_string().as_bytes(), body].join(&b'.');
    let signatures: Vec<_> = keys(ring, &receiver.purpose())
        .map(|(_, key)| format!("v1,{}", STANDARD.encode(mac(&key, &signed))))
        .collect();
    signatures.join(" ")
}

/// The bearer token with which one run of an order may be answered:
/// `cbk_v<version>:<hex>`. It is made again when it is checked, so nothing is stored
/// and a message that is sent twice has the same one.
pub fn callback_token(order_id: &str, run: i64, ring: &KeyRing) -> Secret {
    let (version, _) = ring.current();
    let key = ring.subkey(version, CALLBACK).expect("a ring has its current version");
    Secret::new(callback_text(version, &key, order_id, run))
}

/// Whether it is the token of that run. Takes the same time whatever the answer.
pub fn is_callback_token(token: &Secret, order_id: &str, run: i64, ring: &KeyRing) -> bool {
    let version = token.expose().strip_prefix("cbk_").and_then(version_of);
    let known = version.and_then(|version| Some((version, ring.subkey(version, CALLBACK)?)));
    known.is_some_and(|(version, key)| {
        let right = callback_text(version, &key, order_id, run);
        token.expose().as_bytes().ct_eq(right.as_bytes()).into()
    })
}

fn callback_text(version: u32, key: &Key, order_id: &str, run: i64) -> String {
    let message = joined(&[order_id.as_bytes(), &run.to_be_bytes()]);
    format!("cbk_v{version}:{}", hex(&mac(key, &message)))
}

fn keys<'a>(ring: &'a KeyRing, purpose: &'a str) -> impl Iterator<Item = (u32, Key)> + 'a {
    let versions = ring.versions().into_iter().rev().take(VERSIONS);
    versions.filter_map(move |version| Some((version, ring.subkey(version, purpose)?)))
}

fn mac(key: &Key, message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_slice())
        .expect("HMAC takes a key of any length (RFC 2104 §2)");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::tests::ring;

    #[test]
    fn a_rotation_signs_with_both_keys_and_the_token_stays_good() {
        let (old, new) = (ring(), ring().with([8; 32]));
        let at = Timestamp(1_700_000_000_999);
        let to = Receiver::Provisioner;
        let before = signature(to, "msg_1", at, b"{}", &old);
        let after = signature(to, "msg_1", at, b"{}", &new);
        assert!(after.ends_with(&before) && after.split(' ').count() == 2, "{after}");
        assert_ne!(signature(to, "msg_2", at, b"{}", &old), before);
        assert_ne!(signature(to, "msg_1", at, b"{} ", &old), before);
        assert_eq!(receiver_keys(to, &new).len(), 2);
        assert_eq!(receiver_keys(to, &new.with([9; 32])).len(), 2);
        let others = [Receiver::Endpoint("whe_1"), Receiver::Endpoint("whe_2")];
        let [one, two] = others.map(|to| signature(to, "msg_1", at, b"{}", &old));
        assert!(one != two && one != before && two != before);

        let token = callback_token("order", 1, &old);
        assert!(is_callback_token(&token, "order", 1, &new));
        assert!(!is_callback_token(&token, "order", 2, &new));
        assert!(!is_callback_token(&token, "other", 1, &new));
        assert!(!is_callback_token(&token, "order", 1, &new.without(1).unwrap()));
        for broken in ["", "cbk_", "cbk_v1:", "cbk_v7:00", "v1:00"] {
            assert!(!is_callback_token(&Secret::new(broken), "order", 1, &new), "{broken}");
        }
    }
}

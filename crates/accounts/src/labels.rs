//! Labels: a user's key-value notes, some of which only the server writes.

use serde_json::{Map, Value};

use crate::provider::Identity;

/// The key of labels that this server writes itself, which is no provider's name either:
/// what a person answered to the fields that the operator declared.
pub const OWN: &str = "doorstep";

/// Top-level keys that name a provider. The server writes them, for billing and
/// support trust them to say who somebody is there.
const PROVIDERS: &[&str] =
    &["cpanel", "plesk", "whmcs", "wordpress", "cockpit", "directadmin", "apiculus", OWN];

/// Whether only the server may write below this key.
pub fn is_reserved(key: &str, provider: &str) -> bool {
    // What is only there to look like another key does not count.
    let key: String =
        key.chars().filter(|it| it.is_alphanumeric() || matches!(it, '.' | '_' | '-')).collect();
    PROVIDERS.iter().any(|name| key.eq_ignore_ascii_case(name))
        || key.eq_ignore_ascii_case(provider)
}

/// The label that says who the user is at the provider:
/// `{provider: {server: username}}`.
pub fn of_identity(identity: &Identity) -> Map<String, Value> {
    let mut server = Map::new();
    server.insert(identity.server.clone(), Value::String(identity.username.clone()));
    Map::from_iter([(identity.provider.clone(), Value::Object(server))])
}

/// Notes, not storage: a user's labels together, as JSON.
pub const MAX_BYTES: usize = 16 * 1024;

/// Whether a user may have these labels.
pub fn fit(labels: &Map<String, Value>) -> bool {
    serde_json::to_string(labels).is_ok_and(|text| text.len() <= MAX_BYTES)
}

/// Writes `added` over `labels`, whole top-level keys at a time.
pub fn merge(labels: &mut Map<String, Value>, added: Map<String, Value>) {
    labels.extend(added);
}

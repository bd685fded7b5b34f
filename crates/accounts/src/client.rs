//! OAuth clients: one per provider, created by the operator.

use crate::{clock::Timestamp, jwk::JwkSet, scope::Scopes};

/// An OAuth client.
#[derive(Debug, Clone)]
pub struct Client {
    /// The `client_id`.
    pub id: String,
    /// What the operator calls it.
    pub name: String,
    /// Its secrets that are or were valid, the newest first; empty: it has its keys only.
    pub secrets: Vec<ClientSecret>,
    /// The public keys that it may authenticate with.
    pub keys: JwkSet,
    /// The most that its tokens can hold.
    pub scopes: Scopes,
    /// Canonical provider servers whose users it registers; empty: any server
    /// that is not assigned to another client.
    pub provider_servers: Vec<String>,
    /// Web origins whose pages may use its tokens, as `scheme://host[:port]`.
    pub origins: Vec<String>,
    /// Whether it is a public one, for pages without a back end: then it has no
    /// secret and exactly one server, which it shares with the client that decides.
    pub publishable: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// Since when it is switched off, if it is.
    pub disabled_at: Option<Timestamp>,
}

/// What may be told of a client's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSecret {
    /// When it was made.
    pub created_at: Timestamp,
    /// From when it is no longer valid; `None`: until it is rotated.
    pub expires_at: Option<Timestamp>,
}

/// Secrets that are valid at the same time: the new one, and the old one until the
/// panel has the new one.
pub const LIVE_SECRETS: usize = 2;

/// The prefix lets secret scanners recognise a client secret. 43 characters of
/// 5.95 bits are 256 bits.
pub const SECRET_PREFIX: &str = "dss_";
/// Random characters in a client secret.
pub const SECRET_LENGTH: usize = 43;

/// Brings a web origin into the form that browsers send in `Origin` (RFC 6454 §6.2).
///
/// ```
/// use doorstep_accounts::client::canonical_origin;
/// assert_eq!(canonical_origin("HTTPS://Panel.Example:443/").unwrap(), "https://panel.example");
/// assert!(canonical_origin("panel.example").is_err());
/// ```
pub fn canonical_origin(text: &str) -> Result<String, String> {
    let problem = || {
        format!(
            "origin {text:?} is not of the form https://host or https://host:port, without a path"
        )
    };
    let url = url::Url::parse(text).map_err(|_| problem())?;
    // No pattern: a browser never sends one, so it would match nothing.
    if text.contains('*') {
        return Err(problem());
    }
    let bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !bare || !matches!(url.scheme(), "http" | "https") {
        return Err(problem());
    }
    Ok(url.origin().ascii_serialization())
}

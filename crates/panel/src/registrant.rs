//! Whom a sign-up token is for, and what the panel says about that person.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::Verifier;

/// The person whom a sign-up token signs up: the customer `provider_username` of
/// the panel's machine `provider_server`.
///
/// Take both from the panel's own session, never from the request: whoever
/// holds the token gets an account under this name.
///
/// It is the one object in `authorization_details` (RFC 9396).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Registrant {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    provider_server: String,
    provider_username: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    origins: Vec<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    locked: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    prefill: Map<String, Value>,
    #[serde(flatten)]
    claim: Option<Claim>,
}

/// What asks for claim delivery.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Claim {
    credential_delivery: &'static str,
    code_challenge: String,
    code_challenge_method: &'static str,
}

impl Registrant {
    /// A customer of one of the machines that the operator assigned to the client.
    pub fn new(provider_server: impl Into<String>, provider_username: impl Into<String>) -> Self {
        Self {
            kind: "user_registration",
            provider: None,
            provider_server: provider_server.into(),
            provider_username: provider_username.into(),
            origins: Vec::new(),
            locked: Map::new(),
            prefill: Map::new(),
            claim: None,
        }
    }

    /// Which panel this is; the server takes `cpanel` if it is not said.
    #[must_use]
    pub fn provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// A page that may use the token, like `https://web1.example.com:2083`; may
    /// be said more than once. Without one, all origins of the client may.
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// An answer that the person sees and cannot change: a text, or `true` or
    /// `false` for a switch. `field` is the API's name for it, like `email`.
    #[must_use]
    pub fn locked(mut self, field: impl Into<String>, answer: impl Into<Value>) -> Self {
        self.locked.insert(field.into(), answer.into());
        self
    }

    /// An answer that the form starts with and that the person may change.
    #[must_use]
    pub fn prefill(mut self, field: impl Into<String>, answer: impl Into<Value>) -> Self {
        self.prefill.insert(field.into(), answer.into());
        self
    }

    /// The credential goes to the panel's back end and not to the page: the page
    /// gets a code, and whoever holds `verifier` exchanges it with
    /// [`Panel::claim`](crate::Panel::claim).
    #[must_use]
    pub fn claimed_with(mut self, verifier: &Verifier) -> Self {
        self.claim = Some(Claim {
            credential_delivery: "claim",
            code_challenge: verifier.challenge(),
            code_challenge_method: "S256",
        });
        self
    }

    /// The parameter's value.
    pub(crate) fn authorization_details(&self) -> String {
        serde_json::to_string(&[self]).expect("texts and JSON values always have a JSON form")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_not_said_is_left_out() {
        let details = |person: &Registrant| -> Value {
            serde_json::from_str(&person.authorization_details()).unwrap()
        };
        let ada = Registrant::new("web1.example.com", "ada");
        assert_eq!(
            details(&ada),
            json!([{
                "type": "user_registration",
                "provider_server": "web1.example.com",
                "provider_username": "ada",
            }])
        );
        let ada = ada
            .provider("plesk")
            .origin("https://web1.example.com:8443")
            .origin("https://panel.example.com")
            .locked("email", "ada@example.com")
            .locked("c_sftp_pass", true)
            .prefill("fname", "Ada");
        assert_eq!(
            details(&ada),
            json!([{
                "type": "user_registration",
                "provider": "plesk",
                "provider_server": "web1.example.com",
                "provider_username": "ada",
                "origins": ["https://web1.example.com:8443", "https://panel.example.com"],
                "locked": { "email": "ada@example.com", "c_sftp_pass": true },
                "prefill": { "fname": "Ada" },
            }])
        );
        // RFC 7636 appendix B.
        let verifier = Verifier::from_stored("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let claimed = details(&Registrant::new("s", "u").claimed_with(&verifier));
        assert_eq!(claimed[0]["credential_delivery"], "claim");
        assert_eq!(claimed[0]["code_challenge"], "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(!format!("{verifier:?}").contains("dBjf"));
        assert_ne!(Verifier::random().secret(), Verifier::random().secret());
    }
}

//! Reading what OAuth clients send: form or JSON parameters, and how the client says
//! who it is. The token, revocation and introspection endpoints share it.

use axum::http::{HeaderMap, Uri};
use doorstep_accounts::{Secret, assertion};
use doorstep_dialects::Authorization;
use doorstep_register::ClientAuthentication;
use oauth2::basic::BasicErrorResponseType as Kind;
use serde_json::Value;

use super::{error::OAuthError, pairs::Pairs};
use crate::http::{
    caller::{authorization, from_a_page},
    extract::media_type,
};

/// The parameters of a request; each at most once, but for `resource`. Unknown ones
/// are passed over (RFC 6749 §3.2).
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pub(super) grant_type: Option<String>,
    pub(super) scope: Option<String>,
    /// RFC 9396; in a JSON body it may also stand as what it is, a list.
    pub(super) authorization_details: Option<String>,
    /// RFC 8707.
    pub(super) resources: Vec<String>,
    /// The token to revoke or to ask about.
    pub(super) token: Option<Secret>,
    /// The code that stands for a password.
    pub(super) claim_code: Option<Secret>,
    /// What the code's challenge was made of (RFC 7636 §4.1).
    pub(super) code_verifier: Option<Secret>,
    /// A puzzle's solution, as ALTCHA's solvers write it.
    pub(super) altcha: Option<String>,
    pub(super) provider: Option<String>,
    /// Who somebody claims to be at the provider.
    pub(super) provider_username: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<Secret>,
    client_assertion_type: Option<String>,
    client_assertion: Option<Secret>,
}

/// Names that we know.
const NAMES: [&str; 14] = [
    "grant_type",
    "scope",
    "authorization_details",
    "resource",
    "token",
    "claim_code",
    "code_verifier",
    "altcha",
    "provider",
    "provider_username",
    "client_id",
    "client_secret",
    "client_assertion_type",
    "client_assertion",
];

impl Parameters {
    /// Reads a form, or JSON where that is allowed.
    pub(super) fn read(
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
        json_allowed: bool,
    ) -> Result<Self, OAuthError> {
        // A URL is kept in logs and histories. Who puts a secret there must learn it
        // on the first try, and not when it is found there.
        let in_url = uri.query().unwrap_or_default();
        if url::form_urlencoded::parse(in_url.as_bytes()).any(|(name, _)| NAMES.contains(&&*name)) {
            return Err(OAuthError::invalid_request(
                "send the parameters in the body, never in the URL",
            ));
        }
        match media_type(headers).as_str() {
            "application/x-www-form-urlencoded" => Self::form(body),
            "application/json" if json_allowed => Self::json(body),
            _ => Err(OAuthError::invalid_request(
                "send the parameters as application/x-www-form-urlencoded",
            )),
        }
    }

    fn form(body: &[u8]) -> Result<Self, OAuthError> {
        let mut parameters = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            parameters.set(&name, value.into_owned())?;
        }
        Ok(parameters)
    }

    fn json(body: &[u8]) -> Result<Self, OAuthError> {
        let Ok(Pairs(pairs)) = serde_json::from_slice(body) else {
            return Err(OAuthError::invalid_request("the body is not a JSON object"));
        };
        let mut parameters = Self::default();
        for (name, value) in pairs {
            match value {
                Value::String(value) => parameters.set(&name, value)?,
                // Whatever it is, also null: a restriction that cannot be read is
                // refused later, and never passed over.
                value if name == "authorization_details" => {
                    parameters.set(&name, value.to_string())?;
                }
                Value::Null => {}
                Value::Array(list) if name == "resource" => {
                    for value in list {
                        parameters.set(&name, value.as_str().unwrap_or_default().to_owned())?;
                    }
                }
                _ if NAMES.contains(&name.as_str()) => {
                    return Err(OAuthError::invalid_request("every parameter must be text"));
                }
                _ => {}
            }
        }
        Ok(parameters)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), OAuthError> {
        // Without a value a parameter counts as left out (RFC 6749 §3.1). Not so one
        // that restricts the token or says who asks: that fails instead.
        if value.is_empty() && matches!(name, "grant_type" | "scope" | "token") {
            return Ok(());
        }
        let secret = || Secret::new(value.clone());
        let twice = match name {
            "grant_type" => self.grant_type.replace(value).is_some(),
            "scope" => self.scope.replace(value).is_some(),
            "authorization_details" => self.authorization_details.replace(value).is_some(),
            "resource" => {
                self.resources.push(value);
                false
            }
            "token" => self.token.replace(secret()).is_some(),
            "claim_code" => self.claim_code.replace(secret()).is_some(),
            "code_verifier" => self.code_verifier.replace(secret()).is_some(),
            "altcha" => self.altcha.replace(value).is_some(),
            "provider" => self.provider.replace(value).is_some(),
            "provider_username" => self.provider_username.replace(value).is_some(),
            "client_id" => self.client_id.replace(value).is_some(),
            "client_secret" => self.client_secret.replace(secret()).is_some(),
            "client_assertion_type" => self.client_assertion_type.replace(value).is_some(),
            "client_assertion" => self.client_assertion.replace(secret()).is_some(),
            _ => false,
        };
        if twice {
            Err(OAuthError::invalid_request("a parameter is there twice: send each once"))
        } else {
            Ok(())
        }
    }

    /// How the client says who it is: in exactly one way (RFC 6749 §2.3). Never from a
    /// page: any page could have its visitors' browsers fail in their address's name.
    pub(super) fn authentication(
        &mut self,
        headers: &HeaderMap,
    ) -> Result<ClientAuthentication, OAuthError> {
        if from_a_page(headers) {
            return Err(OAuthError::page());
        }
        let basic = match authorization(headers) {
            Ok(None) => None,
            Ok(Some(Authorization::Basic { username, password })) => Some((username, password)),
            Ok(Some(Authorization::Bearer(_) | Authorization::Dpop(_))) | Err(_) => {
                return Err(OAuthError::invalid_request(
                    "the Authorization header must be one `Basic` header",
                ));
            }
        };
        let assertion = match (self.client_assertion_type.take(), self.client_assertion.take()) {
            (None, None) => None,
            (Some(kind), Some(assertion)) if kind == assertion::TYPE => Some(assertion),
            (Some(_), Some(_)) => {
                return Err(invalid_client("the only client_assertion_type here is jwt-bearer"));
            }
            _ => {
                return Err(OAuthError::invalid_request(
                    "client_assertion and client_assertion_type go together",
                ));
            }
        };
        match (basic, self.client_id.take(), self.client_secret.take(), assertion) {
            (Some((id, secret)), body_id, None, None) => {
                let id = decode(&id);
                if body_id.is_some_and(|body_id| body_id != id) {
                    return Err(OAuthError::invalid_request(
                        "client_id differs from the one in the Authorization header",
                    ));
                }
                let secret = Secret::new(decode(secret.expose()));
                Ok(ClientAuthentication::Secret { id, secret })
            }
            (None, Some(id), Some(secret), None) => Ok(ClientAuthentication::Secret { id, secret }),
            (None, id, None, Some(assertion)) => {
                Ok(ClientAuthentication::Assertion { id, assertion })
            }
            (None, Some(id), None, None) => Ok(ClientAuthentication::Nothing { id }),
            (None, _, _, None) => Err(invalid_client(
                "authenticate with client_id and client_secret, best by Basic, or with client_assertion",
            )),
            _ => Err(OAuthError::invalid_request(
                "authenticate in one way: by Basic, by client_secret or by client_assertion",
            )),
        }
    }
}

fn invalid_client(detail: &str) -> OAuthError {
    OAuthError::Refused { kind: Kind::InvalidClient, detail: detail.to_owned() }
}

/// Basic credentials of clients are form-encoded first (RFC 6749 §2.3.1). Ours
/// hold no character that encoding changes, so clients that forget it work too.
fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

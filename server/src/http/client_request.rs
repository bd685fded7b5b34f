//! Reading what OAuth clients send: form or JSON parameters, credentials in the
//! header or in the body. The token, revocation and introspection endpoints share it.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use doorstep_accounts::{Refusal, Secret};
use doorstep_register::ClientCredentials;
use oauth2::{StandardErrorResponse, basic::BasicErrorResponseType as Kind};
use serde_json::Value;

use super::{caller::Authorization, extract::media_type, reject::json};

/// A refusal in the form of RFC 6749 §5.2.
#[derive(Debug)]
pub(crate) struct OAuthError {
    pub(crate) kind: Kind,
    pub(crate) detail: String,
    /// Whether the answer says how to authenticate by Basic: it does when the
    /// client tried that, or nothing at all.
    pub(crate) challenge: bool,
}

impl OAuthError {
    pub(crate) fn invalid_request(detail: &str) -> Self {
        Self { kind: Kind::InvalidRequest, detail: detail.to_owned(), challenge: false }
    }

    pub(crate) fn into_response(self) -> Response {
        let unauthorized = self.kind == Kind::InvalidClient;
        let status = if unauthorized { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        let body = StandardErrorResponse::new(self.kind, Some(self.detail), None);
        let mut response = json(status, &body);
        if unauthorized && self.challenge {
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"Doorstep\", charset=\"UTF-8\""),
            );
        }
        response
    }
}

/// A refusal because of a limit, in the form that OAuth clients read. RFC 6749 has
/// no error for it at these endpoints; `temporarily_unavailable` is what it calls an
/// overload elsewhere (§4.1.2.1).
pub(crate) fn limited(refusal: &Refusal) -> Response {
    let kind = Kind::Extension("temporarily_unavailable".to_owned());
    let body = StandardErrorResponse::new(kind, Some(refusal.detail()), None);
    let mut response = json(StatusCode::TOO_MANY_REQUESTS, &body);
    if let Refusal::RateLimited(standing) = refusal {
        let wait = HeaderValue::from(standing.retry_seconds());
        response.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    response
}

/// The parameters of a request; each at most once. Unknown ones are passed over
/// (RFC 6749 §3.2).
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    pub(crate) grant_type: Option<String>,
    pub(crate) scope: Option<String>,
    /// RFC 9396; in a JSON body it may also stand as what it is, a list.
    pub(crate) authorization_details: Option<String>,
    /// The token to revoke or to ask about.
    pub(crate) token: Option<Secret>,
    /// The code that stands for a password.
    pub(crate) claim_code: Option<Secret>,
    /// What the code's challenge was made of (RFC 7636 §4.1).
    pub(crate) code_verifier: Option<Secret>,
    client_id: Option<String>,
    client_secret: Option<Secret>,
}

impl Parameters {
    const NAMES: [&str; 6] =
        ["grant_type", "scope", "authorization_details", "token", "client_id", "client_secret"];

    /// Reads a form, or JSON where that is allowed.
    pub(crate) fn read(
        headers: &HeaderMap,
        body: &[u8],
        json_allowed: bool,
    ) -> Result<Self, OAuthError> {
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
        let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
            return Err(OAuthError::invalid_request("the body is not a JSON object"));
        };
        let mut parameters = Self::default();
        for (name, value) in object {
            match value {
                Value::String(value) => parameters.set(&name, value)?,
                Value::Null => {}
                Value::Array(_) if name == "authorization_details" => {
                    parameters.set(&name, value.to_string())?;
                }
                _ if Self::NAMES.contains(&name.as_str()) => {
                    return Err(OAuthError::invalid_request("every parameter must be text"));
                }
                _ => {}
            }
        }
        Ok(parameters)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), OAuthError> {
        let twice = match name {
            "grant_type" => self.grant_type.replace(value).is_some(),
            "authorization_details" => self.authorization_details.replace(value).is_some(),
            "scope" => self.scope.replace(value).is_some(),
            "token" => self.token.replace(Secret::new(value)).is_some(),
            "claim_code" => self.claim_code.replace(Secret::new(value)).is_some(),
            "code_verifier" => self.code_verifier.replace(Secret::new(value)).is_some(),
            "client_id" => self.client_id.replace(value).is_some(),
            "client_secret" => self.client_secret.replace(Secret::new(value)).is_some(),
            _ => false,
        };
        if twice {
            Err(OAuthError::invalid_request("a parameter is there twice: send each once"))
        } else {
            Ok(())
        }
    }

    /// The client's credentials, from exactly one place. The flag tells whether
    /// they came by Basic.
    pub(crate) fn credentials(
        &mut self,
        headers: &HeaderMap,
    ) -> Result<(ClientCredentials, bool), OAuthError> {
        let basic = match Authorization::read(headers) {
            Ok(None) => None,
            Ok(Some(Authorization::Basic { username, password })) => Some((username, password)),
            Ok(Some(Authorization::Bearer(_))) | Err(_) => {
                return Err(OAuthError::invalid_request(
                    "the Authorization header must be one `Basic` header",
                ));
            }
        };
        match (basic, self.client_id.take(), self.client_secret.take()) {
            (Some(_), _, Some(_)) => Err(OAuthError::invalid_request(
                "authenticate in the header or in the body, not in both",
            )),
            (Some((id, secret)), body_id, None) => {
                let id = decode(&id);
                if body_id.is_some_and(|body_id| body_id != id) {
                    return Err(OAuthError::invalid_request(
                        "client_id differs from the one in the Authorization header",
                    ));
                }
                let secret = Secret::new(decode(secret.expose()));
                Ok((ClientCredentials { id, secret }, true))
            }
            (None, Some(id), Some(secret)) => Ok((ClientCredentials { id, secret }, false)),
            (None, ..) => Err(OAuthError {
                kind: Kind::InvalidClient,
                detail: "authenticate with client_id and client_secret, best by Basic".to_owned(),
                challenge: true,
            }),
        }
    }
}

/// Basic credentials of clients are form-encoded first (RFC 6749 §2.3.1). Ours
/// hold no character that encoding changes, so clients that forget it work too.
fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

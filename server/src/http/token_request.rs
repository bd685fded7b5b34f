//! Reading a token request: form or JSON, credentials in the header or the body.

use axum::http::HeaderMap;
use doorstep_accounts::Secret;
use doorstep_register::TokenRequest;
use oauth2::basic::BasicErrorResponseType as Kind;
use serde_json::Value;

use super::{caller::Authorization, extract::media_type};

/// Why a request cannot be read (RFC 6749 §5.2).
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) kind: Kind,
    pub(crate) detail: &'static str,
}

/// Parameters that we know. The others are passed over (RFC 6749 §3.2).
#[derive(Default)]
struct Parameters {
    grant_type: Option<String>,
    scope: Option<String>,
    client_id: Option<String>,
    client_secret: Option<Secret>,
}

fn invalid(detail: &'static str) -> Unreadable {
    Unreadable { kind: Kind::InvalidRequest, detail }
}

/// Reads the request. The flag tells whether the client authenticated by Basic,
/// so that a refusal carries the matching challenge.
pub(crate) fn read(
    headers: &HeaderMap,
    body: &[u8],
    json_allowed: bool,
) -> Result<(TokenRequest, bool), Unreadable> {
    let parameters = match media_type(headers).as_str() {
        "application/x-www-form-urlencoded" => form(body)?,
        "application/json" if json_allowed => json(body)?,
        _ => return Err(invalid("send the parameters as application/x-www-form-urlencoded")),
    };
    let basic = match Authorization::read(headers) {
        Ok(None) => None,
        Ok(Some(Authorization::Basic { username, password })) => Some((username, password)),
        Ok(Some(Authorization::Bearer(_))) | Err(_) => {
            return Err(invalid("the Authorization header must be one `Basic` header"));
        }
    };
    match parameters.grant_type.as_deref() {
        None => return Err(invalid("grant_type is missing: send grant_type=client_credentials")),
        Some("client_credentials") => {}
        Some(_) => {
            return Err(Unreadable {
                kind: Kind::UnsupportedGrantType,
                detail: "the only grant here is client_credentials",
            });
        }
    }
    let by_basic = basic.is_some();
    let (client_id, client_secret) = match (basic, parameters.client_id, parameters.client_secret) {
        (Some(_), _, Some(_)) => {
            return Err(invalid("authenticate in the header or in the body, not in both"));
        }
        (Some((id, secret)), body_id, None) => {
            let (id, secret) = (decode(&id), Secret::new(decode(secret.expose())));
            if body_id.is_some_and(|body_id| body_id != id) {
                return Err(invalid("client_id differs from the one in the Authorization header"));
            }
            (id, secret)
        }
        (None, Some(id), Some(secret)) => (id, secret),
        (None, ..) => {
            return Err(Unreadable {
                kind: Kind::InvalidClient,
                detail: "authenticate with client_id and client_secret, best by Basic",
            });
        }
    };
    Ok((TokenRequest { client_id, client_secret, scope: parameters.scope }, by_basic))
}

/// Basic credentials of clients are form-encoded first (RFC 6749 §2.3.1). Ours
/// hold no character that encoding changes, so clients that forget it work too.
fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn form(body: &[u8]) -> Result<Parameters, Unreadable> {
    let mut parameters = Parameters::default();
    for (name, value) in url::form_urlencoded::parse(body) {
        parameters.set(&name, value.into_owned())?;
    }
    Ok(parameters)
}

fn json(body: &[u8]) -> Result<Parameters, Unreadable> {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
        return Err(invalid("the body is not a JSON object"));
    };
    let mut parameters = Parameters::default();
    for (name, value) in object {
        match value {
            Value::String(value) => parameters.set(&name, value)?,
            Value::Null => {}
            _ if Parameters::NAMES.contains(&name.as_str()) => {
                return Err(invalid("every parameter must be text"));
            }
            _ => {}
        }
    }
    Ok(parameters)
}

impl Parameters {
    const NAMES: [&str; 4] = ["grant_type", "scope", "client_id", "client_secret"];

    fn set(&mut self, name: &str, value: String) -> Result<(), Unreadable> {
        let twice = match name {
            "grant_type" => self.grant_type.replace(value).is_some(),
            "scope" => self.scope.replace(value).is_some(),
            "client_id" => self.client_id.replace(value).is_some(),
            "client_secret" => self.client_secret.replace(Secret::new(value)).is_some(),
            _ => false,
        };
        if twice { Err(invalid("a parameter is there twice: send each once")) } else { Ok(()) }
    }
}

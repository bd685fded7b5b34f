//! The OAuth endpoints: token (RFC 6749 §3.2), revocation (RFC 7009),
//! introspection (RFC 7662). Bodies are the `oauth2` crate's types where it has them.

use std::time::Duration;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use doorstep_accounts::{Scope, Secret};
use doorstep_register::{
    ClientCredentials, Introspected, IssuedToken, TokenError, TokenRequest, introspect_token,
    issue_token, revoke_token,
};
use oauth2::{
    AccessToken, ExtraTokenFields, StandardTokenResponse,
    basic::{BasicErrorResponseType as Kind, BasicTokenType},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    App,
    client_request::{OAuthError, Parameters, limited},
    extract::Body,
    metered::Metered,
    reject::{Reject, json as reply},
};

/// What the reference implementation adds to RFC 6749 §5.1.
#[derive(Debug, Serialize, Deserialize)]
struct Created {
    /// Seconds since the Unix epoch.
    created_at: i64,
    /// What the token is bound to (RFC 9396 §7).
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_details: Option<[serde_json::Value; 1]>,
}

impl ExtraTokenFields for Created {}

/// `POST /api/oauth/token`
pub(crate) async fn token(
    State(app): State<App>,
    Metered(meter): Metered,
    headers: HeaderMap,
    Body(body): Body,
) -> Response {
    let (request, by_basic) = match read_grant(&app, &headers, &body) {
        Ok(read) => read,
        Err(error) => return error.into_response(),
    };
    match issue_token(&app.context, &meter, request).await {
        Ok(issued) => grant(&issued),
        Err(error) => refuse(error, by_basic),
    }
}

fn read_grant(
    app: &App,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(TokenRequest, bool), OAuthError> {
    let json_allowed = app.settings.compat.json_token_request;
    let mut parameters = Parameters::read(headers, body, json_allowed)?;
    match parameters.grant_type.as_deref() {
        None => {
            return Err(OAuthError::invalid_request(
                "grant_type is missing: send grant_type=client_credentials",
            ));
        }
        Some("client_credentials") => {}
        Some(_) => {
            return Err(OAuthError {
                kind: Kind::UnsupportedGrantType,
                detail: "the only grant here is client_credentials".to_owned(),
                challenge: false,
            });
        }
    }
    let (client, by_basic) = parameters.credentials(headers)?;
    let Parameters { scope, authorization_details, .. } = parameters;
    Ok((TokenRequest { client, scope, authorization_details }, by_basic))
}

fn grant(issued: &IssuedToken) -> Response {
    let mut body = StandardTokenResponse::new(
        AccessToken::new(issued.token.expose().to_owned()),
        // The RFC's and the reference implementation's spelling; the crate's own
        // is lower case, which clients that compare exactly do not know.
        BasicTokenType::Extension("Bearer".to_owned()),
        Created {
            created_at: issued.issued_at.seconds(),
            authorization_details: issued.binding.as_ref().map(|binding| [binding.to_json()]),
        },
    );
    let seconds = u64::try_from(issued.expires_in).unwrap_or_default();
    body.set_expires_in(Some(&Duration::from_secs(seconds)));
    let scopes = issued.scopes.iter().map(Scope::name);
    body.set_scopes(Some(scopes.map(|name| oauth2::Scope::new(name.to_owned())).collect()));
    reply(StatusCode::OK, &body)
}

pub(crate) fn refuse(error: TokenError, by_basic: bool) -> Response {
    let (kind, detail) = match error {
        TokenError::InvalidClient => (
            Kind::InvalidClient,
            "the client is unknown, its secret is wrong, or it is switched off".to_owned(),
        ),
        TokenError::InvalidScope(detail) => (Kind::InvalidScope, detail),
        TokenError::InvalidDetails(detail) => {
            (Kind::Extension("invalid_authorization_details".to_owned()), detail)
        }
        TokenError::Limited(refusal) => return limited(&refusal),
        TokenError::Failed(error) => return Reject::from(error).into_response(),
    };
    OAuthError { kind, detail, challenge: by_basic }.into_response()
}

/// `POST /api/oauth/revoke`: 200 whether or not there was such a token (RFC 7009
/// §2.2). Somebody else's token stays as it is, and nothing tells that it exists.
pub(crate) async fn revoke(
    State(app): State<App>,
    Metered(meter): Metered,
    headers: HeaderMap,
    Body(body): Body,
) -> Response {
    let (client, token, by_basic) = match read_token(&headers, &body) {
        Ok(read) => read,
        Err(error) => return error.into_response(),
    };
    match revoke_token(&app.context, &meter, &client, &token).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => refuse(error, by_basic),
    }
}

/// `POST /api/oauth/introspect`: a client's own tokens; of all others it learns
/// only that they are not active.
pub(crate) async fn introspect(
    State(app): State<App>,
    Metered(meter): Metered,
    headers: HeaderMap,
    Body(body): Body,
) -> Response {
    let (client, token, by_basic) = match read_token(&headers, &body) {
        Ok(read) => read,
        Err(error) => return error.into_response(),
    };
    match introspect_token(&app.context, &meter, &client, &token).await {
        Ok(None) => reply(StatusCode::OK, &json!({ "active": false })),
        Ok(Some(Introspected { client_id, scopes, issued_at, expires_at })) => {
            let issuer = app.public_url();
            let body = json!({
                "active": true,
                "client_id": client_id,
                "sub": client_id,
                "iss": issuer,
                "aud": issuer,
                "scope": scopes.to_string(),
                "iat": issued_at.seconds(),
                "nbf": issued_at.seconds(),
                "exp": expires_at.seconds(),
                "token_type": "Bearer",
            });
            reply(StatusCode::OK, &body)
        }
        Err(error) => refuse(error, by_basic),
    }
}

/// `token_type_hint` is not needed to find a token, so any is taken (RFC 7009 §2.1).
fn read_token(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(ClientCredentials, Secret, bool), OAuthError> {
    let mut parameters = Parameters::read(headers, body, false)?;
    let (client, by_basic) = parameters.credentials(headers)?;
    let token = parameters.token.ok_or_else(|| OAuthError::invalid_request("token is missing"))?;
    Ok((client, token, by_basic))
}

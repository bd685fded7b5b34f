//! Revocation and introspection: what a client may do with its own tokens.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use doorstep_accounts::Secret;
use doorstep_register::{ClientAuthentication, Introspected, introspect_token, revoke_token};
use serde_json::{Value, json};

use super::{error::OAuthError, request::Parameters, token::token_type};
use crate::http::{App, extract::Body, metered::Metered, reject::json as reply};

/// `POST /api/oauth/revoke`: 200 whether or not there was such a token (RFC 7009
/// §2.2). Somebody else's token stays as it is, and nothing tells that it exists.
pub(crate) async fn revoke(
    State(app): State<App>,
    Metered(meter): Metered,
    uri: Uri,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, OAuthError> {
    let (client, token) = read(&uri, &headers, &body)?;
    revoke_token(&app.context, &meter, &client, &token).await?;
    Ok(StatusCode::OK.into_response())
}

/// `POST /api/oauth/introspect`: a client's own tokens; of all others it learns
/// only that they are not active.
pub(crate) async fn introspect(
    State(app): State<App>,
    Metered(meter): Metered,
    uri: Uri,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, OAuthError> {
    let (client, token) = read(&uri, &headers, &body)?;
    let Some(found) = introspect_token(&app.context, &meter, &client, &token).await? else {
        return Ok(reply(StatusCode::OK, &json!({ "active": false })));
    };
    Ok(reply(StatusCode::OK, &describe(&found, app.public_url())))
}

/// The members of RFC 7662 §2.2, with those of RFC 9449 §6.2 and RFC 9396 §9.2, for
/// tokens that have them. `uses_remaining` is ours.
fn describe(token: &Introspected, issuer: &str) -> Value {
    let mut body = json!({
        "active": true,
        "client_id": token.client_id,
        "sub": token.client_id,
        "iss": issuer,
        "aud": issuer,
        "scope": token.scopes.to_string(),
        "iat": token.issued_at.seconds(),
        "nbf": token.issued_at.seconds(),
        "exp": token.expires_at.seconds(),
        "jti": token.id,
        "token_type": token_type(token.jkt.as_deref()),
    });
    if let Some(jkt) = &token.jkt {
        body["cnf"] = json!({ "jkt": jkt });
    }
    if let Some(binding) = &token.binding {
        body["authorization_details"] = json!([binding.to_json()]);
    }
    if let Some(uses_left) = token.uses_left {
        body["uses_remaining"] = uses_left.into();
    }
    body
}

/// `token_type_hint` is not needed to find a token, so any is taken (RFC 7009 §2.1).
fn read(
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(ClientAuthentication, Secret), OAuthError> {
    let mut parameters = Parameters::read(uri, headers, body, false)?;
    let client = parameters.authentication(headers)?;
    let token = parameters.token.ok_or_else(|| OAuthError::invalid_request("token is missing"))?;
    Ok((client, token))
}

//! `POST /api/credentials/claim`: a panel's back end exchanges the code that its
//! page got for the password. Answers and errors are in the manner of the token
//! endpoint, which such a back end already speaks to.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use doorstep_register::{ClaimError, ClaimRequest, Claimed, claim_credential};
use oauth2::basic::BasicErrorResponseType as Kind;
use serde_json::json;

use super::{error::OAuthError, request::Parameters};
use crate::http::{App, extract::Body, metered::Metered, reject::json as reply};

/// `200 {"user":{"id":1,"api":{"username":"…","password":"…"}}}`
pub(crate) async fn claim(
    State(app): State<App>,
    Metered(meter): Metered,
    uri: Uri,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, OAuthError> {
    let request = read(&uri, &headers, &body)?;
    let invalid_grant =
        |detail: &str| OAuthError::Refused { kind: Kind::InvalidGrant, detail: detail.to_owned() };
    match claim_credential(&app.context, &meter, &request).await {
        Ok(Claimed { user_id, api_username, api_password }) => {
            let api = json!({ "username": api_username, "password": api_password.expose() });
            Ok(reply(StatusCode::OK, &json!({ "user": { "id": user_id, "api": api } })))
        }
        Err(ClaimError::InvalidGrant) => Err(invalid_grant(
            "the claim code is unknown, used or expired, or the code_verifier is not its own",
        )),
        Err(ClaimError::TooSoon) => {
            let mut response = invalid_grant(
                "the claim code was used a moment ago; if that answer was lost, ask again in five seconds",
            )
            .into_response();
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            Ok(response)
        }
        Err(ClaimError::Token(error)) => Err(error.into()),
    }
}

fn read(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<ClaimRequest, OAuthError> {
    let mut parameters = Parameters::read(uri, headers, body, false)?;
    let client = parameters.authentication(headers)?;
    let missing = |name| OAuthError::invalid_request(&format!("{name} is missing"));
    let code = parameters.claim_code.ok_or_else(|| missing("claim_code"))?;
    let verifier = parameters.code_verifier.ok_or_else(|| missing("code_verifier"))?;
    Ok(ClaimRequest { client, code, verifier })
}

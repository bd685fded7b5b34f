//! The token endpoint (RFC 6749 §3.2), speaking in the `oauth2` crate's types.

use std::time::Duration;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use doorstep_accounts::Scope;
use doorstep_register::{IssuedToken, TokenError, issue_token};
use oauth2::{
    AccessToken, ExtraTokenFields, StandardErrorResponse, StandardTokenResponse,
    basic::{BasicErrorResponseType as Kind, BasicTokenType},
};
use serde::{Deserialize, Serialize};

use super::{
    App,
    extract::Body,
    reject::{Reject, json},
    token_request,
};

/// What the reference implementation adds to RFC 6749 §5.1.
#[derive(Debug, Serialize, Deserialize)]
struct Created {
    /// Seconds since the Unix epoch.
    created_at: i64,
}

impl ExtraTokenFields for Created {}

/// `POST /api/oauth/token`
pub(crate) async fn token(
    State(app): State<App>,
    headers: HeaderMap,
    Body(body): Body,
) -> Response {
    let read = token_request::read(&headers, &body, app.settings.compat.json_token_request);
    let (request, by_basic) = match read {
        Ok(read) => read,
        Err(unreadable) => {
            // Nobody authenticated: the challenge says how (RFC 6749 §5.2).
            let by_basic = unreadable.kind == Kind::InvalidClient;
            return refuse(unreadable.kind, unreadable.detail.to_owned(), by_basic);
        }
    };
    match issue_token(&app.context, request).await {
        Ok(issued) => grant(&issued),
        Err(TokenError::InvalidClient) => {
            let detail = "the client is unknown, its secret is wrong, or it is switched off";
            refuse(Kind::InvalidClient, detail.to_owned(), by_basic)
        }
        Err(TokenError::InvalidScope(detail)) => refuse(Kind::InvalidScope, detail, by_basic),
        Err(TokenError::Failed(error)) => Reject::from(error).into_response(),
    }
}

fn grant(issued: &IssuedToken) -> Response {
    let mut body = StandardTokenResponse::new(
        AccessToken::new(issued.token.expose().to_owned()),
        BasicTokenType::Bearer,
        Created { created_at: issued.issued_at.seconds() },
    );
    body.set_expires_in(Some(&Duration::from_secs(
        u64::try_from(issued.expires_in).unwrap_or_default(),
    )));
    body.set_scopes(Some(
        issued
            .scopes
            .iter()
            .map(Scope::name)
            .map(|name| oauth2::Scope::new(name.to_owned()))
            .collect(),
    ));
    json(StatusCode::OK, &body)
}

fn refuse(kind: Kind, detail: String, challenge: bool) -> Response {
    let status = if kind == Kind::InvalidClient {
        StatusCode::UNAUTHORIZED
    } else {
        StatusCode::BAD_REQUEST
    };
    let challenge = challenge && kind == Kind::InvalidClient;
    let mut response = json(status, &StandardErrorResponse::new(kind, Some(detail), None));
    if challenge {
        response.headers_mut().insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"Doorstep\", charset=\"UTF-8\""),
        );
    }
    response
}

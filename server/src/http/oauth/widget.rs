//! Pages without a back end: a puzzle, and a sign-up token for its solution. The
//! widget calls `/api/widget/token`; the token endpoint, which no page may call,
//! takes the same grant.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::Response,
};
use doorstep_accounts::{Refusal, provider::DEFAULT_PROVIDER};
use doorstep_puzzle::{Bound, Challenge};
use doorstep_register::{
    IssuedToken, WidgetTokenRequest, check_widget_page, issue_widget_token, publishable_terms,
};
use doorstep_wire::Code;
use oauth2::basic::BasicErrorResponseType as Kind;
use serde::Serialize;
use serde_json::Value;

use super::{error::OAuthError, request::Parameters, token::grant};
use crate::http::{
    App,
    extract::Body,
    puzzles,
    reject::{Reject, json as reply},
    users::require_json,
};

/// The name of the grant (RFC 6749 §4.5).
pub(crate) const NAME: &str = "urn:doorstep:grant:widget";

/// `POST /api/widget/challenge`: ALTCHA's members and how long they are good for.
#[derive(Debug, Serialize)]
struct Issued {
    #[serde(flatten)]
    challenge: Challenge,
    /// Seconds.
    expires_in: i64,
}

/// `POST /api/widget/challenge {"client_id": "cli_…"}`
pub(crate) async fn challenge(
    State(app): State<App>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Reject> {
    publishable_terms(&app.context)?;
    require_json(&headers)?;
    let origin = origin(&headers)?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let Some(client) = body["client_id"].as_str() else {
        return Err(Reject::new(Code::InvalidRequest, "client_id is missing: send it as text"));
    };
    check_widget_page(&app.context, client, origin).await?;
    let (challenge, expires_in) = app.puzzles.issue(&app.context, Bound { client, origin });
    Ok(reply(StatusCode::OK, &Issued { challenge, expires_in }))
}

/// `POST /api/widget/token`: the parameters of the grant, as a form or as JSON.
pub(crate) async fn token(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Reject> {
    let parameters = Parameters::read(&uri, &headers, &body, true).map_err(as_reject)?;
    if parameters.grant_type.as_deref() != Some(NAME) {
        let detail = format!("grant_type must be {NAME}: other grants are for back ends");
        return Err(Reject::new(Code::InvalidRequest, detail));
    }
    Ok(grant(&issue(&app, &headers, parameters).await?))
}

/// Checks the page and the solution, and issues the token. Cheapest first: what is
/// no solution never reaches the database.
pub(super) async fn issue(
    app: &App,
    headers: &HeaderMap,
    parameters: Parameters,
) -> Result<IssuedToken, Reject> {
    publishable_terms(&app.context)?;
    let Parameters { client_id, client_secret, altcha, provider, provider_username, .. } =
        parameters;
    if client_secret.is_some() || headers.contains_key(header::AUTHORIZATION) {
        return Err(Reject::new(
            Code::InvalidRequest,
            "this grant is for public clients: they have no secret, and send none",
        ));
    }
    let origin = origin(headers)?.to_owned();
    let missing = |name: &str| {
        Reject::new(Code::InvalidRequest, format!("{name} is missing: send it as text"))
    };
    let client_id = client_id.ok_or_else(|| missing("client_id"))?;
    let altcha = altcha.ok_or_else(|| missing("altcha"))?;
    let provider_username = provider_username.ok_or_else(|| missing("provider_username"))?;
    let bound = Bound { client: &client_id, origin: &origin };
    let solution = puzzles::check(&app.context, &altcha, bound)?;
    let request = WidgetTokenRequest {
        client_id: client_id.clone(),
        origin,
        provider: provider.unwrap_or_else(|| DEFAULT_PROVIDER.to_owned()),
        provider_username,
        solution,
    };
    let issued = issue_widget_token(&app.context, request).await?;
    app.puzzles.solved(&client_id);
    Ok(issued)
}

/// The page's origin, which every browser sends with these requests. What sends
/// none is no page.
fn origin(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next().and_then(|origin| origin.to_str().ok()), origins.next()) {
        (Some(origin), None) => Ok(origin),
        _ => Err(Refusal::OriginNotAllowed { origin: "no origin".to_owned() }),
    }
}

/// The same refusal in the form of the token endpoint (RFC 6749 §5.2).
pub(super) fn as_oauth_error(reject: Reject) -> OAuthError {
    let kind = match reject.code() {
        code if code == Code::PuzzleUnsolved.name() => Kind::InvalidGrant,
        code if code == Code::OriginNotAllowed.name() => Kind::UnauthorizedClient,
        code if code == Code::RegistrationDisabled.name() => Kind::Extension(code.to_owned()),
        code if code == Code::InvalidRequest.name() || code == Code::ValidationFailed.name() => {
            Kind::InvalidRequest
        }
        _ => return OAuthError::Failed(reject),
    };
    OAuthError::Refused { kind, detail: reject.detail().to_owned() }
}

/// What reading parameters says, in the form of the routes for pages.
fn as_reject(error: OAuthError) -> Reject {
    match error {
        OAuthError::Refused { detail, .. } => Reject::new(Code::InvalidRequest, detail),
        OAuthError::Limited(refusal) => refusal.into(),
        OAuthError::Failed(reject) => reject,
    }
}

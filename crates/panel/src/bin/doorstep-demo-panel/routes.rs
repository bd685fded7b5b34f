//! Every URL of the panel, and what answers there.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Query, State},
    http::{HeaderMap, StatusCode, header},
    middleware,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use doorstep_panel::{Account, Credential, Error, Registrant};
use serde::Deserialize;
use serde_json::json;
use tracing::{info, warn};

use crate::{
    customer::Customer,
    headers,
    page::{Cloud, Page},
    state::Demo,
};

/// Names the customer. It proves nothing: the demo has no passwords.
const SESSION: &str = "demo_panel_customer";
/// A credential is two short texts.
const LARGEST_BODY: usize = 4 * 1024;

/// The whole panel.
pub(crate) fn app(demo: Demo) -> Router {
    let policy = headers::policy(demo.panel.server_origin());
    Router::new()
        .route("/", get(overview))
        .route("/panel/credential", post(keep_credential))
        .route("/panel/claim", post(claim_credential))
        .route("/panel/dev-session", get(dev_session))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/panel.css", file("text/css", include_str!("../../../static/panel.css")))
        .route("/panel.js", file("text/javascript", include_str!("../../../static/panel.js")))
        .route("/icon.svg", file("image/svg+xml", include_str!("../../../static/icon.svg")))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(policy, headers::strict))
        .with_state(Arc::new(demo))
}

fn file<S: Clone + Send + Sync + 'static>(
    media_type: &'static str,
    text: &'static str,
) -> axum::routing::MethodRouter<S> {
    get(move || async move { ([(header::CONTENT_TYPE, media_type)], text) })
}

#[derive(Deserialize)]
struct SignIn {
    customer: Option<String>,
    /// `claim`: the panel's back end fetches the credential itself.
    delivery: Option<String>,
}

async fn overview(
    State(demo): State<Arc<Demo>>,
    Query(sign_in): Query<SignIn>,
    headers: HeaderMap,
) -> Response {
    let claims = sign_in.delivery.as_deref() == Some("claim");
    if let Some(name) = sign_in.customer {
        let Some(customer) = Customer::parse(&name) else {
            return (
                StatusCode::BAD_REQUEST,
                "A customer's name is at most 32 of a-z, 0-9, dot, dash and underscore, and \
                 starts with a letter.\n",
            )
                .into_response();
        };
        let session = format!("{SESSION}={customer}; Path=/; HttpOnly; SameSite=Lax");
        let page = if claims { "/?delivery=claim" } else { "/" };
        return ([(header::SET_COOKIE, session)], Redirect::to(page)).into_response();
    }
    let customer = signed_in(&headers);
    let cloud = match demo.connection(&customer) {
        Some(connection) => Cloud::Connected(connection),
        None => match demo.form(&customer, claims).await {
            Ok(tag) => Cloud::Form(tag),
            Err(error) => {
                warn!("no token for the page: {error}");
                Cloud::Unavailable
            }
        },
    };
    let page = Page { customer: &customer, provider_server: &demo.provider_server, cloud, claims };
    Html(page.html()).into_response()
}

/// Takes the credential from the page's script, proves it and keeps it.
async fn keep_credential(
    State(demo): State<Arc<Demo>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !from_own_page(&headers) {
        return refusal(StatusCode::FORBIDDEN, "Only the panel's own page may do this.");
    }
    let Ok(credential) = serde_json::from_slice::<Credential>(&body) else {
        return refusal(StatusCode::BAD_REQUEST, "Send {\"username\", \"password\"}.");
    };
    let customer = signed_in(&headers);
    told(&customer, demo.connect(customer.clone(), credential).await)
}

#[derive(Deserialize)]
struct ClaimCode {
    #[serde(rename = "claimCode")]
    code: String,
}

/// Takes the code from the page's script, and fetches the credential with it.
async fn claim_credential(
    State(demo): State<Arc<Demo>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !from_own_page(&headers) {
        return refusal(StatusCode::FORBIDDEN, "Only the panel's own page may do this.");
    }
    let Ok(ClaimCode { code }) = serde_json::from_slice(&body) else {
        return refusal(StatusCode::BAD_REQUEST, "Send {\"claimCode\"}.");
    };
    let customer = signed_in(&headers);
    told(&customer, demo.claim(customer.clone(), &code).await)
}

/// What became of a connection, for the page's script.
fn told(customer: &Customer, outcome: Result<Account, Error>) -> Response {
    match outcome {
        Ok(account) => {
            info!(%customer, account = account.id, "connected");
            let name = format!("{} {}", account.fname, account.lname);
            json(StatusCode::OK, &json!({ "name": name, "email": account.email }))
        }
        Err(error) => {
            warn!(%customer, "not connected: {error}");
            let status = match error {
                Error::CredentialRefused | Error::ClaimRefused => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::BAD_GATEWAY,
            };
            refusal(status, "The account could not be checked. Its details are still valid.")
        }
    }
}

/// What a page needs for the form, for the page that `trunk serve` shows.
async fn dev_session(State(demo): State<Arc<Demo>>, Query(sign_in): Query<SignIn>) -> Response {
    let username = match sign_in.customer {
        None => demo.visitor(),
        Some(name) => match Customer::parse(&name) {
            Some(customer) => customer.to_string(),
            None => return refusal(StatusCode::BAD_REQUEST, "That is no customer's name."),
        },
    };
    // No origin: the page is the workbench's, which is one of the client's.
    let person = Registrant::new(&demo.provider_server, &username);
    match demo.panel.sign_up_token(&person).await {
        Ok(token) => {
            let answer = json(
                StatusCode::OK,
                &json!({
                    "token": token.secret(),
                    "provider_server": demo.provider_server,
                    "provider_username": username,
                }),
            );
            // The server's playground reads it as well.
            let reader = demo.panel.server_origin().to_owned();
            ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, reader)], answer).into_response()
        }
        Err(error) => refusal(StatusCode::BAD_GATEWAY, &error.to_string()),
    }
}

/// The customer that the session names, else `ada`.
fn signed_in(headers: &HeaderMap) -> Customer {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split("; "))
        .filter_map(|cookie| cookie.split_once('='))
        .find(|(name, _)| *name == SESSION)
        .and_then(|(_, value)| Customer::parse(value))
        .unwrap_or_else(Customer::ada)
}

/// Whether a script of the panel's own page sent this: another site's page can
/// send neither this media type without asking first nor this header at all.
fn from_own_page(headers: &HeaderMap) -> bool {
    let is = |name: &str, value| headers.get(name).is_some_and(|found| found == value);
    is("content-type", "application/json")
        && (is("sec-fetch-site", "same-origin") || !headers.contains_key("sec-fetch-site"))
}

fn refusal(status: StatusCode, message: &str) -> Response {
    json(status, &json!({ "error": message }))
}

fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

//! What describes the server: for programs the OpenAPI document, for people the handbook and
//! what each error code means.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use doorstep_wire::Code;

use self::pages::{DRAWN, ERRORS, POLICY};
use super::{App, cached::Cached, reject::Reject};
use crate::openapi;

mod pages;

/// It changes with a new version or a new public URL.
const DOCUMENT_CACHE: &str = "public, max-age=300";

/// `GET /openapi.json`
pub(crate) async fn document(State(app): State<App>, headers: HeaderMap) -> Response {
    let document = app.openapi.get_or_init(|| {
        let document = openapi::document(app.public_url());
        // Names and texts are ours, so it serialises.
        let text = serde_json::to_string(&document).unwrap_or_default();
        Cached::new("application/json", DOCUMENT_CACHE, text)
    });
    let mut response = document.answer(&headers);
    // Anybody may read it, from any page.
    response
        .headers_mut()
        .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// `GET /docs`
pub(crate) async fn start(headers: HeaderMap) -> Result<Response, Reject> {
    answer("", &headers)
}

/// `GET /docs/{page}`
pub(crate) async fn page(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Reject> {
    // The first has no other name.
    if name.is_empty() { Err(missing()) } else { answer(&name, &headers) }
}

/// `GET /docs/errors`: where the `type` of every problem leads.
pub(crate) async fn errors(headers: HeaderMap) -> Result<Response, Reject> {
    answer(ERRORS, &headers)
}

fn answer(name: &str, headers: &HeaderMap) -> Result<Response, Reject> {
    let page = DRAWN.get(name).ok_or_else(missing)?;
    let mut response = page.answer(headers);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    Ok(response)
}

fn missing() -> Reject {
    Reject::new(Code::NotFound, "the handbook has no such page; /docs lists those that it has")
}

//! The two requests: what the token says, and the sign-up.

use doorstep_wire::{frame, paths};
use gloo_net::http::{Request, RequestBuilder};
use wasm_bindgen::JsValue;
use web_sys::{AbortSignal, RequestCredentials};

use crate::{attempt::Attempt, flow::Reply, reply, settings::Settings};

/// How long to wait: three times what the server gives a request before it
/// answers 408, so that what we call unreachable has nothing left to say.
const PATIENCE_MS: u32 = 30_000;

/// Sends an attempt. Answers with what the server said and, for the page's
/// events, with the document in which it said it.
///
/// Every failure between us and the server is [`Reply::None`]: whatever it was,
/// the person can only send again.
pub(crate) async fn sign_up(settings: &Settings, attempt: &Attempt) -> (Reply, JsValue) {
    send(settings, attempt).await.unwrap_or((Reply::None, JsValue::NULL))
}

/// What the token says: the status and the document. None if there is no telling.
pub(crate) async fn session(settings: &Settings) -> Option<(u16, JsValue)> {
    let address = settings.api.clone() + paths::WIDGET_SESSION;
    let request = prepare(Request::get(&address), settings);
    let response = request.send().await.ok()?;
    let text = response.text().await.ok()?;
    Some((response.status(), js_sys::JSON::parse(&text).ok()?))
}

fn prepare(request: RequestBuilder, settings: &Settings) -> RequestBuilder {
    let request = request
        .abort_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE_MS)))
        .credentials(RequestCredentials::Omit)
        .header("Authorization", &("Bearer ".to_owned() + &settings.token));
    if settings.embedder.is_empty() {
        request
    } else {
        request.header(frame::EMBEDDER, &settings.embedder)
    }
}

async fn send(settings: &Settings, attempt: &Attempt) -> Option<(Reply, JsValue)> {
    let request = prepare(Request::post(&(settings.api.clone() + paths::USERS)), settings)
        .header("Content-Type", "application/json")
        .header("Idempotency-Key", &attempt.key)
        .body(attempt.body.as_str())
        .ok()?;
    let response = request.send().await.ok()?;
    let text = response.text().await.ok()?;
    let document = js_sys::JSON::parse(&text).ok()?;
    let reply = if response.ok() {
        Reply::SignedUp(reply::account(&document)?)
    } else {
        Reply::Problem(reply::problem(response.status(), &document)?)
    };
    Some((reply, document))
}

//! What surrounds every route: a request id, deadlines, headers, and the one
//! place where refusals get their body and failures are logged.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use doorstep_wire::{Code, Problem};
use tower_http::catch_panic::CatchPanicLayer;

use super::{
    App,
    reject::{Reject, Rejected},
    routes,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Puts the layers around the routes.
pub(crate) fn around(router: Router<App>, app: App) -> Router {
    router
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            // The panic hook has logged the place; the text could hold anything.
            Reject::internal("a handler panicked").into_response()
        }))
        .layer(from_fn_with_state(app.clone(), observe))
        .with_state(app)
}

/// No such path.
pub(crate) async fn not_found() -> Reject {
    Reject::new(Code::NotFound, "there is nothing at this path")
}

/// The path does not take the method. `OPTIONS` is answered: it asks just that.
pub(crate) async fn method_not_allowed(request: Request) -> Response {
    let allow = routes::allowed(request.uri().path()).join(", ");
    let allow = HeaderValue::from_str(&allow).unwrap_or(HeaderValue::from_static(""));
    if request.method() == Method::OPTIONS {
        return (StatusCode::NO_CONTENT, [(header::ALLOW, allow)]).into_response();
    }
    let detail = format!("{} is not allowed here", request.method());
    Reject::new(Code::MethodNotAllowed, detail).with(header::ALLOW, allow).into_response()
}

async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&app, request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "unmatched".to_owned());

    let deadline = Duration::from_secs(app.settings.limits.request_seconds);
    let mut response = match tokio::time::timeout(deadline, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Reject::new(Code::Unavailable, "the request took too long here: try again")
            .with(header::RETRY_AFTER, HeaderValue::from_static("1"))
            .into_response(),
    };
    if let Some(rejected) = response.extensions_mut().remove::<Rejected>() {
        if let Some(cause) = &rejected.cause {
            tracing::error!(request_id = %id, %method, route, cause = %cause, "a request failed");
        }
        response = render(response, &rejected.problem, &id);
    }
    finish(response.headers_mut(), &id);

    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    metrics::counter!("doorstep_requests_total", "method" => method.to_string(), "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!("doorstep_request_seconds", "route" => route.clone())
        .record(elapsed.as_secs_f64());
    tracing::info!(request_id = %id, %method, route, status, elapsed_us = elapsed.as_micros(), "request");
    response
}

/// The caller's id if it is a plain one, else a new one. Anything else could
/// write its own lines into the log.
fn request_id(app: &App, headers: &HeaderMap) -> String {
    let sent = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let plain = sent.filter(|id| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    });
    plain.map_or_else(
        || format!("req_{}", doorstep_accounts::secret::random_text(20, &*app.context.entropy)),
        str::to_owned,
    )
}

fn render(response: Response, problem: &Arc<Problem>, id: &str) -> Response {
    let problem = Problem { request_id: Some(id.to_owned()), ..Problem::clone(problem) };
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let (mut parts, _) = response.into_parts();
    parts
        .headers
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, body.into())
}

fn finish(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    // What a route did not say about caching is nobody's to keep.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
}

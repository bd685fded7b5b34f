//! Which pages may call the API from a browser: those of registered origins.

use std::time::Duration;

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::{App, routes::CROSS_ORIGIN_METHODS};

/// A browser asks again after this time; a withdrawn origin is out by then.
const MAX_AGE: Duration = Duration::from_mins(10);

/// The layer for routes that pages may call. A preflight carries no token, so an
/// origin passes that any active client has; the guard then holds the request to
/// its own client's list. Credentials (cookies) are never allowed.
pub(crate) fn layer(app: &App) -> CorsLayer {
    let store = app.context.store.clone();
    let known = move |origin: HeaderValue, _: &Parts| {
        let store = store.clone();
        async move {
            let Ok(origin) = origin.to_str() else { return false };
            let Ok(mut read) = store.read().await else { return false };
            read.conn().origin_is_known(origin).await.unwrap_or(false)
        }
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::async_predicate(known))
        .allow_methods(CROSS_ORIGIN_METHODS)
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            header::ACCEPT_LANGUAGE,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("dpop"),
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([
            header::LINK,
            header::LOCATION,
            header::RETRY_AFTER,
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("idempotent-replayed"),
            HeaderName::from_static("dpop-nonce"),
            HeaderName::from_static("per-page"),
            HeaderName::from_static("total"),
            HeaderName::from_static("x-request-id"),
        ])
        .max_age(MAX_AGE)
        .vary([header::ORIGIN])
}

/// A preflight's answer has no body: 204 says so.
pub(crate) fn no_content(mut response: Response) -> Response {
    let preflight = response.headers().contains_key(header::ACCESS_CONTROL_MAX_AGE);
    if preflight && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NO_CONTENT;
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

//! Answers that change with the program or its settings and never else: browsers and
//! proxies keep them, and ask by their tag whether they are still good (RFC 9110 §13).

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use doorstep_accounts::Fingerprint;

/// A text with its tag.
#[derive(Debug, Clone)]
pub(crate) struct Cached {
    content_type: &'static str,
    /// How long it may be kept without asking.
    cache_control: &'static str,
    etag: String,
    body: Bytes,
}

impl Cached {
    pub(crate) fn new(
        content_type: &'static str,
        cache_control: &'static str,
        body: impl Into<Bytes>,
    ) -> Self {
        let body = body.into();
        let digest = Fingerprint::of(&[&body]);
        let etag = format!("\"{}\"", digest.as_stored().get(..32).unwrap_or_default());
        Self { content_type, cache_control, etag, body }
    }

    /// The text, or that the caller has it.
    pub(crate) fn answer(&self, request: &HeaderMap) -> Response {
        let mut response = if is_known(request, &self.etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(header::CONTENT_TYPE, self.content_type)], self.body.clone()).into_response()
        };
        let set = response.headers_mut();
        set.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.cache_control));
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            set.insert(header::ETAG, etag);
        }
        response
    }
}

/// Whether the caller has what the tag is of.
pub(crate) fn is_known(request: &HeaderMap, etag: &str) -> bool {
    let known = request.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    known.is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag))
}

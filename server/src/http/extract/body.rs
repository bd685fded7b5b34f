//! A request's body: whole, in time, within the limit.

use std::time::Duration;

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use bytes::Bytes;
use doorstep_wire::Code;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::http::{App, in_flight::Place, reject::Reject};

/// The bytes of a body, which is not compressed.
#[derive(Debug)]
pub(crate) struct Body(pub(crate) Bytes);

impl FromRequest<App> for Body {
    type Rejection = Reject;

    async fn from_request(request: Request, app: &App) -> Result<Self, Reject> {
        let limits = &app.settings.limits;
        let place = Place::leave(request.extensions());
        let deadline = limits.body_deadline();
        // Decompressing would let a small request become a large one.
        let encoding = request.headers().get(header::CONTENT_ENCODING);
        if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            discard(request.into_body(), deadline).await;
            return Err(Reject::new(
                Code::UnsupportedMediaType,
                "compressed bodies are not taken: send it without Content-Encoding",
            ));
        }
        let too_large = || {
            Reject::new(
                Code::BodyTooLarge,
                format!("the body is larger than {} bytes", limits.body_bytes),
            )
        };
        let announced = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limits.body_bytes) {
            discard(request.into_body(), deadline).await;
            return Err(too_large());
        }
        let body = Limited::new(request.into_body(), limits.body_bytes).collect();
        // Not reset by progress: one byte a second is as slow as none.
        match tokio::time::timeout(deadline, body).await {
            Err(_) => Err(Reject::new(
                Code::RequestTimeout,
                format!("the body did not arrive within {} seconds", limits.body_seconds),
            )),
            Ok(Ok(body)) => {
                place.as_ref().map_or(Ok(()), Place::take)?;
                Ok(Self(body.to_bytes()))
            }
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(_)) => Err(Reject::new(Code::InvalidRequest, "the body broke off")),
        }
    }
}

/// Bytes of a refused body that are read and thrown away. A connection that is
/// closed under a sender is reset, and the answer is lost with it; beyond this
/// the sender is no mistaken client.
const DISCARD: usize = 1024 * 1024;

/// Reads a refused body to its end, keeping nothing, so that the sender gets to
/// see the refusal.
pub(crate) async fn discard(body: axum::body::Body, deadline: Duration) {
    let mut body = Limited::new(body, DISCARD);
    let all = async { while let Some(Ok(_)) = body.frame().await {} };
    let _ = tokio::time::timeout(deadline, all).await;
}

/// The media type without parameters, in lower case; empty without one.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|media| media.trim().to_ascii_lowercase())
        .unwrap_or_default()
}

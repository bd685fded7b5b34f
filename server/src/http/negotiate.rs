//! What the caller accepts: JSON, and a version of the API that exists.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use doorstep_wire::Code;

use super::reject::Reject;

/// The version that is not deprecated, and is meant when none is named.
const CURRENT: u32 = 80;
/// Versions that older clients name and that mean the same here.
const DEPRECATED: &[u32] = &[51, 52, 53, 54, 60, 61, 62, 65, 70, 71];

const SUPPORTED_HEADER: HeaderName = HeaderName::from_static("api-version-supported");
const DEPRECATED_HEADER: HeaderName = HeaderName::from_static("api-deprecated");

/// What an order's events come as.
const STREAM: &str = "text/event-stream";

/// Refuses versions that do not exist and callers that take no JSON.
pub(crate) async fn negotiate(request: Request, next: Next) -> Response {
    let accept: Vec<_> = request
        .headers()
        .get_all(header::ACCEPT)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
        .collect();
    let accept = accept.join(",");
    let version = api_version(&accept);
    let deprecated = match version.as_deref().map(str::parse::<u32>) {
        None | Some(Ok(CURRENT)) => false,
        Some(Ok(version)) if DEPRECATED.contains(&version) => true,
        Some(_) => {
            let version = version.unwrap_or_default();
            return Reject::new(
                Code::UnsupportedVersion,
                format!("You requested an unsupported version ({version})"),
            )
            .with(SUPPORTED_HEADER, HeaderValue::from_static("false"))
            .into_response();
        }
    };
    let is_stream = request.uri().path().ends_with("/events") && accept.contains(STREAM);
    if !is_stream && !takes_json(&accept) {
        return Reject::new(
            Code::NotAcceptable,
            "the reply can only be JSON: accept application/json",
        )
        .into_response();
    }
    let mut response = next.run(request).await;
    if deprecated {
        response.headers_mut().insert(DEPRECATED_HEADER, HeaderValue::from_static("true"));
    }
    response
}

/// The value of the `api_version` parameter, if there is one.
fn api_version(accept: &str) -> Option<String> {
    let (_, rest) = accept.split_once("api_version=")?;
    let value: String = rest
        .trim_start_matches('"')
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .take(10)
        .collect();
    Some(value)
}

fn takes_json(accept: &str) -> bool {
    accept.trim().is_empty()
        || accept.split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let refused =
                parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
            let json = matches!(media, "*/*" | "application/*" | "application/json")
                || (media.starts_with("application/") && media.ends_with("+json"));
            json && !refused
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_found_in_what_clients_really_send() {
        for accept in [
            "",
            "*/*",
            "application/json; api_version=52",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "application/problem+json",
        ] {
            assert!(takes_json(accept), "{accept}");
        }
        for accept in ["application/xml", "text/html", "application/json;q=0"] {
            assert!(!takes_json(accept), "{accept}");
        }
    }

    #[test]
    fn versions_are_read_from_the_parameter() {
        assert_eq!(api_version("application/json; api_version=52"), Some("52".to_owned()));
        assert_eq!(api_version("application/json;api_version=\"80\""), Some("80".to_owned()));
        assert_eq!(api_version("application/json"), None);
    }
}

//! The isolated form: a page of ours that shows nothing but the form, for the
//! frames of registered origins.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse as _, Response},
};
use doorstep_register::frame_ancestors;
use doorstep_wire::Code;
use serde::Deserialize;

use super::{App, assets, reject::Reject};

/// The page's place in the build's list, and where it wants to read who may show it.
const PAGE: &str = "frame.html";
const EMBEDDERS: &str = "__DOORSTEP_EMBEDDERS__";

/// No inline script or style, no text that becomes script, nobody to talk to but
/// us. `'wasm-unsafe-eval'` lets WebAssembly compile and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; style-src 'self'; \
     img-src 'self' data:; form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'; frame-ancestors ";

/// The form copies the credential on request, and needs nothing else that a
/// browser can give.
pub(super) const PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "accelerometer=(), autoplay=(), bluetooth=(), browsing-topics=(), camera=(), clipboard-read=(), \
     clipboard-write=(self), display-capture=(), encrypted-media=(), fullscreen=(), gamepad=(), \
     geolocation=(), gyroscope=(), hid=(), identity-credentials-get=(), idle-detection=(), local-fonts=(), \
     magnetometer=(), microphone=(), midi=(), otp-credentials=(), payment=(), picture-in-picture=(), \
     publickey-credentials-create=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), \
     storage-access=(), sync-xhr=(), usb=(), web-share=(), window-management=(), xr-spatial-tracking=()",
);

/// An origin that is withdrawn is out after five minutes, half of what a
/// preflight's answer lasts; nobody's answer is anybody's secret. A refusal is
/// not kept: the operator registers the origin and the page works.
const ALLOWED_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=300");
const REFUSED_CACHE: HeaderValue = HeaderValue::from_static("no-store");

const FIXED: [(HeaderName, HeaderValue); 4] = [
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    // Nobody keeps a handle on the page when it is opened on its own.
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    // Pages that are isolated show only frames that say both: `frame-ancestors`
    // decides who may, and all that the page loads is its own.
    (
        HeaderName::from_static("cross-origin-embedder-policy"),
        HeaderValue::from_static("require-corp"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    ),
];

/// Who wants to show the form. Never with a token: addresses are logged.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Shown {
    client: Option<String>,
    origin: Option<String>,
}

/// `GET /v1/frame`
pub(crate) async fn page(
    State(app): State<App>,
    query: Result<Query<Shown>, QueryRejection>,
) -> Result<Response, Reject> {
    let page = assets::page(PAGE)
        .ok_or_else(|| Reject::new(Code::Unavailable, super::WIDGET_NOT_BUILT))?;
    // A query that cannot be read names nobody.
    let Shown { client, origin } = query.map(|Query(shown)| shown).unwrap_or_default();
    let mut origins = frame_ancestors(&app.context, client.as_deref(), origin.as_deref()).await?;
    origins.retain(|origin| is_source(origin));
    let embedders = origins.join(" ");
    let mut response = Html(page.replace(EMBEDDERS, &embedders)).into_response();
    let headers = response.headers_mut();
    headers.extend(FIXED);
    let refused = origins.is_empty();
    let ancestors = if refused { "'none'" } else { embedders.as_str() };
    let policy = HeaderValue::from_str(&format!("{POLICY}{ancestors}"))
        .map_err(|error| Reject::internal(format!("an origin is no header value: {error}")))?;
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::CACHE_CONTROL, if refused { REFUSED_CACHE } else { ALLOWED_CACHE });
    Ok(response)
}

/// Whether an origin can stand in a policy as what it is. Hosts may hold
/// characters that would end the directive or the attribute.
pub(super) fn is_source(origin: &str) -> bool {
    origin.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.-_[]".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::is_source;

    #[test]
    fn no_origin_ends_the_directive_or_the_attribute() {
        for origin in
            ["https://a.example", "http://127.0.0.1:8088", "https://xn--bcher-kva.example:1"]
        {
            assert!(is_source(origin), "{origin}");
        }
        for origin in
            ["https://a;script-src", "https://a,b", "https://a'b", "https://a\"b", "null *"]
        {
            assert!(!is_source(origin), "{origin}");
        }
    }
}

//! What describes the server: for programs the OpenAPI document, for people what each error
//! code means.

use std::fmt::Write as _;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use doorstep_wire::Code;

use super::{App, cached::Cached};
use crate::openapi;

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

/// `GET /docs/errors`: where the `type` of every problem leads.
pub(crate) async fn errors() -> Response {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Doorstep error codes</title></head>\
         <body><h1>Error codes</h1><dl>",
    );
    for code in Code::ALL {
        let again = if code.retry() { " The same request can succeed later." } else { "" };
        // Names and texts are ours and hold no markup.
        let _ = write!(
            page,
            "<dt id=\"{0}\"><code>{0}</code> ({1})</dt><dd>{2}{again}</dd>",
            code.name(),
            code.status(),
            code.doc().trim(),
        );
    }
    page.push_str("</dl></body></html>\n");
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

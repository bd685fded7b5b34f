//! Pages for people. For now one: what each error code means.

use std::fmt::Write as _;

use axum::{
    http::header,
    response::{IntoResponse as _, Response},
};
use doorstep_wire::Code;

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

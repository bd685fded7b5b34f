//! The playground: the form with every option to try, for those who put it into their
//! pages. It knows no secret of the operator's; a token is pasted, or comes from where
//! the settings say.

use std::sync::LazyLock;

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{Html, IntoResponse as _, Response},
};
use doorstep_wire::Code;

use super::{App, cached::Cached, frame::is_source, reject::Reject};

/// What is asked again with each view: a page for developers shows what is there now.
const CACHE: &str = "no-cache";

/// No inline script or style, no text that becomes script. The worker is the puzzle's,
/// started as on every page; the frame is our own form.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src blob:; style-src 'self'; \
     img-src 'self' data: https:; frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types doorstep-worker; connect-src 'self'";

const FIXED: [(HeaderName, HeaderValue); 2] = [
    (header::CACHE_CONTROL, HeaderValue::from_static(CACHE)),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// The page's files, by name.
static FILES: LazyLock<[(&str, Cached); 3]> = LazyLock::new(|| {
    let file = |media_type, text: &'static str| Cached::new(media_type, CACHE, text);
    [
        (
            "playground.js",
            file(
                "text/javascript; charset=utf-8",
                include_str!("../../templates/playground/playground.js"),
            ),
        ),
        (
            "playground.css",
            file(
                "text/css; charset=utf-8",
                include_str!("../../templates/playground/playground.css"),
            ),
        ),
        (
            "description.json",
            file("application/json", include_str!("../../../widget/description.json")),
        ),
    ]
});

#[derive(Template)]
#[template(path = "playground/page.html")]
struct Page<'a> {
    token_url: &'a str,
}

/// `GET /playground`
pub(crate) async fn page(State(app): State<App>) -> Result<Response, Reject> {
    let settings = enabled(&app)?;
    if !super::widget_is_built() {
        return Err(Reject::new(Code::Unavailable, super::WIDGET_NOT_BUILT));
    }
    let page = Page { token_url: settings.token_url.as_deref().unwrap_or_default() };
    let page = page
        .render()
        .map_err(|error| Reject::internal(format!("the playground cannot be drawn: {error}")))?;
    let from = settings.token_origin().filter(|origin| is_source(origin)).unwrap_or_default();
    let policy = HeaderValue::from_str(format!("{POLICY} {from}").trim_end())
        .map_err(|error| Reject::internal(format!("an origin is no header value: {error}")))?;
    let mut response = Html(page).into_response();
    response.headers_mut().extend(FIXED);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// `GET /playground/{file}`
pub(crate) async fn file(
    State(app): State<App>,
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Reject> {
    enabled(&app)?;
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let (_, file) = FILES
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| Reject::new(Code::NotFound, "the playground has no such file"))?;
    Ok(file.answer(&headers))
}

fn enabled(app: &App) -> Result<&crate::config::Playground, Reject> {
    let settings = &app.settings.playground;
    if settings.enabled {
        return Ok(settings);
    }
    let how = "the playground is off: the operator can set playground.enabled = true";
    Err(Reject::new(Code::NotFound, how))
}

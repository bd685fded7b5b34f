//! What surrounds every route: a request id, deadlines, headers, and the one
//! place where refusals get their body and failures are logged.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use doorstep_dialects::{Dialect, Reply};
use doorstep_wire::{Code, Problem, paths};
use tower_http::catch_panic::CatchPanicLayer;

use super::{
    App, confirm,
    doors::{Door, RequestId, respond},
    in_flight,
    reject::{Drawn, Reject, Rejected},
    routes, signup,
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

async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id: Arc<str> = request_id(&app, request.headers()).into();
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    let door = doorstep_dialects::at(request.uri().path());
    if let Some(door) = door {
        request.extensions_mut().insert(Door(door));
    }
    let is_for_people = request.uri().path() == paths::CONFIRM;
    let reader = (request.uri().path() == paths::SIGN_UP_PAGE)
        .then(|| signup::Reader::of(request.uri().query(), request.headers()));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);

    let deadline = Duration::from_secs(app.settings.limits.request_seconds);
    let answer = async {
        match check(&request) {
            Ok(()) => in_flight::admit(&app, request, next).await,
            Err(reject) => reject.into_response(),
        }
    };
    let mut response = match tokio::time::timeout(deadline, answer).await {
        Ok(response) => response,
        Err(_) => Reject::new(Code::Unavailable, "the request took too long here: try again")
            .with(header::RETRY_AFTER, HeaderValue::from_static("1"))
            .into_response(),
    };
    if let Some(rejected) = response.extensions_mut().remove::<Rejected>() {
        if let Some(cause) = &rejected.cause {
            tracing::error!(request_id = %id, %method, route, cause = %cause, "a request failed");
        }
        response = if response.extensions().get::<Drawn>().is_some() {
            response
        } else if let Some(reader) = reader {
            signup::refusal(&app, response, &rejected, reader)
        } else if is_for_people {
            confirm::refusal(&app, response, &rejected, &id)
        } else {
            render(&app, response, &rejected, door, &id)
        };
    }
    finish(response.headers_mut(), &id);
    if response.status() == StatusCode::TOO_MANY_REQUESTS {
        // Who is told to wait does not keep a place meanwhile.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }

    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    app.tallies.count(label(&method), route, status, elapsed);
    tracing::info!(request_id = %id, %method, route, status, elapsed_us = elapsed.as_micros(), "request");
    response
}

/// The longest path that we have is forty bytes; this is what proxies allow.
const URI_BYTES: usize = 8 * 1024;

/// What must hold for every request, whatever its route.
fn check(request: &Request) -> Result<(), Reject> {
    let uri = request.uri();
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    if authority + uri.path_and_query().map_or(0, |rest| rest.as_str().len()) > URI_BYTES {
        return Err(Reject::new(
            Code::UriTooLong,
            format!("the URL is longer than {URI_BYTES} bytes"),
        ));
    }
    // RFC 9112 §3.2: exactly one, or two servers could disagree about the target.
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if request.version() == Version::HTTP_11 && hosts != 1 {
        return Err(Reject::new(Code::InvalidRequest, "send exactly one Host header"));
    }
    Ok(())
}

/// A method as a label. Anybody can make up methods, and each label is kept for ever.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
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

/// Writes a refusal's body, in the words of the door at which it was met. The headers
/// stay: when to try again and how to authenticate is said in the same way at each.
fn render(
    app: &App,
    response: Response,
    rejected: &Rejected,
    door: Option<&Dialect>,
    id: &str,
) -> Response {
    let problem = Problem { request_id: Some(id.to_owned()), ..Problem::clone(&rejected.problem) };
    let reply = match door {
        Some(door) => (door.refused)(rejected.code, &problem, &app.door_context(id)),
        None => Reply::problem(&problem),
    };
    let (parts, _) = response.into_parts();
    let mut rendered = respond(reply);
    let said = std::mem::take(rendered.headers_mut());
    *rendered.headers_mut() = parts.headers;
    rendered.headers_mut().remove(header::CONTENT_LENGTH);
    rendered.headers_mut().extend(said);
    *rendered.extensions_mut() = parts.extensions;
    rendered
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
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
}

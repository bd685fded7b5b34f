//! The doors of [`DIALECTS`](doorstep_dialects::DIALECTS): one way through all of them,
//! and none of them by name.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, State},
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use doorstep_accounts::Fingerprint;
use doorstep_dialects::{Dialect, DoorContext, Made, Reply};
use doorstep_register::{self as register, Keyed};
use doorstep_wire::Code;
use serde_json::{Map, Value};

use super::{
    App,
    caller::Caller,
    extract::{Body, media_type},
    reject::Reject,
    users::{answer_keyed, idempotency_key, own_id, require_json},
};

/// The door that a request came to. Requests to other paths have none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Door(pub(crate) &'static Dialect);

impl Door {
    /// The request's door, if its path is below one's.
    pub(crate) fn of(extensions: &Extensions) -> Option<&'static Dialect> {
        extensions.get::<Self>().map(|door| door.0)
    }
}

impl<S: Sync> FromRequestParts<S> for Door {
    type Rejection = Reject;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Reject> {
        let door = parts.extensions.get::<Self>().copied();
        door.ok_or_else(|| Reject::internal("a handler asks for the door of a path without one"))
    }
}

/// What finds the request in the log.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) Arc<str>);

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Reject;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Reject> {
        let id = parts.extensions.get::<Self>().cloned();
        id.ok_or_else(|| Reject::internal("a handler asks for the id of a request without one"))
    }
}

impl App {
    /// What a dialect has to know beside the request.
    pub(crate) fn door_context<'a>(&'a self, request_id: &'a str) -> DoorContext<'a> {
        let default_locale = &self.context.terms.default_locale;
        DoorContext { public_url: self.public_url(), request_id, default_locale }
    }
}

/// `POST` where a dialect makes users.
pub(crate) async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    Door(door): Door,
    RequestId(id): RequestId,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Reject> {
    let admin = own_id(&caller)?;
    let body = document(door, &headers, &body)?;
    let context = app.door_context(&id);
    let catalog = app.context.catalog().await?;
    let form = (door.decode)(&body, &catalog)?;
    tracing::debug!(request_id = &*id, ignored = ?form.ignored, "read a new user");
    let keyed = keyed(door, &headers, door.create[0], admin, &body)?;
    let made = register::create_user(&app.context, admin, &form, keyed.as_ref()).await?;
    let register::ManagedOutcome { managed, replayed } = &made;
    let made = Made { managed, form: &form, replayed: *replayed };
    let mut response = respond((door.created)(&made, &context));
    answer_keyed(&mut response, &headers, *replayed);
    Ok(response)
}

/// The body as a JSON document, whichever of the media types that the door takes it has.
pub(crate) fn document<'a>(
    door: &Dialect,
    headers: &HeaderMap,
    body: &'a [u8],
) -> Result<std::borrow::Cow<'a, [u8]>, Reject> {
    if !door.takes_forms {
        require_json(headers)?;
        return Ok(body.into());
    }
    if media_type(headers) == "application/x-www-form-urlencoded" {
        let members: Map<_, _> = url::form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect();
        return Ok(Value::Object(members).to_string().into_bytes().into());
    }
    require_json(headers).map_err(|_| {
        Reject::new(
            Code::UnsupportedMediaType,
            "send the body as JSON or as a form, with Content-Type: application/json or application/x-www-form-urlencoded",
        )
    })?;
    Ok(body.into())
}

/// The administrator's key for a request to a path, if one was sent.
pub(crate) fn keyed(
    door: &Dialect,
    headers: &HeaderMap,
    path: &str,
    admin: i64,
    body: &[u8],
) -> Result<Option<Keyed>, Reject> {
    let Some(key) = idempotency_key(headers)? else { return Ok(None) };
    let canonical = (door.fingerprint)(body)?;
    let parts = ["POST", path, &admin.to_string(), &canonical];
    Ok(Some(Keyed { key, fingerprint: Fingerprint::of(&parts.map(str::as_bytes)) }))
}

/// A dialect's answer as a response.
pub(crate) fn respond(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response =
        (status, [(header::CONTENT_TYPE, reply.media_type)], reply.body).into_response();
    let location = reply.location.and_then(|location| HeaderValue::try_from(location).ok());
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

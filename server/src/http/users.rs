//! The user API: bytes to a use-case, its outcome to bytes.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use doorstep_accounts::{Principal, Refusal, Scope, Subject};
use doorstep_dialects::native;
use doorstep_register as register;
use doorstep_wire::{Code, paths};
use serde_json::json;

use super::{
    App,
    caller::Caller,
    extract::{Body, media_type},
    reject::{Reject, json as reply},
};

/// `POST /api/users`
pub(crate) async fn sign_up(
    State(app): State<App>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Reject> {
    require_json(&headers)?;
    let application = native::decode_sign_up(&body)?;
    let created = register::sign_up(&app.context, &caller, application).await;
    metrics::counter!("doorstep_sign_ups_total", "outcome" => match &created {
        Ok(_) => "created",
        Err(register::Error::Refused(refusal)) => refusal.code().name(),
        Err(register::Error::Failed(_)) => "failed",
    })
    .increment(1);
    let mut response = reply(StatusCode::CREATED, &native::encode_created(&created?));
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(paths::USERS));
    Ok(response)
}

/// `GET /api/users`
pub(crate) async fn show(
    State(app): State<App>,
    Caller(caller): Caller,
) -> Result<Response, Reject> {
    let id = own_id(&caller, Scope::ProfileRead)?;
    let user = app.context.store.read().await?.conn().user(id).await?;
    let user = user.ok_or(Refusal::InvalidCredential)?;
    let body = native::profile(&user, &app.plan, &app.settings.accounts.timezone);
    Ok(reply(StatusCode::OK, &body))
}

/// `PATCH /api/users`
pub(crate) async fn change(
    State(app): State<App>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Reject> {
    let id = own_id(&caller, Scope::ProfileUpdate)?;
    require_json(&headers)?;
    let change = native::decode_change(&body)?;
    register::change_account(&app.context, id, change).await?;
    // The documented contract's whole answer.
    Ok(reply(StatusCode::OK, &json!({})))
}

/// The caller's own account. A client's token speaks for nobody.
fn own_id(caller: &Principal, needed: Scope) -> Result<i64, Refusal> {
    match caller.subject {
        Subject::User { user_id, .. } => Ok(user_id),
        Subject::App { .. } => Err(Refusal::InsufficientScope { needed }),
    }
}

fn require_json(headers: &HeaderMap) -> Result<(), Reject> {
    let media = media_type(headers);
    if media == "application/json"
        || (media.starts_with("application/") && media.ends_with("+json"))
    {
        Ok(())
    } else {
        Err(Reject::new(
            Code::UnsupportedMediaType,
            "send the body as JSON, with Content-Type: application/json",
        ))
    }
}

//! Sign-ups that wait: bytes to a use-case, its outcome to bytes.

use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use doorstep_accounts::{Fingerprint, Principal, Subject};
use doorstep_dialects::native;
use doorstep_register::{self as register, Decider, Held, Keyed};
use doorstep_wire::{
    Code, paths,
    pending::{PendingSignedUp, PendingStatus},
};

use super::{
    App,
    caller::Caller,
    extract::Body,
    metered::Metered,
    reject::{Reject, json as reply},
    users::{created_response, idempotency_key},
};

/// The answer to a sign-up that waits: `202`, for nothing has been made yet.
pub(crate) fn accepted(held: &Held) -> Response {
    let sign_up = PendingStatus {
        id: held.id.clone(),
        status: doorstep_accounts::pending::PENDING.to_owned(),
        expires_in: held.expires_in,
    };
    reply(StatusCode::ACCEPTED, &PendingSignedUp { sign_up })
}

/// `GET /api/signups?status=pending&after=sup_…`
pub(crate) async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Reject> {
    let decider = reader(&caller)?;
    let (mut status, mut after) = ("pending".to_owned(), String::new());
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "status" => status = value.into_owned(),
            "after" => after = value.into_owned(),
            _ => {}
        }
    }
    if !["pending", "confirmed", "rejected"].contains(&status.as_str()) || after.contains('\0') {
        return Err(Reject::new(
            Code::InvalidRequest,
            "status must be pending, confirmed or rejected, and after an id of this list",
        ));
    }
    let page = register::list_sign_ups(&app.context, &decider, &status, &after).await?;
    Ok(reply(StatusCode::OK, &native::encode_pending(&page.sign_ups, page.more)))
}

/// `POST /api/signups/{id}/confirm`: answers as `POST /api/users` does.
pub(crate) async fn confirm(
    State(app): State<App>,
    Caller(caller): Caller,
    Metered(meter): Metered,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(_): Body,
) -> Result<Response, Reject> {
    let decider = Decider::try_from(&caller)?;
    // An administrator's keys are kept with the client that the sign-up came from.
    let who = decider.to_string();
    let keyed = idempotency_key(&headers)?.map(|key| {
        let parts =
            [b"POST", paths::PENDING_SIGN_UP_CONFIRM.as_bytes(), who.as_bytes(), id.as_bytes()];
        Keyed { key, fingerprint: Fingerprint::of(&parts) }
    });
    let created =
        register::confirm_sign_up(&app.context, &meter, &decider, &id, keyed.as_ref()).await?;
    Ok(created_response(&created, &headers))
}

/// `DELETE /api/signups/{id}`
pub(crate) async fn reject(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<Response, Reject> {
    let decider = Decider::try_from(&caller)?;
    register::reject_sign_up(&app.context, &decider, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Reading takes less than deciding: of an administrator, `admin_read`.
fn reader(caller: &Principal) -> Result<Decider, Reject> {
    match caller.subject {
        Subject::User { user_id, .. } => Ok(Decider::Admin(user_id)),
        Subject::App { .. } => Ok(Decider::try_from(caller)?),
    }
}

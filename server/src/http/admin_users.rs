//! Users, for administrators; how they are made is in `doors`.

use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use doorstep_accounts::Refusal;
use doorstep_dialects::compute_stacks_admin as dialect;
use doorstep_register::{self as register, Asker, Eraser};
use doorstep_wire::paths;
use serde_json::json;

use super::{
    App,
    caller::Caller,
    credentials::user_number,
    extract::Body,
    metered::Metered,
    paging::{Page, pairs, value},
    reject::{Reject, json as reply},
    users::{asked, own_id, require_json},
};

type Answer = Result<Response, Reject>;

/// `GET /api/admin/users`
pub(crate) async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let query = pairs(query.as_deref());
    let page = Page::read(&query)?;
    let (users, total) = register::list_users(&app.context, page.offset(), page.size).await?;
    let with_balance = value(&query, "include")
        .is_some_and(|included| included.split(',').any(|what| what == "balance"));
    let mut response = reply(StatusCode::OK, &dialect::encode_users(&users, with_balance));
    page.tell(&mut response, &format!("{}{}", app.public_url(), paths::ADMIN_USERS), total);
    Ok(response)
}

/// `GET /api/admin/users/{id}`
pub(crate) async fn show(
    State(app): State<App>,
    Path(user): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let lookup = dialect::decode_lookup(&user, &pairs(query.as_deref()))?;
    let lookup = lookup.ok_or(Refusal::UserNotFound)?;
    let found = register::find_user(&app.context, &lookup).await?;
    Ok(reply(StatusCode::OK, &dialect::encode_user(&found, None)))
}

/// `PATCH` and `PUT /api/admin/users/{id}`
pub(crate) async fn change(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(user): Path<String>,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    let (admin, user) = (own_id(&caller)?, user_number(&user)?);
    require_json(&headers)?;
    let form = dialect::decode_update(&body)?;
    let changed = register::change_user(&app.context, admin, user, &form).await?;
    Ok(reply(StatusCode::OK, &dialect::encode_user(&changed, Some(&form))))
}

/// `DELETE /api/admin/users/{id}`
pub(crate) async fn erase(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(user): Path<String>,
) -> Answer {
    let eraser = Eraser::Admin(own_id(&caller)?);
    register::erase_user(&app.context, eraser, user_number(&user)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /api/admin/users/{id}/confirmation`
pub(crate) async fn ask_again(
    State(app): State<App>,
    Caller(caller): Caller,
    Metered(meter): Metered,
    Path(user): Path<String>,
    Body(_): Body,
) -> Answer {
    let asker = Asker::Admin { admin_id: own_id(&caller)?, user_id: user_number(&user)? };
    Ok(asked(register::ask_again(&app.context, &meter, asker).await?))
}

/// `POST /api/admin/users/{id}/suspension`
pub(crate) async fn suspend(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(user): Path<String>,
) -> Answer {
    register::set_suspension(&app.context, own_id(&caller)?, user_number(&user)?, true).await?;
    Ok(reply(StatusCode::ACCEPTED, &json!({})))
}

/// `DELETE /api/admin/users/{id}/suspension`
pub(crate) async fn unsuspend(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(user): Path<String>,
) -> Answer {
    register::set_suspension(&app.context, own_id(&caller)?, user_number(&user)?, false).await?;
    Ok(reply(StatusCode::ACCEPTED, &json!({})))
}

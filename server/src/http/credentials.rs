//! API credentials: one's own, and for administrators those of any user.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use doorstep_accounts::{Principal, Refusal, Subject};
use doorstep_dialects::native::{
    Description, decode_description, encode_credential, encode_credentials,
};
use doorstep_register::{self as register, CredentialChange, Manager, NewCredential};

use super::{
    App,
    caller::Caller,
    extract::Body,
    reject::{Reject, json as reply},
    users::{own_id, require_json},
};

type Answer = Result<Response, Reject>;

/// `GET /api/users/api_credentials`
pub(crate) async fn list_own(State(app): State<App>, Caller(caller): Caller) -> Answer {
    list(&app, own_id(&caller)?).await
}

/// `GET /api/admin/users/{id}/api_credentials`
pub(crate) async fn list_of(State(app): State<App>, Path(user): Path<String>) -> Answer {
    list(&app, user_number(&user)?).await
}

/// `POST /api/users/api_credentials`
pub(crate) async fn add_own(
    State(app): State<App>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    add(&app, &caller, own_id(&caller)?, &headers, &body).await
}

/// `POST /api/admin/users/{id}/api_credentials` and `/api/users/{id}/api_credentials`
pub(crate) async fn add_for(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(user): Path<String>,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    add(&app, &caller, user_number(&user)?, &headers, &body).await
}

/// `GET …/api_credentials/{id}`
pub(crate) async fn show_own(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(credential): Path<String>,
) -> Answer {
    show(&app, own_id(&caller)?, number(&credential)?).await
}

/// The same, for administrators.
pub(crate) async fn show_of(
    State(app): State<App>,
    Path((user, credential)): Path<(String, String)>,
) -> Answer {
    show(&app, user_number(&user)?, number(&credential)?).await
}

/// `PATCH …/api_credentials/{id}`
pub(crate) async fn change_own(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(credential): Path<String>,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    let user = own_id(&caller)?;
    change(&app, &caller, (user, number(&credential)?), &headers, &body).await
}

/// The same, for administrators.
pub(crate) async fn change_of(
    State(app): State<App>,
    Caller(caller): Caller,
    Path((user, credential)): Path<(String, String)>,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    let ids = (user_number(&user)?, number(&credential)?);
    change(&app, &caller, ids, &headers, &body).await
}

/// `POST …/api_credentials/{id}/rotate`
pub(crate) async fn rotate_own(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(credential): Path<String>,
) -> Answer {
    rotate(&app, &caller, own_id(&caller)?, number(&credential)?).await
}

/// The same, for administrators.
pub(crate) async fn rotate_of(
    State(app): State<App>,
    Caller(caller): Caller,
    Path((user, credential)): Path<(String, String)>,
) -> Answer {
    rotate(&app, &caller, user_number(&user)?, number(&credential)?).await
}

/// `DELETE …/api_credentials/{id}`
pub(crate) async fn revoke_own(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(credential): Path<String>,
) -> Answer {
    revoke(&app, &caller, own_id(&caller)?, number(&credential)?).await
}

/// The same, for administrators.
pub(crate) async fn revoke_of(
    State(app): State<App>,
    Caller(caller): Caller,
    Path((user, credential)): Path<(String, String)>,
) -> Answer {
    revoke(&app, &caller, user_number(&user)?, number(&credential)?).await
}

async fn list(app: &App, user: i64) -> Answer {
    let credentials = register::list_credentials(&app.context, user).await?;
    Ok(reply(StatusCode::OK, &encode_credentials(&credentials, app.context.clock.now())))
}

async fn show(app: &App, user: i64, number: i64) -> Answer {
    let credential = register::show_credential(&app.context, user, number).await?;
    Ok(reply(StatusCode::OK, &encode_credential(&credential, None, app.context.clock.now())))
}

async fn add(app: &App, caller: &Principal, user: i64, headers: &HeaderMap, body: &[u8]) -> Answer {
    let now = app.context.clock.now();
    let Description { name, expires_at } = describe(app, headers, body)?;
    let new = NewCredential { name, expires_at: expires_at.flatten() };
    let (credential, password) = match manager(caller) {
        // A client may only put a new one in the place of those that are there.
        Manager::Client(id) => register::reissue_credential(&app.context, &id, user, new).await?,
        manager @ Manager::User { .. } => {
            register::add_credential(&app.context, &manager, user, new).await?
        }
    };
    Ok(reply(StatusCode::CREATED, &encode_credential(&credential, Some(&password), now)))
}

async fn change(
    app: &App,
    caller: &Principal,
    (user, number): (i64, i64),
    headers: &HeaderMap,
    body: &[u8],
) -> Answer {
    let Description { name, expires_at } = describe(app, headers, body)?;
    let change = CredentialChange { name, expires_at };
    let credential =
        register::change_credential(&app.context, &manager(caller), user, number, change).await?;
    Ok(reply(StatusCode::OK, &encode_credential(&credential, None, app.context.clock.now())))
}

async fn rotate(app: &App, caller: &Principal, user: i64, number: i64) -> Answer {
    let (credential, password) =
        register::rotate_credential(&app.context, &manager(caller), user, number).await?;
    let now = app.context.clock.now();
    Ok(reply(StatusCode::OK, &encode_credential(&credential, Some(&password), now)))
}

async fn revoke(app: &App, caller: &Principal, user: i64, number: i64) -> Answer {
    register::revoke_credential(&app.context, &manager(caller), user, number).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A body is wanted for what it says, not for being there.
fn describe(app: &App, headers: &HeaderMap, body: &[u8]) -> Result<Description, Reject> {
    if !body.is_empty() {
        require_json(headers)?;
    }
    Ok(decode_description(body, app.context.clock.now())?)
}

fn manager(caller: &Principal) -> Manager {
    match &caller.subject {
        Subject::App { client_id } => Manager::Client(client_id.clone()),
        Subject::User { user_id, credential_id } => {
            Manager::User { user_id: *user_id, credential_id: credential_id.clone() }
        }
    }
}

pub(crate) fn user_number(text: &str) -> Result<i64, Refusal> {
    decimal(text).ok_or(Refusal::UserNotFound)
}

fn number(text: &str) -> Result<i64, Refusal> {
    decimal(text).ok_or(Refusal::CredentialNotFound)
}

/// A number as the server writes it. One user has one path: `+1` and `01` would get
/// around whatever stands before the server and knows paths by their text.
fn decimal(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn a_number_has_one_form() {
        assert_eq!(decimal("1"), Some(1));
        assert_eq!(decimal("10"), Some(10));
        for text in ["", "+1", "-1", "01", "0", " 1", "1 ", "\u{661}", "9223372036854775808"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }
}

//! Users, for administrators.

use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use doorstep_accounts::{Fingerprint, Refusal};
use doorstep_dialects::compute_stacks_admin as dialect;
use doorstep_register::{self as register, Eraser, Keyed};
use doorstep_wire::{Code, paths};
use serde_json::json;

use super::{
    App,
    caller::Caller,
    credentials::user_number,
    extract::Body,
    reject::{Reject, json as reply},
    users::{answer_keyed, idempotency_key, own_id, require_json},
};

type Answer = Result<Response, Reject>;

const PER_PAGE: HeaderName = HeaderName::from_static("per-page");
const TOTAL: HeaderName = HeaderName::from_static("total");

/// Users on a page for which no number was named; as many as fit a screen.
const DEFAULT_PER_PAGE: i64 = 25;
/// The most: a page of this many large profiles is some megabytes.
const MOST_PER_PAGE: i64 = 100;
/// So that a page's number times its size is no overflow.
const MOST_PAGES: i64 = 1_000_000_000;

/// `POST /api/admin/users`
pub(crate) async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    let admin = own_id(&caller)?;
    require_json(&headers)?;
    let form = dialect::decode_create(&body)?;
    let keyed = match idempotency_key(&headers)? {
        None => None,
        Some(key) => {
            let canonical = dialect::without_passwords(&body)?;
            let admin = admin.to_string();
            let parts = ["POST", paths::ADMIN_USERS, &admin, &canonical];
            Some(Keyed { key, fingerprint: Fingerprint::of(&parts.map(str::as_bytes)) })
        }
    };
    let made = register::create_user(&app.context, admin, &form, keyed.as_ref()).await?;
    let mut response =
        reply(StatusCode::CREATED, &dialect::encode_user(&made.managed, Some(&form)));
    answer_keyed(&mut response, &headers, made.replayed);
    let location = format!("{}/{}", paths::ADMIN_USERS, made.managed.user.id);
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `GET /api/admin/users`
pub(crate) async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let query = pairs(query.as_deref());
    let number = |name: &str, default: i64, most: i64| match value(&query, name) {
        None | Some("") => Ok(default),
        Some(text) => {
            let number = text.parse::<i64>().ok().filter(|number| (1..=most).contains(number));
            number.ok_or_else(|| {
                let message = format!("{name} must be a number from 1 to {most}");
                Reject::new(Code::InvalidRequest, message)
            })
        }
    };
    let page = number("page", 1, MOST_PAGES)?;
    let per_page = number("per_page", DEFAULT_PER_PAGE, MOST_PER_PAGE)?;
    let offset = (page - 1).saturating_mul(per_page);
    let (users, total) = register::list_users(&app.context, offset, per_page).await?;
    let with_balance = value(&query, "include")
        .is_some_and(|included| included.split(',').any(|what| what == "balance"));
    let mut response = reply(StatusCode::OK, &dialect::encode_users(&users, with_balance));
    let headers = response.headers_mut();
    headers.insert(PER_PAGE, HeaderValue::from(per_page));
    headers.insert(TOTAL, HeaderValue::from(total));
    if let Ok(links) = HeaderValue::from_str(&links(app.public_url(), page, per_page, total)) {
        headers.insert(header::LINK, links);
    }
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

fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
}

fn value<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// The pages around this one (RFC 8288).
fn links(public_url: &str, page: i64, per_page: i64, total: i64) -> String {
    let last = ((total + per_page - 1) / per_page).max(1);
    let around = [
        ("first", 1, true),
        ("prev", (page - 1).min(last), page > 1),
        ("next", page + 1, page < last),
        ("last", last, true),
    ];
    let links: Vec<_> = around
        .into_iter()
        .filter(|(_, _, there)| *there)
        .map(|(rel, page, _)| {
            let path = paths::ADMIN_USERS;
            format!("<{public_url}{path}?page={page}&per_page={per_page}>; rel=\"{rel}\"")
        })
        .collect();
    links.join(", ")
}

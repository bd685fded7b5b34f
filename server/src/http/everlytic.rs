//! `/api/2.0`: users of customers, and customers; how users are made is in `doors`.

use axum::{
    extract::{Path, RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use doorstep_accounts::{Lookup, Refusal};
use doorstep_dialects::everlytic as dialect;
use doorstep_register::{self as register, Eraser};
use doorstep_wire::{Code, paths};

use super::{
    App,
    caller::Caller,
    credentials::user_number,
    doors::{Door, RequestId, document, keyed, respond},
    extract::Body,
    paging::{Page, pairs, value},
    reject::Reject,
    users::{answer_keyed, own_id},
};

type Answer = Result<Response, Reject>;

/// `GET /api/2.0`
pub(crate) async fn home(State(app): State<App>, RequestId(id): RequestId) -> Response {
    respond(dialect::home(&app.door_context(&id)))
}

/// `GET /api/2.0/users`: all of them, those of one customer, or the one of a username.
pub(crate) async fn users(
    State(app): State<App>,
    RequestId(id): RequestId,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = pairs(query.as_deref());
    let page = Page::read(&query)?;
    let username = value(&query, "username").filter(|name| !name.is_empty());
    // PostgreSQL takes no text with a NUL in it, and no username has one.
    let is_plain = username.is_none_or(|name| !name.chars().any(char::is_control));
    let customer_id = match value(&query, "customer_id") {
        None | Some("") => None,
        Some(text) => Some(
            text.parse::<i64>()
                .map_err(|_| Reject::new(Code::InvalidRequest, "customer_id must be a number"))?,
        ),
    };
    let (users, total) = if is_plain {
        let at = (page.offset(), page.size);
        register::list_customers_users(&app.context, username, customer_id, at).await?
    } else {
        (Vec::new(), 0)
    };
    let asked: Vec<_> = query.iter().filter(|(name, _)| !is_paging(name)).collect();
    let links = links(&app, paths::EVERLYTIC_USERS, &asked, page, total);
    Ok(respond(dialect::encode_users(&users, &links, &app.door_context(&id))))
}

/// `GET /api/2.0/users/{id}`
pub(crate) async fn user(
    State(app): State<App>,
    RequestId(id): RequestId,
    Path(user): Path<String>,
) -> Answer {
    let user = of_customer(&app, user_number(&user)?).await?;
    Ok(respond(dialect::encode_user(&user, &app.door_context(&id))))
}

/// `PUT /api/2.0/users/{id}`
pub(crate) async fn change_user(
    State(app): State<App>,
    Caller(caller): Caller,
    Door(door): Door,
    RequestId(id): RequestId,
    Path(user): Path<String>,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    let (admin, user) = (own_id(&caller)?, user_number(&user)?);
    let body = document(door, &headers, &body)?;
    let context = app.door_context(&id);
    let form = dialect::decode_user_change(&body, context.default_locale)?;
    let changed = register::change_user(&app.context, admin, user, &form).await?;
    Ok(respond(dialect::encode_user(&changed, &context)))
}

/// `DELETE /api/2.0/users/{id}`: erases the user, as everywhere.
pub(crate) async fn delete_user(
    State(app): State<App>,
    Caller(caller): Caller,
    RequestId(id): RequestId,
    Path(user): Path<String>,
) -> Answer {
    let (admin, user) = (own_id(&caller)?, user_number(&user)?);
    of_customer(&app, user).await?;
    register::erase_user(&app.context, Eraser::Admin(admin), user).await?;
    Ok(respond(dialect::nothing(&app.door_context(&id))))
}

/// The user of that number, if this API knows it: users of no customer are not its.
async fn of_customer(app: &App, id: i64) -> Result<doorstep_accounts::ManagedUser, Reject> {
    let found = register::find_user(&app.context, &Lookup::Id(id)).await?;
    if found.membership.is_some() { Ok(found) } else { Err(Refusal::UserNotFound.into()) }
}

/// `POST /api/2.0/customers`
pub(crate) async fn create_customer(
    State(app): State<App>,
    Caller(caller): Caller,
    Door(door): Door,
    RequestId(id): RequestId,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    let admin = own_id(&caller)?;
    let body = document(door, &headers, &body)?;
    let form = dialect::decode_customer(&body)?;
    let keyed = keyed(door, &headers, paths::EVERLYTIC_CUSTOMERS, admin, &body)?;
    let made = register::create_customer(&app.context, admin, &form, keyed.as_ref()).await?;
    let context = app.door_context(&id);
    let reply = dialect::encode_customer((201, &made.customer), Some(&form), &context);
    let mut response = respond(reply);
    answer_keyed(&mut response, &headers, made.replayed);
    Ok(response)
}

/// `GET /api/2.0/customers`
pub(crate) async fn customers(
    State(app): State<App>,
    RequestId(id): RequestId,
    RawQuery(query): RawQuery,
) -> Answer {
    let page = Page::read(&pairs(query.as_deref()))?;
    let (customers, total) =
        register::list_customers(&app.context, page.offset(), page.size).await?;
    let links = links(&app, paths::EVERLYTIC_CUSTOMERS, &[], page, total);
    Ok(respond(dialect::encode_customers(&customers, &links, &app.door_context(&id))))
}

/// `GET /api/2.0/customers/{id}`
pub(crate) async fn customer(
    State(app): State<App>,
    RequestId(id): RequestId,
    Path(customer): Path<String>,
) -> Answer {
    let customer = register::find_customer(&app.context, customer_number(&customer)?).await?;
    Ok(respond(dialect::encode_customer((200, &customer), None, &app.door_context(&id))))
}

/// `PUT /api/2.0/customers/{id}`
pub(crate) async fn change_customer(
    State(app): State<App>,
    Caller(caller): Caller,
    Door(door): Door,
    RequestId(id): RequestId,
    Path(customer): Path<String>,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    let (admin, customer) = (own_id(&caller)?, customer_number(&customer)?);
    let body = document(door, &headers, &body)?;
    let form = dialect::decode_customer_change(&body)?;
    let changed = register::change_customer(&app.context, admin, customer, &form).await?;
    let context = app.door_context(&id);
    Ok(respond(dialect::encode_customer((200, &changed), Some(&form), &context)))
}

/// `DELETE /api/2.0/customers/{id}`: gone from lists, and back with another status.
pub(crate) async fn delete_customer(
    State(app): State<App>,
    Caller(caller): Caller,
    RequestId(id): RequestId,
    Path(customer): Path<String>,
) -> Answer {
    let (admin, customer) = (own_id(&caller)?, customer_number(&customer)?);
    let form = doorstep_accounts::CustomerForm {
        status: Some(doorstep_accounts::CustomerStatus::Deleted),
        ..Default::default()
    };
    register::change_customer(&app.context, admin, customer, &form).await?;
    Ok(respond(dialect::nothing(&app.door_context(&id))))
}

fn customer_number(text: &str) -> Result<i64, Refusal> {
    user_number(text).map_err(|_| Refusal::CustomerNotFound)
}

fn is_paging(name: &str) -> bool {
    matches!(name, "page" | "per_page")
}

/// Where this page is and those around it are, with what else was asked.
fn links(
    app: &App,
    path: &str,
    asked: &[&(String, String)],
    page: Page,
    total: i64,
) -> Vec<dialect::Link> {
    let url = |number: i64| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(asked.iter().map(|(name, value)| (name, value)));
        query.append_pair("page", &number.to_string());
        query.append_pair("per_page", &page.size.to_string());
        format!("{}{path}?{}", app.public_url(), query.finish())
    };
    let own = std::iter::once(("self", page.number()));
    own.chain(page.around(total))
        .map(|(rel, number)| dialect::Link { rel, href: url(number) })
        .collect()
}

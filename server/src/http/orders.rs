//! Orders, for those whose they are.

use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use doorstep_accounts::Secret;
use doorstep_dialects::compute_stacks_orders as dialect;
use doorstep_register::{self as register, OrderRequest};
use doorstep_wire::paths;
use serde_json::Value;

use super::{
    App,
    caller::Caller,
    extract::Body,
    paging::{Page, pairs},
    reject::{Reject, json as reply},
    users::{answer_keyed, idempotency_key, own_id, require_json},
};

type Answer = Result<Response, Reject>;

/// `POST /api/orders`
pub(crate) async fn place(
    State(app): State<App>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Body(body): Body,
) -> Answer {
    let user = own_id(&caller)?;
    require_json(&headers)?;
    let draft = dialect::decode_order(&body)?;
    let canonical = serde_json::from_slice::<Value>(&body)
        .map(|body| Secret::new(body.to_string()))
        .map_err(|error| Reject::internal(format!("a decoded body does not parse: {error}")))?;
    let request = OrderRequest { draft, canonical, key: idempotency_key(&headers)? };
    let placed = register::place_order(&app.context, user, request).await;
    metrics::counter!("doorstep_orders_placed_total", "outcome" => match &placed {
        Ok(placed) if placed.replayed => "replayed",
        Ok(_) => "placed",
        Err(register::Error::Refused(refusal)) => refusal.code().name(),
        Err(register::Error::Failed(_)) => "failed",
    })
    .increment(1);
    let placed = placed?;
    let body = dialect::encode_placed(&placed.order, placed.ignored);
    let mut response = reply(StatusCode::CREATED, &body);
    answer_keyed(&mut response, &headers, placed.replayed);
    let location = format!("{}/{}", paths::ORDERS, placed.order.id);
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `GET /api/orders`
pub(crate) async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    RawQuery(query): RawQuery,
) -> Answer {
    let user = own_id(&caller)?;
    let page = Page::read(&pairs(query.as_deref()))?;
    let (orders, total) =
        register::list_orders(&app.context, user, page.offset(), page.size).await?;
    let mut response = reply(StatusCode::OK, &dialect::encode_orders(&orders));
    page.tell(&mut response, &format!("{}{}", app.public_url(), paths::ORDERS), total);
    Ok(response)
}

/// `GET /api/orders/{id}`
pub(crate) async fn show(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Answer {
    let order = register::find_order(&app.context, own_id(&caller)?, &id).await?;
    Ok(reply(StatusCode::OK, &dialect::encode_order(&order)))
}

/// `POST /api/orders/{id}/cancel`
pub(crate) async fn cancel(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Body(_): Body,
) -> Answer {
    let order = register::cancel_order(&app.context, own_id(&caller)?, &id).await?;
    Ok(reply(StatusCode::OK, &dialect::encode_order(&order)))
}

/// `POST /api/orders/{id}/retry`
pub(crate) async fn retry(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Body(_): Body,
) -> Answer {
    let order = register::retry_order(&app.context, own_id(&caller)?, &id).await?;
    Ok(reply(StatusCode::ACCEPTED, &dialect::encode_order(&order)))
}

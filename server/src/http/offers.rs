//! What can be ordered: products, locations, images. Also for those who have no account
//! yet.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use doorstep_accounts::{Principal, Refusal, order::OrderRefusal};
use doorstep_dialects::compute_stacks_orders as dialect;
use doorstep_register::{self as register, Audience};

use super::{
    App,
    caller::Caller,
    reject::{Reject, json as reply},
};

type Answer = Result<Response, Reject>;

/// `GET /api/products`
pub(crate) async fn products(State(app): State<App>, Caller(caller): Caller) -> Answer {
    let (catalog, audience) = offered(&app, &caller).await?;
    Ok(reply(StatusCode::OK, &dialect::encode_products(audience.offer(&catalog))))
}

/// `GET /api/locations`
pub(crate) async fn locations(State(app): State<App>, Caller(caller): Caller) -> Answer {
    let (catalog, audience) = offered(&app, &caller).await?;
    Ok(reply(StatusCode::OK, &dialect::encode_locations(audience.offer(&catalog))))
}

/// `GET /api/container_images`
pub(crate) async fn images(State(app): State<App>, Caller(caller): Caller) -> Answer {
    let (catalog, audience) = offered(&app, &caller).await?;
    Ok(reply(StatusCode::OK, &dialect::encode_images(audience.offer(&catalog))))
}

/// `GET /api/container_images/{id}`
pub(crate) async fn image(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Answer {
    let (catalog, audience) = offered(&app, &caller).await?;
    let id = id.parse().map_err(|_| Refusal::Order(OrderRefusal::ImageNotFound))?;
    let image = dialect::encode_image(audience.offer(&catalog), id);
    Ok(reply(StatusCode::OK, &image.ok_or(Refusal::Order(OrderRefusal::ImageNotFound))?))
}

async fn offered(
    app: &App,
    caller: &Principal,
) -> Result<(std::sync::Arc<doorstep_accounts::Catalog>, Audience), Reject> {
    // An expired one gets its own sign-up's answer again, and nothing else.
    if caller.sign_up.as_ref().is_some_and(|token| token.expired) {
        return Err(Refusal::InvalidToken.into());
    }
    Ok(register::offered_to(&app.context, caller).await?)
}

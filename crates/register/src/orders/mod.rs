//! Orders: placed, watched, taken back and tried again by their owners, and worked off.

mod callback;
mod place;
mod show;
mod take_back;
mod work;

pub use self::{
    callback::authorize_callback,
    place::{OrderRequest, PlacedOrder, place_order},
    show::{Audience, Holdings, account, find_order, list_orders, offered_to, watch_order},
    take_back::{cancel_order, retry_order},
    work::{
        Assignment, Begun, OrderSecret, Settled, Speaker, begin_order, complete_order, fail_order,
        note_order, wait_for_answer,
    },
};

use doorstep_accounts::{Timestamp, ids::IdKind, order::Order};
use doorstep_store::{Conn, StoreError};
use serde_json::{Map, Value};

use crate::Context;

/// What secrets of orders are sealed for.
const SEALED_FOR: &str = "doorstep order";

/// Writes what became of an order, for the world and for the log. Neither says what was
/// typed into it.
async fn tell(
    context: &Context,
    conn: &mut Conn<'_>,
    order: &Order,
    (actor, event, action): (&str, &str, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut payload = Map::new();
    payload.insert("id".to_owned(), order.id.clone().into());
    payload.insert("status".to_owned(), order.state.name().into());
    payload.insert("location_id".to_owned(), order.location.0.into());
    payload.insert("project_id".to_owned(), order.project_id.into());
    if let Some(failure) = &order.failure {
        payload.insert("failure".to_owned(), failure.code.name().into());
    }
    let id = IdKind::Event.mint(&*context.clock, &*context.entropy);
    conn.add_event(&id, event, order.user_id, &payload, now).await?;
    let id = IdKind::Audit.mint(&*context.clock, &*context.entropy);
    let mut details = Map::new();
    details.insert("user".to_owned(), order.user_id.into());
    if let Some(failure) = &order.failure {
        details.insert("failure".to_owned(), failure.code.name().into());
    }
    conn.add_audit(&id, actor, action, &format!("order:{}", order.id), &details, now).await
}

/// The number of the user's group, if one is named.
fn group_of(user: &doorstep_accounts::User) -> Option<i64> {
    user.profile.get("user_group_id").and_then(Value::as_i64)
}

/// What the order's job is told.
fn job_payload(order: &Order, waits: bool) -> Map<String, Value> {
    let mut payload = Map::new();
    payload.insert("order".to_owned(), order.id.clone().into());
    if waits {
        payload.insert("waits".to_owned(), true.into());
    }
    payload
}

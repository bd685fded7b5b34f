//! Taking an order back, and trying one again.

use doorstep_accounts::{
    Refusal,
    order::{Order, OrderRefusal, Step, problem},
};
use doorstep_store::{Conn, StoreError};

use super::{group_of, place::submit, show::is_id, tell};
use crate::{Context, Error};

/// Takes an order back that nobody has begun to work on.
pub async fn cancel_order(context: &Context, user_id: i64, id: &str) -> Result<Order, Error> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let order = locked(&mut conn, user_id, id).await?;
    let mut cancelled =
        order.step(Step::Cancel, now).map_err(OrderRefusal::State).map_err(Refusal::Order)?;
    cancelled.sealed = None;
    if let Some(job_id) = cancelled.job_id.take() {
        conn.drop_job(&job_id).await?;
    }
    if !conn.change_order(&cancelled, None).await? {
        return Err(Refusal::RequestInProgress.into());
    }
    conn.release_domains(id).await?;
    let actor = format!("user:{user_id}");
    let said = (actor.as_str(), "order.cancelled", "order.cancel");
    tell(context, &mut conn, &cancelled, said, now).await?;
    tx.commit().await?;
    Ok(cancelled)
}

/// Tries an order again that failed: the same order, as it was placed. What it needs
/// must still be free.
pub async fn retry_order(context: &Context, user_id: i64, id: &str) -> Result<Order, Error> {
    if context.terms.ordering.is_none() {
        return Err(Refusal::Order(OrderRefusal::Disabled).into());
    }
    let now = context.clock.now();
    let catalog = context.catalog().await?;
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let order = locked(&mut conn, user_id, id).await?;
    order.state.after(Step::Retry).map_err(OrderRefusal::State).map_err(Refusal::Order)?;
    if !order.can_retry() {
        return Err(Refusal::Order(OrderRefusal::SecretsGone).into());
    }
    let user = conn.user(user_id).await?.ok_or(Refusal::Order(OrderRefusal::NotFound))?;
    let (_, held) = conn.holdings(user_id).await?;
    let left = context.containers_allowed(catalog.offer(group_of(&user))).saturating_sub(held);
    let mut faults = Vec::new();
    if order.containers > left {
        let left = left.max(0);
        let message = format!("Containers are more than you may still have, which is {left}");
        faults.push(problem("/order/containers", "quota", message));
    }
    for domain in order.domains() {
        if !conn.take_domain(domain, id).await? {
            let message = format!("{domain} leads to another project");
            faults.push(problem("/order/containers", "taken", message));
        }
    }
    if !faults.is_empty() {
        return Err(Refusal::Invalid { faults }.into());
    }
    let submitted = submit(context, &mut conn, &order, now).await?;
    let actor = format!("user:{user_id}");
    let said = (actor.as_str(), "order.retried", "order.retry");
    tell(context, &mut conn, &submitted, said, now).await?;
    tx.commit().await?;
    Ok(submitted)
}

/// The user's order; nothing else happens to that user's orders until the transaction
/// ends, except by workers.
async fn locked(conn: &mut Conn<'_>, user_id: i64, id: &str) -> Result<Order, Error> {
    if !is_id(id) {
        return Err(Refusal::Order(OrderRefusal::NotFound).into());
    }
    let user = conn.user_for_change(user_id).await?;
    user.ok_or(StoreError::Corrupt { what: "the owner of an order" })?;
    Ok(conn.order_of(user_id, id).await?.ok_or(Refusal::Order(OrderRefusal::NotFound))?)
}

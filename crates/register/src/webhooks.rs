//! What the operator does with the endpoints that are told of events.

use doorstep_accounts::{
    event::{self, is_topic},
    ids::IdKind,
};
use doorstep_store::{Conn, DeadDelivery, Endpoint, NewEndpoint, ReplayChoice, StoreError};
use serde_json::{Map, Value};

use crate::{Context, OperatorError};

/// How many that were given up are shown.
const SHOWN: i64 = 1_000;

/// Adds an endpoint, which is told of what happens from now on; gives its id. Whoever
/// calls this has looked at the URL.
pub async fn add_endpoint(
    context: &Context,
    url: &str,
    topics: &[String],
) -> Result<String, OperatorError> {
    if topics.is_empty() {
        return Err(OperatorError::Argument("--events: name at least one, or *".to_owned()));
    }
    if let Some(unknown) = topics.iter().find(|topic| !is_topic(topic)) {
        let kinds: Vec<_> = event::KINDS.iter().map(|(kind, _)| *kind).collect();
        return Err(OperatorError::Argument(format!(
            "--events {unknown:?} is no event: there are {}, user.* and the like, and *",
            kinds.join(", ")
        )));
    }
    let id = IdKind::Endpoint.mint(&*context.clock, &*context.entropy);
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let known = conn.endpoints().await?;
    if let Some(same) = known.iter().find(|endpoint| endpoint.url == url) {
        return Err(OperatorError::Argument(format!(
            "--url: {} has this URL already: remove it first, or enable it",
            same.id
        )));
    }
    conn.add_endpoint(&NewEndpoint { id: &id, url, topics }, context.clock.now()).await?;
    // Not the URL, which may have a secret in its path.
    let details = Map::from_iter([("events".to_owned(), topics.to_vec().into())]);
    note(context, &mut conn, "operator", "webhook.add", &id, &details).await?;
    tx.commit().await?;
    Ok(id)
}

/// All endpoints, and how they stand.
pub async fn list_endpoints(context: &Context) -> Result<Vec<Endpoint>, StoreError> {
    context.store.read().await?.conn().endpoints().await
}

/// Stops sending to an endpoint.
pub async fn disable_endpoint(context: &Context, id: &str) -> Result<(), OperatorError> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    if !conn.has_endpoint(id).await? {
        return Err(unknown(id));
    }
    if conn.disable_endpoint(id, None, now).await? {
        note(context, &mut conn, "operator", "webhook.disable", id, &Map::new()).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Sends to an endpoint again: what is left of the time before, then what happens.
pub async fn enable_endpoint(context: &Context, id: &str) -> Result<(), OperatorError> {
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    if !conn.has_endpoint(id).await? {
        return Err(unknown(id));
    }
    if conn.enable_endpoint(id).await? {
        note(context, &mut conn, "operator", "webhook.enable", id, &Map::new()).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Removes an endpoint, and what it was still to be told.
pub async fn remove_endpoint(context: &Context, id: &str) -> Result<(), OperatorError> {
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    if !conn.remove_endpoint(id).await? {
        return Err(unknown(id));
    }
    note(context, &mut conn, "operator", "webhook.remove", id, &Map::new()).await?;
    tx.commit().await?;
    Ok(())
}

/// Sends once more; says how many events that are.
pub async fn replay_events(
    context: &Context,
    id: &str,
    choice: &ReplayChoice,
) -> Result<u64, OperatorError> {
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    if !conn.has_endpoint(id).await? {
        return Err(unknown(id));
    }
    let count = conn.replay_deliveries(id, choice, context.clock.now()).await?;
    if let (ReplayChoice::Event(event), 0) = (choice, count) {
        return Err(OperatorError::Argument(format!(
            "there is no event {event:?}: it was never there, or is forgotten (webhooks.keep_days)"
        )));
    }
    let details = Map::from_iter([("count".to_owned(), count.into())]);
    note(context, &mut conn, "operator", "webhook.replay", id, &details).await?;
    tx.commit().await?;
    Ok(count)
}

/// What was given up, newest first: of one endpoint, or of all.
pub async fn list_dead(
    context: &Context,
    id: Option<&str>,
) -> Result<Vec<DeadDelivery>, OperatorError> {
    let mut read = context.store.read().await?;
    let mut conn = read.conn();
    if let Some(id) = id
        && !conn.has_endpoint(id).await?
    {
        return Err(unknown(id));
    }
    Ok(conn.dead_deliveries(id, SHOWN).await?)
}

/// Stops sending to an endpoint that says that it is gone.
pub async fn note_gone(
    context: &Context,
    conn: &mut Conn<'_>,
    id: &str,
    reason: &str,
) -> Result<(), StoreError> {
    if conn.disable_endpoint(id, Some(reason), context.clock.now()).await? {
        let details = Map::from_iter([("reason".to_owned(), reason.into())]);
        note(context, conn, "worker", "webhook.disable", id, &details).await?;
    }
    Ok(())
}

async fn note(
    context: &Context,
    conn: &mut Conn<'_>,
    actor: &str,
    action: &str,
    endpoint: &str,
    details: &Map<String, Value>,
) -> Result<(), StoreError> {
    let id = IdKind::Audit.mint(&*context.clock, &*context.entropy);
    let subject = format!("webhook:{endpoint}");
    conn.add_audit(&id, actor, action, &subject, details, context.clock.now()).await
}

fn unknown(id: &str) -> OperatorError {
    OperatorError::Argument(format!(
        "there is no webhook {id:?}: `doorstep webhook list` shows them"
    ))
}

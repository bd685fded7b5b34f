//! Working an order off. Each step is one transaction with a write that is conditional
//! on the lease, or, where the operator's provisioner answers, on the run that it was
//! asked about.

use doorstep_accounts::{
    Secret, Timestamp,
    order::{Failure, FailureCode, Order, OrderState, Step},
    sealed,
    secret::version_of,
};
use doorstep_store::{Conn, Lease, StoreError};
use serde_json::Value;

use super::{SEALED_FOR, job_payload, tell};
use crate::Context;

/// Who writes what became of an order, in the audit log.
const WORKER: &str = "worker";

/// What a worker has to do.
#[derive(Debug)]
pub struct Assignment {
    /// The order.
    pub order: Order,
    /// The number of the project that it makes.
    pub project_id: i64,
    /// What was sent with it.
    pub secrets: Vec<OrderSecret>,
}

/// A secret that was sent with an order.
#[derive(Debug, Clone)]
pub struct OrderSecret {
    /// For which of its containers, from 0.
    pub container: usize,
    /// The setting's name.
    pub key: String,
    /// Its value.
    pub value: Secret,
}

/// What a worker finds.
#[derive(Debug)]
pub enum Begun {
    /// Something to do.
    Go(Box<Assignment>),
    /// The provisioner took it on, and has said nothing since.
    Overdue(Box<Order>),
    /// What was sent with it cannot be read.
    Unreadable(Box<Order>),
    /// There is nothing to do any more.
    Over,
    /// The job is somebody else's.
    Lost,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is written.
    Written,
    /// Somebody else has the job, or has settled the order: nothing was written.
    Lost,
}

/// Who says what became of an order.
#[derive(Debug, Clone, Copy)]
pub enum Speaker<'a> {
    /// A worker, while it has the lease.
    Worker(&'a Lease),
    /// The operator's provisioner, about that run.
    Provisioner(i64),
}

/// Begins with an order, or goes on where another worker stopped.
pub async fn begin_order(context: &Context, lease: &Lease) -> Result<Begun, StoreError> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    if !conn.hold_job(lease).await? {
        return Ok(Begun::Lost);
    }
    let id = lease.payload.get("order").and_then(Value::as_str).unwrap_or_default();
    let order = conn.order(id).await?;
    let Some(order) = order.filter(|order| !order.state.is_final()) else {
        conn.finish_job(lease).await?;
        tx.commit().await?;
        return Ok(Begun::Over);
    };
    let waits = lease.payload.get("waits").and_then(Value::as_bool).unwrap_or(false);
    if waits {
        return Ok(Begun::Overdue(Box::new(order)));
    }
    let Ok(mut begun) = order.step(Step::Begin, now) else {
        return Err(StoreError::Corrupt { what: "the state of an order with a job" });
    };
    let project_id = match begun.project_id {
        Some(id) => id,
        None => conn.next_project_id().await?,
    };
    begun.project_id = Some(project_id);
    // A worker that goes on where another one stopped changes nothing.
    if order.state == OrderState::Processing && order.project_id.is_some() {
        begun = order;
    } else if conn.change_order(&begun, None).await? {
        tx.commit().await?;
    } else {
        return Ok(Begun::Lost);
    }
    let secrets = match &begun.sealed {
        None => Some(Vec::new()),
        Some(sealed) => open(context, sealed, &begun.id).await,
    };
    Ok(match secrets {
        Some(secrets) => Begun::Go(Box::new(Assignment { order: begun, project_id, secrets })),
        None => Begun::Unreadable(Box::new(begun)),
    })
}

async fn open(context: &Context, sealed: &str, id: &str) -> Option<Vec<OrderSecret>> {
    context.follow(&context.seal, version_of(sealed)).await;
    let opened = sealed::open(sealed, (SEALED_FOR, id), &context.seal)?;
    let entries: Vec<(usize, String, String)> = serde_json::from_str(opened.expose()).ok()?;
    let secrets = entries.into_iter().map(|(container, key, value)| OrderSecret {
        container,
        key,
        value: Secret::new(value),
    });
    Some(secrets.collect())
}

/// Writes that the project is there.
pub async fn complete_order(
    context: &Context,
    speaker: Speaker<'_>,
    order_id: &str,
    link: Option<&str>,
) -> Result<Settled, StoreError> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let Some(order) = spoken_of(&mut conn, speaker, order_id).await? else {
        return Ok(Settled::Lost);
    };
    let Ok(mut completed) = order.step(Step::Complete, now) else { return Ok(Settled::Lost) };
    let Some(project_id) = completed.project_id else {
        return Err(StoreError::Corrupt { what: "an order without a project's number" });
    };
    (completed.sealed, completed.job_id) = (None, None);
    completed.link = link.map(str::to_owned);
    if !conn.change_order(&completed, None).await? {
        return Ok(Settled::Lost);
    }
    conn.add_project(project_id, &completed, link, now).await?;
    let said = (WORKER, "order.completed", "order.complete");
    tell(context, &mut conn, &completed, said, now).await?;
    tx.commit().await?;
    Ok(Settled::Written)
}

/// Writes that the project cannot be made. A worker whose tries are used up leaves its
/// job with the reason, for people to look at.
pub async fn fail_order(
    context: &Context,
    speaker: Speaker<'_>,
    order_id: &str,
    failure: Failure,
    buried: Option<&str>,
) -> Result<Settled, StoreError> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let order = match (speaker, buried) {
        (Speaker::Worker(lease), Some(reason)) => {
            if !conn.bury_job(lease, reason, now).await? {
                return Ok(Settled::Lost);
            }
            conn.order(order_id).await?
        }
        _ => spoken_of(&mut conn, speaker, order_id).await?,
    };
    let Some(order) = order else { return Ok(Settled::Lost) };
    let Ok(mut failed) = order.step(Step::Fail, now) else { return Ok(Settled::Lost) };
    failed.failure = Some(failure);
    failed.job_id = None;
    if failed.failure.as_ref().is_some_and(|it| it.code == FailureCode::SecretsGone) {
        failed.sealed = None;
    }
    if !conn.change_order(&failed, None).await? {
        return Ok(Settled::Lost);
    }
    conn.release_domains(order_id).await?;
    tell(context, &mut conn, &failed, (WORKER, "order.failed", "order.fail"), now).await?;
    tx.commit().await?;
    Ok(Settled::Written)
}

/// Puts an order's job off: the provisioner has taken it on and will answer, or not, by
/// that time.
pub async fn wait_for_answer(
    context: &Context,
    lease: &Lease,
    order: &Order,
    until: Timestamp,
) -> Result<Settled, StoreError> {
    let mut tx = context.store.begin().await?;
    let put_off = tx.conn().put_off_job(lease, until, &job_payload(order, true)).await?;
    tx.commit().await?;
    Ok(if put_off { Settled::Written } else { Settled::Lost })
}

/// Notes what the provisioner says on the way.
pub async fn note_order(
    context: &Context,
    run: i64,
    order_id: &str,
    note: &str,
) -> Result<Settled, StoreError> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let order = conn.order(order_id).await?;
    let order = order.filter(|order| order.run == run && order.state == OrderState::Processing);
    let Some(Ok(noted)) = order.map(|order| order.step(Step::Begin, now)) else {
        return Ok(Settled::Lost);
    };
    if !conn.change_order(&noted, Some(note)).await? {
        return Ok(Settled::Lost);
    }
    tx.commit().await?;
    Ok(Settled::Written)
}

/// The order that is spoken of, if the speaker may still say what became of it. Its job
/// ends with this transaction.
async fn spoken_of(
    conn: &mut Conn<'_>,
    speaker: Speaker<'_>,
    order_id: &str,
) -> Result<Option<Order>, StoreError> {
    match speaker {
        Speaker::Worker(lease) => {
            if !conn.finish_job(lease).await? {
                return Ok(None);
            }
            conn.order(order_id).await
        }
        Speaker::Provisioner(run) => {
            let order = conn.order(order_id).await?.filter(|order| order.run == run);
            if let Some(job_id) = order.as_ref().and_then(|order| order.job_id.as_deref()) {
                conn.drop_job(job_id).await?;
            }
            Ok(order)
        }
    }
}

//! Placing an order.

use doorstep_accounts::{
    IdempotencyKey, JobKind, Refusal, Secret, SecretHash, Timestamp,
    ids::{self, IdKind},
    order::{Draft, Order, OrderRefusal, OrderState, Plan, Step, Terms, problem},
    sealed,
};
use doorstep_store::{Conn, NewJob, NewOrderKey, StoreError};

use super::{SEALED_FOR, group_of, job_payload, tell};
use crate::{Context, Error, again::again, sign_up::KEY_SECONDS};

/// How long the same body without a key is taken for the same request: somebody who
/// clicks twice, or whose line broke. Who wants two of the same sends two keys.
const DOUBLE_SECONDS: i64 = 60;

/// A request for an order.
#[derive(Debug)]
pub struct OrderRequest {
    /// What it says.
    pub draft: Draft,
    /// The body in its canonical form: with the key, what makes it the same request.
    /// It may hold passwords.
    pub canonical: Secret,
    /// The caller's key.
    pub key: Option<IdempotencyKey>,
}

/// An order that was placed.
#[derive(Debug, Clone)]
pub struct PlacedOrder {
    /// The order.
    pub order: Order,
    /// Members that mean nothing here, by their pointers.
    pub ignored: Vec<String>,
    /// Whether this is the answer to an earlier request.
    pub replayed: bool,
}

/// Places an order: the order, its job, the event and the audit row, or none of them.
///
/// The same request again gets the first one's order: one with the same key for a day,
/// one without a key and with the same body for a minute, unless that order ended
/// without a project.
pub async fn place_order(
    context: &Context,
    user_id: i64,
    request: OrderRequest,
) -> Result<PlacedOrder, Error> {
    if context.terms.ordering.is_none() {
        return Err(Refusal::Order(OrderRefusal::Disabled).into());
    }
    let fingerprint = SecretHash::of(&request.canonical, &context.keys);
    let key_hash = match &request.key {
        Some(key) => format!("key:{}", key.hash()),
        None => format!("body:{}", fingerprint.as_stored()),
    };
    let attempt = Attempt { context, user_id, request: &request, fingerprint, key_hash };
    if let Some(order) = attempt.replay(&mut context.store.read().await?.conn()).await? {
        return Ok(attempt.replayed(order));
    }
    match again(context, || attempt.run()).await {
        // Contention on PostgreSQL: another request of this user has not ended yet.
        Err(Error::Failed(StoreError::Contended(_))) if request.key.is_some() => {
            Err(Refusal::RequestInProgress.into())
        }
        other => other,
    }
}

/// One request's try.
struct Attempt<'a> {
    context: &'a Context,
    user_id: i64,
    request: &'a OrderRequest,
    fingerprint: SecretHash,
    key_hash: String,
}

impl Attempt<'_> {
    fn replayed(&self, order: Order) -> PlacedOrder {
        PlacedOrder { order, ignored: self.request.draft.ignored.clone(), replayed: true }
    }

    /// The order that this very request made before.
    async fn replay(&self, conn: &mut Conn<'_>) -> Result<Option<Order>, Error> {
        let Self { context, user_id, request, key_hash, .. } = self;
        let now = context.clock.now();
        let Some((fingerprint, id)) = conn.order_key(*user_id, key_hash, now).await? else {
            return Ok(None);
        };
        if !context.verify(&fingerprint, &request.canonical).await {
            return Err(Refusal::IdempotencyKeyReused.into());
        }
        let order = conn.order_of(*user_id, &id).await?;
        let order = order.ok_or(StoreError::Corrupt { what: "the order of a key" })?;
        let ended = matches!(order.state, OrderState::Failed | OrderState::Cancelled);
        Ok((request.key.is_some() || !ended).then_some(order))
    }

    async fn run(&self) -> Result<PlacedOrder, Error> {
        let Self { context, user_id, request, .. } = self;
        let now = context.clock.now();
        let catalog = context.catalog().await?;
        let mut tx = context.store.begin().await?;
        let mut conn = tx.conn();
        // Of one user's orders only one is counted at a time.
        let user = conn.user_for_change(*user_id).await?.filter(|user| user.active);
        let user = user.ok_or(Refusal::InvalidCredential)?;
        if let Some(order) = self.replay(&mut conn).await? {
            return Ok(self.replayed(order));
        }
        let offer = catalog.offer(group_of(&user));
        let (_, held) = conn.holdings(*user_id).await?;
        let containers_left = context.containers_allowed(offer).saturating_sub(held);
        let terms = Terms { offer, containers_left };
        let plan =
            Plan::of(request.draft.clone(), terms).map_err(|faults| Refusal::Invalid { faults })?;
        let order = self.order(&plan, now);
        let mut faults = Vec::new();
        conn.add_order(&order).await?;
        for (domain, pointer) in plan.domains() {
            if !conn.take_domain(domain, &order.id).await? {
                let message = format!("{domain} leads to another project");
                faults.push(problem(pointer, "taken", message));
            }
        }
        if !faults.is_empty() {
            return Err(Refusal::Invalid { faults }.into());
        }
        let submitted = submit(context, &mut conn, &order, now).await?;
        self.take_key(&mut conn, &order, now).await?;
        let actor = format!("user:{user_id}");
        let said = (actor.as_str(), "order.created", "order.create");
        tell(context, &mut conn, &submitted, said, now).await?;
        tx.commit().await?;
        let ignored = request.draft.ignored.clone();
        Ok(PlacedOrder { order: submitted, ignored, replayed: false })
    }

    fn order(&self, plan: &Plan, now: Timestamp) -> Order {
        let context = self.context;
        let id = ids::uuid(&*context.clock, &*context.entropy);
        let seal = |secret: Secret| {
            sealed::seal(&secret, (SEALED_FOR, &id), &context.seal, &*context.entropy)
        };
        let mut document = plan.document();
        let address = plan.load_balancer_ip.map(|address| address.to_string());
        document.insert("load_balancer_ip".to_owned(), address.into());
        Order {
            sealed: plan.secrets().map(seal),
            id,
            user_id: self.user_id,
            state: OrderState::Open,
            revision: 1,
            failure: None,
            project_name: plan.project_name.clone(),
            location: (plan.location.id, plan.location.name.clone()),
            document,
            containers: plan.container_count(),
            run: 1,
            job_id: None,
            project_id: None,
            link: None,
            created_at: now,
            updated_at: now,
        }
    }

    async fn take_key(
        &self,
        conn: &mut Conn<'_>,
        order: &Order,
        now: Timestamp,
    ) -> Result<(), Error> {
        let keeps = if self.request.key.is_some() { KEY_SECONDS } else { DOUBLE_SECONDS };
        let new = NewOrderKey {
            user_id: self.user_id,
            key_hash: &self.key_hash,
            fingerprint: &self.fingerprint,
            order_id: &order.id,
            expires_at: now.plus_seconds(keeps),
        };
        if self.request.key.is_none() {
            // What is there is of an order that ended without a project: see `replay`.
            conn.forget_order_key(self.user_id, &self.key_hash).await?;
        }
        if conn.take_order_key(&new, now).await? {
            Ok(())
        } else {
            Err(Refusal::RequestInProgress.into())
        }
    }
}

/// Gives an order to the workers.
pub(super) async fn submit(
    context: &Context,
    conn: &mut Conn<'_>,
    order: &Order,
    now: Timestamp,
) -> Result<Order, Error> {
    let step = if order.state == OrderState::Failed { Step::Retry } else { Step::Submit };
    let mut submitted =
        order.step(step, now).map_err(OrderRefusal::State).map_err(Refusal::Order)?;
    let job_id = IdKind::Job.mint(&*context.clock, &*context.entropy);
    submitted.job_id = Some(job_id.clone());
    if step == Step::Retry {
        submitted.run += 1;
    }
    if !conn.change_order(&submitted, None).await? {
        return Err(Refusal::RequestInProgress.into());
    }
    let payload = job_payload(&submitted, false);
    let user_id = Some(submitted.user_id);
    let job =
        NewJob { id: &job_id, kind: JobKind::Provision, payload: &payload, user_id, due_at: now };
    conn.add_job(&job, now).await?;
    Ok(submitted)
}

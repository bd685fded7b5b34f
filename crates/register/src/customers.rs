//! Customers, as administrators make, find and change them.

use doorstep_accounts::{
    Customer, CustomerForm, CustomerStatus, ManagedUser, Refusal, Timestamp, customer::new_hash,
    ids::IdKind,
};
use doorstep_store::{Conn, StoreError};
use doorstep_wire::FieldProblem;
use serde_json::{Map, Value};

use crate::{Context, Error, Keyed, again::again, sign_up::KEY_SECONDS};

/// A customer that was made.
#[derive(Debug, Clone)]
pub struct CustomerOutcome {
    /// The customer.
    pub customer: Customer,
    /// Whether this is the answer to an earlier request with the same key.
    pub replayed: bool,
}

/// Creates a customer. A retry with the first request's key gets it again.
pub async fn create_customer(
    context: &Context,
    admin_id: i64,
    form: &CustomerForm,
    keyed: Option<&Keyed>,
) -> Result<CustomerOutcome, Error> {
    // Given back before one for writing is asked for: ten who hold one and wait for another
    // would wait for each other.
    let mut read = context.store.read().await?;
    let replayed = replay(context, &mut read.conn(), admin_id, keyed).await?;
    read.done();
    if let Some(replayed) = replayed {
        return Ok(replayed);
    }
    match again(context, || add(context, admin_id, form, keyed)).await {
        // Contention on PostgreSQL: another request with this key has not ended yet.
        Err(Error::Failed(StoreError::Contended(_))) if keyed.is_some() => {
            Err(Refusal::RequestInProgress.into())
        }
        other => other,
    }
}

async fn add(
    context: &Context,
    admin_id: i64,
    form: &CustomerForm,
    keyed: Option<&Keyed>,
) -> Result<CustomerOutcome, Error> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let mut customer = Customer {
        id: conn.next_customer_id().await?,
        hash: String::new(),
        name: String::new(),
        email: String::new(),
        status: CustomerStatus::On,
        unique_id: None,
        details: Map::new(),
        created_at: now,
        updated_at: now,
    };
    write(context, &mut customer, form, now);
    if !conn.add_customer(&customer).await? {
        // The first request with the same key may have ended just now.
        let replayed = replay(context, &mut conn, admin_id, keyed).await?;
        return replayed.ok_or_else(|| unique_id_taken().into());
    }
    if let Some(Keyed { key, fingerprint }) = keyed {
        let kept = (customer.id, now.plus_seconds(KEY_SECONDS));
        if !conn.take_customer_key(admin_id, key, fingerprint, kept).await? {
            let replayed = replay(context, &mut conn, admin_id, keyed).await?;
            return replayed.ok_or_else(|| Refusal::IdempotencyKeyReused.into());
        }
    }
    audit(context, &mut conn, (admin_id, "customer.create"), &customer, form, now).await?;
    tx.commit().await?;
    Ok(CustomerOutcome { customer, replayed: false })
}

/// The first answer again, if the key was used for this very request.
async fn replay(
    context: &Context,
    conn: &mut Conn<'_>,
    admin_id: i64,
    keyed: Option<&Keyed>,
) -> Result<Option<CustomerOutcome>, Error> {
    let Some(Keyed { key, fingerprint }) = keyed else { return Ok(None) };
    let found = conn.customer_key(admin_id, key, context.clock.now()).await?;
    let Some((used_for, id)) = found else { return Ok(None) };
    if used_for != fingerprint.as_stored() {
        return Err(Refusal::IdempotencyKeyReused.into());
    }
    let missing = StoreError::Corrupt { what: "the customer of an administrator's key" };
    let customer = conn.customer(id).await?.ok_or(missing)?;
    Ok(Some(CustomerOutcome { customer, replayed: true }))
}

/// The customer who is meant.
pub async fn find_customer(context: &Context, id: i64) -> Result<Customer, Error> {
    let found = context.store.read().await?.conn().customer(id).await?;
    found.ok_or_else(|| Refusal::CustomerNotFound.into())
}

/// A page of customers in the order of their numbers, and how many there are in all.
pub async fn list_customers(
    context: &Context,
    offset: i64,
    limit: i64,
) -> Result<(Vec<Customer>, i64), Error> {
    Ok(context.store.read().await?.conn().customers(offset, limit).await?)
}

/// A page of the users of customers, and how many there are in all.
pub async fn list_customers_users(
    context: &Context,
    username: Option<&str>,
    customer_id: Option<i64>,
    page: (i64, i64),
) -> Result<(Vec<ManagedUser>, i64), Error> {
    let mut read = context.store.read().await?;
    Ok(read.conn().customers_users(username, customer_id, page).await?)
}

/// Changes a customer. The audit row names the members, not their contents.
pub async fn change_customer(
    context: &Context,
    admin_id: i64,
    id: i64,
    form: &CustomerForm,
) -> Result<Customer, Error> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let found = conn.customer(id).await?;
    let mut customer = found.ok_or(Refusal::CustomerNotFound)?;
    let before = customer.hash.clone();
    if form.hash.as_ref().is_some_and(|known| *known != before) {
        return Err(Refusal::StaleHash.into());
    }
    write(context, &mut customer, form, now);
    if !conn.change_customer(&customer, &before).await? {
        // The transaction may be of no more use, and what it ran into is committed.
        drop(tx);
        let mut read = context.store.read().await?;
        let taken = match &customer.unique_id {
            Some(unique_id) => read.conn().has_unique_id(unique_id, id).await?,
            None => false,
        };
        return Err(if taken { unique_id_taken() } else { Refusal::StaleHash }.into());
    }
    audit(context, &mut conn, (admin_id, "customer.update"), &customer, form, now).await?;
    tx.commit().await?;
    Ok(customer)
}

/// Writes what the form says into the customer.
fn write(context: &Context, customer: &mut Customer, form: &CustomerForm, now: Timestamp) {
    if let Some(name) = &form.name {
        customer.name.clone_from(name);
    }
    if let Some(email) = &form.email {
        customer.email.clone_from(email);
    }
    customer.status = form.status.unwrap_or(customer.status);
    if let Some(unique_id) = &form.unique_id {
        customer.unique_id.clone_from(unique_id);
    }
    for (name, value) in &form.details {
        if value.is_null() {
            customer.details.remove(name);
        } else {
            customer.details.insert(name.clone(), value.clone());
        }
    }
    customer.hash = new_hash(&*context.entropy);
    customer.updated_at = now;
}

fn unique_id_taken() -> Refusal {
    let fault = FieldProblem {
        pointer: "/unique_id".to_owned(),
        field: "unique_id".to_owned(),
        code: "taken".to_owned(),
        message: "Unique id is in use by another customer".to_owned(),
    };
    Refusal::Invalid { faults: vec![fault] }
}

async fn audit(
    context: &Context,
    conn: &mut Conn<'_>,
    (admin_id, action): (i64, &str),
    customer: &Customer,
    form: &CustomerForm,
    now: Timestamp,
) -> Result<(), Error> {
    let said = [
        ("name", form.name.is_some()),
        ("email", form.email.is_some()),
        ("status", form.status.is_some()),
        ("unique_id", form.unique_id.is_some()),
    ];
    let said = said.into_iter().filter(|(_, said)| *said).map(|(name, _)| name);
    let fields: Vec<Value> =
        said.chain(form.details.keys().map(String::as_str)).map(Value::from).collect();
    let details = Map::from_iter([
        ("fields".to_owned(), fields.into()),
        ("status".to_owned(), customer.status.name().into()),
    ]);
    let id = IdKind::Audit.mint(&*context.clock, &*context.entropy);
    let (actor, subject) = (format!("user:{admin_id}"), format!("customer:{}", customer.id));
    conn.add_audit(&id, &actor, action, &subject, &details, now).await?;
    Ok(())
}

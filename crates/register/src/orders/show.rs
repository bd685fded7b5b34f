//! Looking at orders, and at what can be ordered.

use std::sync::Arc;

use doorstep_accounts::{
    Catalog, Principal, Refusal, Subject, User,
    catalog::Offer,
    order::{Order, OrderChange, OrderRefusal},
};

use doorstep_store::Account;

use super::group_of;
use crate::{Context, Error};

impl Context {
    /// How many containers a user may have to whom this is offered.
    pub(crate) fn containers_allowed(&self, offer: Offer<'_>) -> i64 {
        let plan = self.terms.ordering.map_or(0, |ordering| ordering.containers);
        offer.containers().unwrap_or(plan)
    }
}

/// The catalogue, and the group of which the caller sees it: a user its own, everybody
/// else all of it.
pub async fn offered_to(
    context: &Context,
    caller: &Principal,
) -> Result<(Arc<Catalog>, Audience), Error> {
    let catalog = context.catalog().await?;
    let audience = match caller.subject {
        Subject::App { .. } => Audience::Anybody,
        Subject::User { user_id, .. } => {
            let user = context.store.read().await?.conn().user(user_id).await?;
            Audience::Group(user.as_ref().and_then(group_of))
        }
    };
    Ok((catalog, audience))
}

/// Who looks at the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Somebody who may sign up.
    Anybody,
    /// A user of that group, or of the default one.
    Group(Option<i64>),
}

impl Audience {
    /// What is offered.
    pub fn offer(self, catalog: &Catalog) -> Offer<'_> {
        match self {
            Self::Anybody => catalog.whole(),
            Self::Group(group) => catalog.offer(group),
        }
    }
}

/// What a user has, and may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holdings {
    /// Projects, orders that may become one included.
    pub projects: i64,
    /// Containers in them.
    pub containers: i64,
    /// Containers that there may be, where the group says so.
    pub containers_allowed: Option<i64>,
}

/// A user by number with what the user has, and may have; nobody who was erased. Whoever
/// came to look at it may have `read` it on the way.
pub async fn account(
    context: &Context,
    id: i64,
    read: Option<Account>,
) -> Result<Option<(User, Holdings)>, Error> {
    let account = match read {
        Some(account) => Some(account),
        None => context.lookups.account(context, id).await?,
    };
    let Some(account) = account else { return Ok(None) };
    let Account { user, projects, containers, catalog_version } = account;
    let catalog = match context.live_catalog.of(catalog_version) {
        Some(catalog) => catalog,
        None => context.catalog().await?,
    };
    let containers_allowed = catalog.offer(group_of(&user)).containers();
    Ok(Some((user, Holdings { projects, containers, containers_allowed })))
}

/// A user's order. Somebody else's is not there.
pub async fn find_order(context: &Context, user_id: i64, id: &str) -> Result<Order, Error> {
    if !is_id(id) {
        return Err(Refusal::Order(OrderRefusal::NotFound).into());
    }
    let found = context.store.read().await?.conn().order_of(user_id, id).await?;
    found.ok_or_else(|| Refusal::Order(OrderRefusal::NotFound).into())
}

/// A page of a user's orders, newest first, and how many there are in all.
pub async fn list_orders(
    context: &Context,
    user_id: i64,
    offset: i64,
    limit: i64,
) -> Result<(Vec<Order>, i64), Error> {
    Ok(context.store.read().await?.conn().orders_of(user_id, offset, limit).await?)
}

/// An order's changes after a revision, with the order as it stands. For those who have
/// found it to be theirs.
pub async fn watch_order(
    context: &Context,
    id: &str,
    after: i64,
) -> Result<Option<(Order, Vec<OrderChange>)>, Error> {
    let mut read = context.store.read().await?;
    let mut conn = read.conn();
    let Some(order) = conn.order(id).await? else { return Ok(None) };
    if order.revision <= after {
        return Ok(Some((order, Vec::new())));
    }
    let mut changes = conn.order_changes(id, after).await?;
    // What was written since the order was read comes with the next look.
    changes.retain(|change| change.revision <= order.revision);
    Ok(Some((order, changes)))
}

/// Whether a text can be the id of an order. Others need not be looked up, and
/// PostgreSQL takes no text with a NUL in it.
pub(super) fn is_id(id: &str) -> bool {
    id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

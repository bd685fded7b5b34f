//! What one request has used of the limits, and the ways to use some.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use doorstep_accounts::{
    ClientAddress, Limit, Refusal, Standing, Timestamp,
    limits::{LimitKey, Rate, Terms},
};
use doorstep_store::{Charged, Conn, LoginAttempt, StoreError, Used};

use crate::{Context, Error, limiter::Charge};

/// One request's account: from where it came, and how its sender stands with
/// every limit that it touched. Whoever answers tells the sender.
#[derive(Debug)]
pub struct Meter {
    address: ClientAddress,
    standings: Mutex<Vec<Standing>>,
}

impl Meter {
    /// Of a request from there.
    pub fn new(address: ClientAddress) -> Self {
        Self { address, standings: Mutex::default() }
    }

    /// Where the request came from.
    pub const fn address(&self) -> ClientAddress {
        self.address
    }

    /// How the sender stands, a limit at most once, in the order of the table.
    pub fn standings(&self) -> Vec<Standing> {
        let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        standings.sort_by_key(|standing| standing.limit as usize);
        standings
    }

    fn note(&self, standing: Standing) {
        let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        standings.retain(|noted| noted.limit != standing.limit);
        standings.push(standing);
    }

    /// Notes what was taken elsewhere.
    pub(crate) fn note_all(&self, standings: Vec<Standing>) {
        for standing in standings {
            self.note(standing);
        }
    }

    fn refuse(&self, standing: Standing) -> Refusal {
        self.note(standing);
        Refusal::RateLimited(standing)
    }
}

/// Takes one of a limit that the process keeps ([`doorstep_accounts::limits::Kept`]).
pub fn admit(
    context: &Context,
    meter: &Meter,
    limit: Limit,
    parts: &[&str],
) -> Result<(), Refusal> {
    let Some(charge) = context.limiter.charge(limit, parts, &context.keys) else { return Ok(()) };
    let standing = context.limiter.take(&charge);
    if standing.refused {
        return Err(meter.refuse(standing));
    }
    meter.note(standing);
    Ok(())
}

/// Refuses whom this process knows to have nothing left: nothing is asked of the
/// database, so a flood of refused requests does not reach it.
pub(crate) fn refuse_known(
    context: &Context,
    meter: &Meter,
    charges: &[Charge],
) -> Result<(), Refusal> {
    match charges.iter().find_map(|charge| context.limiter.known_refusal(charge)) {
        Some(standing) => Err(meter.refuse(standing)),
        None => Ok(()),
    }
}

/// Takes one of each limit in the transaction that does what is limited: either
/// both happen or none, and there is no second commit.
///
/// The last statements before the commit, in the table's order: on PostgreSQL
/// each row stays locked from here until then.
pub(crate) async fn take(
    context: &Context,
    conn: &mut Conn<'_>,
    meter: &Meter,
    charges: &[Charge],
) -> Result<(), Error> {
    let now = context.clock.now();
    let then = now.0.saturating_mul(1_000);
    for charge in charges {
        match conn.charge(&charge.key, charge.rate, now).await? {
            Charged::Taken(tat) => meter.note(charge.standing(false, tat, then)),
            Charged::Refused(tat) => {
                context.limiter.remember(charge, tat, then);
                return Err(meter.refuse(charge.standing(true, tat, then)).into());
            }
        }
    }
    Ok(())
}

/// What several take of limits together: each key once, with how many are taken of it. In
/// the order of the table, as [`take`] does, and of one limit in that of the keys: of two
/// transactions with the same ones none has what the other waits for.
#[derive(Debug)]
pub(crate) struct Bill(Vec<(LimitKey, Rate, i64)>);

impl Bill {
    pub(crate) fn of(members: &[&[Charge]]) -> Self {
        let mut asked: Vec<&Charge> = members.iter().copied().flatten().collect();
        asked.sort_by_cached_key(|charge| (charge.limit as usize, charge.key.as_stored()));
        let mut items: Vec<(LimitKey, Rate, i64)> = Vec::new();
        for Charge { key, rate, .. } in asked {
            match items.last_mut() {
                Some((last, _, count)) if last == key => *count += 1,
                _ => items.push((*key, *rate, 1)),
            }
        }
        Self(items)
    }

    pub(crate) fn items(&self) -> &[(LimitKey, Rate, i64)] {
        &self.0
    }

    /// What is left for each of them after all that was taken, or the keys of which less is
    /// left than they need together.
    pub(crate) fn standings(
        &self,
        members: &[&[Charge]],
        taken: Vec<(LimitKey, i64)>,
        now: Timestamp,
    ) -> Result<Vec<Vec<Standing>>, HashSet<LimitKey>> {
        let then = now.0.saturating_mul(1_000);
        let mut arrivals: HashMap<LimitKey, i64> = taken.into_iter().collect();
        let is_missing = |key: &LimitKey| !arrivals.contains_key(key);
        let exhausted: HashSet<_> =
            self.0.iter().map(|(key, ..)| *key).filter(is_missing).collect();
        if !exhausted.is_empty() {
            return Err(exhausted);
        }
        // From where each key stood before, one interval for each of them.
        for (key, rate, count) in &self.0 {
            if let Some(arrival) = arrivals.get_mut(key) {
                let taken = rate.terms(then).interval.saturating_mul(*count);
                *arrival = arrival.saturating_sub(taken);
            }
        }
        let mut standing = |charge: &Charge| {
            let arrival = arrivals.get_mut(&charge.key)?;
            *arrival = arrival.saturating_add(charge.rate.terms(then).interval);
            Some(charge.standing(false, *arrival, then))
        };
        let of_one = |charges: &&[Charge]| charges.iter().filter_map(&mut standing).collect();
        Ok(members.iter().map(of_one).collect())
    }
}

/// [`take`] for several at once: what is left for each of them, or the keys of which
/// less is left than they need together.
pub(crate) async fn take_together(
    conn: &mut Conn<'_>,
    members: &[&[Charge]],
    now: Timestamp,
) -> Result<Result<Vec<Vec<Standing>>, HashSet<LimitKey>>, StoreError> {
    let bill = Bill::of(members);
    let taken = conn.charge_many(bill.items(), now).await?;
    Ok(bill.standings(members, taken, now))
}

/// Attempts to authenticate, of which only the failed ones are counted.
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    context: &'a Context,
    meter: &'a Meter,
    /// Of the name at the address; `None` where no name is guessed at.
    pair: Option<LimitKey>,
    charges: Vec<Charge>,
}

impl<'a> Attempts<'a> {
    /// Attempts to guess the secret of `name` from the request's address.
    ///
    /// A pair of both that succeeded lately is held to its own limit and not to that
    /// of the address: others there, who try names, do not lock it out.
    pub(crate) fn new(context: &'a Context, meter: &'a Meter, limit: Limit, name: &str) -> Self {
        let address = meter.address().to_string();
        let key = LimitKey::of(limit, &[name, &address], &context.keys);
        let pair = context.limiter.charge(limit, &[name, &address], &context.keys);
        let whole = if context.limiter.has_succeeded(&key) {
            None
        } else {
            context.limiter.charge(Limit::AddressFailure, &[&address], &context.keys)
        };
        let charges = [pair, whole].into_iter().flatten().collect();
        Self { context, meter, pair: Some(key), charges }
    }

    /// Attempts with something that cannot be guessed, so only their number counts.
    pub(crate) fn of_address(context: &'a Context, meter: &'a Meter) -> Self {
        let address = meter.address().to_string();
        let whole = context.limiter.charge(Limit::AddressFailure, &[&address], &context.keys);
        Self { context, meter, pair: None, charges: whole.into_iter().collect() }
    }

    /// Remembers that the secret was right.
    pub(crate) fn succeeded(&self) {
        if let Some(pair) = self.pair {
            self.context.limiter.note_success(pair);
        }
    }

    /// Refuses when there were too many failures: a right secret as well, or whoever
    /// tries secrets would still learn which one is right.
    pub(crate) async fn may_go_on(&self) -> Result<(), Error> {
        let (used, _) = self.context.lookups.login(self.context, self.limited(None)?).await?;
        self.judge(used)
    }

    /// What to look up for [`Self::judge`], together with who has that name, unless one of
    /// the limits is known to refuse.
    pub(crate) fn limited(&self, name: Option<&str>) -> Result<LoginAttempt, Error> {
        let Self { context, meter, charges, .. } = self;
        refuse_known(context, meter, charges)?;
        let limit = |at: usize| charges.get(at).map(|charge| charge.key);
        Ok(LoginAttempt { name: name.map(str::to_owned), limits: [limit(0), limit(1)] })
    }

    /// [`Self::may_go_on`], by what is used of the limits.
    pub(crate) fn judge(&self, used: Used) -> Result<(), Error> {
        let Self { context, meter, charges, .. } = self;
        let now = context.clock.now().0.saturating_mul(1_000);
        for (charge, used) in charges.iter().zip(used) {
            let tat = used.unwrap_or(now);
            let Terms { latest, absurd, .. } = charge.rate.terms(now);
            if tat > latest && tat <= absurd {
                context.limiter.remember(charge, tat, now);
                return Err(meter.refuse(charge.standing(true, tat, now)).into());
            }
        }
        Ok(())
    }

    /// Counts a failure, in a transaction of its own: the count outlives the
    /// refusal. Of many failures at once only as many are told that they failed as
    /// the limit allows.
    pub(crate) async fn count_failure(&self) -> Result<(), Error> {
        let Self { context, meter, charges, .. } = self;
        refuse_known(context, meter, charges)?;
        if charges.is_empty() {
            return Ok(());
        }
        let mut tx = context.store.begin().await?;
        let counted = take(context, &mut tx.conn(), meter, charges).await;
        if !matches!(counted, Err(Error::Failed(_))) {
            tx.commit().await?;
        }
        counted
    }
}

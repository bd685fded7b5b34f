//! Sign-ups that come at the same time share a transaction.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use doorstep_accounts::{
    Timestamp, User,
    limits::{LimitKey, Rate},
};
use doorstep_store::{AtOnce, Conn, LimitsTaken, SignUp, Store, StoreError};

use super::{Attempt, Created, Error};
use crate::{
    limiter::Charge,
    registration::{is_its_own, subjects},
    writes::{Shared, Writes},
};

/// The sign-ups of a process that wait to be written. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SignUps(Writes<Member>);

/// A sign-up among others.
#[derive(Debug)]
struct Member {
    rows: SignUp,
    charges: Vec<Charge>,
    /// Whether its address was taken.
    fell_back: AtomicBool,
}

impl SignUps {
    /// Into that database.
    pub fn new(store: &Store) -> Self {
        Self(Writes::new(store))
    }
}

impl Attempt<'_> {
    /// Whether it may share a transaction.
    pub(super) fn may_go_together(&self, user: &User) -> bool {
        let terms = &self.context.terms;
        // Whoever is asked for a confirmation by mail goes alone: that is written for the
        // one address and not for another.
        let asked = terms.confirm_seconds.is_some() && !user.email.is_empty();
        self.confirmation.is_none() && terms.registration && !asked
    }

    /// In one transaction with others that come at the same time. `None`: something
    /// stands in its way, and [`Self::alone`] finds out what.
    pub(super) async fn together(
        &self,
        user: User,
        charges: &[Charge],
    ) -> Result<Option<Created>, Error> {
        let Self { context, meter, .. } = *self;
        // An address may be somebody's. What is written then is made ready for all, and
        // goes with the others: the time until the answer does not tell.
        let fallback = self.fallback(&user);
        let (rows, handover) = self.draft(user);
        let (rows, charges) = (SignUp { fallback, ..rows }, charges.to_vec());
        let member = Arc::new(Member { rows, charges, fell_back: AtomicBool::new(false) });
        if !context.sign_ups.0.write(context, meter, &member).await? {
            return Ok(None);
        }
        let SignUp { user, fallback, credential, .. } = &member.rows;
        let fallback = fallback.as_ref().filter(|_| member.fell_back.load(Ordering::Relaxed));
        let user = fallback.map_or(user, |fallback| &fallback.user);
        Ok(Some(self.answer(user.clone(), credential.username.clone(), handover, false)))
    }
}

impl Shared for Member {
    const NAME: &str = "sign-ups";
    const PLACES: [&str; 2] = ["sign-up-commit", "sign-up-committed"];

    fn charges(&self) -> &[Charge] {
        &self.charges
    }

    async fn free(
        conn: &mut Conn<'_>,
        all: &[&Self],
        now: Timestamp,
    ) -> Result<Vec<usize>, StoreError> {
        // Who may not register takes nobody's address.
        let rows = allowed(conn, all).await?;
        let ways = conn.ways(&rows, now).await?;
        let allowed: HashSet<_> = rows.into_iter().map(|rows| rows.user.id).collect();
        note_fallen_back(all, &ways.taken);
        let is_free = |at: &usize| {
            let id = &all[*at].rows.user.id;
            allowed.contains(id) && !ways.stopped.contains(id)
        };
        Ok((0..all.len()).filter(is_free).collect())
    }

    async fn write_at_once(
        at_once: AtOnce,
        all: &[&Self],
        charges: &[(LimitKey, Rate, i64)],
        now: Timestamp,
    ) -> Result<Option<LimitsTaken>, StoreError> {
        let rows: Vec<_> = all.iter().map(|member| &member.rows).collect();
        let fallen_back = all.iter().filter(|member| member.fell_back.load(Ordering::Relaxed));
        let fallen_back = fallen_back.map(|member| member.rows.user.id).collect();
        at_once.add_sign_ups(&rows, &fallen_back, charges, now).await
    }

    async fn write_all(
        conn: &mut Conn<'_>,
        all: &[&Self],
        now: Timestamp,
    ) -> Result<Option<Vec<usize>>, StoreError> {
        let rows = allowed(conn, all).await?;
        let Some(written) = conn.add_sign_ups(&rows, now).await? else { return Ok(None) };
        note_fallen_back(all, &written.fallen_back);
        let is_written = |at: &usize| written.ids.contains(&all[*at].rows.user.id);
        Ok(Some((0..all.len()).filter(is_written).collect()))
    }
}

fn note_fallen_back(all: &[&Member], ids: &HashSet<i64>) {
    for member in all {
        member.fell_back.store(ids.contains(&member.rows.user.id), Ordering::Relaxed);
    }
}

/// Those whose client may register on their server.
async fn allowed<'a>(
    conn: &mut Conn<'_>,
    all: &[&'a Member],
) -> Result<Vec<&'a SignUp>, StoreError> {
    let pair = |rows: &'a SignUp| (rows.client_id.as_str(), rows.identity.server_key.as_str());
    let pairs: HashSet<_> = all.iter().map(|member| pair(&member.rows)).collect();
    let asked: Vec<_> = pairs
        .into_iter()
        .map(|(client_id, server_key)| {
            let (client, server) = subjects(client_id, server_key);
            (client_id, server_key, client, server)
        })
        .collect();
    let grounds = conn.grounds(&asked).await?;
    let may = asked.iter().zip(grounds).filter_map(|((client_id, server_key, ..), grounds)| {
        let own = is_its_own(client_id, grounds.owner.as_deref(), grounds.has_servers);
        (own && !grounds.stopped).then_some((*client_id, *server_key))
    });
    let may: HashSet<_> = may.collect();
    let rows = all.iter().map(|member| &member.rows);
    Ok(rows.filter(|rows| may.contains(&pair(rows))).collect())
}

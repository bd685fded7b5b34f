//! Sign-ups that come at the same time share a transaction.

use std::{collections::HashSet, sync::Arc};

use doorstep_accounts::{Timestamp, User};
use doorstep_store::{Conn, SignUp, Store, StoreError};

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
}

impl SignUps {
    /// Into that database.
    pub fn new(store: &Store) -> Self {
        Self(Writes::new(store))
    }
}

impl Attempt<'_> {
    /// In one transaction with others that come at the same time. `None`: something
    /// stands in its way, and [`Self::alone`] finds out what.
    pub(super) async fn together(
        &self,
        user: User,
        charges: &[Charge],
    ) -> Result<Option<Created>, Error> {
        let Self { context, meter, .. } = *self;
        // An address may be somebody's: with others that would be found out late, and the
        // time until the answer would tell it. It goes alone, taken or not; so a mail that
        // has to be sent is not looked for here.
        if !user.email.is_empty() || !context.terms.registration {
            return Ok(None);
        }
        let (rows, handover) = self.draft(user);
        let member = Arc::new(Member { rows, charges: charges.to_vec() });
        if !context.sign_ups.0.write(context, meter, &member).await? {
            return Ok(None);
        }
        let SignUp { user, credential, .. } = &member.rows;
        Ok(Some(self.answer(user.clone(), credential.username.clone(), handover, false)))
    }
}

impl Shared for Member {
    const NAME: &str = "sign-ups";
    const PLACES: [&str; 2] = ["sign-up-commit", "sign-up-committed"];

    fn charges(&self) -> &[Charge] {
        &self.charges
    }

    async fn write_all(
        conn: &mut Conn<'_>,
        all: &[&Self],
        now: Timestamp,
    ) -> Result<Option<Vec<usize>>, StoreError> {
        let rows = allowed(conn, all).await?;
        let Some(ids) = conn.add_sign_ups(&rows, now).await? else { return Ok(None) };
        let written = |at: &usize| ids.contains(&all[*at].rows.user.id);
        Ok(Some((0..all.len()).filter(written).collect()))
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

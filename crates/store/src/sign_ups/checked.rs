//! Sign-ups that share a transaction on SQLite: one question whether anything stands in the
//! way of any of them, and one message with all that is to be written. While it writes,
//! nobody else does, so what was not in the way does not come into it either.

use std::collections::HashSet;

use doorstep_accounts::{Timestamp, TokenHash, user::email_key};

use super::{SignUp, Written};
use crate::{
    Conn, StoreError,
    log::NewEvent,
    many::{Many, all_many},
    tokens::usable,
};

impl Conn<'_> {
    /// [`Self::add_sign_ups`] of those that have nothing unique in common, not even their
    /// address, in the order of their names.
    pub(super) async fn add_checked(
        &mut self,
        mut going: Vec<&SignUp>,
        now: Timestamp,
    ) -> Result<Option<Written>, StoreError> {
        let Ways { stopped, taken, wanted } = self.ways(&going, now).await?;
        let number = |at: &usize| going.get(*at).map(|one| one.user.id);
        let fallen_back = taken.difference(&stopped).filter_map(number).collect();
        let mut at = 0..;
        going.retain(|_| at.next().is_some_and(|at| !stopped.contains(&at)));
        if going.is_empty() {
            return Ok(Some(Written::default()));
        }
        let events: Vec<_> = going.iter().map(|one| one.new_event(&fallen_back)).collect();
        self.put_off(going.len());
        let work = self.add_all(&going, &fallen_back, &events, now).await;
        if !self.catch_up(work).await? {
            return Ok(None);
        }
        if wanted {
            self.deliver(&events).await?;
        }
        Ok(Some(Written { ids: going.iter().map(|one| one.user.id).collect(), fallen_back }))
    }

    /// All that is written of them but what is told to others.
    async fn add_all(
        &mut self,
        all: &[&SignUp],
        fallen_back: &HashSet<i64>,
        events: &[NewEvent<'_>],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tokens: Vec<_> = all.iter().filter_map(|one| one.token.as_ref()).collect();
        self.use_all_tokens(&tokens, now).await?;
        let identities: Vec<_> = all.iter().map(|one| (&one.identity, one.user.id)).collect();
        self.take_identities(&identities).await?;
        let users: Vec<_> = all.iter().map(|one| one.new_user(fallen_back)).collect();
        self.add_users(&users).await?;
        self.add_what_hangs_on_users(all).await?;
        self.keep_events(events).await
    }

    async fn ways(&mut self, all: &[&SignUp], now: Timestamp) -> Result<Ways, StoreError> {
        // `@2` stands in what may be used of a token.
        static FIND: Many = Many::new(
            concat!(
                "WITH asked AS (
                    SELECT column1 AS at,
                        EXISTS (SELECT 1 FROM idempotency i
                                WHERE i.client_id = column2 AND i.key_hash = column3)
                        OR EXISTS (SELECT 1 FROM identities i
                                   WHERE i.provider = column5 AND i.server_key = column6
                                     AND i.username_key = column7)
                        OR (column4 IS NOT NULL AND NOT EXISTS (
                                SELECT 1 FROM tokens t WHERE t.hash = column4 AND ",
                usable!(),
                ")) AS stopped,
                        EXISTS (SELECT 1 FROM users u WHERE u.email_key = column8) AS taken
                    FROM"
            ),
            7,
            "WHERE column1 < @1)
             SELECT GROUP_CONCAT(CASE WHEN stopped THEN at END),
                    GROUP_CONCAT(CASE WHEN taken THEN at END),
                    EXISTS (SELECT 1 FROM webhook_topics)
             FROM asked",
            2,
        );
        let rows =
            all_many!(self, (Option<String>, Option<String>, bool), FIND, [now.0], all, |one| [
                &one.client_id,
                one.replay.as_ref().map(|it| it.key.hash()),
                one.token.as_ref().map(TokenHash::as_stored),
                one.identity.provider.as_str(),
                &one.identity.server_key,
                &one.identity.username_key,
                one.fallback.as_ref().map(|_| email_key(&one.user.email)),
            ]);
        let mut ways = Ways::default();
        for (stopped, taken, wanted) in rows {
            ways.stopped.extend(places(stopped.as_deref()));
            ways.taken.extend(places(taken.as_deref()));
            ways.wanted |= wanted;
        }
        Ok(ways)
    }
}

/// What is in the way of which places of a list.
#[derive(Default)]
struct Ways {
    /// They cannot be written: their name, token or key is taken.
    stopped: HashSet<usize>,
    /// Their address is taken.
    taken: HashSet<usize>,
    /// Whether anybody wants to be told of sign-ups.
    wanted: bool,
}

fn places(listed: Option<&str>) -> impl Iterator<Item = usize> {
    listed.into_iter().flat_map(|listed| listed.split(',')).filter_map(|at| at.parse().ok())
}

//! What stands in the way of sign-ups, looked up before they are written: those in whose way
//! something stands are left out, and the others go at once. Who comes in between shows when
//! they are written.

use std::collections::HashSet;

use doorstep_accounts::{Timestamp, TokenHash, user::email_key};

use super::{SignUp, firsts};
use crate::{
    Conn, StoreError,
    many::{Many, all_many},
    tokens::usable,
};

/// What is in the way of which of several sign-ups, by the numbers of their users.
#[derive(Debug, Default)]
pub struct Ways {
    /// They cannot be written: their name, token or key is taken, or is that of an earlier
    /// one of the list.
    pub stopped: HashSet<i64>,
    /// Their address is taken, or is that of an earlier one.
    pub taken: HashSet<i64>,
}

impl Conn<'_> {
    /// What is in the way of sign-ups. Whether an address is taken is asked only of those
    /// that can do without.
    pub async fn ways(&mut self, all: &[&SignUp], now: Timestamp) -> Result<Ways, StoreError> {
        // Each is a look-up of its own, which cannot become a join that reads a table. `@2`
        // stands in what may be used of a token.
        static FIND: Many = Many::new(
            concat!(
                "SELECT id, stopped, taken FROM (
                    SELECT column9 AS id,
                        (SELECT 1 FROM idempotency i
                         WHERE i.client_id = column2 AND i.key_hash = column3 LIMIT 1) IS NOT NULL
                        OR (SELECT 1 FROM identities i
                            WHERE i.provider = column5 AND i.server_key = column6
                              AND i.username_key = column7 LIMIT 1) IS NOT NULL
                        OR (column4 IS NOT NULL AND (
                            SELECT 1 FROM tokens t WHERE t.hash = column4 AND ",
                usable!(),
                " LIMIT 1) IS NULL) AS stopped,
                        (SELECT 1 FROM users u WHERE u.email_key = column8 LIMIT 1) IS NOT NULL
                            AS taken
                    FROM"
            ),
            8,
            "WHERE column1 < @1) AS w WHERE stopped OR taken",
            2,
        );
        let rows = all_many!(self, (i64, bool, bool), FIND, [now.0], all, |one| [
            &one.client_id,
            one.replay.as_ref().map(|it| it.key.hash()),
            one.token.as_ref().map(TokenHash::as_stored),
            one.identity.provider.as_str(),
            &one.identity.server_key,
            &one.identity.username_key,
            one.fallback.as_ref().map(|_| email_key(&one.user.email)),
            one.user.id,
        ]);
        let first: HashSet<_> = firsts(all).into_iter().map(|one| one.user.id).collect();
        let ids = all.iter().map(|one| one.user.id);
        let mut ways = Ways::default();
        ways.stopped.extend(ids.filter(|id| !first.contains(id)));
        for (id, stopped, taken) in rows {
            if stopped {
                ways.stopped.insert(id);
            }
            if taken {
                ways.taken.insert(id);
            }
        }
        let mut addresses = HashSet::new();
        for one in all.iter().filter(|one| !ways.stopped.contains(&one.user.id)) {
            if !addresses.insert(email_key(&one.user.email)) && one.fallback.is_some() {
                ways.taken.insert(one.user.id);
            }
        }
        Ok(ways)
    }
}

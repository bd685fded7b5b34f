//! The outbox, and facts about the installation.

use std::borrow::Cow;

use doorstep_accounts::{Timestamp, event};
use serde_json::{Map, Value};

use crate::{
    Conn, StoreError, document, exec,
    many::{Many, all_many, exec_many},
    one,
};

const BEFORE: &str = "INSERT INTO events (id, kind, user_id, payload, created_at)
             SELECT column2, column3, column4, column5, column6 FROM";

/// Something for the outside world.
#[derive(Debug)]
pub(crate) struct NewEvent<'a> {
    pub(crate) id: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) user_id: i64,
    /// A JSON object.
    pub(crate) payload: Cow<'a, str>,
    pub(crate) now: Timestamp,
}

impl Conn<'_> {
    /// Notes something for the outside world, and for each endpoint that wants to be told
    /// that it is to be. The payload holds no secret.
    pub async fn add_event(
        &mut self,
        id: &str,
        kind: &str,
        user_id: i64,
        payload: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.add_events(&[NewEvent { id, kind, user_id, payload: document(payload).into(), now }])
            .await
    }

    /// Notes several things for the outside world.
    pub(crate) async fn add_events(&mut self, new: &[NewEvent<'_>]) -> Result<(), StoreError> {
        // Asked on the way, so that sign-ups of which nobody is told pay nothing for it.
        static ADD: Many = Many::new(
            BEFORE,
            5,
            "WHERE column1 < @1 RETURNING EXISTS (SELECT 1 FROM webhook_topics)",
            1,
        );
        for NewEvent { kind, .. } in new {
            debug_assert!(event::is_kind(kind), "{kind} is not in crates/accounts/src/event.rs");
        }
        let wanted = all_many!(self, (bool,), ADD, [], new, |new| [
            new.id,
            new.kind,
            new.user_id,
            &*new.payload,
            new.now.0,
        ]);
        if wanted.contains(&(true,)) {
            self.deliver(new).await?;
        }
        Ok(())
    }

    /// The same where it is known whether anybody wants to be told.
    pub(crate) async fn keep_events(&mut self, new: &[NewEvent<'_>]) -> Result<(), StoreError> {
        static ADD: Many = Many::new(BEFORE, 5, "WHERE column1 < @1", 1);
        exec_many!(self, ADD, [], new, |new| [
            new.id,
            new.kind,
            new.user_id,
            &*new.payload,
            new.now.0,
        ]);
        Ok(())
    }

    /// Has them told to those who want to know.
    pub(crate) async fn deliver(&mut self, new: &[NewEvent<'_>]) -> Result<(), StoreError> {
        for NewEvent { id, kind, user_id, now, .. } in new {
            self.add_deliveries(id, kind, *user_id, *now).await?;
        }
        Ok(())
    }

    /// Writes a fact if there is none of that name, and gives the one that holds.
    pub async fn settle_fact(&mut self, name: &str, value: &str) -> Result<String, StoreError> {
        exec!(
            self,
            "INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            name,
            value,
        );
        self.fact(name).await?.ok_or(StoreError::Corrupt { what: "a fact" })
    }

    /// A fact.
    pub async fn fact(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        let row = one!(self, (String,), "SELECT value FROM facts WHERE name = $1", name);
        Ok(row.map(|(value,)| value))
    }
}

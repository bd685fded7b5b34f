//! The outbox, and facts about the installation.

use doorstep_accounts::{Timestamp, event};
use serde_json::{Map, Value};

use crate::{Conn, StoreError, document, exec, one};

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
        debug_assert!(event::is_kind(kind), "{kind} is not in crates/accounts/src/event.rs");
        // Asked on the way, so that a sign-up of which nobody is told pays nothing for it.
        let wanted = one!(
            self,
            (bool,),
            "INSERT INTO events (id, kind, user_id, payload, created_at) VALUES ($1, $2, $3, $4, $5)
             RETURNING EXISTS (SELECT 1 FROM webhook_topics)",
            id,
            kind,
            user_id,
            document(payload),
            now.0,
        );
        if wanted == Some((true,)) {
            self.add_deliveries(id, kind, user_id, now).await?;
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

//! What endpoints are still to be told: one row for an event and an endpoint, from the
//! transaction of the event until the endpoint has taken it.
//!
//! What is due is found by the rows themselves and not by a place in the log up to which
//! all has been sent: PostgreSQL commits in any order, and a row that appears late is
//! sent late. Of one user only the first row is ever due.

use doorstep_accounts::{Timestamp, event, ids};
use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::{Conn, EndpointLease, Store, StoreError, all, exec, object};

/// Rows that a sweep removes at a time, so that sign-ups get in between.
const SWEPT: i64 = 1_000;
/// Sorts behind every event's id, by the rules of any language: those are hexadecimal.
const BEHIND_ALL: &str = "evt_g";

/// An event to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The event.
    pub event_id: String,
    /// What happened.
    pub kind: String,
    /// To whom.
    pub user_id: i64,
    /// What there is to say of it.
    pub payload: Map<String, Value>,
    /// When it happened.
    pub created_at: Timestamp,
    /// How often it was sent in vain.
    pub attempts: i64,
}

/// An event that was given up.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DeadDelivery {
    /// The event.
    pub event_id: String,
    /// The endpoint.
    pub endpoint_id: String,
    /// What happened.
    pub kind: String,
    /// To whom.
    pub user_id: i64,
    /// How often it was sent.
    pub attempts: i64,
    /// What came of it last.
    pub reason: Option<String>,
    /// Since when, in milliseconds.
    pub died_at: i64,
}

/// What an endpoint is told once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// What was given up.
    Dead,
    /// One event, whether it was sent or not.
    Event(String),
    /// All of its topics that happened since.
    Since(Timestamp),
}

#[derive(sqlx::FromRow)]
struct OutgoingRow {
    event_id: String,
    kind: String,
    user_id: i64,
    payload: String,
    created_at: i64,
    attempts: i64,
}

impl Store {
    /// Changes whenever this process has committed something to be sent.
    pub fn deliveries_added(&self) -> watch::Receiver<u64> {
        self.deliveries_added.subscribe()
    }
}

impl Conn<'_> {
    /// Notes an event for the endpoints that are told of it.
    ///
    /// The position is behind all of the user's that this transaction can see. Of two
    /// transactions that do not see one another neither came first.
    pub(crate) async fn add_deliveries(
        &mut self,
        event_id: &str,
        kind: &str,
        user_id: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let written = exec!(
            self,
            "INSERT INTO webhook_deliveries
                 (event_id, endpoint_id, user_id, position, due_at, attempts)
             SELECT $1, e.id, $2,
                    (SELECT COALESCE(MAX(d.position), 0) + 1 FROM webhook_deliveries d
                     WHERE d.endpoint_id = e.id AND d.user_id = $2 AND d.died_at IS NULL),
                    $3, 0
             FROM webhook_endpoints e
             WHERE e.disabled_at IS NULL
               AND EXISTS (SELECT 1 FROM webhook_topics t
                           WHERE t.endpoint_id = e.id AND t.topic IN ('*', $4, $5))",
            event_id,
            user_id,
            now.0,
            event::family(kind),
            kind,
        );
        self.note_deliveries(written);
        Ok(())
    }

    fn note_deliveries(&mut self, written: u64) {
        if written > 0
            && let Some(added) = &mut self.added
        {
            added.delivery = true;
        }
    }

    /// What the endpoint of a lease can be told now: of each user the first that is left.
    pub async fn due_deliveries(
        &mut self,
        lease: &EndpointLease,
        now: Timestamp,
        most: i64,
    ) -> Result<Vec<Outgoing>, StoreError> {
        let rows = all!(
            self,
            OutgoingRow,
            "SELECT d.event_id, v.kind, d.user_id, v.payload, v.created_at, d.attempts
             FROM webhook_deliveries d
             JOIN webhook_endpoints e ON e.id = d.endpoint_id
             JOIN events v ON v.id = d.event_id
             WHERE d.endpoint_id = $1 AND d.died_at IS NULL AND d.due_at <= $2
               AND e.fence = $3 AND e.disabled_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM webhook_deliveries b
                               WHERE b.endpoint_id = d.endpoint_id AND b.user_id = d.user_id
                                 AND b.died_at IS NULL
                                 AND (b.position < d.position OR
                                      (b.position = d.position AND b.event_id < d.event_id)))
             ORDER BY d.due_at, d.event_id LIMIT $4",
            &lease.endpoint_id,
            now.0,
            lease.fence,
            most,
        );
        rows.into_iter()
            .map(|row| {
                Ok(Outgoing {
                    event_id: row.event_id,
                    kind: row.kind,
                    user_id: row.user_id,
                    payload: object(&row.payload, "an event")?,
                    created_at: Timestamp(row.created_at),
                    attempts: row.attempts,
                })
            })
            .collect()
    }

    /// Notes that the endpoint has taken an event.
    pub async fn delivered(&mut self, endpoint_id: &str, event_id: &str) -> Result<(), StoreError> {
        exec!(
            self,
            "DELETE FROM webhook_deliveries WHERE event_id = $1 AND endpoint_id = $2",
            event_id,
            endpoint_id,
        );
        Ok(())
    }

    /// Puts an event off that was sent in vain, and with it what is behind it of the same
    /// user.
    pub async fn put_off_delivery(
        &mut self,
        endpoint_id: &str,
        outgoing: &Outgoing,
        due_at: Timestamp,
        reason: &str,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "UPDATE webhook_deliveries SET attempts = attempts + 1, reason = $1
             WHERE event_id = $2 AND endpoint_id = $3",
            reason,
            &outgoing.event_id,
            endpoint_id,
        );
        exec!(
            self,
            "UPDATE webhook_deliveries SET due_at = $1
             WHERE endpoint_id = $2 AND user_id = $3 AND died_at IS NULL AND due_at < $1",
            due_at.0,
            endpoint_id,
            outgoing.user_id,
        );
        Ok(())
    }

    /// Gives an event up. What is behind it of the same user is due.
    pub async fn bury_delivery(
        &mut self,
        endpoint_id: &str,
        outgoing: &Outgoing,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "UPDATE webhook_deliveries SET attempts = attempts + 1, reason = $1, died_at = $2
             WHERE event_id = $3 AND endpoint_id = $4",
            reason,
            now.0,
            &outgoing.event_id,
            endpoint_id,
        );
        Ok(())
    }

    /// What was given up, newest first: of one endpoint, or of all.
    pub async fn dead_deliveries(
        &mut self,
        endpoint_id: Option<&str>,
        most: i64,
    ) -> Result<Vec<DeadDelivery>, StoreError> {
        Ok(all!(
            self,
            DeadDelivery,
            "SELECT d.event_id, d.endpoint_id, v.kind, d.user_id, d.attempts, d.reason, d.died_at
             FROM webhook_deliveries d JOIN events v ON v.id = d.event_id
             WHERE d.died_at IS NOT NULL AND ($1 IS NULL OR d.endpoint_id = $1)
             ORDER BY d.died_at DESC, d.event_id LIMIT $2",
            endpoint_id,
            most,
        ))
    }

    /// Notes once more what an endpoint is to be told; how much that is. It is sent in the
    /// order in which it happened, in front of nothing that waits already.
    pub async fn replay_deliveries(
        &mut self,
        endpoint_id: &str,
        replay: &Replay,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let written = match replay {
            Replay::Dead => exec!(
                self,
                "UPDATE webhook_deliveries
                 SET died_at = NULL, attempts = 0, reason = NULL, due_at = $1
                 WHERE endpoint_id = $2 AND died_at IS NOT NULL",
                now.0,
                endpoint_id,
            ),
            Replay::Event(id) => {
                let revived = exec!(
                    self,
                    "UPDATE webhook_deliveries
                     SET died_at = NULL, attempts = 0, reason = NULL, due_at = $1
                     WHERE endpoint_id = $2 AND event_id = $3",
                    now.0,
                    endpoint_id,
                    id,
                );
                revived + self.add_again(endpoint_id, (id, id), true, now).await?
            }
            Replay::Since(at) => {
                let first = ids::first_at(ids::IdKind::Event, *at);
                let revived = exec!(
                    self,
                    "UPDATE webhook_deliveries
                     SET died_at = NULL, attempts = 0, reason = NULL, due_at = $1
                     WHERE endpoint_id = $2 AND died_at IS NOT NULL AND event_id >= $3",
                    now.0,
                    endpoint_id,
                    &first,
                );
                revived + self.add_again(endpoint_id, (&first, BEHIND_ALL), false, now).await?
            }
        };
        self.note_deliveries(written);
        Ok(written)
    }

    /// Adds rows for events from one id to another that the endpoint has taken, or never
    /// was to be told.
    async fn add_again(
        &mut self,
        endpoint_id: &str,
        (first, last): (&str, &str),
        any_topic: bool,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        Ok(exec!(
            self,
            "INSERT INTO webhook_deliveries
                 (event_id, endpoint_id, user_id, position, due_at, attempts)
             SELECT v.id, $1, v.user_id,
                    ROW_NUMBER() OVER (PARTITION BY v.user_id ORDER BY v.id)
                    + (SELECT COALESCE(MAX(d.position), 0) FROM webhook_deliveries d
                       WHERE d.endpoint_id = $1 AND d.user_id = v.user_id AND d.died_at IS NULL),
                    $2, 0
             FROM events v
             WHERE v.id >= $3 AND v.id <= $4
               AND ($5 OR EXISTS (SELECT 1 FROM webhook_topics t
                                  WHERE t.endpoint_id = $1
                                    AND (t.topic = '*' OR t.topic = v.kind
                                         OR (t.topic LIKE '%.*'
                                             AND v.kind LIKE REPLACE(t.topic, '*', '%')))))
             ON CONFLICT (event_id, endpoint_id) DO NOTHING",
            endpoint_id,
            now.0,
            first,
            last,
            any_topic,
        ))
    }

    /// Forgets what was given up before that time, what is left of endpoints that were
    /// removed, and events from before that nobody is still to be told of; some at a time.
    /// How many events that was.
    pub async fn sweep_events(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        exec!(self, "DELETE FROM webhook_deliveries WHERE died_at <= $1", before.0);
        exec!(
            self,
            "DELETE FROM webhook_deliveries
             WHERE NOT EXISTS (SELECT 1 FROM webhook_endpoints e
                               WHERE e.id = webhook_deliveries.endpoint_id)",
        );
        Ok(exec!(
            self,
            "DELETE FROM events WHERE id IN
                 (SELECT v.id FROM events v
                  WHERE v.id < $1 AND v.created_at < $2
                    AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.event_id = v.id)
                  ORDER BY v.id LIMIT $3)",
            ids::first_at(ids::IdKind::Event, before),
            before.0,
            SWEPT,
        ))
    }
}

//! Endpoints that are told of events: who they are, how they stand, and which process
//! sends to each.
//!
//! One process has an endpoint at a time, by a lease on its row, so that it can know
//! without asking what it has under way. The fence is that of [`crate::jobs`].

use doorstep_accounts::Timestamp;

use crate::{Conn, StoreError, all, exec, one};

/// An endpoint to add.
#[derive(Debug)]
pub struct NewEndpoint<'a> {
    /// Its id.
    pub id: &'a str,
    /// Where it is.
    pub url: &'a str,
    /// What it is told about.
    pub topics: &'a [String],
}

/// An endpoint, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: String,
    /// Where it is.
    pub url: String,
    /// What it is told about.
    pub topics: Vec<String>,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// Since when nothing is sent to it.
    pub disabled_at: Option<Timestamp>,
    /// Why, if nobody of ours decided it.
    pub disabled_reason: Option<String>,
    /// How many events are still to be sent.
    pub pending: i64,
    /// When the oldest of these happened.
    pub oldest_at: Option<Timestamp>,
    /// How many were given up.
    pub dead: i64,
}

/// An endpoint that is this process's for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointLease {
    /// The endpoint.
    pub endpoint_id: String,
    /// Where it is.
    pub url: String,
    /// Which lease it is of this endpoint.
    pub fence: i64,
}

#[derive(sqlx::FromRow)]
struct EndpointRow {
    id: String,
    url: String,
    created_at: i64,
    disabled_at: Option<i64>,
    disabled_reason: Option<String>,
    pending: i64,
    oldest_at: Option<i64>,
    dead: i64,
}

impl Conn<'_> {
    /// Adds an endpoint. It is told of what happens from now on.
    pub async fn add_endpoint(
        &mut self,
        new: &NewEndpoint<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        exec!(
            self,
            "INSERT INTO webhook_endpoints (id, url, created_at, leased_until, fence)
             VALUES ($1, $2, $3, 0, 0)",
            new.id,
            new.url,
            now.0,
        );
        for topic in new.topics {
            exec!(
                self,
                "INSERT INTO webhook_topics (topic, endpoint_id) VALUES ($1, $2)
                 ON CONFLICT (topic, endpoint_id) DO NOTHING",
                topic,
                new.id,
            );
        }
        Ok(())
    }

    /// All endpoints, oldest first.
    pub async fn endpoints(&mut self) -> Result<Vec<Endpoint>, StoreError> {
        let rows = all!(
            self,
            EndpointRow,
            "SELECT e.id, e.url, e.created_at, e.disabled_at, e.disabled_reason,
                    (SELECT COUNT(*) FROM webhook_deliveries d
                     WHERE d.endpoint_id = e.id AND d.died_at IS NULL) AS pending,
                    (SELECT MIN(v.created_at) FROM webhook_deliveries d
                     JOIN events v ON v.id = d.event_id
                     WHERE d.endpoint_id = e.id AND d.died_at IS NULL) AS oldest_at,
                    (SELECT COUNT(*) FROM webhook_deliveries d
                     WHERE d.endpoint_id = e.id AND d.died_at IS NOT NULL) AS dead
             FROM webhook_endpoints e ORDER BY e.id",
        );
        let topics = all!(
            self,
            (String, String),
            "SELECT endpoint_id, topic FROM webhook_topics ORDER BY endpoint_id, topic",
        );
        let endpoint = |row: EndpointRow| Endpoint {
            topics: topics
                .iter()
                .filter(|(endpoint, _)| *endpoint == row.id)
                .map(|(_, topic)| topic.clone())
                .collect(),
            id: row.id,
            url: row.url,
            created_at: Timestamp(row.created_at),
            disabled_at: row.disabled_at.map(Timestamp),
            disabled_reason: row.disabled_reason,
            pending: row.pending,
            oldest_at: row.oldest_at.map(Timestamp),
            dead: row.dead,
        };
        Ok(rows.into_iter().map(endpoint).collect())
    }

    /// Whether there is such an endpoint.
    pub async fn has_endpoint(&mut self, id: &str) -> Result<bool, StoreError> {
        let row = one!(self, (String,), "SELECT id FROM webhook_endpoints WHERE id = $1", id);
        Ok(row.is_some())
    }

    /// Sends nothing more to an endpoint, and notes no more for it. What is pending stays.
    /// `false`: there is none that is not disabled.
    pub async fn disable_endpoint(
        &mut self,
        id: &str,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "UPDATE webhook_endpoints SET disabled_at = $1, disabled_reason = $2
             WHERE id = $3 AND disabled_at IS NULL",
            now.0,
            reason,
            id,
        );
        Ok(written == 1)
    }

    /// Takes an endpoint into use again. `false`: there is none that is disabled.
    pub async fn enable_endpoint(&mut self, id: &str) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "UPDATE webhook_endpoints SET disabled_at = NULL, disabled_reason = NULL
             WHERE id = $1 AND disabled_at IS NOT NULL",
            id,
        );
        Ok(written == 1)
    }

    /// Removes an endpoint and what it was still to be told. `false`: there is none.
    pub async fn remove_endpoint(&mut self, id: &str) -> Result<bool, StoreError> {
        exec!(self, "DELETE FROM webhook_topics WHERE endpoint_id = $1", id);
        exec!(self, "DELETE FROM webhook_deliveries WHERE endpoint_id = $1", id);
        Ok(exec!(self, "DELETE FROM webhook_endpoints WHERE id = $1", id) == 1)
    }

    /// Whether there is an endpoint that nobody has and that is to be told something.
    pub async fn is_endpoint_waiting(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        let row = one!(
            self,
            (String,),
            "SELECT e.id FROM webhook_endpoints e
             WHERE e.disabled_at IS NULL AND e.leased_until <= $1
               AND EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = e.id
                             AND d.died_at IS NULL AND d.due_at <= $1)
             LIMIT 1",
            now.0,
        );
        Ok(row.is_some())
    }

    /// Takes the endpoints that nobody has and that are to be told something.
    pub async fn lease_endpoints(
        &mut self,
        owner: &str,
        (now, until): (Timestamp, Timestamp),
    ) -> Result<Vec<EndpointLease>, StoreError> {
        let rows = all!(
            self,
            (String, String, i64),
            "UPDATE webhook_endpoints SET owner = $1, leased_until = $2, fence = fence + 1
             WHERE disabled_at IS NULL AND leased_until <= $3
               AND EXISTS (SELECT 1 FROM webhook_deliveries d
                           WHERE d.endpoint_id = webhook_endpoints.id
                             AND d.died_at IS NULL AND d.due_at <= $3)
             RETURNING id, url, fence",
            owner,
            until.0,
            now.0,
        );
        let lease = |(endpoint_id, url, fence)| EndpointLease { endpoint_id, url, fence };
        Ok(rows.into_iter().map(lease).collect())
    }

    /// Extends a lease, and makes sure of it until the transaction ends. `false`: it is
    /// lost.
    pub async fn hold_endpoint(
        &mut self,
        lease: &EndpointLease,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let held = exec!(
            self,
            "UPDATE webhook_endpoints SET leased_until = $1
             WHERE id = $2 AND fence = $3",
            until.0,
            &lease.endpoint_id,
            lease.fence,
        );
        Ok(held == 1)
    }

    /// Gives an endpoint back, for whoever is next.
    pub async fn release_endpoint(&mut self, lease: &EndpointLease) -> Result<(), StoreError> {
        exec!(
            self,
            "UPDATE webhook_endpoints SET owner = NULL, leased_until = 0
             WHERE id = $1 AND fence = $2",
            &lease.endpoint_id,
            lease.fence,
        );
        Ok(())
    }
}

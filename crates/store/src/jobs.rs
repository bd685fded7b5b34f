//! What is still to be done: jobs, and the leases on them.
//!
//! A lease is a due time in the future, and a number, the *fence*, that counts the
//! leases of a job. Whoever has a lease writes under the condition that the fence is
//! still the one that it got, in the transaction that writes the job's result: a worker
//! that was taken for dead and is not writes nothing.

use std::time::Duration;

use doorstep_accounts::{JobKind, Timestamp};
use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::{Conn, Store, StoreError, all, document, exec, object, one};

/// A job to add.
#[derive(Debug)]
pub struct NewJob<'a> {
    /// Its id.
    pub id: &'a str,
    /// What is to be done.
    pub kind: JobKind,
    /// With what. No secret: who reads the database reads this.
    pub payload: &'a Map<String, Value>,
    /// About whom, if about anybody.
    pub user_id: Option<i64>,
    /// From when.
    pub due_at: Timestamp,
}

/// A job that is this worker's for a while.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease {
    /// The job.
    pub job_id: String,
    /// What is to be done.
    pub kind: JobKind,
    /// With what.
    pub payload: Map<String, Value>,
    /// Which lease it is of this job.
    pub fence: i64,
    /// Which try it is, from 1.
    pub attempt: i64,
    /// Why the last one failed, if it could say so.
    pub reason: Option<String>,
}

/// Clocks of servers differ by less.
const CLOCK_STEP: Duration = Duration::from_mins(2);

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[derive(sqlx::FromRow)]
struct LeaseRow {
    id: String,
    payload: String,
    fence: i64,
    attempts: i64,
    reason: Option<String>,
}

impl Store {
    /// Changes whenever this process has committed a new job, so that nobody waits for
    /// the next look at the table.
    pub fn jobs_added(&self) -> watch::Receiver<u64> {
        self.jobs_added.subscribe()
    }
}

impl Conn<'_> {
    /// Adds a job. It is there if and only if this transaction commits.
    pub async fn add_job(&mut self, new: &NewJob<'_>, now: Timestamp) -> Result<(), StoreError> {
        exec!(
            self,
            "INSERT INTO jobs (id, kind, payload, user_id, due_at, fence, attempts, created_at)
             VALUES ($1, $2, $3, $4, $5, 0, 0, $6)",
            new.id,
            new.kind.name(),
            document(new.payload),
            new.user_id,
            new.due_at.0,
            now.0,
        );
        if let Some(added) = &mut self.added {
            added.job = true;
        }
        Ok(())
    }

    /// Takes jobs of a kind that are due, at most so many, until that time.
    ///
    /// What is due stands in the condition twice: PostgreSQL looks again at a row for
    /// which it waited, and without the outer condition it would take what another
    /// worker has just taken.
    pub async fn lease_jobs(
        &mut self,
        kind: JobKind,
        owner: &str,
        (now, until): (Timestamp, Timestamp),
        most: i64,
    ) -> Result<Vec<Lease>, StoreError> {
        let rows = all!(
            self,
            LeaseRow,
            "UPDATE jobs SET owner = $1, due_at = $2, fence = fence + 1, attempts = attempts + 1
             WHERE id IN (SELECT id FROM jobs WHERE kind = $3 AND died_at IS NULL AND due_at <= $4
                          ORDER BY due_at LIMIT $5)
               AND died_at IS NULL AND due_at <= $4
             RETURNING id, payload, fence, attempts, reason",
            owner,
            until.0,
            kind.name(),
            now.0,
            most,
        );
        rows.into_iter()
            .map(|row| {
                Ok(Lease {
                    job_id: row.id,
                    kind,
                    payload: object(&row.payload, "a job")?,
                    fence: row.fence,
                    attempt: row.attempts,
                    reason: row.reason,
                })
            })
            .collect()
    }

    /// Makes good that a clock was set back: what waits for a time that no clock would have
    /// set now is due, and what is taken until such a time is taken for one lease more.
    /// Whoever works on it renews that, and whoever does not is gone. Gives how many.
    pub async fn recall_jobs(
        &mut self,
        kind: JobKind,
        now: Timestamp,
        (lease, pause): (Duration, Duration),
    ) -> Result<u64, StoreError> {
        let after = |time: Duration| now.0.saturating_add_unsigned(millis(time));
        let latest = |time| after(time).saturating_add_unsigned(millis(CLOCK_STEP));
        Ok(exec!(
            self,
            "UPDATE jobs SET due_at = CASE WHEN owner IS NULL THEN $1 ELSE $2 END
             WHERE kind = $3 AND died_at IS NULL
               AND ((owner IS NOT NULL AND due_at > $4)
                 OR (owner IS NULL AND reason IS NOT NULL AND due_at > $5)
                 OR (owner IS NULL AND fence = 0 AND due_at > $6 AND created_at > $6))",
            now.0,
            after(lease),
            kind.name(),
            latest(lease),
            latest(pause),
            latest(Duration::ZERO),
        ))
    }

    /// When the next job of a kind is due; none without one.
    pub async fn next_job(&mut self, kind: JobKind) -> Result<Option<Timestamp>, StoreError> {
        let row = one!(
            self,
            (Option<i64>,),
            "SELECT MIN(due_at) FROM jobs WHERE kind = $1 AND died_at IS NULL",
            kind.name(),
        );
        Ok(row.and_then(|(due,)| due).map(Timestamp))
    }

    /// Extends a lease. `false`: it is lost.
    pub async fn renew_job(&mut self, lease: &Lease, until: Timestamp) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "UPDATE jobs SET due_at = $1 WHERE id = $2 AND fence = $3 AND died_at IS NULL",
            until.0,
            &lease.job_id,
            lease.fence,
        );
        Ok(written == 1)
    }

    /// Makes sure of a lease until the transaction ends. `false`: it is lost.
    pub async fn hold_job(&mut self, lease: &Lease) -> Result<bool, StoreError> {
        let held = exec!(
            self,
            "UPDATE jobs SET fence = fence WHERE id = $1 AND fence = $2 AND died_at IS NULL",
            &lease.job_id,
            lease.fence,
        );
        Ok(held == 1)
    }

    /// Removes a job that is done, in the transaction that writes its result. `false`:
    /// the lease is lost, and the transaction must be given up.
    pub async fn finish_job(&mut self, lease: &Lease) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "DELETE FROM jobs WHERE id = $1 AND fence = $2 AND died_at IS NULL",
            &lease.job_id,
            lease.fence,
        );
        Ok(written == 1)
    }

    /// Gives a job back after a failure. `false`: the lease is lost.
    pub async fn retry_job(
        &mut self,
        lease: &Lease,
        due_at: Timestamp,
        reason: &str,
    ) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "UPDATE jobs SET due_at = $1, reason = $2, owner = NULL
             WHERE id = $3 AND fence = $4 AND died_at IS NULL",
            due_at.0,
            reason,
            &lease.job_id,
            lease.fence,
        );
        Ok(written == 1)
    }

    /// Gives a job back as if it had not been taken: the worker stops. `false`: the
    /// lease is lost.
    pub async fn return_job(&mut self, lease: &Lease, now: Timestamp) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "UPDATE jobs SET due_at = $1, attempts = attempts - 1, owner = NULL
             WHERE id = $2 AND fence = $3 AND died_at IS NULL",
            now.0,
            &lease.job_id,
            lease.fence,
        );
        Ok(written == 1)
    }

    /// Puts a job off that waits for somebody else; the next try is its first one
    /// again. The new payload tells that try what has been done. `false`: the lease is
    /// lost.
    pub async fn put_off_job(
        &mut self,
        lease: &Lease,
        due_at: Timestamp,
        payload: &Map<String, Value>,
    ) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "UPDATE jobs SET due_at = $1, payload = $2, attempts = 0, reason = NULL, owner = NULL
             WHERE id = $3 AND fence = $4 AND died_at IS NULL",
            due_at.0,
            document(payload),
            &lease.job_id,
            lease.fence,
        );
        Ok(written == 1)
    }

    /// Gives a job up. It stays, with the reason, for people to look at. `false`: the
    /// lease is lost.
    pub async fn bury_job(
        &mut self,
        lease: &Lease,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let written = exec!(
            self,
            "UPDATE jobs SET died_at = $1, reason = $2, owner = NULL
             WHERE id = $3 AND fence = $4 AND died_at IS NULL",
            now.0,
            reason,
            &lease.job_id,
            lease.fence,
        );
        Ok(written == 1)
    }

    /// Removes a job, whoever has it: what it was for is settled otherwise. Whoever has
    /// it loses the lease.
    pub async fn drop_job(&mut self, job_id: &str) -> Result<(), StoreError> {
        exec!(self, "DELETE FROM jobs WHERE id = $1 AND died_at IS NULL", job_id);
        Ok(())
    }

    /// Forgets jobs that were given up before that time.
    pub async fn sweep_jobs(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(exec!(self, "DELETE FROM jobs WHERE died_at <= $1", before.0))
    }
}

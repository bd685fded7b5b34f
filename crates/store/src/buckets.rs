//! What has been used of each limit.

use doorstep_accounts::{
    Timestamp,
    limits::{LimitKey, Rate, Terms},
};

use crate::{Conn, StoreError, exec, one};

/// Rows that are deleted at a time: a sweep after a flood must not hold the one
/// writer for longer than a sign-up does.
const SWEEP_ROWS: i64 = 5_000;

/// The outcome of a charge; both with the theoretical arrival time, in
/// microseconds since the Unix epoch, that is in the database now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charged {
    /// There was something left, and it is one less.
    Taken(i64),
    /// Nothing is left, and nothing was written.
    Refused(i64),
}

impl Conn<'_> {
    /// Takes one of a limit. The decision is in the write itself, so of many at
    /// once no more get through than there are.
    pub async fn charge(
        &mut self,
        key: &LimitKey,
        rate: Rate,
        now: Timestamp,
    ) -> Result<Charged, StoreError> {
        let Terms { now, interval, first, latest, exhausted, absurd } = rate.terms(micros(now));
        let row = one!(
            self,
            (i64,),
            "INSERT INTO buckets (key, tat) VALUES ($1, $2)
             ON CONFLICT (key) DO UPDATE SET tat = CASE
                 WHEN buckets.tat > $3 THEN $4
                 WHEN buckets.tat > $5 THEN buckets.tat + $6
                 ELSE $2 END
             WHERE buckets.tat <= $7 OR buckets.tat > $3
             RETURNING tat",
            key.as_stored(),
            first,
            absurd,
            exhausted,
            now,
            interval,
            latest,
        );
        if let Some((tat,)) = row {
            return Ok(Charged::Taken(tat));
        }
        Ok(Charged::Refused(self.used(key).await?.unwrap_or(now)))
    }

    /// The theoretical arrival time of a key, in microseconds; none at rest.
    pub async fn used(&mut self, key: &LimitKey) -> Result<Option<i64>, StoreError> {
        let row = one!(self, (i64,), "SELECT tat FROM buckets WHERE key = $1", key.as_stored());
        Ok(row.map(|(tat,)| tat))
    }

    /// Forgets keys that are at rest; gives how many. There may be more.
    pub async fn sweep_buckets(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        Ok(exec!(
            self,
            "DELETE FROM buckets WHERE key IN (SELECT key FROM buckets WHERE tat <= $1 LIMIT $2)
               AND tat <= $1",
            micros(now),
            SWEEP_ROWS,
        ))
    }
}

const fn micros(time: Timestamp) -> i64 {
    time.0.saturating_mul(1_000)
}

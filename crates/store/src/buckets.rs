//! What has been used of each limit.

use doorstep_accounts::{
    Timestamp,
    limits::{LimitKey, Rate, Terms},
};

use crate::{
    Conn, StoreError, exec,
    many::{Many, Script, WIDEST, add, all_many},
    one,
};

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

/// So many of a limit at once.
#[derive(Debug)]
pub(crate) struct Asked {
    key: LimitKey,
    pub(crate) stored: String,
    /// The theoretical arrival time after all of them, if the key is at rest now.
    pub(crate) after: i64,
    /// The latest that it may come to.
    pub(crate) most: i64,
}

// A row after a jump of the clock is left to `charge`, which knows what to do.
static CHARGE: Many = Many::new(
    "WITH asked AS (SELECT * FROM",
    3,
    ")
     INSERT INTO buckets (key, tat) SELECT column2, column3 FROM asked WHERE column1 < @1
     ON CONFLICT (key) DO UPDATE SET tat = CASE
         WHEN buckets.tat > @2 THEN buckets.tat + (excluded.tat - @2)
         ELSE excluded.tat END
     WHERE buckets.tat + (excluded.tat - @2) <=
         (SELECT a.column4 FROM asked a WHERE a.column2 = excluded.key LIMIT 1)
     RETURNING key, tat",
    2,
);

impl Asked {
    /// Those of the keys that can have as many left at all.
    pub(crate) fn of(keys: &[(LimitKey, Rate, i64)], now: Timestamp) -> Vec<Self> {
        let now = micros(now);
        let ask = |(key, rate, count): &(LimitKey, Rate, i64)| {
            let Terms { interval, latest, .. } = rate.terms(now);
            let after = now.saturating_add(interval.saturating_mul(*count));
            // After the last of them it is one interval beyond what the last was allowed by.
            let most = latest.saturating_add(interval);
            (after <= most).then(|| Self { key: *key, stored: key.as_stored(), after, most })
        };
        keys.iter().filter_map(ask).collect()
    }

    /// Has all of them taken by a script, which gives rows for [`Self::taken`].
    pub(crate) fn add_to(
        asked: &[Self],
        script: &mut Script,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        // There are a few, however many rows there are.
        let wide = std::mem::take(&mut script.wide);
        for asked in asked.chunks(WIDEST) {
            add!(script, CHARGE, [micros(now)], asked, one, [&one.stored, one.after, one.most]);
        }
        script.wide = wide;
        Ok(())
    }

    /// From keys as they are stored to what they are.
    pub(crate) fn taken(asked: &[Self], rows: Vec<(String, i64)>) -> Vec<(LimitKey, i64)> {
        let taken = rows.into_iter().filter_map(|(stored, tat)| {
            let one = asked.iter().find(|one| one.stored == stored)?;
            Some((one.key, tat))
        });
        taken.collect()
    }
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

    /// Takes so many for each key, in their order: on PostgreSQL two transactions with the
    /// same ones then do not wait for each other. Gives the keys that had that many left,
    /// with the theoretical arrival time after all of them; of the others nothing is taken.
    pub async fn charge_many(
        &mut self,
        keys: &[(LimitKey, Rate, i64)],
        now: Timestamp,
    ) -> Result<Vec<(LimitKey, i64)>, StoreError> {
        let asked = Asked::of(keys, now);
        let rows = all_many!(self, (String, i64), CHARGE, [micros(now)], asked, |one| [
            &one.stored,
            one.after,
            one.most
        ]);
        Ok(Asked::taken(&asked, rows))
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

pub(crate) const fn micros(time: Timestamp) -> i64 {
    time.0.saturating_mul(1_000)
}

//! What many requests write in one way to the database: a transaction that is one message,
//! what it counts against among it. All of it is written or nothing. Each way there and back
//! is waited for by two threads or processes in turn, which for a handful of rows takes
//! longer than to write them.

use std::sync::OnceLock;

use doorstep_accounts::{
    Timestamp,
    limits::{LimitKey, Rate},
};
use sqlx::{Postgres, Row as _, Sqlite};

use crate::{
    Conn, NewToken, Store, StoreError,
    buckets::{Asked, micros},
    connect::{Database, Link},
    lent::Lent,
    many::{Ran, arrays},
    tokens,
};

/// What is left of limits: theoretical arrival times.
pub type Taken = Vec<(LimitKey, i64)>;

/// Takes of limits, as a part of a `WITH` that has them as `asked (key, after, most)`. A row
/// for each that had as much left.
pub(crate) fn charged(now: &str) -> String {
    format!(
        "charged AS (
            INSERT INTO buckets (key, tat) SELECT key, after FROM asked
            ON CONFLICT (key) DO UPDATE SET tat = CASE
                WHEN buckets.tat > {now} THEN buckets.tat + (excluded.tat - {now})
                ELSE excluded.tat END
            WHERE buckets.tat + (excluded.tat - {now}) <=
                (SELECT a.most FROM asked a WHERE a.key = excluded.key LIMIT 1)
            RETURNING key, tat
        )"
    )
}

/// What `charged` took, and an error unless as many rows were written as had to be: then all
/// that the statement wrote is taken back.
pub(crate) const OR_NOTHING: &str = "(CASE WHEN whole THEN '1' ELSE 'not all is written' END)::INT,
       (SELECT array_agg(key) FROM charged), (SELECT array_agg(tat) FROM charged)";

/// Of [`OR_NOTHING`].
pub(crate) type Outcome = (i32, Option<Vec<String>>, Option<Vec<i64>>);

/// A connection for what many requests write in one way to the database, and for what they
/// look up before. On SQLite it is the one that writes: nobody of this process comes in
/// between, and no other has as much of the file in memory.
#[derive(Debug)]
pub struct AtOnce {
    pub(crate) store: Store,
    pub(crate) lent: LentAtOnce,
}

#[derive(Debug)]
pub(crate) enum LentAtOnce {
    Sqlite(Lent<Sqlite>),
    Postgres(Lent<Postgres>),
}

impl Store {
    /// A connection for what many requests write in one way.
    pub async fn at_once(&self) -> Result<AtOnce, StoreError> {
        let lent = match &self.database {
            Database::Sqlite { write, .. } => LentAtOnce::Sqlite(write.lend().await?),
            Database::Postgres { shared, .. } => LentAtOnce::Postgres(shared.lend().await?),
        };
        Ok(AtOnce { store: self.clone(), lent })
    }
}

impl AtOnce {
    /// The connection, for statements that do not write.
    pub fn conn(&mut self) -> Conn<'_> {
        let link = match &mut self.lent {
            LentAtOnce::Sqlite(lent) => Link::Sqlite(lent),
            LentAtOnce::Postgres(lent) => Link::Postgres(lent),
        };
        Conn { link, entries: None, added: None, put_off: None }
    }

    /// There is nothing to be written.
    pub fn done(self) {
        match self.lent {
            LentAtOnce::Sqlite(lent) => lent.give_back(),
            LentAtOnce::Postgres(lent) => lent.give_back(),
        }
    }

    /// Adds tokens, which count against limits; gives what is left of these. `None`: there is
    /// not as much left, or the database does not take one of them. Then nothing is written.
    pub async fn add_tokens(
        self,
        new: &[NewToken<'_>],
        charges: &[(LimitKey, Rate, i64)],
        now: Timestamp,
    ) -> Result<Option<Taken>, StoreError> {
        let asked = Asked::of(charges, now);
        if asked.len() < charges.len() {
            self.done();
            return Ok(None);
        }
        let Self { store, lent } = self;
        match lent {
            LentAtOnce::Sqlite(mut lent) => {
                let mut entries = Vec::new();
                let mut conn = Conn::putting_off(&mut lent, new.len(), &mut entries);
                conn.add_tokens(new).await?;
                let Some(mut script) = conn.put_off.take() else { return Ok(None) };
                Asked::add_to(&asked, &mut script, now)?;
                store.committed(lent.run(script).await, |ran| taken_by_script(&asked, ran))
            }
            LentAtOnce::Postgres(mut lent) => {
                let query = sqlx::query_as::<_, Outcome>(sqlx::AssertSqlSafe(tokens_text()));
                let query = arrays!(query, asked, one, (), [&one.stored, one.after, one.most]);
                let query = query.bind(micros(now));
                let query = tokens::bound(query, new);
                let outcome = query.fetch_one(&mut *lent).await;
                if outcome.is_ok() {
                    lent.give_back();
                }
                store.committed(outcome, |outcome| Ok(taken_by_statement(&asked, outcome)))
            }
        }
    }
}

impl Store {
    /// What came of a transaction that was one message. What the database says no to has left
    /// nothing: its answer is that of the whole.
    pub(crate) fn committed<T, R>(
        &self,
        ended: Result<T, sqlx::Error>,
        read: impl FnOnce(T) -> Result<R, StoreError>,
    ) -> Result<Option<R>, StoreError> {
        match ended.map_err(StoreError::from) {
            Ok(done) => {
                self.commits.send_modify(|commits| *commits += 1);
                read(done).map(Some).map_err(|_| UNREADABLE)
            }
            Err(StoreError::Statement(error)) if error.as_database_error().is_some() => {
                tracing::debug!(%error, "nothing was written at once");
                Ok(None)
            }
            // It is written and its answer cannot be read.
            Err(StoreError::Statement(_)) => Err(UNREADABLE),
            Err(error) => Err(error),
        }
    }
}

const UNREADABLE: StoreError = StoreError::Corrupt { what: "the answer to what was written" };

pub(crate) fn taken_by_script(asked: &[Asked], ran: Ran) -> Result<Taken, StoreError> {
    let read = |row: sqlx::sqlite::SqliteRow| Ok((row.try_get(0)?, row.try_get(1)?));
    let rows = ran.rows.into_iter().map(read).collect::<Result<_, sqlx::Error>>()?;
    Ok(Asked::taken(asked, rows))
}

pub(crate) fn taken_by_statement(asked: &[Asked], (_, keys, arrivals): Outcome) -> Taken {
    let rows = keys.into_iter().flatten().zip(arrivals.into_iter().flatten());
    Asked::taken(asked, rows.collect())
}

fn tokens_text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    // What is charged stays locked until the end: it comes last.
    TEXT.get_or_init(|| {
        format!(
            "WITH asked AS (SELECT * FROM unnest($1, $2, $3) AS a(key, after, most)),
         added AS (
            INSERT INTO tokens (hash, client_id, credential_id, scopes, issued_at, expires_at,
                                binding, uses_left, attempts_left, jkt)
            SELECT * FROM unnest($5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING 1
         ), {}
         SELECT {OR_NOTHING}
         FROM (SELECT (SELECT COUNT(*) FROM added) > 0
                  AND (SELECT COUNT(*) FROM charged) = (SELECT COUNT(*) FROM asked) AS whole) AS w",
            charged("$4")
        )
    })
}

//! Reading all of a database as it is at one moment, while servers go on writing.

use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Postgres, Sqlite};

use super::{Applied, Column, Kind, TABLES, Tally, Value, hex, order, value};
use crate::{
    Conn, Store, StoreError, all,
    connect::{Database, Link},
    lent::Lent,
};

/// Rows handed out at a time: memory for a few, and few waits.
const BATCH: usize = 200;

/// A transaction that sees one moment and writes nothing.
///
/// PostgreSQL: `REPEATABLE READ, READ ONLY`. SQLite: a reading transaction of the WAL,
/// which holds nobody up; the WAL grows until it ends.
#[derive(Debug)]
pub struct Snapshot(Begun);

#[derive(Debug)]
enum Begun {
    Sqlite(Lent<Sqlite>),
    Postgres(Lent<Postgres>),
}

impl Store {
    /// The database as it is now: all that was committed before is in it.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let begun = match &self.database {
            Database::Sqlite { read, .. } => {
                let mut lent = read.lend().await?;
                lent.begin("BEGIN").await?;
                Begun::Sqlite(lent)
            }
            Database::Postgres { pool, .. } => {
                let mut lent = pool.lend().await?;
                lent.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
                Begun::Postgres(lent)
            }
        };
        let mut snapshot = Snapshot(begun);
        snapshot.conn().take_time().await?;
        // The moment is that of the first look at something.
        snapshot.columns(TABLES[0]).await?;
        Ok(snapshot)
    }
}

impl Snapshot {
    /// The connection.
    pub fn conn(&mut self) -> Conn<'_> {
        let link = match &mut self.0 {
            Begun::Sqlite(lent) => Link::Sqlite(lent),
            Begun::Postgres(lent) => Link::Postgres(lent),
        };
        Conn { link, entries: None, added: None, put_off: None }
    }

    /// The migrations that made the schema; none where there is no installation.
    pub async fn applied(&mut self) -> Result<Vec<Applied>, StoreError> {
        if self.columns(TABLES[0]).await?.is_empty() {
            return Ok(Vec::new());
        }
        self.conn().applied().await
    }

    /// A table's columns, in order; none if there is no such table.
    pub async fn columns(&mut self, table: &str) -> Result<Vec<Column>, StoreError> {
        self.conn().columns(table).await
    }

    /// Hands out a table's rows, some at a time.
    pub async fn rows<E: From<StoreError>>(
        &mut self,
        table: &str,
        columns: &[Column],
        take: impl AsyncFnMut(Vec<Vec<Value>>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.conn().every_row(table, columns, take).await
    }

    /// Counts a table.
    pub async fn tally(&mut self, table: &str, columns: &[Column]) -> Result<Tally, StoreError> {
        self.conn().tally(table, columns).await
    }
}

impl Conn<'_> {
    /// Lifts PostgreSQL's limits for this transaction: they are for requests, and this
    /// is work on all rows.
    pub(super) async fn take_time(&mut self) -> Result<(), StoreError> {
        if let Link::Postgres(c) = &mut self.link {
            for limit in ["statement_timeout", "idle_in_transaction_session_timeout"] {
                let set = AssertSqlSafe(format!("SET LOCAL {limit} = 0"));
                sqlx::query(set).execute(&mut **c).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn applied(&mut self) -> Result<Vec<Applied>, StoreError> {
        let rows = all!(
            self,
            (i64, Vec<u8>),
            "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version",
        );
        let applied =
            |(version, checksum): (i64, Vec<u8>)| Applied { version, checksum: hex(&checksum) };
        Ok(rows.into_iter().map(applied).collect())
    }

    pub(super) async fn columns(&mut self, table: &str) -> Result<Vec<Column>, StoreError> {
        let rows: Vec<(String, String)> = match &mut self.link {
            Link::Sqlite(c) => {
                let sql = "SELECT name, type FROM pragma_table_info($1) ORDER BY cid";
                sqlx::query_as(sql).bind(table).fetch_all(&mut **c).await?
            }
            Link::Postgres(c) => {
                let sql = "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT)
                           FROM information_schema.columns
                           WHERE table_schema = current_schema() AND table_name = $1
                           ORDER BY ordinal_position";
                sqlx::query_as(sql).bind(table).fetch_all(&mut **c).await?
            }
        };
        let column = |(name, kind): (String, String)| {
            let kind = Kind::named(&kind).ok_or(StoreError::Corrupt { what: "a column's type" })?;
            Ok(Column { name, kind })
        };
        rows.into_iter().map(column).collect()
    }

    pub(super) async fn every_row<E: From<StoreError>>(
        &mut self,
        table: &str,
        columns: &[Column],
        mut take: impl AsyncFnMut(Vec<Vec<Value>>) -> Result<(), E>,
    ) -> Result<(), E> {
        let names = value::names(columns);
        let sql = format!("SELECT {names} FROM {table}{}", order(table));
        macro_rules! hand_out {
            ($c:expr) => {{
                let rows = sqlx::query(AssertSqlSafe(sql)).fetch(&mut **$c);
                let mut rows = rows.map_err(StoreError::from).try_chunks(BATCH);
                loop {
                    let batch = rows.try_next().await.map_err(|error| error.1)?;
                    let Some(batch) = batch else { return Ok(()) };
                    let read = batch.iter().map(|row| value::read(row, columns));
                    take(read.collect::<Result<_, _>>()?).await?;
                }
            }};
        }
        match &mut self.link {
            Link::Sqlite(c) => hand_out!(c),
            Link::Postgres(c) => hand_out!(c),
        }
    }

    pub(super) async fn tally(
        &mut self,
        table: &str,
        columns: &[Column],
    ) -> Result<Tally, StoreError> {
        let mut tally = Tally::default();
        let count = async |rows: Vec<Vec<Value>>| {
            for row in &rows {
                tally.add(row);
            }
            Ok::<_, StoreError>(())
        };
        self.every_row(table, columns, count).await?;
        Ok(tally)
    }
}

//! Writing all of a database: whole, or not at all.

use sqlx::{AssertSqlSafe, migrate::Migrator};
use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use super::{Applied, Column, TABLES, Tally, Value, hex, value};
use crate::{
    Conn, ConnectError, Store, StoreError, Tx,
    connect::{Database, Link, MIGRATOR},
    one,
};

/// How long sessions of a program that has ended may still be seen.
const PATIENCE: Duration = Duration::from_secs(5);
const EVERY: Duration = Duration::from_millis(100);

/// Why a database cannot be filled.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
    /// The schema cannot be made.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// There is something in it.
    #[error("the database is not empty: there is something in its table {table}")]
    NotEmpty {
        /// The first such table.
        table: &'static str,
    },
    /// Its schema is not the one of what is to be loaded.
    #[error(
        "the database has another schema (up to migration {there}) than what is to be loaded (up to {wanted}): give an empty database, without any table"
    )]
    OtherSchema {
        /// The last migration of the database.
        there: i64,
        /// The last one of what is to be loaded.
        wanted: i64,
    },
    /// It was made by a newer version.
    #[error(
        "it was made by a newer version (migration {version}): use that version, or a later one"
    )]
    Newer {
        /// The first migration that this version does not know.
        version: i64,
    },
    /// A migration's text is another one.
    #[error(
        "migration {version} was another one where this was made: use the version that made it"
    )]
    OtherText {
        /// Its number.
        version: i64,
    },
}

/// The transaction in which a database is filled.
#[derive(Debug)]
pub struct Load(Tx);

/// Whether this version knows all of these migrations.
pub fn knows(migrations: &[Applied]) -> Result<(), LoadError> {
    for applied in migrations {
        let version = applied.version;
        let known = MIGRATOR.iter().find(|migration| migration.version == version);
        let known = known.ok_or(LoadError::Newer { version })?;
        if hex(&known.checksum) != applied.checksum {
            return Err(LoadError::OtherText { version });
        }
    }
    Ok(())
}

impl Store {
    /// Whether another program of ours works on the database. Waits a little for those
    /// that have just ended. Must be asked before anything else is.
    pub async fn is_in_use(&self) -> Result<bool, StoreError> {
        let until = Instant::now() + PATIENCE;
        loop {
            let in_use = match &self.database {
                // Leaving the WAL is for whoever is alone, and is undone at once.
                Database::Sqlite { write, .. } => {
                    let mut lent = write.lend().await?;
                    let leave =
                        sqlx::query("PRAGMA journal_mode = DELETE").execute(&mut *lent).await;
                    let busy = match leave.map_err(StoreError::from) {
                        Ok(_) => false,
                        Err(StoreError::Unavailable(sqlx::Error::Database(_))) => true,
                        Err(error) => return Err(error),
                    };
                    sqlx::query("PRAGMA journal_mode = WAL").execute(&mut *lent).await?;
                    busy
                }
                Database::Postgres { pool, .. } => {
                    let sql = "SELECT COUNT(*) > 0 FROM pg_stat_activity
                               WHERE datname = current_database() AND pid <> pg_backend_pid()
                                 AND usename = current_user AND application_name = $1";
                    let program = crate::connect::APPLICATION;
                    sqlx::query_scalar(sql)
                        .bind(program)
                        .fetch_one(&mut *pool.lend().await?)
                        .await?
                }
            };
            if !in_use || Instant::now() > until {
                return Ok(in_use);
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Begins to fill the database with what those migrations made the tables for. An
    /// empty database gets that schema first; call [`Store::migrate`] afterwards.
    /// Unless what is there shall be replaced, there must be nothing.
    pub async fn load(&self, migrations: &[Applied], replace: bool) -> Result<Load, LoadError> {
        knows(migrations)?;
        let there = match self.read().await?.conn().applied().await {
            Ok(there) => there,
            // There is no such table yet.
            Err(StoreError::Statement(_)) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        if there.is_empty() {
            self.migrate_by(&only(migrations)).await?;
        } else if there != migrations {
            let last = |list: &[Applied]| list.last().map_or(0, |applied| applied.version);
            let (there, wanted) = (last(&there), last(migrations));
            return Err(LoadError::OtherSchema { there, wanted });
        }
        let mut tx = self.begin().await?;
        let mut conn = tx.conn();
        conn.take_time().await?;
        if let Link::Postgres(c) = &mut conn.link {
            // Of two that fill it, the second sees what the first has left.
            let lock = "LOCK TABLE counters, facts, audit_heads IN ACCESS EXCLUSIVE MODE";
            sqlx::query(lock).execute(&mut **c).await.map_err(StoreError::from)?;
        }
        // Of an older schema there are not all.
        let mut tables = Vec::new();
        for table in TABLES {
            if !conn.columns(table).await?.is_empty() {
                tables.push(*table);
            }
        }
        for table in tables.iter().filter(|_| !replace) {
            if conn.has_rows(table).await? {
                return Err(LoadError::NotEmpty { table });
            }
        }
        // Also what the migrations themselves have put there.
        for table in tables.iter().rev() {
            conn.run(&format!("DELETE FROM {table}")).await?;
        }
        Ok(Load(tx))
    }
}

/// The migrator that runs those and no other.
fn only(migrations: &[Applied]) -> Migrator {
    let wanted = MIGRATOR.iter().filter(|it| migrations.iter().any(|m| m.version == it.version));
    Migrator { migrations: Cow::Owned(wanted.cloned().collect()), ..Migrator::DEFAULT }
}

impl Load {
    /// Adds rows.
    pub async fn add(
        &mut self,
        table: &str,
        columns: &[Column],
        rows: Vec<Vec<Value>>,
    ) -> Result<(), StoreError> {
        match &mut self.0.conn().link {
            Link::Sqlite(c) => {
                let mut insertion = value::insertion::<sqlx::Sqlite>(table, columns, rows);
                insertion.build().persistent(false).execute(&mut **c).await?;
            }
            Link::Postgres(c) => {
                let mut insertion = value::insertion::<sqlx::Postgres>(table, columns, rows);
                insertion.build().persistent(false).execute(&mut **c).await?;
            }
        }
        Ok(())
    }

    /// A table's columns as they are here; none if there is no such table.
    pub async fn columns(&mut self, table: &str) -> Result<Vec<Column>, StoreError> {
        self.0.conn().columns(table).await
    }

    /// Counts what is there now.
    pub async fn tally(&mut self, table: &str, columns: &[Column]) -> Result<Tally, StoreError> {
        self.0.conn().tally(table, columns).await
    }

    /// The connection: for a note in the audit log, which needs [`Store::open_audit`].
    pub fn conn(&mut self) -> Conn<'_> {
        self.0.conn()
    }

    /// Makes it the database.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.0.commit().await
    }
}

impl Conn<'_> {
    /// Whether somebody has used the table.
    async fn has_rows(&mut self, table: &str) -> Result<bool, StoreError> {
        if table == "counters" {
            let used = one!(self, (i64,), "SELECT value FROM counters WHERE value <> 0 LIMIT 1");
            return Ok(used.is_some());
        }
        let sql = AssertSqlSafe(format!("SELECT 1 FROM {table} LIMIT 1"));
        Ok(match &mut self.link {
            Link::Sqlite(c) => sqlx::query(sql).fetch_optional(&mut **c).await?.is_some(),
            Link::Postgres(c) => sqlx::query(sql).fetch_optional(&mut **c).await?.is_some(),
        })
    }

    async fn run(&mut self, sql: &str) -> Result<(), StoreError> {
        let sql = AssertSqlSafe(sql.to_owned());
        match &mut self.link {
            Link::Sqlite(c) => sqlx::query(sql).execute(&mut **c).await.map(|_| ())?,
            Link::Postgres(c) => sqlx::query(sql).execute(&mut **c).await.map(|_| ())?,
        }
        Ok(())
    }
}

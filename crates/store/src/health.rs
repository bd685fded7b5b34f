//! How a database is.

use crate::{
    Conn, Store, StoreError,
    connect::{Database, MIGRATOR},
    exec, one,
};

/// How a database's schema stands to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// It was made by this version.
    Current,
    /// The next start of this version brings it up to date.
    Behind {
        /// How many migrations it lacks.
        missing: usize,
    },
    /// A newer version migrated it, and this one does not work with it.
    Newer {
        /// The last migration.
        version: i64,
    },
}

impl Store {
    /// How the schema stands.
    pub async fn schema(&self) -> Result<Schema, StoreError> {
        let applied = self.read().await?.conn().last_migration().await?.unwrap_or(0);
        let known = MIGRATOR.iter().map(|migration| migration.version);
        let missing = known.clone().filter(|version| *version > applied).count();
        Ok(if known.max().is_some_and(|last| last < applied) {
            Schema::Newer { version: applied }
        } else if missing > 0 {
            Schema::Behind { missing }
        } else {
            Schema::Current
        })
    }
}

impl Store {
    /// Whether anything can be written: writes a row, unless somebody else's commit
    /// shows it meanwhile. Does not wait behind those who write when there are many.
    pub async fn try_to_write(&self) -> Result<(), StoreError> {
        let mut commits = self.commits.subscribe();
        tokio::select! {
            written = self.write_something() => written,
            Ok(()) = commits.changed() => Ok(()),
        }
    }

    async fn write_something(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.conn().touch().await?;
        tx.commit().await
    }

    /// Bytes that are free where a SQLite database is; nothing for other databases,
    /// which are elsewhere.
    pub fn free_bytes(&self) -> std::io::Result<Option<u64>> {
        match &self.database {
            Database::Sqlite { folder, .. } => {
                let disk = rustix::fs::statvfs(folder)?;
                Ok(Some(disk.f_bavail.saturating_mul(disk.f_frsize)))
            }
            Database::Postgres { .. } => Ok(None),
        }
    }
}

impl Conn<'_> {
    /// Changes a row that means nothing.
    async fn touch(&mut self) -> Result<(), StoreError> {
        exec!(
            self,
            "INSERT INTO facts (name, value) VALUES ('touched', '0') ON CONFLICT (name) DO UPDATE
             SET value = CASE facts.value WHEN '0' THEN '1' ELSE '0' END",
        );
        Ok(())
    }

    /// The number of the last migration; none in an empty database.
    async fn last_migration(&mut self) -> Result<Option<i64>, StoreError> {
        let row = async {
            Ok(one!(
                self,
                (Option<i64>,),
                "SELECT MAX(version) FROM _sqlx_migrations WHERE success"
            ))
        };
        match row.await {
            Ok(row) => Ok(row.and_then(|(version,)| version)),
            // No such table: SQLite says so by its general error, PostgreSQL by a code.
            Err(StoreError::Statement(sqlx::Error::Database(error)))
                if matches!(error.code().as_deref(), Some("1" | "42P01")) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// What time it is by the database, as text: `2026-11-25 20:22:55`, with a fraction
    /// and an offset or without (then it is UTC).
    pub async fn clock_text(&mut self) -> Result<String, StoreError> {
        let row = one!(self, (String,), "SELECT CAST(CURRENT_TIMESTAMP AS TEXT)");
        row.map(|(text,)| text).ok_or(StoreError::Corrupt { what: "the time" })
    }

    /// When the last event was written, in milliseconds; none before the first.
    pub async fn last_event_at(&mut self) -> Result<Option<i64>, StoreError> {
        let row = one!(self, (Option<i64>,), "SELECT MAX(created_at) FROM events");
        Ok(row.and_then(|(at,)| at))
    }
}

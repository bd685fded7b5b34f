//! An empty database of either kind.

use std::path::Path;

use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::Postgres;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A cluster of the test's own, or the one that `with-postgres` started.
    Postgres,
}

/// An empty database, gone when dropped.
#[derive(Debug)]
pub struct Database {
    /// What `DOORSTEP_DATABASE_URL` says.
    pub url: String,
    _cluster: Option<Postgres>,
}

impl Database {
    /// Makes one; a SQLite file goes into the folder.
    pub async fn create(kind: Kind, folder: &Path) -> Self {
        match kind {
            Kind::Sqlite => Self {
                url: format!("sqlite://{}", folder.join("doorstep.db").display()),
                _cluster: None,
            },
            Kind::Postgres => {
                let (server, cluster) = Postgres::shared_or_own();
                Self { url: Postgres::new_database(&server).await, _cluster: cluster }
            }
        }
    }

    /// A number from the database, asked for beside the server.
    pub async fn count(&self, sql: &'static str) -> i64 {
        if let Some(path) = self.url.strip_prefix("sqlite://") {
            let mut connection = SqliteConnection::connect(path).await.expect("the file opens");
            sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("the query runs")
        } else {
            let mut connection =
                PgConnection::connect(&self.url).await.expect("the cluster answers");
            sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("the query runs")
        }
    }

    /// Takes what nobody can write without, until it is released.
    pub async fn hold(&self) -> Held {
        if let Some(path) = self.url.strip_prefix("sqlite://") {
            let mut connection = SqliteConnection::connect(path).await.expect("the file opens");
            let begin = sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await;
            begin.expect("nobody writes");
            Held::Sqlite(connection)
        } else {
            let mut connection =
                PgConnection::connect(&self.url).await.expect("the cluster answers");
            for sql in ["BEGIN", "LOCK TABLE tokens IN EXCLUSIVE MODE"] {
                sqlx::query(sql).execute(&mut connection).await.expect("nobody writes");
            }
            Held::Postgres(connection)
        }
    }

    /// Runs a statement beside the server.
    pub async fn execute(&self, sql: &'static str) {
        if let Some(path) = self.url.strip_prefix("sqlite://") {
            let mut connection = SqliteConnection::connect(path).await.expect("the file opens");
            sqlx::query(sql).execute(&mut connection).await.expect("the statement runs");
        } else {
            let mut connection =
                PgConnection::connect(&self.url).await.expect("the cluster answers");
            sqlx::query(sql).execute(&mut connection).await.expect("the statement runs");
        }
    }
}

/// A transaction that stands in everybody's way.
#[derive(Debug)]
pub enum Held {
    /// It holds the file's write lock.
    Sqlite(SqliteConnection),
    /// It holds the table of tokens.
    Postgres(PgConnection),
}

impl Held {
    /// Ends it.
    pub async fn release(self) {
        match self {
            Self::Sqlite(connection) => connection.close().await.expect("it ends"),
            Self::Postgres(connection) => connection.close().await.expect("it ends"),
        }
    }
}

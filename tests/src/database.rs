//! An empty database of either kind.

use std::{collections::BTreeMap, path::Path};

use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::{Postgres, leaks::Place};

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A cluster of the test's own, or the one that `with-postgres` started.
    Postgres,
    /// The same, and three servers on it behind HAProxy.
    Replicas,
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
            Kind::Postgres | Kind::Replicas => {
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

    /// All that is in it: a SQLite database as its files are, with what was deleted and
    /// not overwritten yet; every value of a PostgreSQL database by its column. Nothing
    /// of what a test has removed or stopped.
    pub(crate) fn everything(&self) -> Vec<Place> {
        if let Some(path) = self.url.strip_prefix("sqlite://") {
            let files = ["", "-wal", "-journal"].map(|end| format!("{path}{end}"));
            let read = |file: String| {
                let name = Path::new(&file).file_name()?.to_string_lossy().into_owned();
                Some(Place { name, content: std::fs::read(&file).ok()? })
            };
            return files.into_iter().filter_map(read).collect();
        }
        let url = self.url.clone();
        // The caller may be dropped by a runtime, in which nothing may block.
        let read = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(columns(&url))
        });
        let columns = read.join().expect("the tables can be read").unwrap_or_default();
        let place = |(name, values): (String, String)| Place { name, content: values.into_bytes() };
        columns.into_iter().map(place).collect()
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

/// The values of every column, a line each; `None` where the cluster was stopped.
async fn columns(url: &str) -> Option<BTreeMap<String, String>> {
    let mut connection = PgConnection::connect(url).await.ok()?;
    let tables = "SELECT format('SELECT %L || ''.'' || k, v FROM %I AS t, \
                  jsonb_each_text(to_jsonb(t)) AS kv (k, v) WHERE v IS NOT NULL', tablename, tablename) \
                  FROM pg_tables WHERE schemaname = 'public'";
    let selects: Vec<String> =
        sqlx::query_scalar(tables).fetch_all(&mut connection).await.expect("tables are listed");
    let mut columns = BTreeMap::new();
    if !selects.is_empty() {
        let all = sqlx::AssertSqlSafe(selects.join(" UNION ALL "));
        let values: Vec<(String, String)> =
            sqlx::query_as(all).fetch_all(&mut connection).await.expect("tables are read");
        for (column, value) in values {
            let values: &mut String = columns.entry(column).or_default();
            values.push_str(&value);
            values.push('\n');
        }
    }
    Some(columns)
}

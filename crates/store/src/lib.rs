//! The only crate that knows SQL: SQLite and PostgreSQL with one text.
//!
//! [`Store`] opens the database; [`Tx`] is a transaction, [`Read`] a connection
//! for reading; both lend a [`Conn`], on which every statement is a method. A
//! statement is written once, in the subset that both databases speak, and the
//! [`exec!`], [`one!`] and [`all!`] macros run it on whichever is there.
//!
//! Conventions:
//! - "Taken" is learnt from `ON CONFLICT DO NOTHING` and the number of rows, not
//!   from an error: that works on both and leaves a PostgreSQL transaction usable.
//! - A condition that must still hold when the row is written stands in the
//!   `WHERE` of the write. Reading first and writing then is for messages only.
//! - On SQLite every writing transaction is `BEGIN IMMEDIATE` on the one writing
//!   connection: a deferred one that upgrades fails at once with "database is
//!   locked" when another wrote in between, whatever the busy timeout.

mod audit;
mod buckets;
mod catalog;
mod claims;
mod client_secrets;
mod clients;
mod connect;
mod credentials;
mod customers;
mod erase;
pub mod export;
pub mod failpoint;
mod health;
mod idempotency;
mod jobs;
mod keys;
mod log;
mod managed_users;
mod orders;
mod pending;
mod projects;
mod sessions;
mod tokens;
mod turn;
mod used_once;
mod users;
pub mod whole;

pub use buckets::Charged;
pub use catalog::CatalogVersion;
pub use claims::{Claim, NewClaim};
pub use client_secrets::ClientLogin;
pub use clients::NewClient;
pub use connect::{Conn, ConnectError, Read, Store, Tx};
pub use credentials::Login;
pub use health::Schema;
pub use idempotency::{NewReplay, Replay};
pub use jobs::{Lease, NewJob};
pub use keys::{KeyVersion, NewKeyVersion};
pub use managed_users::{AdminReplay, Taken};
pub use pending::{NewPending, PendingQuery};
pub use projects::NewOrderKey;
pub use sessions::{PasswordLogin, Session};
pub use tokens::{NewToken, TokenOwner, TokenRow};
pub use turn::{LockError, lock_folder};
pub use users::NewUser;

/// A statement failed. Its reader is the operator; callers learn "unavailable"
/// or "internal error".
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or is too busy: the same call can succeed later.
    #[error("the database is unavailable")]
    Unavailable(#[source] sqlx::Error),
    /// Another transaction holds what the statement waited for.
    #[error("a statement waited too long for another transaction")]
    Contended(#[source] sqlx::Error),
    /// The statement failed.
    #[error("a statement failed")]
    Statement(#[source] sqlx::Error),
    /// The audit log takes no more rows: each of its chains was tampered with, or
    /// nobody opened it ([`Store::open_audit`]).
    #[error("the audit log cannot be continued: run `doorstep audit verify`")]
    AuditClosed,
    /// A stored document does not parse.
    #[error("{what} in the database is not what this version wrote")]
    Corrupt {
        /// Which one.
        what: &'static str,
    },
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // PostgreSQL: lock not available.
        if matches!(&error, sqlx::Error::Database(error) if error.code().as_deref() == Some("55P03"))
        {
            return Self::Contended(error);
        }
        let unavailable = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            // PostgreSQL: connection exceptions (08), insufficient resources (53),
            // operator intervention (57), serialization failure and deadlock (40),
            // read-only after a fail-over (25006).
            // SQLite: busy (5), locked (6), read-only (8), I/O (10), full (13).
            sqlx::Error::Database(error) => error.code().is_some_and(|code| {
                let pg = code.len() == 5
                    && (["08", "53", "57", "40"].iter().any(|class| code.starts_with(class))
                        || code == "25006");
                let sqlite = code.len() < 5
                    && code
                        .parse::<u32>()
                        .is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13));
                pg || sqlite
            }),
            _ => false,
        };
        if unavailable { Self::Unavailable(error) } else { Self::Statement(error) }
    }
}

/// Runs a statement; gives the number of rows that it wrote.
macro_rules! exec {
    ($conn:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        match &mut $conn.link {
            crate::connect::Link::Sqlite(c) => sqlx::query($sql)$(.bind($arg))*.execute(&mut **c).await?.rows_affected(),
            crate::connect::Link::Postgres(c) => sqlx::query($sql)$(.bind($arg))*.execute(&mut **c).await?.rows_affected(),
        }
    };
}

/// Runs a query for a row or none.
macro_rules! one {
    ($conn:expr, $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        match &mut $conn.link {
            crate::connect::Link::Sqlite(c) => sqlx::query_as::<_, $row>($sql)$(.bind($arg))*.fetch_optional(&mut **c).await?,
            crate::connect::Link::Postgres(c) => sqlx::query_as::<_, $row>($sql)$(.bind($arg))*.fetch_optional(&mut **c).await?,
        }
    };
}

/// Runs a query for all its rows.
macro_rules! all {
    ($conn:expr, $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        match &mut $conn.link {
            crate::connect::Link::Sqlite(c) => sqlx::query_as::<_, $row>($sql)$(.bind($arg))*.fetch_all(&mut **c).await?,
            crate::connect::Link::Postgres(c) => sqlx::query_as::<_, $row>($sql)$(.bind($arg))*.fetch_all(&mut **c).await?,
        }
    };
}

use {all, exec, one};

/// Reads a stored JSON object.
fn object(
    text: &str,
    what: &'static str,
) -> Result<serde_json::Map<String, serde_json::Value>, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt { what })
}

/// Writes a JSON object for storage.
fn document(object: &serde_json::Map<String, serde_json::Value>) -> String {
    serde_json::Value::Object(object.clone()).to_string()
}

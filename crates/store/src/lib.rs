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

mod accounts;
mod at_once;
mod attempts;
mod audit;
mod buckets;
mod catalog;
mod claims;
mod client_secrets;
mod clients;
mod confirmations;
mod connect;
mod credentials;
mod customers;
mod deliveries;
mod endpoints;
mod erase;
pub mod export;
pub mod failpoint;
mod health;
mod idempotency;
mod jobs;
mod keys;
mod lent;
mod log;
mod managed_users;
mod many;
mod orders;
mod pending;
mod projects;
mod read_only;
mod sessions;
mod sign_ups;
mod tokens;
mod turn;
mod used_once;
mod users;
pub mod whole;

use std::borrow::Cow;

pub use accounts::{Account, StoredAccount};
pub use at_once::{AtOnce, Taken as LimitsTaken};
pub use attempts::{LoginAttempt, Used};
pub use buckets::Charged;
pub use catalog::CatalogVersion;
pub use claims::{Claim, NewClaim};
pub use client_secrets::ClientLogin;
pub use clients::NewClient;
pub use confirmations::{Addressee, CodeRow};
pub use connect::{Conn, ConnectError, Read, Store, Tx};
pub use credentials::Login;
pub use deliveries::{DeadDelivery, Outgoing, Replay as ReplayChoice};
pub use endpoints::{Endpoint, EndpointLease, NewEndpoint};
pub use health::Schema;
pub use idempotency::{NewReplay, Replay};
pub use jobs::{Lease, NewJob};
pub use keys::{KeyVersion, NewKeyVersion};
pub use managed_users::{AdminReplay, Taken};
pub use pending::{NewPending, PendingQuery, stop_of_client};
pub use projects::NewOrderKey;
pub use sessions::{PasswordLogin, Session};
pub use sign_ups::{Fallback, Grounds, SignUp, SignUpClaim, SignUpReplay, Ways, Written};
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
    /// The database broke the transaction off because of another one: done again, it
    /// goes through.
    #[error("the database broke a transaction off because of another one")]
    BrokenOff(#[source] sqlx::Error),
    /// There is no room left to write.
    #[error("the database's disk is full")]
    Full(#[source] sqlx::Error),
    /// More waits to be written than can be waited for.
    #[error("too much waits to be written")]
    Busy,
    /// The transaction that the write shared with others did not end well.
    #[error("a shared transaction failed: {0}")]
    Shared(String),
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

impl StoreError {
    /// Whether the database ended a statement because of the time that it took.
    pub fn took_too_long(&self) -> bool {
        let Self::Unavailable(sqlx::Error::Database(error)) = self else { return false };
        error.code().as_deref() == Some("57014")
    }

    /// Whether the database said no before it wrote anything: it is read-only after a
    /// fail-over, or another program writes to SQLite's file.
    pub fn left_nothing(&self) -> bool {
        let Self::Unavailable(sqlx::Error::Database(error)) = self else { return false };
        let Some(code) = error.code() else { return false };
        code == "25006" || (code.len() < 5 && code.parse::<u32>().is_ok_and(|it| it & 0xff == 5))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            // Not what a database says: what stands before it hangs up when there is none.
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => return Self::Unavailable(error),
            sqlx::Error::Database(of_database) => of_database.code().map(Cow::into_owned),
            _ => None,
        };
        let Some(code) = code else { return Self::Statement(error) };
        if code.len() == 5 {
            // PostgreSQL's five letters, of which two are the class.
            match (code.as_str(), code.get(..2)) {
                // Lock not available.
                ("55P03", _) => Self::Contended(error),
                // Serialization failure and deadlock.
                ("40001" | "40P01", _) => Self::BrokenOff(error),
                ("53100", _) => Self::Full(error),
                // Read-only after a fail-over.
                ("25006", _) => {
                    read_only::told();
                    Self::Unavailable(error)
                }
                // A transaction that nobody went on with in time; connection exceptions,
                // insufficient resources, operator intervention.
                ("25P03" | "25P04", _) | (_, Some("08" | "53" | "57")) => Self::Unavailable(error),
                _ => Self::Statement(error),
            }
        } else {
            // SQLite's number, of which the low byte is the kind.
            match code.parse::<u32>().map(|code| code & 0xff) {
                Ok(13) => Self::Full(error),
                // Busy, locked, read-only, I/O.
                Ok(5 | 6 | 8 | 10) => Self::Unavailable(error),
                _ => Self::Statement(error),
            }
        }
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
    serde_json::to_string(object).expect("a JSON object has a text")
}

#[cfg(test)]
mod tests {
    use super::StoreError;

    #[test]
    fn what_hangs_up_before_the_database_is_like_a_database_that_is_away() {
        let error = StoreError::from(sqlx::Error::Protocol("no answer to SSLRequest".to_owned()));
        assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    }
}

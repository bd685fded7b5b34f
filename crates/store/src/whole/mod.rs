//! A whole installation at once: read as it is at one moment ([`Snapshot`]), written
//! into an empty database ([`Load`]). Backups and moves to another database are made
//! of these two.

mod load;
mod snapshot;
mod value;

use sha2::{Digest as _, Sha256};

pub use load::{Load, LoadError, knows};
pub use snapshot::Snapshot;
pub use value::{Column, Kind, Value};

/// THE list of tables: a new one goes in behind all that it refers to. A test fails
/// when a migration's table is missing, or stands before one that it names.
pub const TABLES: &[&str] = &[
    "counters",
    "facts",
    "key_versions",
    "audit_heads",
    "audit_log",
    "audit",
    "clients",
    "client_servers",
    "client_origins",
    "client_secrets",
    "publishable_clients",
    "registration_stops",
    "catalog",
    "users",
    "identities",
    "user_label_index",
    "customers",
    "customer_users",
    "customer_keys",
    "account_numbers",
    "sessions",
    "logins",
    "credentials",
    "tokens",
    "idempotency",
    "admin_idempotency",
    "claims",
    "events",
    "webhook_endpoints",
    "webhook_topics",
    "webhook_deliveries",
    "pending_sign_ups",
    "jobs",
    "confirmations",
    "orders",
    "order_changes",
    "projects",
    "order_domains",
    "order_keys",
    "buckets",
    "used_once",
    "spent_puzzles",
];

/// What a table's order must be where somebody reads the rows as they come; the others
/// come as the database has them, for sorting millions of rows costs disk.
fn order(table: &str) -> &'static str {
    if table == "audit_log" { " ORDER BY lane, seq" } else { "" }
}

/// A migration that was run, and the checksum of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its number.
    pub version: i64,
    /// Its text's checksum, in hex.
    pub checksum: String,
}

/// How many rows, and what is in them.
///
/// The digest does not depend on the rows' order, since two databases sort text by
/// different rules: it is the sum of the rows' SHA-256. It finds what went wrong on
/// the way. Against people who want to deceive there is the audit chain, and a
/// backup's own encryption.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub rows: u64,
    sum: [u8; 32],
}

impl Tally {
    /// Counts a row in.
    pub fn add(&mut self, row: &[Value]) {
        let mut hash = Sha256::new();
        for value in row {
            value.feed(&mut hash);
        }
        let mut carry = 0_u16;
        for (sum, byte) in self.sum.iter_mut().zip(hash.finalize()).rev() {
            let [high, low] = (u16::from(*sum) + u16::from(byte) + carry).to_be_bytes();
            *sum = low;
            carry = u16::from(high);
        }
        self.rows += 1;
    }

    /// The digest, in hex.
    pub fn digest(&self) -> String {
        hex(&self.sum)
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(rows: &[&[Value]]) -> Tally {
        let mut tally = Tally::default();
        for row in rows {
            tally.add(row);
        }
        tally
    }

    #[test]
    fn a_tally_tells_rows_apart_and_not_their_order() {
        let text = |text: &str| Value::Text(Some(text.to_owned()));
        let (one, other) = ([text("a"), text("b")], [text("ab"), text("")]);
        assert_eq!(tally(&[&one, &other]), tally(&[&other, &one]));
        assert_ne!(tally(&[&one]).digest(), tally(&[&other]).digest());
        assert_ne!(tally(&[&one, &one]).digest(), tally(&[]).digest());
        let different = [
            Value::Text(None),
            text(""),
            Value::Integer(None),
            Value::Integer(Some(0)),
            Value::Integer(Some(1)),
            Value::Boolean(Some(false)),
            Value::Boolean(Some(true)),
            Value::Boolean(None),
        ];
        let mut digests: Vec<_> =
            different.iter().map(|it| tally(&[std::slice::from_ref(it)]).digest()).collect();
        digests.sort();
        digests.dedup();
        // What is null is null, of whatever type.
        assert_eq!(digests.len(), different.len() - 2);
    }
}

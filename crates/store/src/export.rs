//! Everything that is known of a person, for the person.

use serde_json::{Map, Value};
use sqlx::{Column as _, ColumnIndex, Decode, Row, Type, TypeInfo as _, ValueRef as _};

use crate::{Conn, StoreError, connect::Link};

/// One kind of what is known, and how it is read.
#[derive(Debug)]
pub struct Part {
    /// Its name in the export.
    pub name: &'static str,
    /// The tables that it comes from.
    pub tables: &'static [&'static str],
    /// `$1` is the user's number. A column `…_json` holds a JSON document, which loses
    /// the ending; a column `…_at` a time in milliseconds.
    sql: &'static str,
}

/// THE list of what is exported: a new table with personal data is one entry. Hashes of
/// secrets and sealed copies are never among the columns.
pub const PARTS: &[Part] = &[
    Part {
        name: "account",
        tables: &["users"],
        sql: "SELECT id, email, email_generated, profile AS profile_json, labels AS labels_json,
                     external_id, active, is_admin, client_id, created_at, updated_at, confirmed_at
              FROM users WHERE id = $1 AND erased_at IS NULL",
    },
    Part {
        name: "identities",
        tables: &["identities"],
        sql: "SELECT provider, server, username FROM identities WHERE user_id = $1
              ORDER BY provider, server_key, username_key",
    },
    Part {
        name: "confirmations",
        tables: &["confirmations"],
        sql: "SELECT email_key AS email, state, requested_at, sent_at, expires_at, reason
              FROM confirmations WHERE user_id = $1",
    },
    Part {
        name: "customers",
        tables: &["customer_users"],
        sql: "SELECT customer_id, username, can_customer_admin FROM customer_users
              WHERE user_id = $1",
    },
    Part {
        name: "api_credentials",
        tables: &["credentials"],
        sql:
            "SELECT number AS id, name, username, created_at, last_used_at, expires_at, rotated_at,
                     revoked_at
              FROM credentials WHERE user_id = $1 ORDER BY number",
    },
    Part {
        name: "access_tokens",
        tables: &["tokens"],
        sql: "SELECT c.number AS api_credential, t.scopes, t.issued_at, t.expires_at, t.revoked_at
              FROM tokens t JOIN credentials c ON c.id = t.credential_id WHERE c.user_id = $1
              ORDER BY t.issued_at, t.hash",
    },
    Part {
        // What a panel said of the person when it asked for the form.
        name: "sign_up_tokens",
        tables: &["tokens", "idempotency"],
        sql: "SELECT t.client_id, t.binding AS binding_json, t.issued_at, t.expires_at
              FROM tokens t WHERE t.binding IS NOT NULL AND t.hash IN
                  (SELECT token_hash FROM idempotency WHERE user_id = $1 AND token_hash IS NOT NULL)
              ORDER BY t.issued_at, t.hash",
    },
    Part {
        name: "pending_sign_ups",
        tables: &["pending_sign_ups"],
        sql:
            "SELECT p.id, p.client_id, p.provider, p.server, p.username, p.answers AS answers_json,
                     p.labels AS labels_json, p.created_at, p.expires_at, p.decision, p.decided_at
              FROM pending_sign_ups p WHERE EXISTS
                  (SELECT 1 FROM identities i WHERE i.user_id = $1 AND i.provider = p.provider
                     AND i.server_key = p.server_key AND i.username_key = p.username_key)
              ORDER BY p.id",
    },
    Part {
        name: "orders",
        tables: &["orders"],
        sql: "SELECT id, state, failure_code, failure, project_name, location_id, location_name,
                     document AS document_json, project_id, created_at, updated_at
              FROM orders WHERE user_id = $1 ORDER BY created_at, id",
    },
    Part {
        name: "order_changes",
        tables: &["order_changes"],
        sql:
            "SELECT c.order_id, c.revision, c.state, c.failure_code, c.failure, c.note, c.created_at
              FROM order_changes c JOIN orders o ON o.id = c.order_id WHERE o.user_id = $1
              ORDER BY c.order_id, c.revision",
    },
    Part {
        name: "domains",
        tables: &["order_domains"],
        sql: "SELECT d.domain, d.order_id FROM order_domains d JOIN orders o ON o.id = d.order_id
              WHERE o.user_id = $1 ORDER BY d.domain",
    },
    Part {
        name: "projects",
        tables: &["projects"],
        sql: "SELECT id, order_id, name, location_id, link, created_at FROM projects
              WHERE user_id = $1 ORDER BY id",
    },
    Part {
        name: "sessions",
        tables: &["sessions"],
        sql: "SELECT created_at, expires_at FROM sessions WHERE user_id = $1
              ORDER BY created_at, hash",
    },
    Part {
        name: "logins",
        tables: &["logins"],
        sql: "SELECT last_at FROM logins WHERE user_id = $1",
    },
    Part {
        name: "account_numbers",
        tables: &["account_numbers"],
        sql: "SELECT number FROM account_numbers WHERE user_id = $1",
    },
    Part {
        name: "events",
        tables: &["events"],
        sql: "SELECT id, kind, payload AS payload_json, created_at FROM events WHERE user_id = $1
              ORDER BY id",
    },
    Part {
        name: "jobs",
        tables: &["jobs"],
        sql: "SELECT id, kind, payload AS payload_json, reason, created_at, died_at FROM jobs
              WHERE user_id = $1 ORDER BY id",
    },
    Part {
        name: "audit",
        tables: &["audit_log"],
        sql: "SELECT id, actor, action, details AS details_json, created_at FROM audit_log
              WHERE subject = 'user:' || CAST($1 AS TEXT) ORDER BY id",
    },
];

/// Tables that name users and are not exported, and why.
pub const LEFT_OUT: &[(&str, &str)] = &[
    ("user_label_index", "a copy of what stands in the account's labels"),
    ("admin_idempotency", "hashes of keys and passwords, and nothing else"),
    ("customer_keys", "hashes of keys and requests, and nothing else"),
    ("order_keys", "hashes of keys and requests, and nothing else"),
    ("webhook_deliveries", "which of the events are still to be sent, and nothing else"),
];

impl Conn<'_> {
    /// What is known of a user: by part, its rows. `None`: there is no such user, or no
    /// more.
    pub async fn export_user(
        &mut self,
        user_id: i64,
    ) -> Result<Option<Map<String, Value>>, StoreError> {
        let mut export = Map::new();
        for part in PARTS {
            let rows: Vec<Value> = match &mut self.link {
                Link::Sqlite(c) => {
                    let rows = sqlx::query(part.sql).bind(user_id).fetch_all(&mut **c).await?;
                    rows.iter().map(to_json).collect::<Result<_, _>>()?
                }
                Link::Postgres(c) => {
                    let rows = sqlx::query(part.sql).bind(user_id).fetch_all(&mut **c).await?;
                    rows.iter().map(to_json).collect::<Result<_, _>>()?
                }
            };
            export.insert(part.name.to_owned(), rows.into());
        }
        let is_there = export["account"].as_array().is_some_and(|rows| !rows.is_empty());
        Ok(is_there.then_some(export))
    }
}

/// A row as an object, whatever its columns are.
fn to_json<R: Row>(row: &R) -> Result<Value, StoreError>
where
    usize: ColumnIndex<R>,
    for<'r> Option<String>: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Option<bool>: Decode<'r, R::Database> + Type<R::Database>,
{
    let mut object = Map::new();
    for (at, column) in row.columns().iter().enumerate() {
        let name = column.name();
        let is_null = row.try_get_raw(at)?.is_null();
        let value = match column.type_info().name() {
            _ if is_null => Value::Null,
            "BOOLEAN" | "BOOL" => row.try_get::<Option<bool>, _>(at)?.into(),
            "TEXT" => row.try_get::<Option<String>, _>(at)?.into(),
            _ => row.try_get::<Option<i64>, _>(at)?.into(),
        };
        let (name, value) = match (name.strip_suffix("_json"), value) {
            (Some(name), Value::String(text)) => {
                let corrupt = |_| StoreError::Corrupt { what: "a document" };
                (name, serde_json::from_str(&text).map_err(corrupt)?)
            }
            (Some(name), value) => (name, value),
            (None, value) => (name, value),
        };
        object.insert(name.to_owned(), value);
    }
    Ok(Value::Object(object))
}

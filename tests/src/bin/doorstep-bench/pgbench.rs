//! What PostgreSQL does by itself on this machine, by its own program.

use std::{path::Path, time::Duration};

use sqlx::{Connection as _, PgConnection};
use tokio::process::Command;

/// The rows that every sign-up has: who, with which secret, and what to tell of it.
const TABLES: &str = "
    DROP TABLE IF EXISTS said, secrets, people, grants;
    CREATE TABLE people (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        server TEXT NOT NULL, username TEXT NOT NULL, email TEXT NOT NULL UNIQUE,
        profile TEXT NOT NULL, created_at BIGINT NOT NULL, UNIQUE (server, username));
    CREATE TABLE secrets (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        person_id BIGINT NOT NULL REFERENCES people (id),
        username TEXT NOT NULL UNIQUE, hash BYTEA NOT NULL, created_at BIGINT NOT NULL);
    CREATE INDEX ON secrets (person_id);
    CREATE TABLE said (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind TEXT NOT NULL, person_id BIGINT NOT NULL, payload TEXT NOT NULL,
        created_at BIGINT NOT NULL, sent_at BIGINT);
    CREATE INDEX ON said (id) WHERE sent_at IS NULL;
    CREATE TABLE grants (
        hash BYTEA PRIMARY KEY, owner TEXT NOT NULL, scope TEXT NOT NULL,
        expires_at BIGINT NOT NULL);";

/// All three in one statement and one transaction: one way to the database, one commit.
const SIGN_UP: &str = r#"\set r random(1, 9000000000000000000)
WITH person AS (
  INSERT INTO people (server, username, email, profile, created_at)
  VALUES ('srv1.example.com', 'u' || :r::text, 'u' || :r::text || '@example.com',
          '{"fname":"Jane","lname":"Doe","currency":"USD","locale":"en"}', 1764500000000)
  RETURNING id),
secret AS (
  INSERT INTO secrets (person_id, username, hash, created_at)
  SELECT id, 'k' || :r::text, decode(lpad(to_hex(:r::bigint), 64, '0'), 'hex'), 1764500000000
  FROM person),
told AS (
  INSERT INTO said (kind, person_id, payload, created_at)
  SELECT 'user.created', id, '{"username":"u' || :r::text || '"}', 1764500000000 FROM person)
SELECT id FROM person;
"#;

const TOKEN: &str = r"\set r random(1, 9000000000000000000)
INSERT INTO grants (hash, owner, scope, expires_at)
VALUES (decode(lpad(to_hex(:r::bigint), 64, '0'), 'hex'), 'cli_1', 'register', 1764500000000);
";

/// What a transaction is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Script {
    SignUp,
    Token,
}

/// Transactions a second over so many connections, in tables that were empty.
pub(crate) async fn run(
    url: &str,
    folder: &Path,
    script: Script,
    clients: usize,
    time: Duration,
) -> f64 {
    let mut connection = PgConnection::connect(url).await.expect("the cluster answers");
    sqlx::raw_sql(TABLES).execute(&mut connection).await.expect("tables are made");
    sqlx::raw_sql("CHECKPOINT").execute(&mut connection).await.expect("a checkpoint");
    let file = folder.join("script.sql");
    let text = match script {
        Script::SignUp => SIGN_UP,
        Script::Token => TOKEN,
    };
    std::fs::write(&file, text).expect("the folder is writable");
    let output = Command::new("pgbench")
        .args(["-n", "-M", "prepared", "-j", "1", "-c", &clients.to_string()])
        .args(["-T", &time.as_secs().max(1).to_string(), "-f"])
        .arg(&file)
        .arg(url)
        .kill_on_drop(true)
        .output()
        .await
        .expect("pgbench is needed: it comes with PostgreSQL");
    let said = String::from_utf8_lossy(&output.stdout);
    let rate =
        said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.unwrap_or_else(|| panic!("pgbench: {said}{}", String::from_utf8_lossy(&output.stderr)))
}

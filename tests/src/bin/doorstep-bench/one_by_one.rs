//! What SQLite does by itself when each sign-up is a commit: the limit of a server that
//! writes them one by one.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, params};

const TABLES: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    CREATE TABLE people (
        id INTEGER PRIMARY KEY, server TEXT NOT NULL, username TEXT NOT NULL,
        email TEXT NOT NULL UNIQUE, profile TEXT NOT NULL, created_at INTEGER NOT NULL,
        UNIQUE (server, username)) STRICT;
    CREATE TABLE secrets (
        id INTEGER PRIMARY KEY, person_id INTEGER NOT NULL REFERENCES people (id),
        username TEXT NOT NULL UNIQUE, hash BLOB NOT NULL, created_at INTEGER NOT NULL) STRICT;
    CREATE INDEX secrets_of ON secrets (person_id);
    CREATE TABLE said (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, person_id INTEGER NOT NULL,
        payload TEXT NOT NULL, created_at INTEGER NOT NULL, sent_at INTEGER) STRICT;
    CREATE INDEX unsent ON said (id) WHERE sent_at IS NULL;";

/// Sign-ups of three rows a second, each committed before the next begins.
pub(crate) fn run(folder: &Path, time: Duration) -> f64 {
    let folder = tempfile::tempdir_in(folder).expect("the folder is writable");
    let file = folder.path().join("limit.db");
    let database = Connection::open(file).expect("a database");
    database.execute_batch(TABLES).expect("tables are made");
    let prepare = |text| database.prepare(text).expect("a statement");
    let mut begin = prepare("BEGIN IMMEDIATE");
    let mut person = prepare(
        "INSERT INTO people (server, username, email, profile, created_at) VALUES (?, ?, ?, ?, ?)",
    );
    let mut secret =
        prepare("INSERT INTO secrets (person_id, username, hash, created_at) VALUES (?, ?, ?, ?)");
    let mut said =
        prepare("INSERT INTO said (kind, person_id, payload, created_at) VALUES (?, ?, ?, ?)");
    let mut commit = prepare("COMMIT");
    let at = 1_764_500_000_000_i64;
    let from = Instant::now();
    let mut count = 0_u32;
    while from.elapsed() < time {
        count += 1;
        let name = format!("u{count}");
        let profile = r#"{"fname":"Jane","lname":"Doe","currency":"USD","locale":"en"}"#;
        let row = params!["srv1.example.com", name, format!("{name}@example.com"), profile, at];
        begin.execute([]).expect("it begins");
        person.execute(row).expect("a person");
        let id = database.last_insert_rowid();
        let hash = [count.to_be_bytes(); 8].concat();
        secret.execute(params![id, format!("k{count}"), hash, at]).expect("a secret");
        let payload = format!(r#"{{"username":"{name}"}}"#);
        said.execute(params!["user.created", id, payload, at]).expect("an event");
        commit.execute([]).expect("it is committed");
    }
    f64::from(count) / from.elapsed().as_secs_f64()
}

//! The audit log: written with what it tells of, and whoever touches it is found out.

use std::{fmt::Write as _, sync::Arc};

use doorstep_tests::{Kind, Server, on_both, person, program, run_cli, send};
use reqwest::Method;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const PLAIN_EXPORT: [&str; 2] = ["audit", "export"];

/// A server with a client and some users: `client.create` and that many `user.create`.
async fn with_users(kind: Kind, count: usize) -> (Server, String) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    for at in 0..count {
        server.new_user(&token, "srv", &format!("user{at}")).await;
    }
    (server, token)
}

fn verify(server: &Server) -> Result<Value, String> {
    server.cli(&["audit", "verify"], "")
}

/// The exported rows.
fn export(server: &Server, more: &[&str]) -> Vec<Value> {
    let file = server.folder().join("export.jsonl");
    let file = file.to_str().unwrap();
    let arguments = [&PLAIN_EXPORT, more, &["--output", file]].concat();
    let said = server.cli(&arguments, "").unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(said["rows"], rows.len());
    rows
}

async fn a_log_that_nobody_touched_is_intact(kind: Kind) {
    let (server, _) = with_users(kind, 3).await;
    let verified = verify(&server).unwrap();
    assert_eq!((&verified["intact"], &verified["rows"]), (&Value::Bool(true), &Value::from(4)));
    let rows = export(&server, &[]);
    let actions: Vec<_> = rows.iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions.iter().filter(|action| **action == "user.create").count(), 3);
    // A person is an id and a pseudonym, so that the row can stay when the person goes.
    let text = serde_json::to_string(&rows).unwrap();
    assert!(!text.contains("user0") && !text.contains("Lovelace"), "{text}");
    let created = rows.iter().find(|row| row["action"] == "user.create").unwrap();
    assert!(created["details"]["identity"].as_str().unwrap().starts_with("v1:"));
    assert_eq!(created["details"]["provider_server"], "srv");
    let none = export(&server, &["--until", "2020-01-01"]);
    assert_eq!(none.len(), 0);
    let all = export(&server, &["--since", "2020-01-01T00:00:00Z", "--until", "9000-01-01"]);
    assert_eq!(all.len(), 4);
    let error = server.cli(&["audit", "export", "--since", "yesterday"], "").unwrap_err();
    assert!(error.contains("--since"), "{error}");
}

/// The recipe of `doorstep audit export --help`, written a second time.
async fn an_export_is_checked_without_a_key(kind: Kind) {
    let (server, _) = with_users(kind, 3).await;
    let rows = export(&server, &[]);
    let mut before = (Value::Null, "0".repeat(64), 0);
    for row in rows {
        if row["lane"] != before.0 {
            before = (row["lane"].clone(), "0".repeat(64), 0);
        }
        assert_eq!(row["seq"], before.2 + 1);
        let text = |name: &str| match &row[name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut hash = Sha256::new();
        let parts = ["lane", "id", "created_at", "actor", "action", "subject", "details"].map(text);
        for part in ["doorstep audit 1".to_owned(), before.1].into_iter().chain(parts) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let hash = hash.finalize().iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        assert_eq!(row["hash"], hash);
        before = (row["lane"].clone(), hash, before.2 + 1);
    }
}

/// A tampering and what is said about it, each on a log of its own.
async fn every_tampering_is_found(kind: Kind) {
    let cases: [(&str, &[&'static str], &str); 9] = [
        ("change", &["UPDATE audit_log SET actor = 'client:x' WHERE seq = 2"], "changed"),
        ("delete the first", &["DELETE FROM audit_log WHERE seq = 1"], "missing"),
        ("delete in the middle", &["DELETE FROM audit_log WHERE seq = 2"], "missing"),
        (
            "delete the last",
            &["DELETE FROM audit_log WHERE EXISTS (SELECT 1 FROM audit_heads h WHERE h.lane = audit_log.lane AND h.seq = audit_log.seq)"],
            "truncated",
        ),
        (
            "delete the last, and say that it never was",
            &[
                "DELETE FROM audit_log WHERE EXISTS (SELECT 1 FROM audit_heads h WHERE h.lane = audit_log.lane AND h.seq = audit_log.seq)",
                "UPDATE audit_heads SET seq = seq - 1, hash = (SELECT a.hash FROM audit_log a WHERE a.lane = audit_heads.lane AND a.seq = audit_heads.seq - 1) WHERE seq > 1",
            ],
            "head_changed",
        ),
        (
            "swap",
            &[
                "UPDATE audit_log SET seq = 1000 WHERE seq = 2",
                "UPDATE audit_log SET seq = 2 WHERE seq = 3",
                "UPDATE audit_log SET seq = 3 WHERE seq = 1000",
            ],
            "reordered",
        ),
        (
            "insert at the end",
            &["INSERT INTO audit_log SELECT a.lane, a.seq + 1, 'aud_x', a.actor, a.action, a.subject, a.details, a.created_at, a.hash, a.mac
               FROM audit_log a JOIN audit_heads h ON h.lane = a.lane AND h.seq = a.seq"],
            "inserted",
        ),
        (
            "insert into a lane that there is not",
            &["INSERT INTO audit_log SELECT lane + 1000, seq, id, actor, action, subject, details, created_at, hash, mac FROM audit_log"],
            "inserted",
        ),
        ("take a head away", &["DELETE FROM audit_heads WHERE lane = (SELECT MIN(lane) FROM audit_log)"], "head_missing"),
    ];
    // One server for all: each tampering happens to a copy that is put back.
    let (mut server, _) = with_users(kind, 4).await;
    server.kill();
    verify(&server).unwrap();
    for statement in [
        "CREATE TABLE kept AS SELECT * FROM audit_log",
        "CREATE TABLE kept_heads AS SELECT * FROM audit_heads",
    ] {
        server.database.execute(statement).await;
    }
    for (what, statements, expected) in cases {
        for statement in statements {
            server.database.execute(statement).await;
        }
        let error = verify(&server).unwrap_err();
        assert!(error.contains(expected), "{what}: {error}");
        for statement in [
            "DELETE FROM audit_log",
            "DELETE FROM audit_heads",
            "INSERT INTO audit_log SELECT * FROM kept",
            "INSERT INTO audit_heads SELECT * FROM kept_heads",
        ] {
            server.database.execute(statement).await;
        }
        verify(&server).unwrap();
    }
}

/// What was done to a log stays visible: a server that goes on does not sign it.
async fn writing_on_does_not_cover_a_tampering(kind: Kind) {
    let (mut server, token) = with_users(kind, 3).await;
    server
        .database
        .execute("DELETE FROM audit_log WHERE EXISTS (SELECT 1 FROM audit_heads h WHERE h.lane = audit_log.lane AND h.seq = audit_log.seq)")
        .await;
    server
        .database
        .execute("UPDATE audit_heads SET seq = seq - 1, hash = COALESCE((SELECT a.hash FROM audit_log a WHERE a.lane = audit_heads.lane AND a.seq = audit_heads.seq - 1), hash) WHERE seq > 0")
        .await;
    // Now, and after a restart, which has forgotten where the lane ended.
    server.new_user(&token, "srv", "later").await;
    server.kill();
    server.restart();
    server.new_user(&token, "srv", "later-still").await;
    assert!(verify(&server).unwrap_err().contains("head_changed"));
}

async fn a_whole_log_put_back_is_found_by_an_earlier_check(kind: Kind) {
    let (mut server, token) = with_users(kind, 2).await;
    server.database.execute("CREATE TABLE kept AS SELECT * FROM audit_log").await;
    server.database.execute("CREATE TABLE kept_heads AS SELECT * FROM audit_heads").await;
    server.new_user(&token, "srv", "unseen").await;
    server.kill();
    let anchor = server.folder().join("anchor.json");
    std::fs::write(&anchor, verify(&server).unwrap().to_string()).unwrap();
    let against = ["audit", "verify", "--against", anchor.to_str().unwrap()];
    server.cli(&against, "").unwrap();
    for statement in [
        "DELETE FROM audit_log",
        "DELETE FROM audit_heads",
        "INSERT INTO audit_log SELECT * FROM kept",
        "INSERT INTO audit_heads SELECT * FROM kept_heads",
    ] {
        server.database.execute(statement).await;
    }
    // By itself it is a log that nobody touched.
    verify(&server).unwrap();
    assert!(server.cli(&against, "").unwrap_err().contains("truncated"));
}

async fn fifty_at_once_leave_unbroken_chains(kind: Kind) {
    let (server, token) = with_users(kind, 0).await;
    let token = Arc::new(token);
    let attempts: Vec<_> = (0..50)
        .map(|at| {
            let request = server
                .request(Method::POST, "/api/users")
                .bearer_auth(&token)
                .json(&person("srv", &format!("u{at}")));
            tokio::spawn(async move { send(request).await.status.as_u16() })
        })
        .collect();
    // Others write from another process meanwhile, and one reads.
    server.client("register", &[], &[]);
    verify(&server).unwrap();
    for attempt in attempts {
        assert_eq!(attempt.await.unwrap(), 201);
    }
    assert_eq!(verify(&server).unwrap()["rows"], 52);
}

async fn kill_9_leaves_chains_that_verify(kind: Kind) {
    let (mut server, token) = with_users(kind, 0).await;
    for round in 0..3 {
        let attempts: Vec<_> = (0..30)
            .map(|at| {
                let request = server
                    .request(Method::POST, "/api/users")
                    .bearer_auth(&token)
                    .json(&person("srv", &format!("u{round}-{at}")));
                tokio::spawn(async move { request.send().await.is_ok() })
            })
            .collect();
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        server.kill();
        for attempt in attempts {
            let _ = attempt.await;
        }
        verify(&server).unwrap();
        server.restart();
    }
    let users = server.database.count("SELECT COUNT(*) FROM users").await;
    assert_eq!(verify(&server).unwrap()["rows"], users + 1);
}

/// A database and a key file as the version before the chains left them.
async fn rows_of_the_version_before_are_chained(kind: Kind) {
    let (mut server, token) = with_users(kind, 1).await;
    server.kill();
    for statement in [
        "INSERT INTO audit (id, actor, action, subject, details, created_at)
         SELECT id, actor, action, subject,
                '{\"provider\":\"cpanel\",\"provider_server\":\"srv\",\"provider_username\":\"person0\"}', created_at
         FROM audit_log",
        "INSERT INTO facts (name, value)
         SELECT 'pepper fingerprint', fingerprint FROM key_versions WHERE ring = 'pepper'",
        "DROP TABLE audit_log",
        "DROP TABLE audit_heads",
        "DROP TABLE key_versions",
        "DELETE FROM _sqlx_migrations WHERE version = 6",
    ] {
        server.database.execute(statement).await;
    }
    let keys = server.folder().join("keys");
    let text = std::fs::read_to_string(&keys).unwrap();
    std::fs::write(&keys, text.split("[webhook]").next().unwrap()).unwrap();
    server.restart();
    server.new_user(&token, "srv", "new").await;
    assert_eq!(verify(&server).unwrap()["rows"], 3);
    let rows = export(&server, &[]);
    let adopted = rows.iter().filter(|row| row["details"]["before_the_chain"] == true).count();
    assert_eq!(adopted, 2);
    assert!(!serde_json::to_string(&rows).unwrap().contains("person0"));
    assert_eq!(server.database.count("SELECT COUNT(*) FROM audit").await, 0);
    let completed = std::fs::read_to_string(&keys).unwrap();
    assert!(completed.contains("[webhook]") && completed.contains("[audit]"));
}

/// In the table of the time before the chain: one as it was written then, and one not.
const OLD_ROWS: &str = "INSERT INTO audit (id, actor, action, subject, details, created_at)
    VALUES ('aud_a', 'operator', 'user.create', 'user:1', 'no JSON', 1),
           ('aud_b', 'operator', 'user.create', 'user:1', '{}', 1)";

/// Who has only the database gets nothing signed, and does not make the log a new one.
async fn the_database_alone_gets_nothing_signed_and_nothing_hidden(kind: Kind) {
    let (mut server, token) = with_users(kind, 1).await;
    server.kill();
    server.database.execute(OLD_ROWS).await;
    let unsigned = async |server: &Server| {
        let error = verify(server).unwrap_err();
        assert!(error.contains("unchained") && error.contains("aud_a"), "{error}");
        assert_eq!(server.database.count("SELECT COUNT(*) FROM audit").await, 2);
    };
    unsigned(&server).await;
    server.restart();
    server.new_user(&token, "srv", "later").await;
    unsigned(&server).await;
    assert_eq!(export(&server, &[]).len(), 3);
    server.kill();
    for statement in ["DELETE FROM audit", "DELETE FROM audit_log", "DELETE FROM audit_heads"] {
        server.database.execute(statement).await;
    }
    let missing = |server: &Server| {
        let error = verify(server).unwrap_err();
        assert!(error.contains("log_missing"), "{error}");
    };
    missing(&server);
    server.restart();
    missing(&server);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM audit_heads").await, 0);
}

/// A row that no server of the version before can have written.
async fn an_unreadable_row_of_the_version_before_stops_nothing(kind: Kind) {
    let (mut server, token) = with_users(kind, 0).await;
    server.kill();
    let keys = server.folder().join("keys");
    let text = std::fs::read_to_string(&keys).unwrap();
    std::fs::write(&keys, text.split("[audit_log]").next().unwrap()).unwrap();
    server.database.execute(OLD_ROWS).await;
    server.restart();
    server.new_user(&token, "srv", "later").await;
    assert_eq!(export(&server, &[]).len(), 3);
    let error = verify(&server).unwrap_err();
    assert!(error.contains("unchained") && error.contains("aud_a"), "{error}");
}

#[test]
fn others_on_the_machine_neither_read_along_nor_stop_anything() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| run_cli(&program(), &[], folder.path(), arguments, "");
    let mode = |name: &str| {
        std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777
    };
    let open = |name: &str| {
        let everybody = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(folder.path().join(name), everybody).unwrap();
    };
    // Everybody who may read a folder can lock it.
    let held = std::fs::File::open(folder.path()).unwrap();
    held.lock().unwrap();
    run(&["keys", "rotate"]).unwrap();
    assert_eq!(mode(".doorstep.lock"), 0o600);
    let file = folder.path().join("rows.jsonl");
    std::fs::write(&file, "left from before".repeat(1_000)).unwrap();
    open("rows.jsonl");
    run(&["audit", "export", "--output", file.to_str().unwrap()]).unwrap();
    assert_eq!(mode("rows.jsonl"), 0o600);
    assert!(!std::fs::read_to_string(&file).unwrap().contains("left"));
    let warnings = || {
        let listed = std::process::Command::new(program())
            .args(["keys", "list"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = [listed.stdout, listed.stderr].concat();
        String::from_utf8(said).unwrap().matches("everybody on this machine").count()
    };
    assert_eq!(warnings(), 0);
    open("doorstep.keys");
    open("doorstep.db");
    assert_eq!(warnings(), 2);
}

#[test]
fn an_empty_log_is_intact() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| run_cli(&program(), &[], folder.path(), arguments, "");
    assert_eq!(run(&["audit", "verify"]).unwrap()["rows"], 0);
    assert!(run(&["audit", "verify", "--against", "nothing"]).unwrap_err().contains("--against"));
}

on_both!(
    a_log_that_nobody_touched_is_intact,
    an_export_is_checked_without_a_key,
    every_tampering_is_found,
    writing_on_does_not_cover_a_tampering,
    a_whole_log_put_back_is_found_by_an_earlier_check,
    fifty_at_once_leave_unbroken_chains,
    kill_9_leaves_chains_that_verify,
    rows_of_the_version_before_are_chained,
    the_database_alone_gets_nothing_signed_and_nothing_hidden,
    an_unreadable_row_of_the_version_before_stops_nothing,
);

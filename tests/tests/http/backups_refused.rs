//! Backups that are not whole, and processes that end in the middle: nothing is lost,
//! and nothing half done is taken for done.

use std::path::{Path, PathBuf};

use doorstep_tests::{Kind, Server, on_both, program, run_cli};

use crate::backups::{Place, back_up, key_pair, logs_in};

/// The backups in a folder that a person would take for whole.
fn named(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_named = |path: &PathBuf| {
        path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'))
    };
    files.filter(is_named).collect()
}

async fn what_is_damaged_or_not_for_us_is_refused(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let ada = server.new_user(&token, "srv", "ada").await;
    let folder = tempfile::tempdir().unwrap();
    let (public, private) = key_pair(folder.path(), "identity");
    let (_, stranger) = key_pair(folder.path(), "stranger");
    let (sealed, plain) = (folder.path().join("sealed"), folder.path().join("plain"));
    for place in [&sealed, &plain] {
        std::fs::create_dir(place).unwrap();
    }
    let sealed = back_up(&server, &sealed, &["--recipient", &public]);
    let plain = back_up(&server, &plain, &["--plain"]);
    let place = Place::new(kind).await;
    let identity = ["--identity", private.to_str().unwrap()];
    let stranger = ["--identity", stranger.to_str().unwrap()];

    let no_identity = ["--identity", plain.to_str().unwrap()];

    let sealed_bytes = std::fs::read(&sealed).unwrap();
    let plain_bytes = std::fs::read(&plain).unwrap();
    let bad = folder.path().join("bad");
    let mut cases: Vec<(Vec<u8>, &[&str], &str)> = vec![
        (sealed_bytes.clone(), &[], "--identity"),
        (sealed_bytes.clone(), &stranger, "other recipients"),
        (sealed_bytes.clone(), &no_identity, "identity file"),
        (sealed_bytes.clone(), &["--identity", "/nonexistent"][..], "/nonexistent"),
        (Vec::new(), &[], "damaged"),
        (b"SQLite format 3\0\n".to_vec(), &[], "no backup"),
        (b"{\"doorstep_backup\":9}\n".to_vec(), &[], "newer"),
    ];
    for part in [3, 2] {
        let cut = sealed_bytes.len() * (part - 1) / part;
        cases.push((sealed_bytes[..cut].to_vec(), &identity, "damaged"));
        let mut flipped = sealed_bytes.clone();
        flipped[cut] ^= 1;
        cases.push((flipped, &identity, "damaged"));
    }
    cases.push((sealed_bytes[..sealed_bytes.len() - 1].to_vec(), &identity, "damaged"));
    let replaced = |from: &str, to: &str| {
        let text = String::from_utf8(plain_bytes.clone()).unwrap();
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1).into_bytes()
    };
    std::fs::copy(server.folder().join("keys"), place.keys()).unwrap();
    cases.extend([
        (plain_bytes[..plain_bytes.len() - 1].to_vec(), &[][..], "damaged"),
        ([&plain_bytes[..], b"\n"].concat(), &[], "damaged"),
        (replaced("user.create", "user.delete"), &[], "audit log"),
        (replaced("Lovelace", "Lovelaca"), &[], "damaged"),
        (replaced("\"table\":\"users\"", "\"table\":\"pg_authid\""), &[], "damaged"),
        (replaced("[[1,\"", "[[9999,\""), &[], "newer version"),
        (replaced("[[1,\"", "[[1,\"0"), &[], "another one"),
    ]);
    for (at, (content, more, named)) in cases.iter().enumerate() {
        std::fs::write(&bad, content).unwrap();
        for check in [&["--check"][..], &[]] {
            let error = place.restore(&bad, &[more, check].concat()).unwrap_err();
            assert!(error.contains(named), "case {at}: {error}");
        }
    }
    // After all that the place is as it was: what is whole goes in.
    place.restore(&plain, &[]).unwrap();
    assert!(logs_in(&place.serve(kind).await, &ada).await);
}

async fn where_there_is_nothing_there_is_no_backup(kind: Kind) {
    let place = Place::new(kind).await;
    let to = place.folder.path().display().to_string();
    let backup = ["backup", "--to", &to, "--plain"];
    let error = place.cli(&backup, &[]).unwrap_err();
    assert!(error.contains("database.url"), "{error}");
    for (arguments, named) in [
        (vec!["backup", "--to", &to], "--plain"),
        (vec!["backup", "--to", &to, "--recipient", "age1nobody"], "age-keygen"),
        (vec!["backup", "--to", &to, "--plain", "--keep", "0"], "--keep"),
    ] {
        let error = place.cli(&arguments, &[]).unwrap_err();
        assert!(error.contains(named), "{arguments:?}: {error}");
    }
    let server = Server::start(kind).await;
    server.client("register", &[], &[]);
    let error = server.cli(&["backup", "--to", "/nonexistent", "--plain"], "").unwrap_err();
    assert!(error.contains("/nonexistent"), "{error}");
    assert_eq!(named_count(place.folder.path()), 0);
}

/// Somebody changed the database that was backed up, and the checksums are right.
async fn a_backup_of_a_log_that_was_changed_is_refused(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    server.new_user(&token, "srv", "ada").await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().display().to_string();
    let backup = ["backup", "--to", &to, "--plain"];
    for (change, undo, named) in [
        (
            "UPDATE audit_log SET action = 'user.x' WHERE action = 'user.create'",
            "UPDATE audit_log SET action = 'user.create' WHERE action = 'user.x'",
            "audit log",
        ),
        (
            "UPDATE counters SET value = value - 1000000 WHERE name = 'users'",
            "UPDATE counters SET value = value + 1000000 WHERE name = 'users'",
            "counter users",
        ),
    ] {
        server.database.execute(change).await;
        let error = server.cli(&backup, "").unwrap_err();
        assert!(error.contains(named), "{error}");
        assert_eq!(named_count(folder.path()), 0, "no backup is better than a wrong one");
        server.database.execute(undo).await;
    }
}

fn named_count(folder: &Path) -> usize {
    named(folder).len()
}

async fn kill_9_leaves_no_half_backup_and_no_half_installation(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let ada = server.new_user(&token, "srv", "ada").await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().display().to_string();
    for place in ["backup-table:1", "backup-table:14", "backup-written:1"] {
        let settings = server.settings_with(&[("DOORSTEP_TEST_KILL_AT", place)]);
        let backup = ["backup", "--to", &to, "--plain"];
        let killed = run_cli(&program(), &settings, server.folder(), &backup, "");
        assert!(killed.is_err(), "{place} was not reached");
        assert_eq!(named_count(folder.path()), 0, "{place}");
    }
    let file = back_up(&server, folder.path(), &["--plain"]);
    assert_eq!(named_count(folder.path()), 1);
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2, "the backup and the lock: what was unfinished is gone");

    let place = Place::new(kind).await;
    std::fs::copy(server.folder().join("keys"), place.keys()).unwrap();
    let restore = ["restore", file.to_str().unwrap()];
    for at in ["restore-rows:1", "restore-rows:9", "restore-commit:1"] {
        let killed = place.cli(&restore, &[("DOORSTEP_TEST_KILL_AT", at)]);
        assert!(killed.is_err(), "{at} was not reached");
    }
    place.restore(&file, &[]).unwrap();
    assert!(logs_in(&place.serve(kind).await, &ada).await);
}

on_both!(
    where_there_is_nothing_there_is_no_backup,
    what_is_damaged_or_not_for_us_is_refused,
    a_backup_of_a_log_that_was_changed_is_refused,
    kill_9_leaves_no_half_backup_and_no_half_installation,
);

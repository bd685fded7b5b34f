//! Installations as older versions left them: `tests/upgrades/README.md`.

use std::path::{Path, PathBuf};

use doorstep_tests::{Kind, Server, on_both};
use serde_json::Value;

use crate::backups::{Place, logs_in};

/// The folders with the fixtures, oldest first.
fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("upgrades");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

async fn what_an_older_version_left_is_taken_over(kind: Kind) {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 2, "the fixtures are gone");
    for folder in fixtures {
        let place = Place::new(kind).await;
        std::fs::copy(folder.join("keys"), place.keys()).unwrap();
        let backup = folder.join("backup").display().to_string();
        // The old schema and all that was in it, and nothing newer yet.
        let killed = place.cli(&["restore", &backup], &[("DOORSTEP_TEST_KILL_AT", "restored:1")]);
        assert!(killed.is_err(), "the place was not reached");
        let applied = "SELECT COUNT(*) FROM _sqlx_migrations";
        let old = place.database.count(applied).await;
        let text = std::fs::read_to_string(&backup).unwrap();
        let header: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let made_by = header["migrations"].as_array().unwrap().len();
        assert_eq!(usize::try_from(old).unwrap(), made_by);

        std::thread::scope(|scope| {
            let starters: Vec<_> =
                (0..4).map(|_| scope.spawn(|| place.cli(&["migrate"], &[]))).collect();
            for starter in starters {
                starter.join().unwrap().unwrap();
            }
        });
        assert!(place.database.count(applied).await >= old);
        let server = place.serve(kind).await;
        let people: Value =
            serde_json::from_slice(&std::fs::read(folder.join("people.json")).unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        for user in people["users"].as_array().unwrap() {
            let login = (text(&user["username"]), text(&user["password"]));
            assert!(logs_in(&server, &login).await, "{}: {user}", folder.display());
        }
        let client = doorstep_tests::OAuthClient {
            id: text(&people["client"]["id"]),
            secret: text(&people["client"]["secret"]),
        };
        let token = server.token(&client, "register").await;
        let new = server.new_user(&token, "srv", "newcomer").await;
        assert!(logs_in(&server, &new).await);
        server.cli(&["audit", "verify"], "").unwrap();
    }
}

async fn a_newer_schema_is_refused_by_name(kind: Kind) {
    let server = Server::start(kind).await;
    server.client("register", &[], &[]);
    let newer =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 SELECT 9999, description, success, checksum, execution_time
                 FROM _sqlx_migrations WHERE version = 1";
    server.database.execute(newer).await;
    let to = server.folder().display().to_string();
    for arguments in
        [&["migrate"][..], &["serve"], &["client", "list"], &["backup", "--to", &to, "--plain"]]
    {
        let error = server.cli(arguments, "").unwrap_err();
        assert!(
            error.contains("newer version") && error.contains("9999"),
            "{arguments:?}: {error}"
        );
    }
}

on_both!(what_an_older_version_left_is_taken_over, a_newer_schema_is_refused_by_name);

//! `doorstep doctor`.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Output};

use doorstep_tests::{Kind, Server, cli_output, on_both, program};
use serde_json::{Value, json};

/// What was said of each check, without those that depend on how the program was built.
fn findings(output: &Output) -> (Value, Vec<(String, String)>) {
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let checks = report["checks"].as_array().unwrap();
    for check in checks {
        let advised = check["advice"].is_string();
        assert_eq!(
            advised,
            check["status"] != "ok",
            "what to do is said where it is not well: {check}"
        );
    }
    let well = checks.iter().all(|check| check["status"] != "fail");
    assert_eq!(report["ok"], json!(well));
    assert_eq!(output.status.success(), well, "the exit code says the same");
    let text = |check: &Value, name: &str| check[name].as_str().unwrap().to_owned();
    let pairs = checks.iter().map(|check| (text(check, "check"), text(check, "status")));
    let pairs = pairs.filter(|(check, _)| check != "widget").collect();
    (report, pairs)
}

fn status<'a>(pairs: &'a [(String, String)], check: &str) -> &'a str {
    pairs.iter().find(|(name, _)| name == check).map_or("absent", |(_, status)| status.as_str())
}

async fn a_running_installation_is_looked_at(kind: Kind) {
    let server = Server::start(kind).await;
    let doctor = || findings(&server.cli_output(&["doctor"], "")).1;
    let pairs = doctor();
    for (check, expected) in [
        ("settings", "ok"),
        ("public URL", "warn"),
        ("permissions", "ok"),
        ("database", "ok"),
        ("schema", "ok"),
        ("key file", "ok"),
        ("clock", "ok"),
        ("clients", "warn"),
        ("admins", "warn"),
        ("webhooks", "ok"),
    ] {
        assert_eq!(status(&pairs, check), expected, "{check}: {pairs:?}");
    }
    server.client("register", &[], &[]);
    crate::admin_users::admin(&server, "root@host.example");
    let pairs = doctor();
    assert_eq!((status(&pairs, "clients"), status(&pairs, "admins")), ("ok", "ok"));

    let keys = server.folder().join("keys");
    let kept = fs::read(&keys).unwrap();
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(doctor().contains(&("permissions".to_owned(), "warn".to_owned())));
    fs::write(&keys, "[pepper]\n1 = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n[seal]\n1 = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n").unwrap();
    let foreign = fs::read(&keys).unwrap();
    assert_eq!(status(&doctor(), "key file"), "fail");
    assert_eq!(fs::read(&keys).unwrap(), foreign, "it changes nothing");
    fs::remove_file(&keys).unwrap();
    assert_eq!(status(&doctor(), "key file"), "fail");
    assert!(!keys.exists(), "it makes nothing");
    fs::write(&keys, kept).unwrap();

    let far = "INSERT INTO events (id, kind, user_id, payload, created_at) SELECT 'evt_x', 'x', id, '{}', 99999999999999 FROM users LIMIT 1";
    server.database.execute(far).await;
    assert_eq!(status(&doctor(), "clock"), "fail", "the clock was set back");
    server.database.execute("DELETE FROM _sqlx_migrations WHERE version > 7").await;
    assert_eq!(status(&doctor(), "schema"), "warn");
    server.database.execute("UPDATE _sqlx_migrations SET version = 99999 WHERE version = 7").await;
    assert_eq!(status(&doctor(), "schema"), "fail");
}

#[test]
fn an_empty_folder_stays_empty() {
    let folder = tempfile::tempdir().unwrap();
    let doctor = |settings: &[(&str, &str)]| {
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        findings(&cli_output(&program(), &settings, folder.path(), &["doctor"], ""))
    };
    assert_eq!(status(&doctor(&[]).1, "database"), "warn");
    let away = [("DOORSTEP_DATABASE_URL", "postgres://nobody:hush@127.0.0.1:1/x")];
    let (report, pairs) = doctor(&away);
    assert_eq!(status(&pairs, "database"), "fail");
    assert!(!report.to_string().contains("hush"));
    let (report, pairs) = doctor(&[("DOORSTEP_LISTN", "x")]);
    assert_eq!(pairs, [("settings".to_owned(), "fail".to_owned())]);
    assert!(report.to_string().contains("DOORSTEP_LISTN"));
    let url = [("DOORSTEP_PUBLIC_URL", "https://signup.host.example")];
    assert_eq!(status(&doctor(&url).1, "public URL"), "ok");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

on_both!(a_running_installation_is_looked_at);

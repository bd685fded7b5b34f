//! The operator's commands and settings.

use std::os::unix::fs::PermissionsExt as _;

use doorstep_tests::{Kind, Server, on_both, program, run_cli, send};
use reqwest::Method;

async fn clients_are_created_listed_and_disabled(kind: Kind) {
    let server = Server::start(kind).await;
    let created = server
        .cli(
            &[
                "client",
                "create",
                "--name",
                "Häns",
                "--scope",
                "public register",
                "--provider-server",
                "B.example",
                "a.example",
                "--origin",
                "https://p.example:2083/",
            ],
            "",
        )
        .unwrap();
    assert!(created["client_id"].as_str().unwrap().starts_with("cli_"));
    assert!(created["client_secret"].as_str().unwrap().starts_with("dss_"));
    let listed = server.cli(&["client", "list"], "").unwrap();
    let only = &listed["clients"][0];
    assert_eq!(only["client_id"], created["client_id"]);
    assert_eq!(only["name"], "Häns");
    assert_eq!(only["provider_servers"], serde_json::json!(["a.example", "b.example"]));
    assert_eq!(only["origins"], serde_json::json!(["https://p.example:2083"]));
    assert!(only.get("client_secret").is_none());
    let id = created["client_id"].as_str().unwrap();
    server.cli(&["client", "disable", id], "").unwrap();
    assert_eq!(server.cli(&["client", "list"], "").unwrap()["clients"][0]["active"], false);
    for (arguments, named) in [
        (vec!["client", "disable", "cli_x"], "no client"),
        (vec!["client", "create", "--name", "X", "--scope", "admin"], "--scope"),
        (vec!["client", "create", "--name", " "], "--name"),
        (vec!["client", "create", "--name", "X", "--provider-server", "a b"], "--provider-server"),
        (vec!["client", "create", "--name", "X", "--origin", "p.example"], "--origin"),
    ] {
        let error = server.cli(&arguments, "").unwrap_err();
        assert!(error.contains(named), "{arguments:?}: {error}");
    }
}

async fn administrators_get_an_id_and_a_working_credential(kind: Kind) {
    let server = Server::start(kind).await;
    let create = |email: &str, password: &str| {
        server.cli(&["admin", "create", "--email", email, "--password-stdin"], password)
    };
    let made = create("root@host.example", "correct horse battery\n").unwrap();
    let text = |name: &str| made["api"][name].as_str().unwrap().to_owned();
    let own = server
        .request(Method::GET, "/api/users")
        .basic_auth(text("username"), Some(text("password")));
    let own = send(own).await;
    assert_eq!(own.json()["user"]["id"], made["id"]);
    for (email, password, named) in [
        ("root@host.example", "correct horse battery", "already"),
        ("ROOT@host.example", "correct horse battery", "already"),
        ("nope", "correct horse battery", "--email"),
        ("x@host.example", "short", "at least 15"),
        ("x@host.example", "", "at least 15"),
    ] {
        assert!(create(email, password).unwrap_err().contains(named), "{email}");
    }
    assert_eq!(
        server.database.count("SELECT COUNT(*) FROM users WHERE password LIKE '$argon2id$%'").await,
        1
    );
}

async fn the_key_file_is_missed_and_a_foreign_one_is_refused(kind: Kind) {
    let mut server = Server::start(kind).await;
    let keys = server.folder().join("keys");
    assert_eq!(std::fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o600);
    server.kill();
    let kept = std::fs::read(&keys).unwrap();
    std::fs::remove_file(&keys).unwrap();
    assert!(server.cli(&["client", "list"], "").unwrap_err().contains("is missing"));
    assert!(!keys.exists(), "a new key file must not hide the loss of the old one");
    std::fs::write(&keys, "[pepper]\n1 = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n[seal]\n1 = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n")
        .unwrap();
    assert!(server.cli(&["client", "list"], "").unwrap_err().contains("is not the one"));
    std::fs::write(&keys, "[pepper]\n1 = \"secret-thing\"\n[seal]\n1 = \"secret-thing\"\n")
        .unwrap();
    let damaged = server.cli(&["client", "list"], "").unwrap_err();
    assert!(damaged.contains("damaged") && !damaged.contains("secret-thing"), "{damaged}");
    std::fs::write(&keys, kept).unwrap();
    server.cli(&["migrate"], "").unwrap();
    server.restart();
    assert_eq!(server.get_ops("/readyz").await.status, 200);
}

#[test]
fn a_first_command_in_an_empty_folder_makes_a_private_database() {
    let folder = tempfile::tempdir().unwrap();
    let doorstep = program();
    let listed = run_cli(&doorstep, &[], folder.path(), &["client", "list"], "").unwrap();
    assert_eq!(listed["clients"], serde_json::json!([]));
    for name in ["doorstep.db", "doorstep.keys"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn the_database_url_may_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    let run = |variables: &[(&str, &str)]| {
        let output = std::process::Command::new(program())
            .args(["migrate", "--json"])
            .envs(variables.iter().copied())
            .current_dir(folder.path())
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    std::fs::write(&file, "sqlite://named-in-a-file.db\n").unwrap();
    let mode = |mode| {
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(mode))
            .unwrap();
    };
    for name in ["DOORSTEP_DATABASE_URL_FILE", "DOORSTEP_DATABASE__URL_FILE"] {
        mode(0o600);
        assert_eq!(run(&[(name, "url")]), (true, String::new()));
        assert!(folder.path().join("named-in-a-file.db").exists());
        mode(0o644);
        let (done, said) = run(&[(name, "url")]);
        assert!(done && said.contains("everybody on this machine may open url"), "{said}");
        let (done, said) = run(&[(name, "url"), ("DOORSTEP_DATABASE_URL", "sqlite://x.db")]);
        let both = "database.url and database.url_file are both set";
        assert!(!done && said.contains(both), "{said}");
        let (done, said) = run(&[(name, "nowhere")]);
        assert!(!done && said.contains("database.url_file: cannot read nowhere"), "{said}");
    }
}

#[test]
fn settings_that_do_not_exist_or_fit_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let doorstep = program();
    let run = |variables: &[(&str, &str)], arguments: &[&str]| {
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        run_cli(&doorstep, &variables, folder.path(), arguments, "").unwrap_err()
    };
    assert!(run(&[("DOORSTEP_LISTN", "x")], &["migrate"]).contains("DOORSTEP_LISTN"));
    assert!(run(&[("DOORSTEP_SERVER__LISTN", "x")], &["migrate"]).contains("listn"));
    assert!(run(&[("DOORSTEP_DATABASE_URL", "mysql://x")], &["migrate"]).contains("sqlite://PATH"));
    assert!(run(&[], &["migrate", "--config", "nothing.toml"]).contains("nothing.toml"));
    std::fs::write(
        folder.path().join("bad.toml"),
        "[server]\nlisten = \"127.0.0.1:1\"\nport = 3\n",
    )
    .unwrap();
    assert!(run(&[], &["migrate", "--config", "bad.toml"]).contains("port"));
}

on_both!(
    clients_are_created_listed_and_disabled,
    administrators_get_an_id_and_a_working_credential,
    the_key_file_is_missed_and_a_foreign_one_is_refused,
);

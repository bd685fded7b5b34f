//! Bugs that were, each with the request that showed it.

use doorstep_tests::{Kind, Server, on_both, person, program, run_cli, send};
use reqwest::Method;
use serde_json::json;

async fn a_nul_in_a_name_is_not_a_failure(kind: Kind) {
    let server = Server::start(kind).await;
    let basic = server.request(Method::GET, "/api/users").basic_auth("\0x", Some("y"));
    assert_eq!(send(basic).await.status, 401);
    let token = server.request(Method::POST, "/api/oauth/token").form(&[
        ("grant_type", "client_credentials"),
        ("client_id", "\0"),
        ("client_secret", "x"),
    ]);
    assert_eq!(send(token).await.status, 401);
}

async fn what_follows_the_host_is_checked_too(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    for host in [
        "https://h.example/\u{202e}\u{200b}\nX-Evil: 1".to_owned(),
        "https://h.example/a\0b".to_owned(),
        format!("https://h.example/?{}", "A".repeat(5_000)),
        "h.example:+80".to_owned(),
        "http://127.1/".to_owned(),
    ] {
        let answer = server.sign_up(&token, &person(&host, "bob")).await;
        assert_eq!(answer.refusal(), (422, "validation_failed".to_owned()), "{host}");
    }
    let mut invisible = person("srv", "bob");
    invisible["user"]["fname"] = "\u{3164}".into();
    assert_eq!(server.sign_up(&token, &invisible).await.status, 422);
    let mut ours = person("is_admin", "bob");
    ours["user"]["provider"] = "doorstep".into();
    assert_eq!(server.sign_up(&token, &ours).await.status, 422);
}

async fn made_up_methods_make_no_metrics(kind: Kind) {
    let server = Server::start(kind).await;
    for at in 0..50 {
        let method = Method::from_bytes(format!("MADEUP{at}").as_bytes()).unwrap();
        assert_eq!(send(server.request(method, "/api/users")).await.status, 405);
    }
    let metrics = server.get_ops("/metrics").await.text;
    assert!(!metrics.contains("MADEUP"), "{metrics}");
}

async fn changes_to_one_address_at_once_are_refused_not_failed(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let mut users = Vec::new();
    for at in 0..24 {
        users.push(server.new_user(&token, "srv", &format!("u{at}")).await);
    }
    let changes: Vec<_> = users
        .iter()
        .map(|(name, password)| {
            let request = server.request(Method::PATCH, "/api/users");
            let request = request.basic_auth(name, Some(password));
            tokio::spawn(send(request.json(&json!({ "user": { "email": "one@x.example" } }))))
        })
        .collect();
    let mut winners = 0;
    for change in changes {
        match change.await.unwrap().status.as_u16() {
            200 => winners += 1,
            status => assert_eq!(status, 400),
        }
    }
    assert_eq!(winners, 1);
}

async fn a_server_is_free_again_when_its_client_is_switched_off(kind: Kind) {
    let server = Server::start(kind).await;
    let first = server.client("register", &["srv.example"], &[]);
    server.cli(&["client", "disable", &first.id], "").unwrap();
    let second = server.client("register", &["srv.example"], &[]);
    let token = server.token(&second, "register").await;
    assert_eq!(server.sign_up(&token, &person("srv.example", "bob")).await.status, 201);
}

async fn labels_do_not_grow_without_bound(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let (name, password) = server.new_user(&token, "srv", "bob").await;
    let mut last = 200;
    for round in 0..10 {
        let labels = json!({ format!("k{round}"): "x".repeat(4_000), "\u{200b}cpanel": 1 });
        let request = server.request(Method::PATCH, "/api/users");
        let request = request.basic_auth(&name, Some(&password));
        last = send(request.json(&json!({ "user": { "merge_labels": labels } })))
            .await
            .status
            .as_u16();
    }
    assert_eq!(last, 400);
    let kept =
        "SELECT COUNT(*) FROM users WHERE length(labels) > 17000 OR labels LIKE '%\u{200b}%'";
    assert_eq!(server.database.count(kept).await, 0);
}

#[test]
fn programs_that_start_at_once_on_an_empty_folder_all_work() {
    for _ in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let starters: Vec<_> = (0..8)
            .map(|_| {
                let path = folder.path().to_owned();
                std::thread::spawn(move || run_cli(&program(), &[], &path, &["client", "list"], ""))
            })
            .collect();
        for starter in starters {
            starter.join().unwrap().unwrap();
        }
    }
}

#[test]
fn a_broken_settings_file_is_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[database]\nurl = \"postgres://u:sekret@h/d\n";
    std::fs::write(folder.path().join("doorstep.toml"), text).unwrap();
    let error = run_cli(&program(), &[], folder.path(), &["migrate"], "").unwrap_err();
    assert!(error.contains("doorstep.toml, line 2") && !error.contains("sekret"), "{error}");
    for url in ["sqlite://:memory:", "sqlite://d.db?mode=ro"] {
        let settings = [("DOORSTEP_DATABASE_URL".to_owned(), url.to_owned())];
        std::fs::remove_file(folder.path().join("doorstep.toml")).ok();
        let error = run_cli(&program(), &settings, folder.path(), &["migrate"], "").unwrap_err();
        assert!(error.contains("sqlite://PATH"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_requests_are_answered_in_the_usual_form() {
    let server = Server::start(Kind::Sqlite).await;
    let broken = server.get("/v1/assets/%ff").await;
    assert_eq!(broken.refusal(), (404, "not_found".to_owned()));
    let long = server.get(&format!("/{}", "x".repeat(10_000))).await;
    assert_eq!(long.refusal(), (414, "uri_too_long".to_owned()));
}

/// A key file outlives its database, or serves several.
async fn a_key_file_serves_a_new_database_too(kind: Kind) {
    let first = Server::start(kind).await;
    first.client("register", &[], &[]);
    let keys = first.folder().join("keys").display().to_string();
    let second = Server::start_with(kind, &[("DOORSTEP_KEYS__FILE", &keys)]).await;
    let client = second.client("register", &[], &[]);
    let token = second.token(&client, "register").await;
    second.new_user(&token, "srv", "ada").await;
    assert_eq!(second.cli(&["audit", "verify"], "").unwrap()["intact"], true);
}

on_both!(
    a_key_file_serves_a_new_database_too,
    a_nul_in_a_name_is_not_a_failure,
    what_follows_the_host_is_checked_too,
    made_up_methods_make_no_metrics,
    changes_to_one_address_at_once_are_refused_not_failed,
    a_server_is_free_again_when_its_client_is_switched_off,
    labels_do_not_grow_without_bound,
);

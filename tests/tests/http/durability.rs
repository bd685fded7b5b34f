//! What was acknowledged is there; what was not left nothing behind.

use std::sync::Arc;

use doorstep_tests::{Kind, Server, on_both, person, send};
use reqwest::Method;

async fn a_user_survives_kill_9_right_after_the_answer(kind: Kind) {
    let mut server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    for round in 0..5 {
        let token = server.token(&client, "register").await;
        let username = format!("bob{round}");
        let (name, password) = server.new_user(&token, "srv", &username).await;
        server.kill();
        server.restart();
        let own = server.request(Method::GET, "/api/users").basic_auth(&name, Some(&password));
        assert_eq!(send(own).await.status, 200, "round {round}");
        let token = server.token(&client, "register").await;
        assert_eq!(server.sign_up(&token, &person("srv", &username)).await.status, 409);
    }
}

async fn kill_9_under_load_leaves_whole_users_only(kind: Kind) {
    let mut server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    for round in 0..3 {
        let token = Arc::new(server.token(&client, "register").await);
        let attempts: Vec<_> = (0..40)
            .map(|at| {
                let request = server
                    .request(Method::POST, "/api/users")
                    .bearer_auth(&token)
                    .json(&person("srv", &format!("u{round}-{at}")));
                tokio::spawn(async move { request.send().await.ok().map(|answer| answer.status()) })
            })
            .collect();
        // Some are through, some are not: any moment is a good one.
        tokio::time::sleep(std::time::Duration::from_millis(15)).await;
        server.kill();
        for attempt in attempts {
            let _ = attempt.await;
        }
        server.restart();
    }
    let database = &server.database;
    let users = database.count("SELECT COUNT(*) FROM users").await;
    for (what, sql) in [
        ("identities", "SELECT COUNT(DISTINCT user_id) FROM identities"),
        ("credentials", "SELECT COUNT(DISTINCT user_id) FROM credentials"),
        ("events", "SELECT COUNT(DISTINCT user_id) FROM events"),
        ("audit rows", "SELECT COUNT(*) FROM audit_log WHERE action = 'user.create'"),
    ] {
        assert_eq!(database.count(sql).await, users, "{what}");
    }
}

async fn sigterm_lets_requests_finish(kind: Kind) {
    let mut server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    assert_eq!(server.get_ops("/readyz").await.status, 200);
    let attempts: Vec<_> = (0..20)
        .map(|at| {
            let request = server
                .request(Method::POST, "/api/users")
                .bearer_auth(&token)
                .json(&person("srv", &format!("u{at}")));
            tokio::spawn(async move { request.send().await.map(|answer| answer.status().as_u16()) })
        })
        .collect();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    server.signal("TERM");
    for attempt in attempts {
        // In time: served. Too late: refused by a closed port, never half done.
        if let Ok(status) = attempt.await.unwrap() {
            assert_eq!(status, 201);
        }
    }
    assert_eq!(server.wait(), Some(0));
    server.restart();
    let database = &server.database;
    let users = database.count("SELECT COUNT(*) FROM users").await;
    assert_eq!(database.count("SELECT COUNT(*) FROM credentials").await, users);
}

on_both!(
    a_user_survives_kill_9_right_after_the_answer,
    kill_9_under_load_leaves_whole_users_only,
    sigterm_lets_requests_finish,
);

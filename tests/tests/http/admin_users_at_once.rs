//! The administrators' API, when requests come twice or at the same time.

use std::sync::Arc;

use doorstep_tests::{Answer, Kind, Server, on_both, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::admin_users::{Login, USERS, admin, call};

/// `POST`, with a key.
async fn keyed(server: &Server, login: &Login, key: &str, body: &Value) -> Answer {
    let request = server.request(Method::POST, USERS).basic_auth(&login.0, Some(&login.1));
    send(request.header("idempotency-key", key).json(body)).await
}

async fn an_administrator_is_always_left(kind: Kind) {
    let server = Arc::new(Server::start(kind).await);
    let (first, root) = admin(&server, "root@host.example");
    let own = format!("{USERS}/{first}");
    for (method, path, body) in [
        (Method::DELETE, own.clone(), Value::Null),
        (Method::POST, format!("{own}/suspension"), Value::Null),
        (Method::PATCH, own.clone(), json!({ "is_admin": false })),
        (Method::PATCH, own.clone(), json!({ "active": false })),
    ] {
        let refused = call(&server, &root, method, &path, body).await;
        assert_eq!(refused.refusal(), (409, "own_account".to_owned()), "{path}");
    }
    // Ten who suspend one another, all at once.
    let mut admins = vec![(first, root)];
    for number in 0..9 {
        admins.push(admin(&server, &format!("root{number}@host.example")));
    }
    let mut attempts = Vec::new();
    for (_, login) in &admins {
        for (victim, _) in &admins {
            let (server, login) = (Arc::clone(&server), login.clone());
            let path = format!("{USERS}/{victim}/suspension");
            attempts.push(tokio::spawn(async move {
                call(&server, &login, Method::POST, &path, Value::Null).await.status.as_u16()
            }));
        }
    }
    for attempt in attempts {
        let status = attempt.await.unwrap();
        assert!(matches!(status, 202 | 401 | 403 | 409 | 503), "{status}");
    }
    let left = "SELECT COUNT(*) FROM users WHERE is_admin AND active";
    assert!(server.database.count(left).await >= 1);
}

async fn a_key_makes_one_user_and_is_the_administrators_own(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, root) = admin(&server, "root@host.example");
    let (_, other) = admin(&server, "other@host.example");
    let key = "0190f3a8-5c1e-7d7b-9d58-6f0c3a3f9a11";
    let body = |email: &str, password: &str| json!({ "user": { "fname": "A", "lname": "B", "email": email, "password": password, "password_confirmation": password } });
    let first = keyed(&server, &root, key, &body("a@mail.example", "password-1")).await;
    assert_eq!((first.status.as_u16(), first.header("idempotent-replayed")), (201, ""));
    let again = keyed(&server, &root, key, &body("a@mail.example", "password-1")).await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, "true"));
    assert_eq!(again.json(), first.json());
    for reused in [body("a@mail.example", "password-2"), body("b@mail.example", "password-1")] {
        let refused = keyed(&server, &root, key, &reused).await;
        assert_eq!(refused.refusal(), (422, "idempotency-key-reused".to_owned()));
    }
    let theirs = keyed(&server, &other, key, &body("b@mail.example", "password-1")).await;
    assert_eq!((theirs.status.as_u16(), theirs.header("idempotent-replayed")), (201, ""));
    // A refused attempt leaves the key free for the corrected one.
    let key = "a-second-key-of-some-length";
    assert_eq!(keyed(&server, &root, key, &body("a@mail.example", "password-1")).await.status, 422);
    assert_eq!(keyed(&server, &root, key, &body("c@mail.example", "password-1")).await.status, 201);
}

async fn of_fifty_at_once_one_is_made(kind: Kind) {
    let server = Arc::new(Server::start(kind).await);
    let admins = [admin(&server, "root@host.example").1, admin(&server, "other@host.example").1];
    let shared = |number: usize| match number % 2 {
        0 => json!({ "fname": "A", "lname": "B", "email": "same@mail.example" }),
        _ => {
            json!({ "fname": "A", "lname": "B", "email": format!("n{number}@mail.example"), "external_id": "same" })
        }
    };
    let mut attempts = Vec::new();
    for number in 0..100 {
        let (server, login) = (Arc::clone(&server), admins[number / 2 % 2].clone());
        let body = shared(number);
        attempts.push(tokio::spawn(async move {
            (number % 2, call(&server, &login, Method::POST, USERS, body).await)
        }));
    }
    let mut made = [0, 0];
    for attempt in attempts {
        let (which, answer) = attempt.await.unwrap();
        match answer.status.as_u16() {
            201 => made[which] += 1,
            422 => {
                let field = ["email", "external_id"][which];
                assert_eq!(answer.json()["faults"][0]["field"], field, "{}", answer.text);
            }
            503 => {}
            _ => panic!("{}", answer.text),
        }
    }
    assert_eq!(made, [1, 1]);
    // And with one key: one user, and everybody learns which.
    let attempts: Vec<_> = (0..50)
        .map(|_| {
            let (server, login) = (Arc::clone(&server), admins[0].clone());
            let body = json!({ "fname": "A", "lname": "B", "email": "keyed@mail.example" });
            tokio::spawn(
                async move { keyed(&server, &login, "one-key-for-all-of-them", &body).await },
            )
        })
        .collect();
    let mut ids = Vec::new();
    for attempt in attempts {
        let answer = attempt.await.unwrap();
        match answer.status.as_u16() {
            201 => ids.push(answer.json()["user"]["id"].as_i64().unwrap()),
            409 | 503 => {}
            _ => panic!("{}", answer.text),
        }
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

on_both!(
    an_administrator_is_always_left,
    a_key_makes_one_user_and_is_the_administrators_own,
    of_fifty_at_once_one_is_made,
);

//! The Apiculus API, when requests come twice or at the same time.

use std::sync::Arc;

use doorstep_tests::{Answer, Kind, Server, on_both, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    admin_users::admin,
    apiculus::{CREATE, ROOT_PASSWORD, TOKEN, create, ready, refusal, sample_with, token},
};

async fn keyed(server: &Server, token: &str, key: &str, body: &Value) -> Answer {
    let request = server.request(Method::POST, CREATE).header(TOKEN, token);
    send(request.header("idempotency-key", key).json(body)).await
}

async fn a_key_makes_one_user_and_the_answer_says_that_it_is_a_replay(kind: Kind) {
    let (server, root) = ready(kind).await;
    let key = "0190f3a8-5c1e-7d7b-9d58-6f0c3a3f9a11";
    let body = sample_with(&json!({}));
    let first = keyed(&server, &root, key, &body).await;
    assert_eq!((first.status.as_u16(), &first.json()["replayed"]), (200, &json!(false)));
    // Also in another session, and with the members in another order.
    let again = token(&server, "root@host.example", ROOT_PASSWORD).await;
    let again = keyed(&server, &again, key, &body).await;
    assert_eq!((again.status.as_u16(), &again.json()["replayed"]), (200, &json!(true)));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.json()["result"], first.json()["result"]);
    for other in [json!({ "password": "UserSam@179" }), json!({ "email": "b@mail.example" })] {
        let reused = keyed(&server, &root, key, &sample_with(&other)).await;
        assert_eq!(refusal(&reused), (422, "IDEMPOTENCY_KEY_REUSED".to_owned()), "{other}");
    }
    // A key is its administrator's own.
    admin(&server, "second@host.example");
    let second = token(&server, "second@host.example", ROOT_PASSWORD).await;
    let theirs = keyed(&server, &second, key, &body).await;
    assert_eq!(refusal(&theirs), (409, "EMAIL_TAKEN".to_owned()));
    // A refused attempt leaves the key free for the corrected one.
    let key = "a-second-key-of-some-length";
    let wrong = sample_with(&json!({ "email": "c@mail.example", "fname": "1" }));
    assert_eq!(refusal(&keyed(&server, &root, key, &wrong).await).0, 400);
    let right = sample_with(&json!({ "email": "c@mail.example" }));
    assert_eq!(keyed(&server, &root, key, &right).await.status, 200);
    let short = keyed(&server, &root, "short", &right).await;
    assert_eq!(refusal(&short), (400, "INVALID_REQUEST".to_owned()));
    let numbers = "SELECT COUNT(*) FROM account_numbers";
    assert_eq!(server.database.count(numbers).await, 2);
}

/// Sends the same fifty times at once.
async fn fifty(server: &Arc<Server>, token: &str, key: Option<&str>, body: &Value) -> Vec<Answer> {
    let attempts: Vec<_> = (0..50)
        .map(|_| {
            let (server, token, body) = (Arc::clone(server), token.to_owned(), body.clone());
            let key = key.map(str::to_owned);
            tokio::spawn(async move {
                match key {
                    Some(key) => keyed(&server, &token, &key, &body).await,
                    None => create(&server, &token, &body).await,
                }
            })
        })
        .collect();
    let mut answers = Vec::new();
    for attempt in attempts {
        answers.push(attempt.await.unwrap());
    }
    answers
}

async fn of_fifty_at_once_one_is_made(kind: Kind) {
    let (server, root) = ready(kind).await;
    let server = Arc::new(server);
    for round in 0..20 {
        let body = sample_with(&json!({ "email": format!("n{round}@mail.example") }));
        let mut made = 0;
        for answer in fifty(&server, &root, None, &body).await {
            match answer.status.as_u16() {
                200 => made += 1,
                503 => {}
                _ => assert_eq!(refusal(&answer), (409, "EMAIL_TAKEN".to_owned())),
            }
        }
        assert_eq!(made, 1, "round {round}");
    }
    let count = |sql| server.database.count(sql);
    assert_eq!(count("SELECT COUNT(*) FROM users").await, 21);
    assert_eq!(count("SELECT COUNT(*) FROM account_numbers").await, 20);
    assert_eq!(count("SELECT COUNT(*) FROM events WHERE kind = 'user.created'").await, 20);
    let audited = "SELECT COUNT(*) FROM audit_log WHERE action = 'user.create'";
    assert_eq!(count(audited).await, 20);
    // None was left out and none given twice.
    let last = "SELECT COUNT(*) FROM account_numbers WHERE number = 'API-E020'";
    assert_eq!(count(last).await, 1);
}

async fn of_fifty_with_one_key_all_learn_who_was_made(kind: Kind) {
    let (server, root) = ready(kind).await;
    let server = Arc::new(server);
    let body = sample_with(&json!({}));
    let mut first = 0;
    for answer in fifty(&server, &root, Some("one-key-for-all-of-them"), &body).await {
        match answer.status.as_u16() {
            200 => {
                assert_eq!(answer.json()["result"]["id"], "API-E001");
                first += usize::from(answer.json()["replayed"] == false);
            }
            503 => {}
            _ => assert_eq!(refusal(&answer), (409, "REQUEST_IN_PROGRESS".to_owned())),
        }
    }
    assert_eq!(first, 1);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 2);
}

on_both!(
    a_key_makes_one_user_and_the_answer_says_that_it_is_a_replay,
    of_fifty_at_once_one_is_made,
    of_fifty_with_one_key_all_learn_who_was_made,
);

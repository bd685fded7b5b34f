//! One filled form, one account: retries with an `Idempotency-Key`.

use std::sync::Arc;

use doorstep_tests::{Answer, Kind, Server, on_both, on_replicas, person, send};
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) const KEY: &str = "0190f3a8-5c1e-7d7b-9d58-6f0c3a3f9a11";

async fn server_and_token(kind: Kind) -> (Server, String) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    (server, token)
}

pub(crate) async fn ask(server: &Server, token: &str, key: &str, body: &str) -> Answer {
    let request = server
        .request(Method::POST, "/api/users")
        .bearer_auth(token)
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(body.to_owned());
    send(request).await
}

fn body(username: &str) -> String {
    person("srv", username).to_string()
}

async fn a_retry_gets_the_first_answer_to_the_byte(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    let first = ask(&server, &token, KEY, &body("bob")).await;
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!(first.header("idempotency-key"), KEY);
    assert_eq!(first.header("idempotent-replayed"), "");
    // Quoted, with other white space and another order of members: the same request.
    let again = r#"{ "user": { "provider_username": "bob", "lname": "Lovelace",
                               "fname": "Ada", "provider_server": "srv" } }"#;
    for (key, body) in [(KEY.to_owned(), body("bob")), (format!("\"{KEY}\""), again.to_owned())] {
        let replayed = ask(&server, &token, &key, &body).await;
        assert_eq!((replayed.status.as_u16(), &replayed.text), (201, &first.text));
        assert_eq!(replayed.header("idempotent-replayed"), "true");
    }
    for sql in [
        "SELECT COUNT(*) FROM users",
        "SELECT COUNT(*) FROM credentials",
        "SELECT COUNT(*) FROM events",
        "SELECT COUNT(*) FROM idempotency",
    ] {
        assert_eq!(server.database.count(sql).await, 1, "{sql}");
    }
    // Neither key nor password stands in the database.
    let clear =
        "SELECT COUNT(*) FROM idempotency WHERE key_hash LIKE '0190f3a8%' OR sealed LIKE '%dsp_%'";
    assert_eq!(server.database.count(clear).await, 0);
}

async fn a_key_is_for_one_request_of_one_client(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    assert_eq!(ask(&server, &token, KEY, &body("bob")).await.status, 201);
    let other = ask(&server, &token, KEY, &body("eve")).await;
    assert_eq!(other.refusal(), (422, "idempotency-key-reused".to_owned()));
    let new_key = ask(&server, &token, "another-key-for-bob", &body("bob")).await;
    assert_eq!(new_key.refusal(), (409, "already-registered".to_owned()));
    let client = server.client("register", &[], &[]);
    let foreign = server.token(&client, "register").await;
    let theirs = ask(&server, &foreign, KEY, &body("bob")).await;
    assert_eq!(theirs.refusal(), (409, "already-registered".to_owned()));
    assert!(!theirs.text.contains("api"), "{}", theirs.text);
    for bad in ["short", "with a space in it here", &"x".repeat(129)] {
        let refused = ask(&server, &token, bad, &body("x")).await;
        assert_eq!(refused.refusal(), (400, "invalid_request".to_owned()), "{bad}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 1);
}

async fn one_persons_key_opens_nothing_of_another(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &["srv.example"], &[]);
    // The person stands in the token alone, so both bodies are the same.
    let names = r#"{"user":{"fname":"Ada","lname":"Lovelace"}}"#;
    let ada = server.sign_up_token(&client, "ada").await;
    assert_eq!(ask(&server, &ada, KEY, names).await.status, 201);
    let eve = server.sign_up_token(&client, "eve").await;
    let refused = ask(&server, &eve, KEY, names).await;
    assert_eq!(refused.refusal(), (422, "idempotency-key-reused".to_owned()));
    // After a reload the page has another token for the same person.
    let again = server.sign_up_token(&client, "ada").await;
    let replayed = ask(&server, &again, KEY, names).await;
    assert_eq!((replayed.status.as_u16(), replayed.header("idempotent-replayed")), (201, "true"));
    // A back end's own answer is not for the page.
    let back_end = server.token(&client, "register").await;
    let key = "the-key-of-the-back-end";
    let theirs = person("srv.example", "zoe").to_string();
    assert_eq!(ask(&server, &back_end, key, &theirs).await.status, 201);
    let zoe = server.sign_up_token(&client, "zoe").await;
    let refused = ask(&server, &zoe, key, &theirs).await;
    assert_eq!(refused.refusal(), (422, "idempotency-key-reused".to_owned()));
    // A refusal of the key does not use the token up.
    assert_eq!(ask(&server, &eve, "a-key-of-eves-own-form", names).await.status, 201);
}

async fn a_refused_attempt_leaves_the_key_free(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    let faulty = json!({ "user": { "provider_server": "srv", "provider_username": "bob" } });
    assert_eq!(ask(&server, &token, KEY, &faulty.to_string()).await.status, 422);
    assert_eq!(ask(&server, &token, KEY, &body("bob")).await.status, 201);
}

async fn the_password_is_not_replayed_once_it_arrived(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    let first = ask(&server, &token, KEY, &body("bob")).await.json();
    let api = &first["user"]["api"];
    let (username, password) = (api["username"].as_str().unwrap(), api["password"].as_str());
    let own = server.request(Method::GET, "/api/users").basic_auth(username, password);
    assert_eq!(send(own).await.status, 200);
    check_late_replay(&server, &token, &first).await;
    assert_eq!(
        server.database.count("SELECT COUNT(*) FROM idempotency WHERE sealed IS NOT NULL").await,
        0
    );
}

async fn the_password_is_not_replayed_when_it_is_old(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    let first = ask(&server, &token, KEY, &body("bob")).await.json();
    server.database.execute("UPDATE idempotency SET sealed_until = 1").await;
    check_late_replay(&server, &token, &first).await;
    // After a day the key is forgotten, and the name is still taken.
    server.database.execute("UPDATE idempotency SET expires_at = 1").await;
    assert_eq!(ask(&server, &token, KEY, &body("bob")).await.status, 409);
}

async fn check_late_replay(server: &Server, token: &str, first: &Value) {
    let late = ask(server, token, KEY, &body("bob")).await;
    assert_eq!(late.status, 201, "{}", late.text);
    let api = &late.json()["user"]["api"];
    assert_eq!(late.json()["user"]["id"], first["user"]["id"]);
    assert_eq!(api["username"], first["user"]["api"]["username"]);
    assert_eq!((&api["password"], &api["password_status"]), (&Value::Null, &json!("delivered")));
}

async fn of_fifty_at_once_all_get_the_same_account(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    let server = Arc::new(server);
    for round in 0..20 {
        let key = format!("{KEY}-{round}");
        let attempts: Vec<_> = (0..50)
            .map(|_| {
                let (server, token, key) = (server.clone(), token.clone(), key.clone());
                let body = body(&format!("bob{round}"));
                tokio::spawn(async move { ask(&server, &token, &key, &body).await })
            })
            .collect();
        let mut fresh = 0;
        let mut texts = std::collections::BTreeSet::new();
        for attempt in attempts {
            let answer = attempt.await.unwrap();
            if answer.refusal() == (409, "request-in-progress".to_owned()) {
                assert_eq!(answer.header("retry-after"), "1");
                continue;
            }
            assert_eq!(answer.status, 201, "{}", answer.text);
            fresh += usize::from(answer.header("idempotent-replayed").is_empty());
            texts.insert(answer.text);
        }
        assert_eq!((fresh, texts.len()), (1, 1), "round {round}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 20);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM credentials").await, 20);
}

async fn of_fifty_with_one_key_for_different_people_one_wins(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    let server = Arc::new(server);
    let attempts: Vec<_> = (0..50)
        .map(|at| {
            let (server, token) = (server.clone(), token.clone());
            let body = body(&format!("u{at}"));
            tokio::spawn(async move { ask(&server, &token, KEY, &body).await })
        })
        .collect();
    let mut created = 0;
    for attempt in attempts {
        let answer = attempt.await.unwrap();
        match answer.status.as_u16() {
            201 => created += 1,
            _ => assert!(
                matches!(
                    answer.refusal().1.as_str(),
                    "idempotency-key-reused" | "request-in-progress"
                ),
                "{}",
                answer.text
            ),
        }
    }
    assert_eq!(created, 1);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 1);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM credentials").await, 1);
}

async fn a_retry_after_kill_9_finds_the_first_answer(kind: Kind) {
    let (mut server, token) = server_and_token(kind).await;
    let first = ask(&server, &token, KEY, &body("bob")).await;
    assert_eq!(first.status, 201);
    server.kill();
    server.restart();
    let again = ask(&server, &token, KEY, &body("bob")).await;
    assert_eq!((again.status.as_u16(), again.text), (201, first.text));
}

on_both!(
    a_retry_gets_the_first_answer_to_the_byte,
    a_key_is_for_one_request_of_one_client,
    one_persons_key_opens_nothing_of_another,
    a_refused_attempt_leaves_the_key_free,
    the_password_is_not_replayed_once_it_arrived,
    the_password_is_not_replayed_when_it_is_old,
    of_fifty_at_once_all_get_the_same_account,
    of_fifty_with_one_key_for_different_people_one_wins,
    a_retry_after_kill_9_finds_the_first_answer,
);

on_replicas!(
    of_fifty_at_once_all_get_the_same_account,
    of_fifty_with_one_key_for_different_people_one_wins
);

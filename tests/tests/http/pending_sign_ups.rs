//! Sign-ups that nobody vouches for: they wait, and whoever could have made the
//! account decides.

use std::sync::Arc;

use doorstep_tests::{Answer, Kind, OAuthClient, Server, on_both, on_replicas, person, send};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::publishable::{ON, ORIGIN, publishable, publishable_for, token};

const KEY: &str = "a-key-for-the-filled-form";

fn names() -> Value {
    json!({ "user": { "fname": "Ada", "lname": "Lovelace", "email": "ada@example.com", "country": "gb" } })
}

fn sign_up(server: &Server, token: &str, key: &str) -> RequestBuilder {
    server
        .request(Method::POST, "/api/users")
        .bearer_auth(token)
        .header("origin", ORIGIN)
        .header("idempotency-key", key)
        .json(&names())
}

/// Signs somebody up from the page, and gives the id.
async fn pending(server: &Server, page: &str, who: &str) -> String {
    let token = token(server, page, who).await;
    let answer = send(sign_up(server, &token, &format!("{KEY}-{who}"))).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    answer.json()["sign_up"]["id"].as_str().unwrap().to_owned()
}

/// The page, and the back end's token.
async fn page_and_back_end(server: &Server) -> (String, String) {
    let client = server.client("register", &["srv.example"], &[]);
    (publishable(server), server.token(&client, "register").await)
}

fn confirm(server: &Server, token: &str, id: &str) -> RequestBuilder {
    server.request(Method::POST, &format!("/api/signups/{id}/confirm")).bearer_auth(token)
}

async fn list(server: &Server, token: &str, query: &str) -> Vec<Value> {
    let answer =
        send(server.request(Method::GET, &format!("/api/signups{query}")).bearer_auth(token)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["sign_ups"].as_array().unwrap().clone()
}

async fn a_sign_up_waits_and_makes_nothing(kind: Kind) {
    let server = Server::start_with(kind, ON).await;
    let (page, back_end) = page_and_back_end(&server).await;
    let used = token(&server, &page, "Bob").await;
    let first = send(sign_up(&server, &used, KEY)).await;
    assert_eq!(first.status, 202, "{}", first.text);
    assert_eq!(first.header("access-control-allow-origin"), ORIGIN);
    let body = first.json();
    assert_eq!(
        (&body["sign_up"]["status"], &body["sign_up"]["expires_in"]),
        (&"pending".into(), &86_400.into())
    );
    assert!(body["sign_up"]["id"].as_str().unwrap().starts_with("sup_"));
    assert_eq!(body["user"], Value::Null);
    for table in [
        "SELECT COUNT(*) FROM users",
        "SELECT COUNT(*) FROM credentials",
        "SELECT COUNT(*) FROM identities",
        "SELECT COUNT(*) FROM events",
    ] {
        assert_eq!(server.database.count(table).await, 0, "{table}");
    }
    // A retry gets the same answer; with a new token too, as after a reload of the page.
    let again = send(sign_up(&server, &used, KEY)).await;
    assert_eq!((again.status.as_u16(), &again.text), (202, &first.text));
    assert_eq!(again.header("idempotent-replayed"), "true");
    let second = token(&server, &page, "Bob").await;
    assert_eq!(send(sign_up(&server, &second, KEY)).await.text, first.text);
    // Another request is none, with this key or with the used token.
    let other =
        sign_up(&server, &second, KEY).json(&json!({ "user": { "fname": "Eve", "lname": "X" } }));
    assert_eq!(send(other).await.refusal(), (422, "idempotency-key-reused".to_owned()));
    let other = send(sign_up(&server, &used, "another-key-altogether")).await;
    assert_eq!(other.refusal(), (401, "invalid_token".to_owned()));
    // The name is nobody's: the back end may give it away, and the page learns nothing of it.
    assert_eq!(server.sign_up(&back_end, &person("srv.example", "bob")).await.status, 201);
    let late = send(sign_up(&server, &second, "a-key-of-somebody-else")).await;
    assert_eq!(late.status, 202, "{}", late.text);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM pending_sign_ups").await, 2);
    // The body cannot say otherwise, and needs a key.
    let third = token(&server, &page, "carol").await;
    for (body, code) in [
        (person("srv.example", "eve"), "authorization_details_mismatch"),
        (person("other.example", "carol"), "authorization_details_mismatch"),
    ] {
        let answer = send(sign_up(&server, &third, "a-key-that-is-new").json(&body)).await;
        assert_eq!(answer.refusal(), (403, code.to_owned()));
    }
    let keyless = server.request(Method::POST, "/api/users").bearer_auth(&third).json(&names());
    assert_eq!(send(keyless).await.status, 400);
}

async fn a_confirmed_one_is_a_sign_up_like_any_other(kind: Kind) {
    let server = Server::start_with(kind, ON).await;
    let (page, back_end) = page_and_back_end(&server).await;
    let id = pending(&server, &page, "Bob").await;
    let waiting = list(&server, &back_end, "?status=pending").await;
    assert_eq!(waiting.len(), 1);
    let entry = &waiting[0];
    assert_eq!(
        (&entry["id"], &entry["client_id"], &entry["status"]),
        (&id.clone().into(), &page.clone().into(), &"pending".into())
    );
    assert_eq!(
        (&entry["provider_server"], &entry["provider_username"]),
        (&"srv.example".into(), &"Bob".into())
    );
    assert_eq!(
        (&entry["user"]["email"], &entry["user"]["country"]),
        (&"ada@example.com".into(), &"GB".into())
    );

    let key = |request: RequestBuilder| request.header("idempotency-key", "a-key-of-the-back-end");
    let first = send(key(confirm(&server, &back_end, &id))).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let user = &first.json()["user"];
    assert_eq!((&user["email"], &user["fname"]), (&"ada@example.com".into(), &"Ada".into()));
    assert_eq!(user["labels"], json!({ "cpanel": { "srv.example": "Bob" } }));
    let api = &user["api"];
    let own = server
        .request(Method::GET, "/api/users")
        .basic_auth(api["username"].as_str().unwrap(), api["password"].as_str());
    // A lost answer is given again, until the credential has been used.
    let again = send(key(confirm(&server, &back_end, &id))).await;
    assert_eq!((again.status.as_u16(), &again.text), (201, &first.text));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(send(own).await.status, 200);
    // Twice is once.
    let twice = send(confirm(&server, &back_end, &id)).await;
    assert_eq!(twice.refusal(), (409, "sign_up_decided".to_owned()));
    let reject =
        server.request(Method::DELETE, &format!("/api/signups/{id}")).bearer_auth(&back_end);
    assert_eq!(send(reject).await.refusal(), (409, "sign_up_decided".to_owned()));
    assert!(list(&server, &back_end, "").await.is_empty());
    let decided = list(&server, &back_end, "?status=confirmed").await;
    assert_eq!(
        (&decided[0]["id"], &decided[0]["user"]),
        (&id.into(), &json!({})),
        "what it said is forgotten"
    );
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 1);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM credentials").await, 1);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM events").await, 1);
    // The account is the back end's, as if it had signed the person up itself.
    let taken = server.sign_up(&back_end, &person("srv.example", "BOB")).await;
    assert_eq!(taken.json()["user"]["id"], user["id"]);
}

async fn a_name_that_was_taken_meanwhile_is_a_conflict(kind: Kind) {
    let server = Server::start_with(kind, ON).await;
    let (page, back_end) = page_and_back_end(&server).await;
    let (one, two) = (pending(&server, &page, "bob").await, pending(&server, &page, "Bob").await);
    assert_ne!(one, two, "nothing is reserved");
    assert_eq!(send(confirm(&server, &back_end, &two)).await.status, 201);
    let late = send(confirm(&server, &back_end, &one)).await;
    assert_eq!(late.refusal(), (409, "already-registered".to_owned()));
    // It still waits, and can be rejected; then it is gone for good.
    assert_eq!(list(&server, &back_end, "").await.len(), 1);
    let reject =
        || server.request(Method::DELETE, &format!("/api/signups/{one}")).bearer_auth(&back_end);
    assert_eq!(send(reject()).await.status, 204);
    assert_eq!(send(reject()).await.refusal(), (409, "sign_up_decided".to_owned()));
    assert_eq!(send(confirm(&server, &back_end, &one)).await.refusal().1, "sign_up_decided");
    assert_eq!(list(&server, &back_end, "?status=rejected").await.len(), 1);
}

async fn only_who_could_have_made_the_account_decides(kind: Kind) {
    let server = Server::start_with(kind, ON).await;
    let (page, back_end) = page_and_back_end(&server).await;
    let other = server.client("register", &["other.example"], &[ORIGIN]);
    let unassigned = server.client("public register", &[], &[]);
    let id = pending(&server, &page, "bob").await;
    let refused = |client: OAuthClient| {
        let (server, id) = (&server, &id);
        async move {
            let token = server.token(&client, "register").await;
            assert!(list(server, &token, "").await.is_empty());
            let answer = send(confirm(server, &token, id)).await;
            assert_eq!(answer.refusal(), (404, "not_found".to_owned()));
            let reject = server.request(Method::DELETE, &format!("/api/signups/{id}"));
            assert_eq!(send(reject.bearer_auth(&token)).await.refusal().0, 404);
        }
    };
    refused(other).await;
    refused(unassigned.clone()).await;
    // Neither does the page, nor a sign-up token of the back end's.
    let anonymous = token(&server, &page, "bob").await;
    for request in [
        confirm(&server, &anonymous, &id),
        server.request(Method::DELETE, &format!("/api/signups/{id}")).bearer_auth(&anonymous),
        server.request(Method::GET, "/api/signups").bearer_auth(&anonymous),
    ] {
        assert_eq!(send(request).await.refusal(), (403, "insufficient_scope".to_owned()));
    }
    for id in ["sup_unknown", "x", "%00", "%C3%A9"] {
        assert_eq!(send(confirm(&server, &back_end, id)).await.refusal().0, 404, "{id}");
    }
    for query in ["?status=all", "?after=%00"] {
        let answer = server.request(Method::GET, &format!("/api/signups{query}"));
        assert_eq!(send(answer.bearer_auth(&back_end)).await.status, 400, "{query}");
    }
    // An administrator decides about all of them.
    let admin = server
        .cli(
            &["admin", "create", "--email", "root@example.com", "--password-stdin"],
            "a-long-enough-password\n",
        )
        .unwrap();
    let basic = |request: RequestBuilder| {
        request.basic_auth(
            admin["api"]["username"].as_str().unwrap(),
            admin["api"]["password"].as_str(),
        )
    };
    let all = send(basic(server.request(Method::GET, "/api/signups"))).await;
    assert_eq!(all.json()["sign_ups"][0]["id"], id);
    let confirmed = basic(server.request(Method::POST, &format!("/api/signups/{id}/confirm")));
    let confirmed = send(confirmed.header("idempotency-key", "a-key-of-the-administrator")).await;
    assert_eq!(confirmed.status, 201, "{}", confirmed.text);
    // A server that is nobody's: who may register there has no say over people who
    // came another way; an administrator has.
    let free = publishable_for(&server, "free.example", ORIGIN);
    let id = pending(&server, &free, "bob").await;
    let token = server.token(&unassigned, "register").await;
    assert!(list(&server, &token, "").await.is_empty());
    for token in [&back_end, &token] {
        assert_eq!(send(confirm(&server, token, &id)).await.refusal().0, 404);
    }
    let confirmed = basic(server.request(Method::POST, &format!("/api/signups/{id}/confirm")));
    let confirmed = send(confirmed.header("idempotency-key", "another-key-of-theirs")).await;
    assert_eq!(confirmed.status, 201, "{}", confirmed.text);
    let audited = "SELECT COUNT(*) FROM audit_log WHERE action IN ('sign_up.hold', 'user.create') AND subject <> 'x'";
    assert_eq!(server.database.count(audited).await, 4);
}

async fn of_fifty_confirmations_at_once_one_wins(kind: Kind) {
    let server = Arc::new(Server::start_with(kind, ON).await);
    let (page, back_end) = page_and_back_end(&server).await;
    for round in 0..20 {
        let id = pending(&server, &page, &format!("u{round}")).await;
        let attempts: Vec<_> =
            (0..50).map(|_| tokio::spawn(send(confirm(&server, &back_end, &id)))).collect();
        let mut won = 0;
        for attempt in attempts {
            let answer: Answer = attempt.await.unwrap();
            match answer.status.as_u16() {
                201 => won += 1,
                409 => assert!(
                    ["sign_up_decided", "request-in-progress"]
                        .contains(&answer.refusal().1.as_str()),
                    "{}",
                    answer.text
                ),
                _ => panic!("{}", answer.text),
            }
        }
        assert_eq!(won, 1, "round {round}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 20);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM credentials").await, 20);
}

async fn they_expire_and_their_number_is_bounded(kind: Kind) {
    let bounded = [ON, &[("DOORSTEP_PUBLISHABLE__MOST_PENDING", "5")]].concat();
    let server = Arc::new(Server::start_with(kind, &bounded).await);
    let (page, back_end) = page_and_back_end(&server).await;
    let mut tokens = Vec::new();
    for at in 0..20 {
        tokens.push(token(&server, &page, &format!("u{at}")).await);
    }
    let attempts: Vec<_> = tokens
        .iter()
        .enumerate()
        .map(|(at, token)| tokio::spawn(send(sign_up(&server, token, &format!("{KEY}-{at}")))))
        .collect();
    let (mut held, mut refused) = (0, Vec::new());
    for (at, attempt) in attempts.into_iter().enumerate() {
        let answer = attempt.await.unwrap();
        match answer.status.as_u16() {
            202 => held += 1,
            503 => {
                assert_eq!(answer.refusal().1, "too_many_pending_sign_ups");
                assert_eq!(answer.header("retry-after"), "1");
                refused.push(at);
            }
            _ => panic!("{}", answer.text),
        }
    }
    assert_eq!(held, 5);
    // One that is decided makes room, and the refusal used nothing up.
    let first = list(&server, &back_end, "").await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(send(confirm(&server, &back_end, &first)).await.status, 201);
    let at = refused[0];
    let again = send(sign_up(&server, &tokens[at], &format!("{KEY}-{at}"))).await;
    assert_eq!(again.status, 202, "{}", again.text);
    // So does one that has expired. Nobody can confirm it any more.
    let last = list(&server, &back_end, "").await[0]["id"].as_str().unwrap().to_owned();
    server.database.execute("UPDATE pending_sign_ups SET expires_at = 1").await;
    assert!(list(&server, &back_end, "").await.is_empty());
    assert_eq!(send(confirm(&server, &back_end, &last)).await.refusal().0, 404);
    let at = refused[1];
    let again = send(sign_up(&server, &tokens[at], &format!("{KEY}-{at}"))).await;
    assert_eq!(again.status, 202, "{}", again.text);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM pending_sign_ups").await, 1);
}

async fn the_operator_decides_on_the_command_line(kind: Kind) {
    let server = Server::start_with(kind, ON).await;
    let page = publishable(&server);
    let (one, two) = (pending(&server, &page, "ada").await, pending(&server, &page, "eve").await);
    let listed = server.cli(&["signups", "list"], "").unwrap();
    assert_eq!(listed["sign_ups"].as_array().unwrap().len(), 2);
    let confirmed = server.cli(&["signups", "confirm", &one], "").unwrap();
    let api = &confirmed["user"]["api"];
    let own = server
        .request(Method::GET, "/api/users")
        .basic_auth(api["username"].as_str().unwrap(), api["password"].as_str());
    assert_eq!(send(own).await.status, 200);
    assert!(server.cli(&["signups", "confirm", &one], "").unwrap_err().contains("before"));
    assert_eq!(server.cli(&["signups", "reject", &two], "").unwrap()["status"], "rejected");
    assert!(server.cli(&["signups", "reject", "sup_none"], "").is_err());
    assert_eq!(server.cli(&["signups", "list"], "").unwrap()["sign_ups"], json!([]));
}

on_both!(
    a_sign_up_waits_and_makes_nothing,
    a_confirmed_one_is_a_sign_up_like_any_other,
    a_name_that_was_taken_meanwhile_is_a_conflict,
    only_who_could_have_made_the_account_decides,
    of_fifty_confirmations_at_once_one_wins,
    they_expire_and_their_number_is_bounded,
    the_operator_decides_on_the_command_line,
);

on_replicas!(of_fifty_confirmations_at_once_one_wins);

//! `kill -9` just before and just after the commit: what was committed is answered when
//! it is asked for again, what was not left nothing.

use std::time::Duration;

use doorstep_tests::{Answer, Kind, OAuthClient, Server, on_both, send};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

const KEY: &str = "0190f3a8-5c1e-7d7b-9d58-6f0c3a3f9a12";
/// Where the program under test ends itself, and at which visit.
const KILL_AT: &str = "DOORSTEP_TEST_KILL_AT";

/// What there is of a sign-up. Nothing, or one of each.
const PARTS: [&str; 7] = [
    "SELECT COUNT(*) FROM users",
    "SELECT COUNT(*) FROM identities",
    "SELECT COUNT(*) FROM credentials",
    "SELECT COUNT(*) FROM idempotency",
    "SELECT COUNT(*) FROM events WHERE kind = 'user.created'",
    "SELECT COUNT(*) FROM audit_log WHERE action = 'user.create'",
    "SELECT COUNT(*) FROM tokens WHERE uses_left <= 0",
];

/// Starts the server anew, to be killed at the place when it comes there; nowhere for "".
fn restart_to_be_killed(server: &mut Server, place: &str) {
    server.set(KILL_AT, place);
    server.restart();
}

fn sign_up(server: &Server, token: &str) -> RequestBuilder {
    sign_up_as(server, token, KEY)
}

fn sign_up_as(server: &Server, token: &str, key: &str) -> RequestBuilder {
    server
        .request(Method::POST, "/api/users")
        .bearer_auth(token)
        .header("idempotency-key", key)
        .json(&json!({ "user": { "fname": "Ada", "lname": "Lovelace" } }))
}

async fn assert_parts(server: &Server, expected: i64) {
    for sql in PARTS {
        assert_eq!(server.database.count(sql).await, expected, "{sql}");
    }
    if server.database.url.starts_with("sqlite") {
        let checked = "SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";
        assert_eq!(server.database.count(checked).await, 1);
    }
}

/// The retry after the restart: one account with the credential that it says, which is
/// the same however often it is asked for.
async fn assert_retried(server: &Server, token: &str) -> Answer {
    let answer = send(sign_up(server, token)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_parts(server, 1).await;
    let again = send(sign_up(server, token)).await;
    assert_eq!((again.status.as_u16(), &again.text), (201, &answer.text));
    assert_eq!(again.header("idempotent-replayed"), "true");
    let api = &answer.json()["user"]["api"];
    let (name, password) = (api["username"].as_str().unwrap(), api["password"].as_str().unwrap());
    let own = server.request(Method::GET, "/api/users").basic_auth(name, Some(password));
    assert_eq!(send(own).await.status, 200);
    answer
}

/// The client has two sign-ups a day, so that one which is counted twice shows.
async fn counting(kind: Kind) -> (Server, OAuthClient) {
    let settings =
        [("DOORSTEP_LIMITS__SCALE", "1"), ("DOORSTEP_RATES__SIGNUP_DAY", "2/day burst 2")];
    let server = Server::start_with(kind, &settings).await;
    let client = server.client("register", &["srv.example"], &[]);
    (server, client)
}

/// T-112.
async fn an_answer_that_was_lost_with_the_process_is_there_after_the_restart(kind: Kind) {
    let (mut server, client) = counting(kind).await;
    let token = server.sign_up_token(&client, "ada").await;
    server.kill();
    restart_to_be_killed(&mut server, "sign-up-committed:1");
    let lost = sign_up(&server, &token).send().await;
    assert!(lost.is_err(), "the place was not reached");
    assert_eq!(server.wait(), None, "it ended otherwise");
    assert_parts(&server, 1).await;
    restart_to_be_killed(&mut server, "");
    let answer = assert_retried(&server, &token).await;
    assert_eq!(answer.header("idempotent-replayed"), "true");
    // Counted once: of two a day there is one left.
    for (at, expected) in [201, 429].into_iter().enumerate() {
        let token = server.sign_up_token(&client, &format!("next{at}")).await;
        let next = sign_up_as(&server, &token, &format!("the-next-key-of-all-{at}"));
        assert_eq!(send(next).await.status.as_u16(), expected);
    }
}

/// T-113.
async fn what_was_not_committed_left_nothing(kind: Kind) {
    let (mut server, client) = counting(kind).await;
    let token = server.sign_up_token(&client, "ada").await;
    server.kill();
    restart_to_be_killed(&mut server, "sign-up-commit:1");
    for _ in 0..2 {
        let lost = sign_up(&server, &token).send().await;
        assert!(lost.is_err(), "the place was not reached");
        assert_eq!(server.wait(), None, "it ended otherwise");
        assert_parts(&server, 0).await;
        restart_to_be_killed(&mut server, "sign-up-commit:1");
    }
    server.kill();
    restart_to_be_killed(&mut server, "");
    let answer = assert_retried(&server, &token).await;
    assert_eq!(answer.header("idempotent-replayed"), "", "it is the first");
}

/// what was begun is brought to its end, whoever waits for it.
async fn who_hangs_up_cancels_nothing(kind: Kind) {
    const REQUESTS: usize = 6;
    let server = Server::start(kind).await;
    let client = server.client("register", &["srv.example"], &[]);
    let mut tokens = Vec::new();
    for at in 0..REQUESTS {
        tokens.push(server.sign_up_token(&client, &format!("u{at}")).await);
    }
    // Nobody gets on, so that all of them are under way when their senders go.
    let held = server.database.hold().await;
    let looked_up = || server.log().matches("FROM tokens").count();
    let before = looked_up();
    let mut streams = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let body = json!({ "user": { "fname": "Ada", "lname": "Lovelace" } }).to_string();
        let request = format!(
            "POST /api/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
             Idempotency-Key: the-key-of-the-user-{at}\r\nX-Request-Id: hung-up-{at}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let address = server.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        streams.push(stream);
        // One by one: those that come at once are looked up together.
        while looked_up() < before + at + 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    for (at, stream) in streams.into_iter().enumerate() {
        if at % 2 == 0 {
            // Broken off, not closed.
            stream.set_zero_linger().unwrap();
        }
    }
    held.release().await;
    // A request that was cancelled would never get its line.
    let ended = || {
        let log = server.log();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let ended = lines.filter(|line| {
            let id = line["request_id"].as_str().unwrap_or_default();
            line["message"] == "request" && id.starts_with("hung-up-")
        });
        ended.map(|line| line["status"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    while ended().len() < REQUESTS {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let created = ended().iter().filter(|status| **status == 201).count();
    assert!(created > 0, "{:?}", ended());
    assert_parts(&server, i64::try_from(created).unwrap()).await;
}

on_both!(
    an_answer_that_was_lost_with_the_process_is_there_after_the_restart,
    what_was_not_committed_left_nothing,
    who_hangs_up_cancels_nothing,
);

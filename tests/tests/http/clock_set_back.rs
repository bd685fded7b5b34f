//! A clock that is wrong, and one that is put right (T-131): what is measured by it
//! stays within bounds, and nothing else follows it.

use std::time::Duration;

use doorstep_tests::{Answer, Kind, OAuthClient, Server, Signer, TestClock, on_both, person, send};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    limits::{assert_refused, profile, token},
    orders::{customer, id_of, look, order, place, shop_at},
};

const HOUR: i64 = 3_600;
/// Minutes by which machines are wrong, and an hour by which somebody mistakes summer
/// for winter.
const STEPS: [i64; 3] = [-300, 300, -HOUR];

/// A proof, made by a sender whose clock is right.
fn proof(signer: &Signer, seconds: i64, url: &str) -> String {
    let mut claims = Signer::proof_claims("POST", url, None);
    claims["iat"] = seconds.into();
    signer.sign(&signer.proof_header(), &claims)
}

fn ask(server: &Server, client: &OAuthClient) -> RequestBuilder {
    let form = [("grant_type", "client_credentials"), ("scope", "register")];
    let request = server.request(Method::POST, "/api/oauth/token").form(&form);
    request.basic_auth(&client.id, Some(&client.secret))
}

async fn signed_times_may_be_a_minute_off(kind: Kind) {
    let clock = TestClock::new();
    let server = clock.server(kind, &[]).await;
    let client = server.client("register", &[], &[]);
    let url = format!("{}/api/oauth/token", server.url);
    let signer = Signer::es256();
    for (off, status) in
        [(-60, 200), (60, 200), (-61, 400), (61, 400), (-300, 400), (300, 400), (-HOUR, 400)]
    {
        let proof = proof(&signer, clock.seconds() + off, &url);
        let answer = send(ask(&server, &client).header("dpop", proof)).await;
        assert_eq!(answer.status, status, "by {off} s: {}", answer.text);
    }
}

async fn what_was_used_once_stays_used_when_the_clock_goes_on_and_back(kind: Kind) {
    let clock = TestClock::new();
    let server = clock.server(kind, &[]).await;
    let client = server.client("register", &[], &[]);
    let url = format!("{}/api/oauth/token", server.url);
    let proof = proof(&Signer::es256(), clock.seconds(), &url);
    let send_it = async || send(ask(&server, &client).header("dpop", &proof)).await.status;
    assert_eq!(send_it().await, 200);
    for step in [0, 300, -300, HOUR, -HOUR] {
        clock.go(step);
        assert_eq!(send_it().await, 400, "after a step of {step} s");
    }
}

/// Uses a limit up.
async fn exhaust(request: impl Fn() -> RequestBuilder, limit: &str) {
    let mut answer = send(request()).await;
    for _ in 0..3 {
        assert_ne!(answer.status, 429, "{}", answer.text);
        answer = send(request()).await;
    }
    assert_refused(&answer, limit);
}

/// How many get through of five; the others are told to wait, but not for ever.
async fn passed(request: impl Fn() -> RequestBuilder, limit: &str, longest: i64) -> usize {
    let mut count = 0;
    for _ in 0..5 {
        let answer: Answer = send(request()).await;
        if answer.status == 429 {
            assert_refused(&answer, limit);
            let wait: i64 = answer.header("retry-after").parse().unwrap();
            assert!(wait <= longest, "{limit}: {wait} s");
        } else {
            count += 1;
        }
    }
    count
}

/// They are kept in the database, for replicas share them, and by the clock that
/// replicas share. Where it was set back by more than clocks differ, what was used is
/// not known any more: one request passes, and all is taken to be used.
async fn a_clock_that_is_set_back_lifts_no_limit(kind: Kind) {
    let clock = TestClock::new();
    let rates = [
        ("DOORSTEP_LIMITS__SCALE", "1"),
        ("DOORSTEP_RATES__TOKEN", "3/h burst 3"),
        ("DOORSTEP_RATES__LOGIN_FAILURE", "3/h burst 3"),
        ("DOORSTEP_RATES__OWN_TOKEN", "3/h burst 3"),
    ];
    let mut server = clock.server(kind, &rates).await;
    // Three in an hour, all at once: one comes back in an hour, all in three.
    let longest = HOUR + 120;
    for (step, most) in [(-60, 0), (-300, 1), (-HOUR, 1)] {
        let client = server.client("register", &[], &[]);
        let guess = (format!("guess{}", step.abs()), "wrong".to_owned());
        exhaust(|| token(&server, &client), "token").await;
        exhaust(|| profile(&server, &guess), "login_failure").await;
        clock.go(step);
        // What the process remembers does not follow the clock.
        assert_eq!(passed(|| token(&server, &client), "token", longest).await, 0, "{step} s");
        server.kill();
        server.restart();
        let tokens = passed(|| token(&server, &client), "token", longest).await;
        assert!(tokens <= most, "{tokens} tokens after a step of {step} s");
        let guesses = passed(|| profile(&server, &guess), "login_failure", longest).await;
        assert!(guesses <= most, "{guesses} guesses after a step of {step} s");
    }
    // Those that a process keeps for itself follow no clock that somebody can set.
    let client = server.client("register", &[], &[]);
    let revoke = || {
        let request = server.request(Method::POST, "/api/oauth/revoke");
        request.basic_auth(&client.id, Some(&client.secret)).form(&[("token", "x")])
    };
    exhaust(revoke, "own_token").await;
    for step in STEPS.into_iter().chain([24 * HOUR]) {
        clock.go(step);
        assert_eq!(passed(revoke, "own_token", longest).await, 0, "after a step of {step} s");
    }
}

async fn no_age_is_negative(kind: Kind) {
    let clock = TestClock::new();
    let server = clock.server(kind, &[]).await;
    let client = server.client("register", &["srv.example"], &[]);
    for (at, step) in STEPS.into_iter().enumerate() {
        let register = server.token(&client, "register").await;
        let ada = server.new_user(&register, "srv.example", &format!("ada{at}")).await;
        let page = server.sign_up_token(&client, &format!("bob{at}")).await;
        assert_eq!(send(profile(&server, &ada)).await.status, 200);
        clock.go(step);
        assert_eq!(send(profile(&server, &ada)).await.status, 200);
        let session = server.request(Method::GET, "/api/widget/session").bearer_auth(&page);
        let session = send(session).await;
        if step < 300 {
            assert!(session.json()["expires_in"].as_i64().unwrap() >= 0, "{}", session.text);
        } else {
            assert_eq!(session.status, 401, "{}", session.text);
        }
        // The last use is the last one, also where it is earlier than the one before.
        let used = "SELECT last_used_at FROM credentials ORDER BY user_id DESC LIMIT 1";
        assert_eq!(server.database.count(used).await, clock.millis());
    }
    for line in server.get_ops("/metrics").await.text.lines() {
        let value = line.rsplit(' ').next().unwrap_or_default();
        let is_negative = !line.starts_with('#') && value.starts_with('-');
        assert!(!is_negative, "{line}");
    }
    // Who looks is told.
    let doctor = server.cli_output(&["doctor"], "");
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("seconds in the future"), "{said}");
}

async fn the_audit_log_keeps_its_order_and_its_chain(kind: Kind) {
    let clock = TestClock::new();
    let server = clock.server(kind, &[]).await;
    let client = server.client("register", &[], &[]);
    for (at, step) in STEPS.into_iter().chain(STEPS).enumerate() {
        let register = server.token(&client, "register").await;
        let name = format!("ada{at}");
        let answer = server.sign_up(&register, &person("srv.example", &name)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        clock.go(step);
    }
    let verified = server.cli(&["audit", "verify"], "").unwrap();
    assert_eq!((&verified["intact"], &verified["rows"]), (&json!(true), &json!(7)));
    let file = server.folder().join("export.jsonl");
    server.cli(&["audit", "export", "--output", file.to_str().unwrap()], "").unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let number = |row: &Value, name: &str| row[name].as_i64().unwrap();
    let mut users = Vec::new();
    let mut went_back = 0;
    for pair in rows.windows(2).filter(|pair| pair[0]["lane"] == pair[1]["lane"]) {
        assert_eq!(number(&pair[1], "seq"), number(&pair[0], "seq") + 1);
        let times = [0, 1].map(|at| pair[at]["created_at"].to_string());
        went_back += usize::from(times[1] < times[0]);
    }
    for row in rows.iter().filter(|row| row["action"] == "user.create") {
        users.push(row["subject"].as_str().unwrap().to_owned());
    }
    assert_eq!(users.len(), 6);
    // One server that is never busy stays on one lane: as they happened, not by time.
    assert!(went_back >= 3, "{text}");
    let numbers: Vec<i64> =
        users.iter().map(|user| user.trim_start_matches("user:").parse().unwrap()).collect();
    assert!(numbers.is_sorted(), "{users:?}");
}

/// An order whose worker is gone, and one that nobody has begun: both were to be due by
/// a clock that was ahead by an hour.
async fn a_clock_that_is_set_back_keeps_no_order_waiting(kind: Kind) {
    let clock = TestClock::new();
    let quick = [
        ("DOORSTEP_JOBS__IN_SERVE", "false"),
        ("DOORSTEP_JOBS__LEASE_MILLIS", "300"),
        ("DOORSTEP_JOBS__POLL_MILLIS", "20"),
    ];
    let (server, _folder) = shop_at(&clock, kind, &quick).await;
    let ada = customer(&server, "ada").await;
    let begun = id_of(&place(&server, &ada, &order("begun")).await);
    let mut worker = server.worker(&[("DOORSTEP_TEST_KILL_AT", "made:1")]);
    while !worker.has_ended() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let waiting = id_of(&place(&server, &ada, &order("waiting")).await);
    let ahead = clock.millis();
    clock.go(-HOUR);
    let _worker = server.worker(&[]);
    for id in [begun, waiting] {
        while look(&server, &ada, &id).await["status"] != "completed" {
            tokio::time::sleep(Duration::from_millis(50)).await;
            clock.go(1);
            assert!(clock.millis() < ahead, "it waits for the hour to come again");
        }
    }
    for sql in ["SELECT COUNT(*) FROM projects", "SELECT COUNT(DISTINCT order_id) FROM projects"] {
        assert_eq!(server.database.count(sql).await, 2, "{sql}");
    }
}

on_both!(
    signed_times_may_be_a_minute_off,
    what_was_used_once_stays_used_when_the_clock_goes_on_and_back,
    a_clock_that_is_set_back_lifts_no_limit,
    no_age_is_negative,
    the_audit_log_keeps_its_order_and_its_chain,
    a_clock_that_is_set_back_keeps_no_order_waiting,
);

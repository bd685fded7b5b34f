//! Sign-ups that share a transaction come out as if one had come after the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use doorstep_tests::{Answer, Kind, Server, on_both, person, send};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::limits;

fn sign_up(server: &Server, token: &str, body: &Value) -> RequestBuilder {
    server.request(Method::POST, "/api/users").bearer_auth(token).json(body)
}

fn keyed(server: &Server, token: &str, key: &str, body: &Value) -> RequestBuilder {
    sign_up(server, token, body).header("idempotency-key", format!("a-key-for-many-{key}"))
}

/// Sends all at once; gives the answers in their order.
async fn at_once(requests: Vec<RequestBuilder>) -> Vec<Answer> {
    let sent: Vec<_> = requests.into_iter().map(|request| tokio::spawn(send(request))).collect();
    let mut answers = Vec::new();
    for answer in sent {
        answers.push(answer.await.unwrap());
    }
    answers
}

/// How often each status and code came.
fn tally(answers: &[Answer]) -> BTreeMap<(u16, String), usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        *tally.entry(answer.refusal()).or_insert(0) += 1;
    }
    tally
}

fn expect(expected: &[(u16, &str, usize)]) -> BTreeMap<(u16, String), usize> {
    expected.iter().map(|(status, code, count)| ((*status, (*code).to_owned()), *count)).collect()
}

/// Whether any of the server's transactions had several sign-ups in it.
fn any_shared(server: &Server) -> bool {
    let shared = |line: &str| -> Option<u64> {
        let line: Value = serde_json::from_str(line).ok()?;
        let is_it = line["message"] == "a transaction was shared" && line["what"] == "sign-ups";
        line["written"].as_u64().filter(|written| is_it && *written > 1)
    };
    server.log().lines().any(|line| shared(line).is_some())
}

async fn each_gets_its_own_answer_and_the_refused_leave_nothing(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let own = server.client("register", &["srv.example"], &[]);
    server.cli(&["registration", "close", "--server", "closed.example"], "").unwrap();
    let token = server.token(&client, "register").await;
    let bound = server.sign_up_token(&own, "bound").await;
    for round in 0..4 {
        let name = |what: &str, at: usize| person("srv", &format!("{what}{at}-{round}"));
        let mut kinds: Vec<(&str, RequestBuilder)> = Vec::new();
        for at in 0..20 {
            kinds.push(("plain", sign_up(&server, &token, &name("plain", at))));
            let key = format!("own-{round}-{at}");
            kinds.push(("with a key", keyed(&server, &token, &key, &name("keyed", at))));
        }
        for at in 0..6 {
            kinds.push(("one name", sign_up(&server, &token, &name("one", 0))));
            let key = format!("again-{round}");
            kinds.push(("again", keyed(&server, &token, &key, &name("again", 0))));
            let key = format!("reused-{round}");
            kinds.push(("one key", keyed(&server, &token, &key, &name("reused", at))));
            let mut same = name("mail", at);
            same["user"]["email"] = format!("all{round}@mail.example").into();
            kinds.push(("one address", sign_up(&server, &token, &same)));
            let mut bad = name("bad", at);
            bad["user"]["email"] = "no address".into();
            kinds.push(("faulty", sign_up(&server, &token, &bad)));
            let closed = person("closed.example", &format!("c{at}"));
            kinds.push(("closed", sign_up(&server, &token, &closed)));
            let foreign = person("srv.example", &format!("f{at}"));
            kinds.push(("foreign", sign_up(&server, &token, &foreign)));
            let body = json!({ "user": { "fname": "Ada", "lname": "Lovelace" } });
            let key = format!("bound-{round}-{at}");
            kinds.push(("one token", keyed(&server, &bound, &key, &body)));
        }
        let names: Vec<_> = kinds.iter().map(|(kind, _)| *kind).collect();
        let answers = at_once(kinds.into_iter().map(|(_, request)| request).collect()).await;
        let mut by_kind: BTreeMap<&str, Vec<Answer>> = BTreeMap::new();
        for (name, answer) in names.into_iter().zip(answers) {
            by_kind.entry(name).or_default().push(answer);
        }
        let already = "already-registered";
        let tokens: &[_] = if round == 0 {
            &[(201, "", 1), (401, "invalid_token", 5)]
        } else {
            &[(401, "invalid_token", 6)]
        };
        for (name, expected) in [
            ("plain", [(201, "", 20)].as_slice()),
            ("with a key", &[(201, "", 20)]),
            ("one name", &[(201, "", 1), (409, already, 5)]),
            ("again", &[(201, "", 6)]),
            ("one key", &[(201, "", 1), (422, "idempotency-key-reused", 5)]),
            ("one address", &[(201, "", 6)]),
            ("faulty", &[(422, "validation_failed", 6)]),
            ("closed", &[(403, "registration_disabled", 6)]),
            ("foreign", &[(403, "provider_server_not_allowed", 6)]),
            ("one token", tokens),
        ] {
            assert_eq!(tally(&by_kind[name]), expect(expected), "{name}, round {round}");
        }
        // One account, whose password each of them gets.
        let again: BTreeSet<_> = by_kind["again"].iter().map(|answer| &answer.text).collect();
        assert_eq!(again.len(), 1, "{again:?}");
        let first = |answer: &&Answer| answer.header("idempotent-replayed").is_empty();
        assert_eq!(by_kind["again"].iter().filter(first).count(), 1);
    }
    assert!(any_shared(&server), "of 88 sign-ups at once no two shared a transaction");

    let count = async |sql| server.database.count(sql).await;
    let users = 4 * (20 + 20 + 1 + 1 + 1 + 6) + 1;
    for sql in [
        "SELECT COUNT(*) FROM users",
        "SELECT COUNT(DISTINCT user_id) FROM identities",
        "SELECT COUNT(DISTINCT user_id) FROM credentials",
        "SELECT COUNT(DISTINCT user_id) FROM events",
        "SELECT COUNT(DISTINCT subject) FROM audit_log WHERE action = 'user.create'",
        "SELECT COUNT(*) FROM audit_log WHERE action = 'user.create'",
    ] {
        assert_eq!(count(sql).await, users, "{sql}");
    }
    assert_eq!(count("SELECT COUNT(*) FROM idempotency").await, 4 * (20 + 1 + 1) + 1);
    let first_of_address = "SELECT COUNT(*) FROM users WHERE email LIKE 'all%@mail.example'";
    assert_eq!(count(first_of_address).await, 4);
    assert_eq!(count("SELECT COUNT(*) FROM tokens WHERE uses_left = 0").await, 1);
    assert_eq!(server.cli(&["audit", "verify"], "").unwrap()["intact"], true);
}

async fn of_many_at_once_as_many_get_through_as_the_limit_says(kind: Kind) {
    let rates = [
        ("signup", "off"),
        ("signup_day", "off"),
        ("signup_server", "10/h burst 10"),
        ("caller", "off"),
        ("address", "off"),
    ];
    let server = limits::server(kind, &rates).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let requests = (0..60).map(|at| {
        let server_name =
            if at % 2 == 0 { "busy.example".to_owned() } else { format!("s{at}.example") };
        sign_up(&server, &token, &person(&server_name, &format!("u{at}")))
    });
    let answers = at_once(requests.collect()).await;
    let (busy, others): (Vec<_>, Vec<_>) =
        answers.into_iter().enumerate().partition(|(at, _)| at % 2 == 0);
    let answers =
        |part: Vec<(usize, Answer)>| part.into_iter().map(|(_, it)| it).collect::<Vec<_>>();
    let (busy, others) = (answers(busy), answers(others));
    assert_eq!(tally(&others), expect(&[(201, "", 30)]));
    assert_eq!(tally(&busy), expect(&[(201, "", 10), (429, "rate_limited", 20)]));
    // Each is told what was left after it, as if they had come one by one.
    let left: BTreeSet<_> = busy
        .iter()
        .filter(|answer| answer.status == 201)
        .filter_map(|answer| answer.header("ratelimit").split(';').nth(1))
        .collect();
    let expected: BTreeSet<_> = (0..10).map(|left| format!("r={left}")).collect();
    assert_eq!(left, expected.iter().map(String::as_str).collect());
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 40);
}

/// Another server takes a name after it was looked for and before it is written: who
/// wanted it is refused, and those who shared the transaction get their accounts.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_overtaken_is_refused_and_nobody_with_them() {
    let server = Server::start(Kind::Postgres).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    server.new_user(&token, "srv", "first").await;
    let mut other = PgConnection::connect(&server.database.url).await.unwrap();
    let take = "INSERT INTO identities (provider, server_key, username_key, server, username, user_id)
                SELECT provider, server_key, 'overtaken', server, 'overtaken', user_id FROM identities";
    for sql in ["BEGIN", take] {
        sqlx::query(sql).execute(&mut other).await.unwrap();
    }
    let names = (0..20).map(|at| if at == 7 { "overtaken".to_owned() } else { format!("u{at}") });
    let requests = names.map(|name| sign_up(&server, &token, &person("srv", &name))).collect();
    let answers = tokio::spawn(at_once(requests));
    let waits = "SELECT COUNT(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while server.database.count(waits).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    let answers = answers.await.unwrap();
    assert_eq!(tally(&answers), expect(&[(201, "", 19), (409, "already-registered", 1)]));
    assert_eq!(answers[7].status, 409);
    for sql in [
        "SELECT COUNT(*) FROM users",
        "SELECT COUNT(*) FROM credentials",
        "SELECT COUNT(*) FROM audit_log WHERE action = 'user.create'",
    ] {
        assert_eq!(server.database.count(sql).await, 20, "{sql}");
    }
    assert_eq!(server.cli(&["audit", "verify"], "").unwrap()["intact"], true);
}

on_both!(
    each_gets_its_own_answer_and_the_refused_leave_nothing,
    of_many_at_once_as_many_get_through_as_the_limit_says,
);

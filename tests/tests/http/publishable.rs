//! Pages without a back end: the puzzle, and the token that its solution buys.

use std::sync::Arc;

use doorstep_puzzle::{Bound, Challenge, Key, Search, Solution};
use doorstep_tests::{Answer, Kind, Server, on_both, on_replicas, send};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

pub(crate) const ORIGIN: &str = "https://blog.example";
pub(crate) const GRANT: &str = "urn:doorstep:grant:widget";
/// Switched on, and quick to solve.
pub(crate) const ON: &[(&str, &str)] = &[
    ("DOORSTEP_PUBLISHABLE__ENABLED", "true"),
    ("DOORSTEP_PUBLISHABLE__BASE_NUMBER", "200"),
    ("DOORSTEP_PUBLISHABLE__MOST_NUMBER", "200"),
];

/// Creates a publishable client for `srv.example` and [`ORIGIN`].
pub(crate) fn publishable(server: &Server) -> String {
    publishable_for(server, "srv.example", ORIGIN)
}

pub(crate) fn publishable_for(server: &Server, of: &str, origin: &str) -> String {
    let create = ["client", "create", "--name", "Blog", "--publishable"];
    let created =
        server.cli(&[&create[..], &["--provider-server", of, "--origin", origin]].concat(), "");
    created.unwrap()["client_id"].as_str().unwrap().to_owned()
}

pub(crate) fn ask(server: &Server, client: &str, origin: &str) -> RequestBuilder {
    server
        .request(Method::POST, "/api/widget/challenge")
        .header("origin", origin)
        .json(&json!({ "client_id": client }))
}

/// A solved puzzle, as solvers send it.
pub(crate) async fn solve(server: &Server, client: &str) -> String {
    let answer = send(ask(server, client, ORIGIN)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    solution(&serde_json::from_str(&answer.text).unwrap()).encode()
}

fn solution(challenge: &Challenge) -> Solution {
    let mut search =
        Search::new(&challenge.salt, &challenge.challenge, challenge.maxnumber).unwrap();
    let number = search.advance(challenge.maxnumber + 1).expect("every challenge has its number");
    Solution::new(challenge.clone(), number)
}

pub(crate) fn exchange(server: &Server, client: &str, altcha: &str, who: &str) -> RequestBuilder {
    server.request(Method::POST, "/api/widget/token").header("origin", ORIGIN).json(&json!({
        "grant_type": GRANT, "client_id": client, "altcha": altcha, "provider_username": who,
    }))
}

/// A sign-up token for somebody.
pub(crate) async fn token(server: &Server, client: &str, who: &str) -> String {
    let altcha = solve(server, client).await;
    let answer = send(exchange(server, client, &altcha, who)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

async fn a_solution_buys_an_anonymous_token_for_the_clients_one_server(kind: Kind) {
    let server = Server::start_with(kind, ON).await;
    let client = publishable(&server);
    let issued = send(ask(&server, &client, ORIGIN)).await;
    assert_eq!(issued.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(issued.header("cache-control"), "no-store");
    let puzzle = issued.json();
    assert_eq!((&puzzle["algorithm"], &puzzle["maxnumber"]), (&"SHA-256".into(), &200.into()));
    assert_eq!(puzzle["expires_in"], 120);

    let altcha = solution(&serde_json::from_str(&issued.text).unwrap()).encode();
    let answer = send(exchange(&server, &client, &altcha, "Bob")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    let body = answer.json();
    assert_eq!((&body["assurance"], &body["expires_in"]), (&"anonymous".into(), &120.into()));
    let bound = &body["authorization_details"][0];
    assert_eq!(
        (&bound["provider_server"], &bound["provider_username"]),
        (&"srv.example".into(), &"Bob".into())
    );
    assert_eq!((&bound["origins"], &bound["provider"]), (&json!([ORIGIN]), &"cpanel".into()));
    let token = body["access_token"].as_str().unwrap();
    assert!(token.starts_with("sgn_"));
    let session = server.request(Method::GET, "/api/widget/session").bearer_auth(token);
    let session = send(session.header("origin", ORIGIN)).await;
    assert_eq!(session.json()["provider_username"], "Bob");
    // Bound to this page and this person, as every sign-up token is.
    let elsewhere = server.request(Method::GET, "/api/widget/session").bearer_auth(token);
    let elsewhere = send(elsewhere.header("origin", "https://evil.example")).await;
    assert_eq!(elsewhere.refusal(), (403, "origin_not_allowed".to_owned()));

    // The token endpoint takes the grant, in its own form, and no page may call it.
    let altcha = solve(&server, &client).await;
    let form = [
        ("grant_type", GRANT),
        ("client_id", &client),
        ("altcha", &altcha),
        ("provider_username", "bob"),
    ];
    let request =
        || server.request(Method::POST, "/api/oauth/token").header("origin", ORIGIN).form(&form);
    let answer = send(request()).await;
    assert_eq!(answer.json()["assurance"], "anonymous", "{}", answer.text);
    assert!(answer.headers.get("access-control-allow-origin").is_none());
    let again = send(request()).await;
    assert_eq!((again.status.as_u16(), &again.json()["error"]), (400, &"invalid_grant".into()));
    let metadata = server.get("/.well-known/oauth-authorization-server").await.json();
    assert_eq!(metadata["grant_types_supported"], json!(["client_credentials", GRANT]));
}

async fn pages_of_other_origins_and_other_clients_get_nothing(kind: Kind) {
    let server = Server::start_with(kind, ON).await;
    let client = publishable(&server);
    let other = publishable_for(&server, "other.example", ORIGIN);
    let confidential = server.client("register", &[], &[ORIGIN]);
    let not_allowed = (403, "origin_not_allowed".to_owned());
    for origin in
        ["https://evil.example", "https://blog.example:444", "http://blog.example", "null"]
    {
        let answer = send(ask(&server, &client, origin)).await;
        assert_eq!(answer.refusal(), not_allowed, "{origin}");
        let altcha = solve(&server, &client).await;
        let request = exchange(&server, &client, &altcha, "bob").header("origin", origin);
        assert_eq!(send(request).await.refusal(), not_allowed, "two origins");
    }
    // What is no page sends no origin.
    let silent = server.request(Method::POST, "/api/widget/challenge");
    let silent = send(silent.json(&json!({ "client_id": client }))).await;
    assert_eq!(silent.refusal(), not_allowed);
    // Which clients there are stays unknown: one that is none, one with a secret, text that is no id.
    for id in ["cli_unknown", &confidential.id, "", "\0", "é", &"x".repeat(500)] {
        assert_eq!(send(ask(&server, id, ORIGIN)).await.refusal(), not_allowed, "{id:?}");
    }
    // A puzzle is for its client, and for its page.
    let altcha = solve(&server, &client).await;
    let answer = send(exchange(&server, &other, &altcha, "bob")).await;
    assert_eq!(answer.refusal(), (403, "puzzle_unsolved".to_owned()));
    assert!(answer.text.contains("another client"), "{}", answer.text);
    // A publishable client has no secret and gets no other token.
    for (id, secret) in [(client.as_str(), ""), (client.as_str(), "dss_x")] {
        let request = server
            .request(Method::POST, "/api/oauth/token")
            .basic_auth(id, Some(secret))
            .form(&[("grant_type", "client_credentials"), ("scope", "register")]);
        assert_eq!(send(request).await.json()["error"], "invalid_client");
    }
    let with_secret = exchange(&server, &client, &altcha, "bob").basic_auth(&client, Some("x"));
    assert_eq!(send(with_secret).await.refusal(), (400, "invalid_request".to_owned()));
    let back_end = exchange(&server, &client, &altcha, "bob").json(&json!({
        "grant_type": "client_credentials", "client_id": confidential.id, "client_secret": confidential.secret,
    }));
    assert_eq!(send(back_end).await.refusal(), (400, "invalid_request".to_owned()));
    // None of this used the puzzle up, and a switched-off client gets none.
    assert_eq!(send(exchange(&server, &client, &altcha, "bob")).await.status, 200);
    let unused = solve(&server, &client).await;
    server.cli(&["client", "disable", &client], "").unwrap();
    assert_eq!(send(ask(&server, &client, ORIGIN)).await.refusal(), not_allowed);
    assert_eq!(send(exchange(&server, &client, &unused, "bob")).await.refusal(), not_allowed);
}

async fn solutions_that_are_none_are_refused(kind: Kind) {
    let server = Server::start_with(kind, ON).await;
    let client = publishable(&server);
    let issued = send(ask(&server, &client, ORIGIN)).await;
    let good = solution(&serde_json::from_str(&issued.text).unwrap());
    let changed = |change: &dyn Fn(&mut Solution)| {
        let mut solution = good.clone();
        change(&mut solution);
        solution.encode()
    };
    let expired = Challenge::issue(
        Bound { client: &client, origin: ORIGIN },
        1,
        5,
        Key { version: 1, bytes: &[0; 32] },
        [0; 20],
    );
    let base64 = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(text)
    };
    for (altcha, what) in [
        (changed(&|it| it.number += 1), "the wrong number"),
        (changed(&|it| it.signature = "0".repeat(64)), "a forged signature"),
        (changed(&|it| it.salt = it.salt.replace("expires=", "expires=9")), "a later expiry"),
        (changed(&|it| it.algorithm.clear()), "no algorithm"),
        (solution(&expired).encode(), "somebody else's challenge"),
        (String::new(), "nothing"),
        ("é".repeat(50), "no ASCII"),
        ("\u{0}".to_owned(), "a NUL"),
        ("A".repeat(30_000), "a flood"),
        (base64("{}"), "an empty object"),
        (
            base64(
                r#"{"algorithm":"SHA-256","challenge":"é","number":1,"salt":"é?&","signature":"é"}"#,
            ),
            "garbage",
        ),
        (base64(&"[".repeat(1_400)), "a deep one"),
    ] {
        let answer = send(exchange(&server, &client, &altcha, "bob")).await;
        assert_eq!(answer.refusal(), (403, "puzzle_unsolved".to_owned()), "{what}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM tokens").await, 0);
    // A name that is none costs nothing yet; the same solution works for one.
    let altcha = good.encode();
    let named = send(exchange(&server, &client, &altcha, "a b")).await;
    assert_eq!(named.refusal(), (422, "validation_failed".to_owned()));
    assert_eq!(named.json()["faults"][0]["field"], "provider_username");
    assert_eq!(send(exchange(&server, &client, &altcha, "bob")).await.status, 200);
    let again = send(exchange(&server, &client, &altcha, "bob")).await;
    assert_eq!(again.refusal(), (403, "puzzle_unsolved".to_owned()));
    for missing in ["client_id", "altcha", "provider_username", "grant_type"] {
        let mut body = json!({ "grant_type": GRANT, "client_id": client, "altcha": altcha, "provider_username": "x" });
        body[missing] = Value::Null;
        let answer = send(exchange(&server, &client, &altcha, "x").json(&body)).await;
        assert_eq!(answer.refusal(), (400, "invalid_request".to_owned()), "{missing}");
    }
}

async fn a_puzzle_is_good_for_its_time(kind: Kind) {
    let short = [ON, &[("DOORSTEP_PUBLISHABLE__CHALLENGE_SECONDS", "1")]].concat();
    let server = Server::start_with(kind, &short).await;
    let client = publishable(&server);
    let altcha = solve(&server, &client).await;
    // Times are whole seconds: after two the one is over wherever it began.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let late = send(exchange(&server, &client, &altcha, "bob")).await;
    assert_eq!(late.refusal(), (403, "puzzle_unsolved".to_owned()));
    assert!(late.text.contains("expired"), "{}", late.text);
}

async fn of_fifty_uses_of_a_solution_at_once_one_wins(kind: Kind) {
    let server = Arc::new(Server::start_with(kind, ON).await);
    let client = publishable(&server);
    for round in 0..20 {
        let altcha = solve(&server, &client).await;
        let attempts: Vec<_> = (0..50)
            .map(|at| tokio::spawn(send(exchange(&server, &client, &altcha, &format!("u{at}")))))
            .collect();
        let mut won = 0;
        for attempt in attempts {
            let answer = attempt.await.unwrap();
            match answer.status.as_u16() {
                200 => won += 1,
                403 => assert_eq!(answer.refusal().1, "puzzle_unsolved"),
                _ => panic!("{}", answer.text),
            }
        }
        assert_eq!(won, 1, "round {round}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM tokens").await, 20);
}

async fn puzzles_become_dearer_for_a_client_while_many_are_solved(kind: Kind) {
    let server = Server::start_with(
        kind,
        &[
            ("DOORSTEP_PUBLISHABLE__ENABLED", "true"),
            ("DOORSTEP_PUBLISHABLE__BASE_NUMBER", "100"),
            ("DOORSTEP_PUBLISHABLE__MOST_NUMBER", "450"),
            ("DOORSTEP_PUBLISHABLE__BUSY_PER_MINUTE", "2"),
        ],
    )
    .await;
    let (client, quiet) = (publishable(&server), publishable_for(&server, "other.example", ORIGIN));
    let price = async |client: &str| {
        let answer: Answer = send(ask(&server, client, ORIGIN)).await;
        answer.json()["maxnumber"].as_i64().unwrap()
    };
    // Asking alone changes nothing: nobody makes it dear for others for free.
    for _ in 0..20 {
        assert_eq!(price(&client).await, 100);
    }
    let mut last = 100;
    for at in 0..12 {
        token(&server, &client, &format!("u{at}")).await;
        let now = price(&client).await;
        assert!(now >= last && now <= 450, "{last} {now}");
        last = now;
    }
    assert_eq!(last, 450);
    assert_eq!(price(&quiet).await, 100);
}

async fn without_the_setting_there_is_nothing(kind: Kind) {
    let mut server = Server::start_with(kind, ON).await;
    let client = publishable(&server);
    let altcha = solve(&server, &client).await;
    let bought = token(&server, &client, "bob").await;
    server.kill();
    server.set("DOORSTEP_PUBLISHABLE__ENABLED", "false");
    server.restart();
    let disabled = (403, "registration_disabled".to_owned());
    assert_eq!(send(ask(&server, &client, ORIGIN)).await.refusal(), disabled);
    assert_eq!(send(exchange(&server, &client, &altcha, "bob")).await.refusal(), disabled);
    let form = [
        ("grant_type", GRANT),
        ("client_id", &client),
        ("altcha", &altcha),
        ("provider_username", "bob"),
    ];
    let request = server.request(Method::POST, "/api/oauth/token").header("origin", ORIGIN);
    let answer = send(request.form(&form)).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]),
        (403, &"registration_disabled".into())
    );
    // A token that was bought before buys nothing either.
    let late = server
        .request(Method::POST, "/api/users")
        .bearer_auth(&bought)
        .header("idempotency-key", "a-key-for-the-filled-form")
        .json(&json!({ "user": { "fname": "Ada", "lname": "Lovelace" } }));
    assert_eq!(send(late).await.refusal(), disabled);
    let metadata = server.get("/.well-known/oauth-authorization-server").await.json();
    assert_eq!(metadata["grant_types_supported"], json!(["client_credentials"]));
}

async fn the_operator_makes_publishable_clients_by_their_rules(kind: Kind) {
    let server = Server::start_with(kind, ON).await;
    let create = |more: &[&str]| {
        let base = ["client", "create", "--name", "Blog", "--publishable"];
        server.cli(&[&base[..], more].concat(), "")
    };
    let of = ["--provider-server", "srv.example"];
    let from = ["--origin", ORIGIN];
    for (arguments, why) in [
        (from.to_vec(), "--provider-server"),
        (of.to_vec(), "--origin"),
        ([&of[..], &of, &["--provider-server", "b.example"], &from].concat(), "--provider-server"),
        ([&of[..], &from, &["--scope", "public register"]].concat(), "register alone"),
        ([&of[..], &["--origin", "*"]].concat(), "origin"),
    ] {
        let error = create(&arguments).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    // The server stays the other client's, which decides.
    server.client("register", &["srv.example"], &[]);
    let created = create(&[&of[..], &from].concat()).unwrap();
    assert_eq!(created["client_secret"], Value::Null);
    let id = created["client_id"].as_str().unwrap();
    let rotated = server.cli(&["client", "rotate", id], "").unwrap_err();
    assert!(rotated.contains("publishable"), "{rotated}");
    let listed = server.cli(&["client", "list"], "").unwrap();
    let clients = listed["clients"].as_array().unwrap();
    let own = clients.iter().find(|it| it["client_id"] == created["client_id"]).unwrap();
    assert_eq!((&own["publishable"], &own["scope"]), (&true.into(), &"register".into()));
    assert_eq!(own["provider_servers"], json!(["srv.example"]));
    assert_eq!(clients.iter().filter(|it| it["publishable"] == true).count(), 1);
}

on_both!(
    a_solution_buys_an_anonymous_token_for_the_clients_one_server,
    pages_of_other_origins_and_other_clients_get_nothing,
    solutions_that_are_none_are_refused,
    a_puzzle_is_good_for_its_time,
    of_fifty_uses_of_a_solution_at_once_one_wins,
    puzzles_become_dearer_for_a_client_while_many_are_solved,
    without_the_setting_there_is_nothing,
    the_operator_makes_publishable_clients_by_their_rules,
);

on_replicas!(of_fifty_uses_of_a_solution_at_once_one_wins);

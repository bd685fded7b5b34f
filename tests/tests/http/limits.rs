//! Each limit is reached, says so, leaves others alone, outlives the server, and
//! gives way in time.

use std::{collections::BTreeMap, time::Duration};

use doorstep_tests::{Answer, Kind, OAuthClient, Server, on_both, on_replicas, person, send};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

/// A server with rates of its own, behind a proxy: requests say where they come from.
pub(crate) async fn server(kind: Kind, rates: &[(&str, &str)]) -> Server {
    let names: Vec<_> = rates
        .iter()
        .map(|(name, rate)| (format!("DOORSTEP_RATES__{}", name.to_uppercase()), *rate))
        .collect();
    let mut settings =
        vec![("DOORSTEP_LIMITS__SCALE", "1"), ("DOORSTEP_SERVER__TRUSTED_PROXIES", "127.0.0.0/8")];
    settings.extend(names.iter().map(|(name, rate)| (name.as_str(), *rate)));
    Server::start_with(kind, &settings).await
}

pub(crate) fn from(request: RequestBuilder, address: &str) -> RequestBuilder {
    request.header("x-forwarded-for", address)
}

pub(crate) fn token(server: &Server, client: &OAuthClient) -> RequestBuilder {
    server
        .request(Method::POST, "/api/oauth/token")
        .basic_auth(&client.id, Some(&client.secret))
        .form(&[("grant_type", "client_credentials"), ("scope", "register")])
}

pub(crate) fn profile(server: &Server, (name, password): &(String, String)) -> RequestBuilder {
    server.request(Method::GET, "/api/users").basic_auth(name, Some(password))
}

/// What every refusal by a limit says.
pub(crate) fn assert_refused(answer: &Answer, limit: &str) {
    assert_eq!(answer.status, 429, "{limit}: {}", answer.text);
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!(wait >= 1, "{limit}");
    let told = |header: &str, start: &str| {
        let entries: Vec<_> = answer.header(header).split(", ").collect();
        assert!(entries.iter().any(|entry| entry.starts_with(start)), "{header}: {entries:?}");
    };
    told("ratelimit", &format!("\"{limit}\";r=0;t="));
    told("ratelimit-policy", &format!("\"{limit}\";q="));
    assert!(answer.header("www-authenticate").is_empty());
    let body = answer.json();
    if body["error"].is_string() {
        assert_eq!(body["error"], "temporarily_unavailable");
        assert!(body["error_description"].as_str().unwrap().contains(limit));
    } else {
        assert_eq!(body["code"], "rate_limited");
        assert!(body["detail"].as_str().unwrap().contains(limit));
    }
}

async fn assert_counted(server: &Server, limit: &str) {
    let metrics = server.get_ops("/metrics").await.text;
    let line = format!("doorstep_rate_limited_total{{limit=\"{limit}\"}}");
    assert!(metrics.contains(&line), "{line} is not in the metrics");
}

async fn tokens_are_limited_by_client(kind: Kind) {
    let mut server = server(kind, &[("token", "3/h burst 3")]).await;
    let (one, other) = (server.client("register", &[], &[]), server.client("register", &[], &[]));
    for left in [2, 1, 0] {
        let answer = send(token(&server, &one)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.header("ratelimit-policy"), "\"token\";q=3;w=3600");
        assert!(answer.header("ratelimit").starts_with(&format!("\"token\";r={left};t=")));
    }
    for _ in 0..3 {
        assert_refused(&send(token(&server, &one)).await, "token");
    }
    assert_eq!(send(token(&server, &other)).await.status, 200);
    assert_counted(&server, "token").await;
    server.kill();
    server.restart();
    assert_refused(&send(token(&server, &one)).await, "token");
    assert_eq!(send(token(&server, &other)).await.status, 200);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM tokens").await, 5);
}

async fn accounts_are_limited_by_client_day_and_server(kind: Kind) {
    for (limit, rate, spared) in [
        ("signup", "3/h burst 3", None),
        ("signup_day", "3/day burst 3", None),
        ("signup_server", "3/h burst 3", Some("b.example")),
    ] {
        let server = server(kind, &[(limit, rate)]).await;
        let client = server.client("register", &[], &[]);
        let bearer = server.token(&client, "register").await;
        let sign_up = async |machine: &str, name: &str| {
            let request = server.request(Method::POST, "/api/users").bearer_auth(&bearer);
            let key = format!("{machine}-the-key-of-{name}");
            send(request.header("idempotency-key", key).json(&person(machine, name))).await
        };
        let first = sign_up("a.example", "u0").await;
        // A refused attempt is not an account.
        assert_eq!(sign_up("a.example", "!").await.status, 422);
        for name in ["u1", "u2"] {
            assert_eq!(sign_up("a.example", name).await.status, 201, "{limit}");
        }
        for _ in 0..2 {
            assert_refused(&sign_up("a.example", "u3").await, limit);
        }
        assert_counted(&server, limit).await;
        let users = server.database.count("SELECT COUNT(*) FROM identities").await;
        assert_eq!(users, 3, "{limit}");
        // Who lost the answer gets it again.
        let again = sign_up("a.example", "u0").await;
        assert_eq!((again.status.as_u16(), &again.text), (201, &first.text), "{limit}");
        if let Some(spared) = spared {
            assert_eq!(sign_up(spared, "u3").await.status, 201);
        }
        let other = server.client("register", &[], &[]);
        let bearer = server.token(&other, "register").await;
        assert_eq!(server.sign_up(&bearer, &person("c.example", "u3")).await.status, 201);
    }
}

async fn accounts_by_sign_up_tokens_are_limited_by_address(kind: Kind) {
    let server = server(kind, &[("signup_address", "2/h burst 2")]).await;
    let client = server.client("register", &["srv.example"], &[]);
    let mint = async |name: &str| {
        let person = json!([{ "type": "user_registration", "provider_server": "srv.example",
                              "provider_username": name }]);
        let request = server
            .request(Method::POST, "/api/oauth/token")
            .basic_auth(&client.id, Some(&client.secret))
            .form(&[
                ("grant_type", "client_credentials"),
                ("authorization_details", &person.to_string()),
            ]);
        send(request).await.json()["access_token"].as_str().unwrap().to_owned()
    };
    let sign_up = async |token: &str, address: &str| {
        let request = server.request(Method::POST, "/api/users").bearer_auth(token);
        let request =
            request.header("idempotency-key", format!("the-key-of-{}", address.replace(' ', "")));
        let request = request.json(&json!({ "user": { "fname": "Ada", "lname": "Lovelace" } }));
        send(from(request, address)).await
    };
    // Addresses of one IPv6 network are one, and what stands left of it is its own word.
    for (name, address) in [("a", "2001:db8:7::1"), ("b", "192.0.2.1, 2001:db8:7::ffff")] {
        let request_token = mint(name).await;
        let answer = sign_up(&request_token, address).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert!(answer.header("ratelimit").contains("\"signup_address\";r="));
    }
    let token = mint("c").await;
    for at in 2..14 {
        assert_refused(&sign_up(&token, &format!("2001:db8:7::{at}")).await, "signup_address");
    }
    // A dozen refusals used the token's ten attempts for nothing.
    assert_eq!(sign_up(&token, "2001:db8:8::1").await.status, 201);
}

async fn failed_client_authentication_is_limited_by_client_and_address(kind: Kind) {
    let server = server(kind, &[("client_failure", "3/h burst 3")]).await;
    let client = server.client("register", &[], &[]);
    let wrong = OAuthClient { secret: "wrong".to_owned(), ..client.clone() };
    let unknown = OAuthClient { id: "cli_nobody".to_owned(), ..wrong.clone() };
    for (who, address) in [(&wrong, "192.0.2.1"), (&unknown, "192.0.2.2")] {
        for _ in 0..3 {
            let answer = send(from(token(&server, who), address)).await;
            assert_eq!(answer.json()["error"], "invalid_client", "{}", answer.text);
        }
        for _ in 0..2 {
            assert_refused(&send(from(token(&server, who), address)).await, "client_failure");
        }
    }
    assert_counted(&server, "client_failure").await;
    // The right secret as well, but only from there; and the other endpoints count together.
    assert_refused(&send(from(token(&server, &client), "192.0.2.1")).await, "client_failure");
    let revoke = server.request(Method::POST, "/api/oauth/revoke").form(&[("token", "x")]);
    let revoke = revoke.basic_auth(&client.id, Some(&client.secret));
    assert_refused(&send(from(revoke, "192.0.2.1")).await, "client_failure");
    assert_eq!(send(from(token(&server, &client), "192.0.2.3")).await.status, 200);
}

async fn failed_logins_throttle_the_pair_and_never_lock_the_account(kind: Kind) {
    let mut server =
        server(kind, &[("login_failure", "3/h burst 3"), ("address_failure", "8/h burst 8")]).await;
    let client = server.client("register", &[], &[]);
    let bearer = server.token(&client, "register").await;
    let user = server.new_user(&bearer, "srv", "bob").await;
    let wrong = (user.0.clone(), "wrong".to_owned());
    let unknown = ("nobody".to_owned(), "wrong".to_owned());
    let mut transcripts = Vec::new();
    for (who, address) in [(&wrong, "192.0.2.1"), (&unknown, "192.0.2.2")] {
        let mut transcript = Vec::new();
        for _ in 0..5 {
            let answer = send(from(profile(&server, who), address)).await;
            if answer.status == 429 {
                assert_refused(&answer, "login_failure");
            }
            transcript
                .push((answer.refusal(), answer.header("ratelimit").replace(char::is_numeric, "")));
        }
        transcripts.push(transcript);
    }
    // Nothing tells the user who exists from the one who does not.
    assert_eq!(transcripts[0], transcripts[1]);
    assert_refused(&send(from(profile(&server, &user), "192.0.2.1")).await, "login_failure");
    assert_eq!(send(from(profile(&server, &user), "192.0.2.9")).await.status, 200);
    server.kill();
    server.restart();
    assert_refused(&send(from(profile(&server, &user), "192.0.2.1")).await, "login_failure");

    // A list of names from one address.
    for at in 0..8 {
        let who = (format!("name-{at}"), "wrong".to_owned());
        assert_eq!(send(from(profile(&server, &who), "192.0.2.4")).await.status, 401);
    }
    let next = ("name-8".to_owned(), "wrong".to_owned());
    assert_refused(&send(from(profile(&server, &next), "192.0.2.4")).await, "address_failure");
    assert_counted(&server, "address_failure").await;
    assert_eq!(send(from(profile(&server, &next), "192.0.2.5")).await.status, 401);
}

async fn of_many_guesses_at_once_no_more_are_answered_than_the_limit_allows(kind: Kind) {
    let server = server(kind, &[("login_failure", "5/h burst 5")]).await;
    let guesses = (0..40).map(|at| {
        let who = ("somebody".to_owned(), format!("guess-{at}"));
        tokio::spawn(send(from(profile(&server, &who), "192.0.2.1")))
    });
    let mut statuses = BTreeMap::new();
    for guess in guesses.collect::<Vec<_>>() {
        *statuses.entry(guess.await.unwrap().status.as_u16()).or_insert(0) += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(401, 5), (429, 35)]));
}

async fn reads_changes_and_addresses_are_limited_in_each_process(kind: Kind) {
    let rates =
        [("own_token", "3/h burst 3"), ("caller", "6/h burst 6"), ("change", "3/h burst 3")];
    let server = server(kind, &rates).await;
    let client = server.client("register", &[], &[]);
    let bearer = server.token(&client, "register").await;
    let (ada, bob) = (
        server.new_user(&bearer, "srv", "ada").await,
        server.new_user(&bearer, "srv", "bob").await,
    );
    let introspect = || {
        let request = server.request(Method::POST, "/api/oauth/introspect");
        request.basic_auth(&client.id, Some(&client.secret)).form(&[("token", &bearer)])
    };
    for _ in 0..3 {
        let answer = send(introspect()).await;
        assert_eq!(answer.json()["active"], true, "{}", answer.text);
    }
    assert_refused(&send(introspect()).await, "own_token");
    let change = |who: &(String, String)| {
        let request = server.request(Method::PATCH, "/api/users");
        request.basic_auth(&who.0, Some(&who.1)).json(&json!({ "user": { "city": "Rome" } }))
    };
    for _ in 0..3 {
        assert_eq!(send(change(&ada)).await.status, 200);
    }
    assert_refused(&send(change(&ada)).await, "change");
    let read = send(profile(&server, &ada)).await;
    assert_eq!((read.status.as_u16(), read.header("ratelimit").is_empty()), (200, false));
    assert_eq!(send(profile(&server, &ada)).await.status, 200);
    assert_refused(&send(profile(&server, &ada)).await, "caller");
    assert_eq!(send(change(&bob)).await.status, 200);
    assert_counted(&server, "caller").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_its_share_before_anything_is_looked_up() {
    let server = server(Kind::Sqlite, &[("address", "3/h burst 3")]).await;
    let read = |address: &str| send(from(server.request(Method::GET, "/api/users"), address));
    for _ in 0..3 {
        assert_eq!(read("192.0.2.1").await.status, 401);
    }
    assert_refused(&read("192.0.2.1").await, "address");
    // The refusal is not lost behind a body that nobody wants.
    let long = server.request(Method::POST, "/api/users").body("x".repeat(900_000));
    assert_refused(&send(from(long, "192.0.2.1")).await, "address");
    let form = server.request(Method::POST, "/api/oauth/token").form(&[("grant_type", "x")]);
    assert_refused(&send(from(form, "192.0.2.1, 127.0.0.9")).await, "address");
    assert_eq!(read("192.0.2.2").await.status, 401);
    // Neither what cannot be read nor one's own word in front is a way around.
    for _ in 0..3 {
        assert_eq!(read("rubbish").await.status, 401);
    }
    assert_refused(&read("::1::").await, "address");
    assert_refused(&read("198.51.100.7, 192.0.2.1").await, "address");
    assert_eq!(server.get("/docs/errors").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_trusted_proxy_is_not_believed() {
    let settings = [("DOORSTEP_LIMITS__SCALE", "1"), ("DOORSTEP_RATES__ADDRESS", "3/h burst 3")];
    let server = Server::start_with(Kind::Sqlite, &settings).await;
    let mut last = 0;
    for at in 0..4 {
        let request = server.request(Method::GET, "/api/users");
        last = send(from(request, &format!("192.0.2.{at}"))).await.status.as_u16();
    }
    assert_eq!(last, 429);
    assert_eq!(server.log().matches("server.trusted_proxies").count(), 1);
}

async fn a_limit_gives_way_when_it_said_it_would(kind: Kind) {
    let server =
        server(kind, &[("token", "4/2s burst 2"), ("login_failure", "2/2s burst 2")]).await;
    let client = server.client("register", &[], &[]);
    let wrong = ("nobody".to_owned(), "wrong".to_owned());
    for request in [&|| token(&server, &client), &|| profile(&server, &wrong)]
        as [&dyn Fn() -> RequestBuilder; 2]
    {
        let at_once: Vec<_> = (0..30).map(|_| tokio::spawn(send(request()))).collect();
        let mut first = 0;
        for answer in at_once {
            let status = answer.await.unwrap().status.as_u16();
            first = if status == 429 { first } else { status };
        }
        // Asked when nobody else is about to take what is left: no answer is a reservation.
        let refused = send(request()).await;
        assert_eq!(refused.status, 429, "thirty at once are too many");
        let wait = refused.header("retry-after").parse().unwrap();
        tokio::time::sleep(Duration::from_secs(wait)).await;
        assert_eq!(send(request()).await.status.as_u16(), first);
    }
}

async fn of_many_at_once_exactly_the_quota_gets_through(kind: Kind) {
    let server = server(kind, &[("signup", "10/h burst 10"), ("signup_server", "off")]).await;
    let client = server.client("register", &[], &[]);
    let bearer = server.token(&client, "register").await;
    let requests: Vec<_> = (0..60)
        .map(|at| {
            let request = server.request(Method::POST, "/api/users").bearer_auth(&bearer);
            tokio::spawn(send(request.json(&person("srv", &format!("u{at}")))))
        })
        .collect();
    let mut statuses = BTreeMap::new();
    for request in requests {
        *statuses.entry(request.await.unwrap().status.as_u16()).or_insert(0) += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(201, 10), (429, 50)]));
    assert_eq!(server.database.count("SELECT COUNT(*) FROM identities").await, 10);
}

async fn two_servers_hold_one_limit(kind: Kind) {
    let server = server(kind, &[("token", "40/h burst 40")]).await;
    let client = server.client("register", &[], &[]);
    let replica = server.replica();
    let requests: Vec<_> = (0..120)
        .map(|at| {
            let path = "/api/oauth/token";
            let request = if at % 2 == 0 {
                server.request(Method::POST, path)
            } else {
                replica.request(Method::POST, path)
            };
            let request = request.basic_auth(&client.id, Some(&client.secret));
            tokio::spawn(send(request.form(&[("grant_type", "client_credentials")])))
        })
        .collect();
    let mut passed = 0;
    for request in requests {
        let answer = request.await.unwrap();
        match answer.status.as_u16() {
            200 => passed += 1,
            _ => assert_refused(&answer, "token"),
        }
    }
    assert_eq!(passed, 40);
}

on_both!(
    tokens_are_limited_by_client,
    accounts_are_limited_by_client_day_and_server,
    accounts_by_sign_up_tokens_are_limited_by_address,
    failed_client_authentication_is_limited_by_client_and_address,
    failed_logins_throttle_the_pair_and_never_lock_the_account,
    of_many_guesses_at_once_no_more_are_answered_than_the_limit_allows,
    reads_changes_and_addresses_are_limited_in_each_process,
    a_limit_gives_way_when_it_said_it_would,
    of_many_at_once_exactly_the_quota_gets_through,
    two_servers_hold_one_limit,
);

on_replicas!(
    of_many_at_once_exactly_the_quota_gets_through,
    of_many_guesses_at_once_no_more_are_answered_than_the_limit_allows
);

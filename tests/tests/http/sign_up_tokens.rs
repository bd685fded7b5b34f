//! Sign-up tokens: for one person, for one use, from one page.

use std::sync::Arc;

use doorstep_tests::{Answer, Kind, OAuthClient, Server, on_both, on_replicas, send};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

const KEY: &str = "a-key-for-the-filled-form";
const ORIGIN: &str = "https://panel.example:2083";

async fn server_and_client(kind: Kind) -> (Server, OAuthClient) {
    let server = Server::start(kind).await;
    let client =
        server.client("public register", &["srv.example"], &[ORIGIN, "https://other.example"]);
    (server, client)
}

fn details(username: &str) -> Value {
    json!({
        "type": "user_registration",
        "provider_server": "https://SRV.example:2083",
        "provider_username": username,
        "origins": [ORIGIN],
    })
}

async fn token(server: &Server, client: &OAuthClient, details: &Value) -> String {
    let answer = server.mint(client, details).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

fn sign_up(server: &Server, token: &str, body: &Value) -> RequestBuilder {
    server
        .request(Method::POST, "/api/users")
        .bearer_auth(token)
        .header("origin", ORIGIN)
        .header("idempotency-key", KEY)
        .json(body)
}

fn names() -> Value {
    json!({ "user": { "fname": "Ada", "lname": "Lovelace" } })
}

async fn a_token_says_for_whom_it_is(kind: Kind) {
    let (server, client) = server_and_client(kind).await;
    let mut asked = details("Bob");
    asked["provider"] = "plesk".into();
    asked["locked"] = json!({ "email": "bob@host.example" });
    asked["prefill"] = json!({ "fname": "Bob", "c_sftp_pass": true });
    let minted = server.mint(&client, &asked).await;
    assert_eq!(minted.status, 200, "{}", minted.text);
    let body = minted.json();
    assert_eq!((&body["expires_in"], &body["scope"]), (&300.into(), &"register".into()));
    assert_eq!(body["authorization_details"][0]["provider_username"], "Bob");
    let token = body["access_token"].as_str().unwrap();
    assert!(token.starts_with("sgn_"));

    let session = server.request(Method::GET, "/api/widget/session").bearer_auth(token);
    let session = send(session.header("origin", ORIGIN)).await;
    assert_eq!(session.header("access-control-allow-origin"), ORIGIN);
    let session = session.json();
    assert_eq!(session["provider"], "plesk");
    assert_eq!(session["provider_server"], "https://SRV.example:2083");
    assert_eq!((&session["prefill"], &session["locked"]), (&asked["prefill"], &asked["locked"]));
    assert!(session["expires_in"].as_i64().is_some_and(|left| (290..=300).contains(&left)));

    let answer = send(sign_up(&server, token, &names())).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let user = &answer.json()["user"];
    assert_eq!(user["email"], "bob@host.example");
    assert_eq!(user["labels"], json!({ "plesk": { "https://SRV.example:2083": "Bob" } }));
    assert!(user["api"]["password"].is_string());
}

async fn a_token_is_for_one_use_and_its_retry(kind: Kind) {
    let (server, client) = server_and_client(kind).await;
    let used = token(&server, &client, &details("bob")).await;
    let first = send(sign_up(&server, &used, &names())).await;
    assert_eq!(first.status, 201, "{}", first.text);
    // The retry gets its answer, after the token expired too.
    for sql in ["UPDATE tokens SET uses_left = 0", "UPDATE tokens SET expires_at = 1"] {
        server.database.execute(sql).await;
        let again = send(sign_up(&server, &used, &names())).await;
        assert_eq!((again.status.as_u16(), &again.text), (201, &first.text), "{sql}");
    }
    // Another key is another use.
    let other = sign_up(&server, &used, &names()).header("idempotency-key", "x");
    assert_eq!(send(other).await.status, 400, "two keys");
    let other = server
        .request(Method::POST, "/api/users")
        .bearer_auth(&used)
        .header("idempotency-key", "another-key-altogether")
        .json(&names());
    assert_eq!(send(other).await.refusal(), (401, "invalid_token".to_owned()));
    // A new token for the same person: the name is taken, and no more is said.
    let second = token(&server, &client, &details("BOB")).await;
    let request = server
        .request(Method::POST, "/api/users")
        .bearer_auth(&second)
        .header("idempotency-key", "another-key-altogether")
        .json(&names());
    let taken = send(request).await;
    assert_eq!(taken.refusal(), (409, "already-registered".to_owned()));
    assert_eq!(taken.json()["user"], Value::Null);
    // The same form with the new token, as after a reload of the page.
    let reloaded = send(sign_up(&server, &second, &names())).await;
    assert_eq!((reloaded.status.as_u16(), &reloaded.text), (201, &first.text));
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 1);
}

async fn a_body_cannot_say_otherwise(kind: Kind) {
    let (server, client) = server_and_client(kind).await;
    let mut asked = details("bob");
    asked["locked"] = json!({ "email": "bob@host.example" });
    let token = token(&server, &client, &asked).await;
    let mismatch = (403, "authorization_details_mismatch".to_owned());
    for (name, value) in [
        ("provider_username", "eve"),
        ("provider_server", "other.example"),
        ("provider", "whmcs"),
        ("email", "eve@host.example"),
    ] {
        let mut body = names();
        body["user"][name] = value.into();
        let answer = send(sign_up(&server, &token, &body)).await;
        assert_eq!(answer.refusal(), mismatch, "{name}");
        assert!(answer.text.contains(name), "{}", answer.text);
    }
    // Other spellings of the same are the same.
    let mut body = names();
    body["user"]["provider_username"] = "BOB".into();
    body["user"]["email"] = "bob@host.example".into();
    body["provider_server"] = "srv.example".into();
    assert_eq!(send(sign_up(&server, &token, &body)).await.status, 201);
}

async fn mistakes_do_not_use_a_token_up_and_ten_end_it(kind: Kind) {
    let (server, client) = server_and_client(kind).await;
    let patient = token(&server, &client, &details("bob")).await;
    let faulty = json!({ "user": { "fname": "Ada" } });
    for _ in 0..9 {
        assert_eq!(send(sign_up(&server, &patient, &faulty)).await.status, 422);
    }
    assert_eq!(send(sign_up(&server, &patient, &names())).await.status, 201);
    let guessed = token(&server, &client, &details("eve")).await;
    for _ in 0..10 {
        assert_eq!(send(sign_up(&server, &guessed, &faulty)).await.status, 422);
    }
    let over = send(sign_up(&server, &guessed, &names())).await;
    assert_eq!(over.refusal(), (401, "invalid_token".to_owned()));
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 1);
}

async fn a_key_is_required_and_other_pages_are_refused(kind: Kind) {
    let (server, client) = server_and_client(kind).await;
    let token = token(&server, &client, &details("bob")).await;
    let keyless = server.request(Method::POST, "/api/users").bearer_auth(&token).json(&names());
    let keyless = send(keyless).await;
    assert_eq!(keyless.refusal(), (400, "invalid_request".to_owned()));
    assert!(keyless.text.contains("Idempotency-Key"));
    // An origin of the client's that this token does not name, and a stranger's.
    for origin in ["https://other.example", "https://evil.example", "null"] {
        for path in ["/api/users", "/api/widget/session"] {
            let method = if path == "/api/users" { Method::POST } else { Method::GET };
            let request = server.request(method, path).bearer_auth(&token);
            let request = request.header("origin", origin).header("idempotency-key", KEY);
            let answer = send(request.json(&names())).await;
            assert_eq!(answer.refusal(), (403, "origin_not_allowed".to_owned()), "{origin} {path}");
        }
    }
    let plain = server.token(&client, "register").await;
    let session = server.request(Method::GET, "/api/widget/session").bearer_auth(&plain);
    assert_eq!(send(session).await.refusal(), (403, "sign_up_token_needed".to_owned()));
}

async fn details_that_cannot_be_granted_are_refused(kind: Kind) {
    let (server, client) = server_and_client(kind).await;
    let with = |name: &str, value: Value| {
        let mut details = details("bob");
        details[name] = value;
        details
    };
    for (details, why) in [
        (with("type", json!("other")), "type"),
        (with("jkt", json!("x")), "jkt"),
        (with("provider_server", json!("not-mine.example")), "not assigned"),
        (with("provider_username", json!("a b")), "provider_username"),
        (with("origins", json!(["https://evil.example"])), "https://evil.example"),
        (with("locked", json!({ "is_admin": true })), "is_admin"),
        (with("locations", json!(["https://evil.example/api/users"])), "locations"),
        (with("prefill", json!({ "x": "y".repeat(9_000) })), "8192"),
    ] {
        let answer = server.mint(&client, &details).await;
        let error = answer.json();
        assert_eq!(answer.status, 400, "{details}");
        assert_eq!(error["error"], "invalid_authorization_details", "{details}");
        assert!(error["error_description"].as_str().unwrap().contains(why), "{}", answer.text);
    }
    let own = with("locations", json!([format!("{}/api/users", server.url)]));
    assert_eq!(server.mint(&client, &own).await.status, 200);
    // As JSON, where the list may stand as a list.
    let as_json = server
        .request(Method::POST, "/api/oauth/token")
        .basic_auth(&client.id, Some(&client.secret))
        .json(&json!({ "grant_type": "client_credentials", "scope": "register", "authorization_details": [details("x")] }));
    assert!(send(as_json).await.json()["access_token"].as_str().unwrap().starts_with("sgn_"));
    let too_much = server
        .request(Method::POST, "/api/oauth/token")
        .basic_auth(&client.id, Some(&client.secret))
        .json(&json!({ "grant_type": "client_credentials", "scope": "public register", "authorization_details": [details("x")] }));
    assert_eq!(send(too_much).await.json()["error"], "invalid_scope");
}

async fn the_tokens_spelling_is_the_one_that_is_kept(kind: Kind) {
    let (server, client) = server_and_client(kind).await;
    let token = token(&server, &client, &details("Bob")).await;
    let mut body = names();
    body["provider_server"] = "HTTPS://sRv.example:2083/?from=the-page".into();
    body["provider_username"] = "bOB".into();
    let answer = send(sign_up(&server, &token, &body)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let labels = answer.json()["user"]["labels"]["cpanel"].clone();
    assert_eq!(labels, json!({ "https://SRV.example:2083": "Bob" }));
}

async fn an_expired_token_opens_no_session_even_if_it_was_used(kind: Kind) {
    let (server, client) = server_and_client(kind).await;
    let token = token(&server, &client, &details("bob")).await;
    assert_eq!(send(sign_up(&server, &token, &names())).await.status, 201);
    let session = || {
        let request = server.request(Method::GET, "/api/widget/session").bearer_auth(&token);
        send(request.header("origin", ORIGIN))
    };
    assert_eq!(session().await.status, 200);
    server.database.execute("UPDATE tokens SET expires_at = 1").await;
    assert_eq!(session().await.refusal(), (401, "invalid_token".to_owned()));
}

/// T-070, T-071: a page cannot find out which addresses have an account.
async fn a_page_does_not_learn_whether_an_address_is_taken(kind: Kind) {
    let (server, client) = server_and_client(kind).await;
    let mut answers = Vec::new();
    for username in ["first", "other"] {
        let token = token(&server, &client, &details(username)).await;
        let mut body = names();
        body["user"]["email"] = "Ada@Example.com".into();
        let request = server
            .request(Method::POST, "/api/users")
            .bearer_auth(&token)
            .header("origin", ORIGIN)
            .header("idempotency-key", format!("the-key-of-{username}"))
            .json(&body);
        answers.push(send(request).await);
    }
    let headers = |answer: &Answer| {
        let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    let keys = |answer: &Answer| -> Vec<String> {
        answer.json()["user"].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(answers[0].status, answers[1].status);
    assert_eq!(headers(&answers[0]), headers(&answers[1]));
    assert_eq!(keys(&answers[0]), keys(&answers[1]));
    assert_eq!(answers[0].text.len(), answers[1].text.len());
    assert_eq!(answers[1].json()["user"]["email"], "Ada@Example.com");
    let made_up = "SELECT COUNT(*) FROM users WHERE email_generated";
    assert_eq!(server.database.count(made_up).await, 1);
}

async fn of_fifty_uses_at_once_one_wins(kind: Kind) {
    let (server, client) = server_and_client(kind).await;
    let server = Arc::new(server);
    for round in 0..20 {
        let token = token(&server, &client, &details(&format!("u{round}"))).await;
        let attempts: Vec<_> = (0..50)
            .map(|at| {
                let request = server
                    .request(Method::POST, "/api/users")
                    .bearer_auth(&token)
                    .header("idempotency-key", format!("key-of-attempt-{round}-{at}"))
                    .json(&names());
                tokio::spawn(send(request))
            })
            .collect();
        let mut created = 0;
        for attempt in attempts {
            let answer = attempt.await.unwrap();
            match answer.status.as_u16() {
                201 => created += 1,
                401 => {}
                409 => assert_eq!(answer.refusal().1, "request-in-progress"),
                _ => panic!("{}", answer.text),
            }
        }
        assert_eq!(created, 1, "round {round}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 20);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM credentials").await, 20);
}

on_both!(
    a_token_says_for_whom_it_is,
    a_token_is_for_one_use_and_its_retry,
    a_body_cannot_say_otherwise,
    mistakes_do_not_use_a_token_up_and_ten_end_it,
    a_key_is_required_and_other_pages_are_refused,
    details_that_cannot_be_granted_are_refused,
    the_tokens_spelling_is_the_one_that_is_kept,
    an_expired_token_opens_no_session_even_if_it_was_used,
    a_page_does_not_learn_whether_an_address_is_taken,
    of_fifty_uses_at_once_one_wins,
);

on_replicas!(of_fifty_uses_at_once_one_wins);

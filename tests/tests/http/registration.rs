//! Registration that is switched off is off on every route (T-053), and on no other.

use doorstep_tests::{Kind, OAuthClient, Server, on_both, person, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::publishable::{GRANT, ON, ORIGIN, ask, exchange, publishable_for, solve};

/// The routes that register, as (what, status, code).
async fn every_route(
    server: &Server,
    client: &OAuthClient,
    (plain, bound): (&str, &str),
    (page, altcha): (&str, &str),
) -> Vec<(&'static str, u16, String)> {
    let mut said = Vec::new();
    let mut note = |what, answer: doorstep_tests::Answer| {
        let body = answer.json();
        let code = [&body["code"], &body["error"]].into_iter().find_map(Value::as_str);
        said.push((what, answer.status.as_u16(), code.unwrap_or_default().to_owned()));
    };
    let bare = json!({ "user": { "fname": "Ada", "lname": "Lovelace" } });
    let users = || server.request(Method::POST, "/api/users");
    note("plain", send(users().bearer_auth(plain).json(&person("srv.example", "new"))).await);
    let keyed = users().bearer_auth(bound).header("idempotency-key", "a-key-of-this-attempt");
    note("sign-up token", send(keyed.json(&bare)).await);
    let session = server.request(Method::GET, "/api/widget/session").bearer_auth(bound);
    note("session", send(session).await);
    let token = |details: Option<Value>| {
        let mut form =
            vec![("grant_type", "client_credentials".to_owned()), ("scope", "register".to_owned())];
        form.extend(details.map(|details| ("authorization_details", json!([details]).to_string())));
        let request = server.request(Method::POST, "/api/oauth/token");
        send(request.basic_auth(&client.id, Some(&client.secret)).form(&form))
    };
    note("token", token(None).await);
    let details = json!({
        "type": "user_registration", "provider_server": "srv.example", "provider_username": "x",
    });
    note("bound token", token(Some(details)).await);
    note("challenge", send(ask(server, page, ORIGIN)).await);
    note("widget token", send(exchange(server, page, altcha, "x")).await);
    let form = [
        ("grant_type", GRANT),
        ("client_id", page),
        ("altcha", altcha),
        ("provider_username", "x"),
    ];
    let request = server.request(Method::POST, "/api/oauth/token").header("origin", ORIGIN);
    note("widget grant", send(request.form(&form)).await);
    said
}

async fn bound_token(server: &Server, client: &OAuthClient) -> String {
    let details = json!([{
        "type": "user_registration", "provider_server": "srv.example", "provider_username": "bob",
    }]);
    let request = server
        .request(Method::POST, "/api/oauth/token")
        .basic_auth(&client.id, Some(&client.secret))
        .form(&[
            ("grant_type", "client_credentials"),
            ("scope", "register"),
            ("authorization_details", &details.to_string()),
        ]);
    send(request).await.json()["access_token"].as_str().unwrap().to_owned()
}

async fn switched_off_it_is_refused_on_every_route(kind: Kind) {
    let mut server = Server::start_with(kind, ON).await;
    let client = server.client("public register", &["srv.example"], &[ORIGIN]);
    let page = publishable_for(&server, "srv.example", ORIGIN);
    let plain = server.token(&client, "register").await;
    let (username, password) = server.new_user(&plain, "srv.example", "ada").await;
    let bound = bound_token(&server, &client).await;
    let altcha = solve(&server, &page).await;

    let check = async |server: &Server, refused: &[&str]| {
        for (what, status, code) in
            every_route(server, &client, (&plain, &bound), (&page, &altcha)).await
        {
            if refused.is_empty() || refused.contains(&what) {
                assert_eq!((status, code.as_str()), (403, "registration_disabled"), "{what}");
            }
        }
        assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 1);
        let own = server.request(Method::GET, "/api/users").basic_auth(&username, Some(&password));
        assert_eq!(send(own).await.status, 200, "those who have an account notice nothing");
        let public = server.token(&client, "public").await;
        assert!(public.starts_with("reg_"), "nor do tokens for something else");
    };
    // For the server: what does not name one is not refused yet.
    let close = |subject: &[&str]| {
        server.cli(&[&["registration", "close"], subject].concat(), "").unwrap();
    };
    let open = |subject: &[&str]| {
        server.cli(&[&["registration", "open"], subject].concat(), "").unwrap();
    };
    close(&["--server", "https://SRV.example:2083/"]);
    let named = [
        "plain",
        "sign-up token",
        "session",
        "bound token",
        "challenge",
        "widget token",
        "widget grant",
    ];
    check(&server, &named).await;
    open(&["--server", "srv.example"]);

    close(&["--client", &client.id]);
    check(&server, &["plain", "sign-up token", "session", "token", "bound token"]).await;
    // The other client's pages go on.
    assert_eq!(send(ask(&server, &page, ORIGIN)).await.status, 200);
    open(&["--client", &client.id]);
    close(&["--client", &page]);
    let disabled = (403, "registration_disabled".to_owned());
    assert_eq!(send(ask(&server, &page, ORIGIN)).await.refusal(), disabled);
    assert_eq!(send(exchange(&server, &page, &altcha, "x")).await.refusal(), disabled);
    open(&["--client", &page]);

    server.kill();
    server.set("DOORSTEP_ACCOUNTS__REGISTRATION", "false");
    server.restart();
    check(&server, &[]).await;
    server.kill();
    server.set("DOORSTEP_ACCOUNTS__REGISTRATION", "true");
    server.restart();
    assert_eq!(server.sign_up(&plain, &person("srv.example", "new")).await.status, 201);
    for wrong in [&["--client", "cli_none"][..], &["--server", "a b"], &[]] {
        assert!(server.cli(&[&["registration", "close"], wrong].concat(), "").is_err());
    }
}

async fn an_answer_that_was_owed_is_still_given(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    let sign_up = || {
        let request = server.request(Method::POST, "/api/users").bearer_auth(&token);
        let request = request.header("idempotency-key", "a-key-for-the-filled-form");
        send(request.json(&person("srv.example", "bob")))
    };
    let first = sign_up().await;
    server.cli(&["registration", "close", "--client", &client.id], "").unwrap();
    let again = sign_up().await;
    assert_eq!((again.status.as_u16(), &again.text), (201, &first.text));
}

on_both!(switched_off_it_is_refused_on_every_route, an_answer_that_was_owed_is_still_given);

//! API credentials: listed, named, rotated, revoked, expired; by their owner, by
//! administrators, and by the client that registered the user.

use std::sync::Arc;

use doorstep_tests::{Answer, Kind, OAuthClient, Server, on_both, send};
use reqwest::Method;
use serde_json::{Value, json};

const OWN: &str = "/api/users/api_credentials";

/// A username and a password.
type Login = (String, String);

async fn call(server: &Server, login: &Login, method: Method, path: &str, body: Value) -> Answer {
    let request = server.request(method, path).basic_auth(&login.0, Some(&login.1));
    send(if body.is_null() { request } else { request.json(&body) }).await
}

async fn opens(server: &Server, login: &Login) -> bool {
    call(server, login, Method::GET, "/api/users", Value::Null).await.status == 200
}

fn login(answer: &Answer) -> Login {
    let credential = &answer.json()["api_credential"];
    let text = |name: &str| credential[name].as_str().unwrap_or_default().to_owned();
    (text("username"), text("password"))
}

fn number(answer: &Answer) -> i64 {
    answer.json()["api_credential"]["id"].as_i64().unwrap()
}

async fn user(server: &Server) -> (OAuthClient, Login) {
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    (client, server.new_user(&token, "srv.example", "ada").await)
}

fn admin(server: &Server) -> Login {
    let arguments = ["admin", "create", "--email", "root@host.example", "--password-stdin"];
    let created = server.cli(&arguments, "a-long-enough-password").unwrap();
    let text = |name: &str| created["api"][name].as_str().unwrap().to_owned();
    (text("username"), text("password"))
}

async fn owners_manage_their_credentials(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, ada) = user(&server).await;
    let listed = call(&server, &ada, Method::GET, OWN, Value::Null).await;
    assert_eq!(listed.status, 200, "{}", listed.text);
    let first = listed.json()["api_credentials"][0].clone();
    assert_eq!(first["name"], "generated-on-signup");
    assert_eq!(first["status"], "active");
    assert!(first["last_used_at"].is_string(), "it was used for this very call: {first}");
    assert!(!listed.text.contains("password"));

    let body = json!({ "api_credential": { "name": "Backup job" } });
    let added = call(&server, &ada, Method::POST, OWN, body).await;
    assert_eq!(added.status, 201, "{}", added.text);
    let (second, path) = (login(&added), format!("{OWN}/{}", number(&added)));
    assert!(opens(&server, &second).await && opens(&server, &ada).await);

    let named = json!({ "name": "Nightly backup", "expires_at": "2100-01-01T00:00:00Z" });
    let changed = call(&server, &ada, Method::PATCH, &path, named).await.json();
    assert_eq!(changed["api_credential"]["name"], "Nightly backup");
    assert_eq!(changed["api_credential"]["expires_at"], "2100-01-01T00:00:00.000Z");
    let unsaid = call(&server, &ada, Method::PATCH, &path, json!({})).await.json();
    assert_eq!(unsaid["api_credential"]["name"], "Nightly backup");

    // A token of the old password ends with it.
    let client = OAuthClient { id: second.0.clone(), secret: second.1.clone() };
    let token = server.token(&client, "profile_read").await;
    let by_token = || send(server.request(Method::GET, "/api/users").bearer_auth(&token));
    assert_eq!(by_token().await.status, 200);
    let rotated =
        call(&server, &second, Method::POST, &format!("{path}/rotate"), Value::Null).await;
    assert_eq!(rotated.status, 200, "{}", rotated.text);
    let fresh = login(&rotated);
    assert_eq!(fresh.0, second.0);
    assert!(opens(&server, &fresh).await);
    assert!(!opens(&server, &second).await, "the old password");
    assert_eq!(by_token().await.status, 401);

    assert_eq!(call(&server, &ada, Method::DELETE, &path, Value::Null).await.status, 204);
    assert_eq!(call(&server, &ada, Method::DELETE, &path, Value::Null).await.status, 204);
    assert!(!opens(&server, &fresh).await);
    let revoked = call(&server, &ada, Method::POST, &format!("{path}/rotate"), Value::Null).await;
    assert_eq!(revoked.refusal(), (409, "credential_revoked".to_owned()));
    let shown = call(&server, &ada, Method::GET, &path, Value::Null).await.json();
    assert_eq!(shown["api_credential"]["status"], "revoked");
    for wrong in ["1", "x", "-1", "99999999999999999999"] {
        let missing =
            call(&server, &ada, Method::GET, &format!("{OWN}/{wrong}"), Value::Null).await;
        assert_eq!(missing.refusal(), (404, "not_found".to_owned()), "{wrong}");
    }
    assert!(!server.log().contains(&fresh.1) && !server.log().contains(&second.1));
}

async fn an_expired_credential_opens_nothing(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, ada) = user(&server).await;
    let past = json!({ "api_credential": { "expires_at": "2020-01-01T00:00:00Z" } });
    let refused = call(&server, &ada, Method::POST, OWN, past).await;
    assert_eq!(refused.refusal(), (422, "validation_failed".to_owned()));
    assert_eq!(
        refused.json()["faults"][0]["pointer"],
        "/api_credential/expires_at",
        "{}",
        refused.text
    );
    let soon = json!({ "api_credential": { "expires_at": "2100-01-01T00:00:00Z" } });
    let added = call(&server, &ada, Method::POST, OWN, soon).await;
    let second = login(&added);
    let client = OAuthClient { id: second.0.clone(), secret: second.1.clone() };
    let token = server.token(&client, "profile_read").await;
    server.database.execute("UPDATE credentials SET expires_at = 1 WHERE expires_at > 1").await;
    assert!(!opens(&server, &second).await);
    let by_token = send(server.request(Method::GET, "/api/users").bearer_auth(&token)).await;
    assert_eq!(by_token.status, 401, "no token outlives the credential that obtained it");
    let path = format!("{OWN}/{}", number(&added));
    let shown = call(&server, &ada, Method::GET, &path, Value::Null).await;
    assert_eq!(shown.json()["api_credential"]["status"], "expired");
}

async fn a_token_manages_credentials_only_with_their_scope(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, ada) = user(&server).await;
    let client = OAuthClient { id: ada.0.clone(), secret: ada.1.clone() };
    let profile = server.token(&client, "profile_read profile_update").await;
    let add = |token: String| server.request(Method::POST, OWN).bearer_auth(token);
    let refused = send(add(profile)).await;
    assert_eq!(refused.refusal(), (403, "insufficient_scope".to_owned()));
    let write = server.token(&client, "credential_write").await;
    assert_eq!(send(add(write)).await.status, 201);
}

async fn administrators_manage_everybodys(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, ada) = user(&server).await;
    let root = admin(&server);
    let id = call(&server, &ada, Method::GET, "/api/users", Value::Null).await.json()["user"]["id"]
        .as_i64()
        .unwrap();
    let of = format!("/api/admin/users/{id}/api_credentials");
    let alias = format!("/api/users/{id}/api_credentials");
    for path in [&of, &alias] {
        let refused = call(&server, &ada, Method::POST, path, json!({})).await;
        assert_eq!(refused.refusal(), (403, "insufficient_scope".to_owned()), "{path}");
    }
    let mut added = Vec::new();
    for path in [&of, &alias] {
        let body = json!({ "api_credential": { "name": "Foo" } });
        let answer = call(&server, &root, Method::POST, path, body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert!(opens(&server, &login(&answer)).await);
        added.push(number(&answer));
    }
    assert!(opens(&server, &ada).await, "the user's own goes on working");
    let listed = call(&server, &root, Method::GET, &of, Value::Null).await.json();
    assert_eq!(listed["api_credentials"].as_array().unwrap().len(), 3);
    let one = format!("{of}/{}", added[0]);
    let renamed = call(&server, &root, Method::PATCH, &one, json!({ "name": "Bar" })).await;
    assert_eq!(renamed.json()["api_credential"]["name"], "Bar");
    let rotate = format!("{one}/rotate");
    let rotated = call(&server, &root, Method::POST, &rotate, Value::Null).await;
    assert!(opens(&server, &login(&rotated)).await);
    assert_eq!(call(&server, &root, Method::DELETE, &one, Value::Null).await.status, 204);
    assert!(!opens(&server, &login(&rotated)).await);
    let nobody = "/api/admin/users/999999/api_credentials";
    for method in [Method::GET, Method::POST] {
        let answer = call(&server, &root, method, nobody, Value::Null).await;
        assert_eq!(answer.refusal(), (404, "not_found".to_owned()));
    }
    // Who is no longer an administrator has no more than a user, by token too.
    let client = OAuthClient { id: root.0.clone(), secret: root.1.clone() };
    let token = server.token(&client, "admin_read").await;
    let by_token = || send(server.request(Method::GET, &of).bearer_auth(&token));
    assert_eq!(by_token().await.status, 200);
    server.database.execute("UPDATE users SET is_admin = (1 = 0)").await;
    assert_eq!(by_token().await.status, 403);
    assert_eq!(call(&server, &root, Method::GET, &of, Value::Null).await.status, 403);
    let no_client = server.cli(&["client", "create", "--name", "x", "--scope", "admin_write"], "");
    assert!(no_client.unwrap_err().contains("admin_write"));
}

/// T-069.
async fn the_registering_client_may_issue_anew_with_the_scope_for_it(kind: Kind) {
    let server = Server::start(kind).await;
    let (plain, ada) = user(&server).await;
    let id = call(&server, &ada, Method::GET, "/api/users", Value::Null).await.json()["user"]["id"]
        .as_i64()
        .unwrap();
    let path = format!("/api/users/{id}/api_credentials");
    let ask =
        |token: String| server.request(Method::POST, &path).bearer_auth(token).json(&json!({}));
    let register = server.token(&plain, "register").await;
    let refused = send(ask(register)).await;
    assert_eq!(refused.refusal(), (403, "insufficient_scope".to_owned()));

    let stranger = server.client("register register:reissue", &["other.example"], &[]);
    let strange = server.token(&stranger, "register:reissue").await;
    assert_eq!(send(ask(strange.clone())).await.refusal(), (404, "not_found".to_owned()));
    assert!(opens(&server, &ada).await);

    let token = server.token(&stranger, "register").await;
    let bob = server.new_user(&token, "other.example", "bob").await;
    let id = call(&server, &bob, Method::GET, "/api/users", Value::Null).await.json()["user"]["id"]
        .as_i64()
        .unwrap();
    let path = format!("/api/users/{id}/api_credentials");
    let events = "SELECT COUNT(*) FROM events WHERE kind LIKE 'credential.%'";
    let before = server.database.count(events).await;
    let request = server.request(Method::POST, &path).bearer_auth(strange);
    let anew = send(request.json(&json!({ "api_credential": { "name": "Again" } }))).await;
    assert_eq!(anew.status, 201, "{}", anew.text);
    assert!(opens(&server, &login(&anew)).await);
    assert!(!opens(&server, &bob).await, "the old one");
    assert_eq!(server.database.count(events).await, before + 2);
    let audited =
        "SELECT COUNT(*) FROM audit_log WHERE action LIKE 'credential.%' AND actor LIKE 'client:%'";
    assert_eq!(server.database.count(audited).await, 2);
}

async fn a_crowd_of_credentials_neither_fits_nor_blocks_the_way_back(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register register:reissue", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    let ada = server.new_user(&token, "srv.example", "ada").await;
    let mut last = ada.clone();
    for _ in 1..50 {
        // Each asks for the next, as somebody does who wants to stay.
        let added = call(&server, &last, Method::POST, OWN, Value::Null).await;
        assert_eq!(added.status, 201, "{}", added.text);
        last = login(&added);
    }
    let full = call(&server, &last, Method::POST, OWN, Value::Null).await;
    assert_eq!(full.refusal(), (409, "too_many_credentials".to_owned()));
    let id = call(&server, &ada, Method::GET, "/api/users", Value::Null).await.json()["user"]["id"]
        .as_i64()
        .unwrap();
    let reissue = server.token(&client, "register:reissue").await;
    let path = format!("/api/users/{id}/api_credentials");
    let request = server.request(Method::POST, &path).bearer_auth(&reissue);
    let anew = send(request.json(&json!({}))).await;
    assert_eq!(anew.status, 201, "{}", anew.text);
    assert!(opens(&server, &login(&anew)).await);
    assert!(!opens(&server, &last).await && !opens(&server, &ada).await);

    // Pages have no business here, whatever the scope; closed accounts get nothing.
    let request = server.request(Method::POST, &path).bearer_auth(&reissue);
    let page = send(request.header("sec-fetch-site", "cross-site").json(&json!({}))).await;
    assert_eq!(page.refusal(), (403, "browser_use_forbidden".to_owned()));
    server.database.execute("UPDATE users SET active = (1 = 0)").await;
    let request = server.request(Method::POST, &path).bearer_auth(&reissue);
    assert_eq!(send(request.json(&json!({}))).await.refusal(), (404, "not_found".to_owned()));
}

/// Every new credential used to bring a share of changes of its own.
async fn changes_are_counted_by_user_and_not_by_credential(kind: Kind) {
    let settings = [("DOORSTEP_LIMITS__SCALE", "1"), ("DOORSTEP_RATES__CHANGE", "10/min burst 10")];
    let server = Server::start_with(kind, &settings).await;
    let (_, ada) = user(&server).await;
    let mut last = ada;
    let mut added = 0;
    for _ in 0..20 {
        let answer = call(&server, &last, Method::POST, OWN, Value::Null).await;
        if answer.status != 201 {
            assert_eq!(answer.refusal().0, 429, "{}", answer.text);
            break;
        }
        last = login(&answer);
        added += 1;
    }
    assert!(added <= 10, "{added}");
}

async fn what_ends_gives_nothing_that_ends_later(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, ada) = user(&server).await;
    let end = json!({ "expires_at": "2090-01-01T00:00:00Z" });
    let added = call(&server, &ada, Method::POST, OWN, end).await;
    let (short, own) = (login(&added), format!("{OWN}/{}", number(&added)));
    for (method, path, later) in [
        (Method::PATCH, own.as_str(), json!({ "expires_at": null })),
        (Method::PATCH, own.as_str(), json!({ "expires_at": "2091-01-01T00:00:00Z" })),
        (Method::POST, OWN, json!({ "expires_at": "2091-01-01T00:00:00Z" })),
    ] {
        let refused = call(&server, &short, method, path, later).await;
        assert_eq!(refused.refusal(), (422, "validation_failed".to_owned()));
        assert_eq!(refused.json()["faults"][0]["code"], "too_late");
    }
    let child = call(&server, &short, Method::POST, OWN, json!({ "name": "child" })).await;
    assert_eq!(child.json()["api_credential"]["expires_at"], "2090-01-01T00:00:00.000Z");
    let sooner = json!({ "expires_at": "2089-01-01T00:00:00Z" });
    assert_eq!(call(&server, &short, Method::PATCH, &own, sooner).await.status, 200);
    let longer = json!({ "expires_at": null });
    assert_eq!(call(&server, &ada, Method::PATCH, &own, longer).await.status, 200);
}

async fn of_fifty_rotations_at_once_one_password_is_left(kind: Kind) {
    let server = Arc::new(Server::start(kind).await);
    let (_, ada) = user(&server).await;
    let added = call(&server, &ada, Method::POST, OWN, Value::Null).await;
    let path = format!("{OWN}/{}/rotate", number(&added));
    let rotations: Vec<_> = (0..50)
        .map(|_| {
            let (server, ada, path) = (Arc::clone(&server), ada.clone(), path.clone());
            tokio::spawn(async move { call(&server, &ada, Method::POST, &path, Value::Null).await })
        })
        .collect();
    let mut passwords = Vec::new();
    for rotation in rotations {
        let answer = rotation.await.unwrap();
        // A crowd that waits too long for the row is sent away, not lost.
        match answer.status.as_u16() {
            200 => passwords.push(login(&answer)),
            503 => {}
            _ => panic!("{}", answer.text),
        }
    }
    let mut live = 0;
    for password in &passwords {
        live += usize::from(opens(&server, password).await);
    }
    assert_eq!(live, 1, "of {}", passwords.len());
    // And of those issued at once no two have one number.
    let issued: Vec<_> = (0..40)
        .map(|_| {
            let (server, ada) = (Arc::clone(&server), ada.clone());
            tokio::spawn(async move { call(&server, &ada, Method::POST, OWN, Value::Null).await })
        })
        .collect();
    let mut numbers = Vec::new();
    for answer in issued {
        let answer = answer.await.unwrap();
        match answer.status.as_u16() {
            201 => numbers.push(number(&answer)),
            503 => {}
            _ => panic!("{}", answer.text),
        }
    }
    let count = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), count);
}

on_both!(
    owners_manage_their_credentials,
    an_expired_credential_opens_nothing,
    a_token_manages_credentials_only_with_their_scope,
    administrators_manage_everybodys,
    the_registering_client_may_issue_anew_with_the_scope_for_it,
    a_crowd_of_credentials_neither_fits_nor_blocks_the_way_back,
    changes_are_counted_by_user_and_not_by_credential,
    what_ends_gives_nothing_that_ends_later,
    of_fifty_rotations_at_once_one_password_is_left,
);

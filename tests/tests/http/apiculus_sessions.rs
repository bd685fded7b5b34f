//! The Apiculus API: logging in, staying in, and every way in which a session ends.

use std::sync::Arc;

use doorstep_tests::{Answer, Kind, Server, on_both, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    admin_users::{Login, USERS, admin, call},
    apiculus::{ROOT_PASSWORD, TOKEN, create, helper, log_in, ready, refusal, sample_with, token},
    limits::{from, server as limited},
};

const PASSWORD: &str = "UserSam@178";

async fn log_out(server: &Server, token: &str) -> Answer {
    send(server.request(Method::POST, "/auth/logout").header(TOKEN, token)).await
}

/// Makes a user through another door, who may administer.
async fn make(server: &Server, root: &Login, email: &str, is_admin: bool) -> i64 {
    let user = json!({
        "fname": "A", "lname": "B", "email": email, "is_admin": is_admin,
        "password": PASSWORD, "password_confirmation": PASSWORD, "currency": "EUR",
    });
    let made = call(server, root, Method::POST, USERS, json!({ "user": user })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["user"]["id"].as_i64().unwrap()
}

fn unauthenticated() -> (u16, String) {
    (401, "UNAUTHENTICATED".to_owned())
}

async fn a_login_says_who_somebody_is(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, root) = admin(&server, "Root@Host.example");
    make(&server, &root, "ada@mail.example", false).await;
    let first = log_in(&server, " root@host.EXAMPLE ", ROOT_PASSWORD).await;
    let body = first.json();
    assert_eq!((first.status.as_u16(), &body["httpStatus"]), (200, &json!(200)));
    assert_eq!(body["success"], true);
    let result = &body["result"];
    assert!(result["token"].as_str().unwrap().starts_with("ses_"));
    assert_eq!((&result["account_type"], &result["onboarded"]), (&json!(11), &json!(true)));
    assert_eq!((&result["currency"], &result["paymentCurrency"]), (&json!("USD"), &json!("USD")));
    let before = result["last_logged_in"].as_str().unwrap().to_owned();
    let again = log_in(&server, "root@host.example", ROOT_PASSWORD).await.json();
    assert_ne!(again["result"]["token"], result["token"], "each login is a session of its own");
    assert!(again["result"]["last_logged_in"].as_str().unwrap() >= before.as_str());
    let ada = log_in(&server, "ada@mail.example", PASSWORD).await.json();
    assert_eq!(
        (&ada["result"]["account_type"], &ada["result"]["currency"]),
        (&json!(1), &json!("EUR"))
    );
    assert_eq!(server.database.count("SELECT COUNT(*) FROM sessions").await, 3);
    let audited = "SELECT COUNT(*) FROM audit_log WHERE action = 'session.open'";
    assert_eq!(server.database.count(audited).await, 3);

    // A person whom a panel signed up is a retail account once there is a password.
    let client = server.client("register", &[], &[]);
    let register = server.token(&client, "register").await;
    server.new_user(&register, "srv.example", "bob").await;
    let listed = call(&server, &root, Method::GET, USERS, Value::Null).await.json();
    let bob = listed["users"].as_array().unwrap().last().unwrap().clone();
    let email = bob["email"].as_str().unwrap();
    assert_eq!(refusal(&log_in(&server, email, PASSWORD).await).0, 401, "no password, no login");
    let password = json!({ "password": PASSWORD, "password_confirmation": PASSWORD });
    let path = format!("{USERS}/{}", bob["id"]);
    let changed = call(&server, &root, Method::PATCH, &path, json!({ "user": password })).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let retail = log_in(&server, email, PASSWORD).await.json();
    assert_eq!(retail["result"]["account_type"], 0);
}

async fn a_refused_login_says_nothing_of_anybody(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, root) = admin(&server, "root@host.example");
    make(&server, &root, "ada@mail.example", false).await;
    let suspended = make(&server, &root, "sue@mail.example", false).await;
    let erased = make(&server, &root, "eve@mail.example", false).await;
    let path = format!("{USERS}/{suspended}/suspension");
    assert_eq!(call(&server, &root, Method::POST, &path, Value::Null).await.status, 202);
    let path = format!("{USERS}/{erased}");
    let gone = call(&server, &root, Method::DELETE, &path, Value::Null).await;
    assert!(gone.status.is_success());
    let mut said = Vec::new();
    for (email, password) in [
        ("ada@mail.example", "UserSam@179"),
        ("nobody@mail.example", PASSWORD),
        ("sue@mail.example", PASSWORD),
        ("eve@mail.example", PASSWORD),
        ("ada@mail.example\u{0}", PASSWORD),
        ("ada", PASSWORD),
        ("ada@mail.example", " UserSam@178"),
    ] {
        let refused = log_in(&server, email, password).await;
        assert_eq!(refusal(&refused), (401, "INVALID_CREDENTIAL".to_owned()), "{email}");
        said.push(refused.json()["error"].clone());
    }
    said.dedup();
    assert_eq!(said.len(), 1);
    for (body, fields) in [
        (json!({}), json!(["email:REQUIRED", "password:REQUIRED"])),
        (json!({ "email": "", "password": null }), json!(["email:REQUIRED", "password:REQUIRED"])),
        (json!({ "email": 7, "password": [] }), json!(["email:WRONG_TYPE", "password:WRONG_TYPE"])),
        (json!({ "email": "a@b.example" }), json!(["password:REQUIRED"])),
    ] {
        let refused = send(server.request(Method::POST, "/auth/login").json(&body)).await;
        assert_eq!(refusal(&refused), (400, "VALIDATION_FAILED".to_owned()));
        let faults = refused.json()["error"]["fields"].as_array().unwrap().clone();
        let text = |fault: &Value, name: &str| fault[name].as_str().unwrap().to_owned();
        let faults: Vec<_> =
            faults.iter().map(|it| format!("{}:{}", text(it, "field"), text(it, "code"))).collect();
        assert_eq!(json!(faults), fields);
    }
    for body in ["", "[]", "{", r#"{"email":"a","email":"b","password":"c"}"#] {
        let request = server.request(Method::POST, "/auth/login");
        let request = request.header("content-type", "application/json").body(body);
        assert_eq!(refusal(&send(request).await), (400, "BAD_JSON".to_owned()), "{body}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM sessions").await, 0);
}

async fn only_administrators_may_make_users(kind: Kind) {
    let (server, root) = ready(kind).await;
    let made = create(&server, &root, &sample_with(&json!({}))).await;
    assert_eq!(made.status, 200, "{}", made.text);
    // With the address and the password that the administrator chose.
    let own = token(&server, "usersample@gmail.com", PASSWORD).await;
    let body = sample_with(&json!({ "email": "other@gmail.com" }));
    let refused = create(&server, &own, &body).await;
    assert_eq!(refusal(&refused), (403, "FORBIDDEN".to_owned()));
    assert_eq!(refusal(&helper(&server, &own).await), (403, "FORBIDDEN".to_owned()));
    assert_eq!(log_out(&server, &own).await.status, 200);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 2);
}

async fn a_session_ends_with_whatever_should_end_it(kind: Kind) {
    let (server, other) = ready(kind).await;
    let (_, root) = admin(&server, "second@host.example");
    let id = make(&server, &root, "ada@mail.example", true).await;
    let path = format!("{USERS}/{id}");
    let change = async |method: Method, path: &str, body: Value| {
        let answer = call(&server, &root, method, path, body).await;
        assert!(answer.status.is_success(), "{}", answer.text);
    };
    let open = async || {
        let ada = token(&server, "ada@mail.example", PASSWORD).await;
        assert_eq!(helper(&server, &ada).await.status, 200);
        ada
    };
    let ended = async |ada: &str, how: &str| {
        assert_eq!(refusal(&helper(&server, ada).await), unauthenticated(), "{how}");
        assert_eq!(helper(&server, &other).await.status, 200, "{how}: somebody else's");
    };

    let (ada, second) = (open().await, open().await);
    let out = log_out(&server, &ada).await;
    assert_eq!((out.status.as_u16(), &out.json()["success"]), (200, &json!(true)));
    ended(&ada, "logged out").await;
    assert_eq!(helper(&server, &second).await.status, 200, "the other one of the same user");
    assert_eq!(refusal(&log_out(&server, &ada).await), unauthenticated());

    let suspension = format!("{path}/suspension");
    change(Method::POST, &suspension, Value::Null).await;
    ended(&second, "suspended").await;
    change(Method::DELETE, &suspension, Value::Null).await;
    ended(&second, "suspended, and no longer").await;

    let ada = open().await;
    let active = |active: bool| json!({ "user": { "active": active } });
    change(Method::PATCH, &path, active(false)).await;
    change(Method::PATCH, &path, active(true)).await;
    ended(&ada, "switched off and on").await;

    let ada = open().await;
    change(Method::PATCH, &path, json!({ "user": { "city": "Rome" } })).await;
    assert_eq!(helper(&server, &ada).await.status, 200, "another change");
    let password = json!({ "password": PASSWORD, "password_confirmation": PASSWORD });
    change(Method::PATCH, &path, json!({ "user": password })).await;
    ended(&ada, "a new password").await;

    let ada = open().await;
    change(Method::PATCH, &path, json!({ "user": { "is_admin": false } })).await;
    assert_eq!(refusal(&helper(&server, &ada).await), (403, "FORBIDDEN".to_owned()));
    change(Method::PATCH, &path, json!({ "user": { "is_admin": true } })).await;
    assert_eq!(helper(&server, &ada).await.status, 200);

    server.cli(&["token", "revoke", "--user", &id.to_string()], "").unwrap();
    ended(&ada, "ended by the operator").await;
    let ada = open().await;
    assert_eq!(server.cli(&["token", "revoke", "--token-stdin"], &ada).unwrap()["revoked"], 1);
    ended(&ada, "ended by the operator, alone").await;
    assert!(server.cli(&["token", "revoke", "--token-stdin"], &ada).is_err());

    let ada = open().await;
    let late = "UPDATE sessions SET expires_at = 1
        WHERE user_id = (SELECT id FROM users WHERE email_key = 'ada@mail.example')";
    server.database.execute(late).await;
    ended(&ada, "expired").await;

    let ada = open().await;
    let export = server.cli(&["user", "export", &id.to_string()], "").unwrap();
    assert!(export.to_string().contains("\"sessions\""), "{export}");
    change(Method::DELETE, &path, Value::Null).await;
    ended(&ada, "erased").await;
    let erased = "SELECT COUNT(*) FROM users u WHERE erased_at IS NOT NULL
        AND (EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = u.id)
          OR EXISTS (SELECT 1 FROM logins l WHERE l.user_id = u.id))";
    assert_eq!(server.database.count(erased).await, 0);
}

/// Whoever has a token of the usual kind can use it here as well, and ends it by
/// logging out.
async fn an_access_token_is_no_less_than_a_session(kind: Kind) {
    let (server, _) = ready(kind).await;
    let (_, (name, secret)) = admin(&server, "second@host.example");
    let credential = doorstep_tests::OAuthClient { id: name, secret };
    let access = server.token(&credential, "admin_read admin_write profile_read").await;
    assert_eq!(helper(&server, &access).await.status, 200);
    assert_eq!(log_out(&server, &access).await.status, 200);
    assert_eq!(refusal(&helper(&server, &access).await), unauthenticated());
    let usual = server.request(Method::GET, USERS).bearer_auth(&access);
    assert_eq!(send(usual).await.status, 401);
}

async fn guesses_are_throttled_and_lock_nobody_out(kind: Kind) {
    let server = limited(kind, &[("login_failure", "5/h burst 5")]).await;
    let (_, root) = admin(&server, "root@host.example");
    make(&server, &root, "ada@mail.example", false).await;
    let attempt = async |email: &str, password: &str, address: &str| {
        let body = json!({ "email": email, "password": password });
        send(from(server.request(Method::POST, "/auth/login"), address).json(&body)).await
    };
    let thief = "192.0.2.66";
    for _ in 0..5 {
        let wrong = attempt("ada@mail.example", "wrong-password", thief).await;
        assert_eq!(refusal(&wrong).0, 401);
    }
    for password in ["wrong-password", PASSWORD] {
        let limited = attempt("ada@mail.example", password, thief).await;
        assert_eq!(refusal(&limited), (429, "RATE_LIMITED".to_owned()));
        assert!(limited.header("retry-after").parse::<u64>().unwrap() >= 1);
        assert!(limited.header("ratelimit").contains("\"login_failure\";r=0"));
    }
    // The spelling of the address makes no other account of it.
    let other_case = attempt("ADA@mail.example", PASSWORD, thief).await;
    assert_eq!(refusal(&other_case).0, 429);
    // The person comes in from anywhere else, and others from there.
    assert_eq!(attempt("ada@mail.example", PASSWORD, "192.0.2.7").await.status, 200);
    assert_eq!(attempt("root@host.example", ROOT_PASSWORD, thief).await.status, 200);
}

/// Of many guesses at once only as many are told that they were wrong as the limit
/// allows; and successful logins are held to the share of what a user may change.
async fn many_logins_at_once_are_held_to_the_limits(kind: Kind) {
    let rates = [("login_failure", "5/h burst 5"), ("change", "10/h burst 10")];
    let server = Arc::new(limited(kind, &rates).await);
    let (_, root) = admin(&server, "root@host.example");
    make(&server, &root, "ada@mail.example", false).await;
    let all = async |email: &'static str, password: &'static str| {
        let attempts: Vec<_> = (0..50)
            .map(|_| {
                let server = Arc::clone(&server);
                tokio::spawn(async move { log_in(&server, email, password).await.status.as_u16() })
            })
            .collect();
        let mut statuses = Vec::new();
        for attempt in attempts {
            statuses.push(attempt.await.unwrap());
        }
        statuses
    };
    let wrong = all("ada@mail.example", "wrong-password").await;
    let told = wrong.iter().filter(|status| **status == 401).count();
    assert!(told <= 5 && wrong.iter().all(|it| matches!(it, 401 | 429 | 503)), "{wrong:?}");
    let right = all("root@host.example", ROOT_PASSWORD).await;
    let opened = right.iter().filter(|status| **status == 200).count();
    assert!((1..=10).contains(&opened), "{right:?}");
    assert!(right.iter().all(|it| matches!(it, 200 | 429 | 503)), "{right:?}");
    let sessions = server.database.count("SELECT COUNT(*) FROM sessions").await;
    assert_eq!(sessions, i64::try_from(opened).unwrap());
}

async fn fifty_logouts_at_once_are_one(kind: Kind) {
    let (server, root) = ready(kind).await;
    let server = Arc::new(server);
    let attempts: Vec<_> = (0..50)
        .map(|_| {
            let (server, root) = (Arc::clone(&server), root.clone());
            tokio::spawn(async move { log_out(&server, &root).await.status.as_u16() })
        })
        .collect();
    let mut ended = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            200 => ended += 1,
            401 | 503 => {}
            status => panic!("{status}"),
        }
    }
    assert!(ended >= 1);
    let audited = "SELECT COUNT(*) FROM audit_log WHERE action = 'session.close'";
    assert_eq!(server.database.count(audited).await, 1);
}

/// Whoever changes the password while somebody logs in with the old one ends that
/// session too, or the login is refused.
async fn no_session_outlives_the_password_that_opened_it(kind: Kind) {
    let (server, _) = ready(kind).await;
    let (_, root) = admin(&server, "second@host.example");
    let id = make(&server, &root, "ada@mail.example", true).await;
    let server = Arc::new(server);
    let path = format!("{USERS}/{id}");
    for round in 0..10 {
        let old = if round == 0 { PASSWORD.to_owned() } else { format!("UserSam@{round}") };
        let new = format!("UserSam@{}", round + 1);
        let logins: Vec<_> = (0..5)
            .map(|_| {
                let (server, old) = (Arc::clone(&server), old.clone());
                tokio::spawn(async move { log_in(&server, "ada@mail.example", &old).await })
            })
            .collect();
        let password = json!({ "user": { "password": new, "password_confirmation": new } });
        let changed = call(&server, &root, Method::PATCH, &path, password).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        for login in logins {
            let login = login.await.unwrap();
            if login.status == 200 {
                let token = login.json()["result"]["token"].as_str().unwrap().to_owned();
                assert_eq!(refusal(&helper(&server, &token).await), unauthenticated());
            }
        }
    }
}

on_both!(
    a_login_says_who_somebody_is,
    a_refused_login_says_nothing_of_anybody,
    only_administrators_may_make_users,
    a_session_ends_with_whatever_should_end_it,
    an_access_token_is_no_less_than_a_session,
    guesses_are_throttled_and_lock_nobody_out,
    many_logins_at_once_are_held_to_the_limits,
    fifty_logouts_at_once_are_one,
    no_session_outlives_the_password_that_opened_it,
);

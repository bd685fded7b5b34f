//! Users through the administrators' API: made, found, changed, suspended, erased.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorstep_tests::{Answer, Kind, Server, on_both, person, send};
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) const USERS: &str = "/api/admin/users";

/// A username and a password.
pub(crate) type Login = (String, String);

pub(crate) fn login(credential: &Value) -> Login {
    let text = |name: &str| credential[name].as_str().unwrap_or_default().to_owned();
    (text("username"), text("password"))
}

pub(crate) fn admin(server: &Server, email: &str) -> (i64, Login) {
    let arguments = ["admin", "create", "--email", email, "--password-stdin"];
    let created = server.cli(&arguments, "a-long-enough-password").unwrap();
    (created["id"].as_i64().unwrap(), login(&created["api"]))
}

pub(crate) async fn call(
    server: &Server,
    login: &Login,
    method: Method,
    path: &str,
    body: Value,
) -> Answer {
    let request = server.request(method, path).basic_auth(&login.0, Some(&login.1));
    send(if body.is_null() { request } else { request.json(&body) }).await
}

async fn get(server: &Server, login: &Login, path: &str) -> Answer {
    call(server, login, Method::GET, path, Value::Null).await
}

async fn make(server: &Server, root: &Login, email: &str) -> i64 {
    let body = json!({ "user": { "fname": "Ada", "lname": "L", "email": email } });
    let made = call(server, root, Method::POST, USERS, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["user"]["id"].as_i64().unwrap()
}

/// The sample of the seed "API Only", filled in as its comments say.
async fn the_documented_request_gets_the_documented_user(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, root) = admin(&server, "root@host.example");
    let sample = json!({
        "user": {
            "skip_email_confirm": true,
            "external_id": "crm-7",
            "fname": "Ada",
            "lname": "Lovelace",
            "email": "ada@mail.example",
            "password": "changeme!",
            "password_confirmation": "changeme!",
            "address1": "12 St James's Square",
            "address2": "",
            "city": "London",
            "state": "England",
            "zip": "SW1Y 4LB",
            "country": "GB",
            "phone": "+44 20 7946 0958",
            "user_group_id": "",
            "merge_labels": [{ "key": "value" }],
            "active": true,
            "currency": "EUR",
            "bypass_billing": true,
            "company_name": "Analytical Engines",
            "locale": "de",
        }
    });
    let made = call(&server, &root, Method::POST, USERS, sample).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let mut user = made.json()["user"].clone();
    let id = user["id"].as_i64().unwrap();
    assert!(id > 0);
    assert_eq!(made.header("location"), format!("{USERS}/{id}"));
    for at in ["confirmed_at", "created_at", "updated_at"] {
        assert!(user[at].as_str().is_some_and(|at| at.ends_with('Z')), "{at}: {user}");
        user.as_object_mut().unwrap().remove(at);
    }
    let golden = json!({
        "id": id,
        "external_id": "crm-7",
        "fname": "Ada",
        "lname": "Lovelace",
        "email": "ada@mail.example",
        "address1": "12 St James's Square",
        "address2": null,
        "city": "London",
        "state": "England",
        "zip": "SW1Y 4LB",
        "country": "GB",
        "phone": "+44 20 7946 0958",
        "company_name": "Analytical Engines",
        "vat": null,
        "locale": "de",
        "currency": "EUR",
        "currency_symbol": "€",
        "active": true,
        "is_admin": false,
        "bypass_billing": true,
        "c_sftp_pass": false,
        "user_group_id": 1,
        "user_group": { "id": 1 },
        "labels": { "key": "value" },
        "email_confirmation": null,
    });
    assert_eq!(user, golden);
    assert!(made.json().get("ignored").is_none(), "{}", made.text);

    // The credential that the seed's next step gets is the user's.
    let path = format!("/api/users/{id}/api_credentials");
    let name = json!({ "api_credential": { "name": "" } });
    let issued = call(&server, &root, Method::POST, &path, name).await;
    let ada = login(&issued.json()["api_credential"]);
    let own = get(&server, &ada, "/api/users").await.json();
    assert_eq!(own["user"]["email"], "ada@mail.example");

    let database = &server.database;
    let hashed =
        "SELECT COUNT(*) FROM users WHERE password LIKE '$argon2id$%' AND email LIKE 'ada%'";
    assert_eq!(database.count(hashed).await, 1);
    assert!(!server.log().contains("changeme!"));
    let told =
        "SELECT COUNT(*) FROM events WHERE kind = 'user.created' AND payload NOT LIKE '%changeme%'";
    assert_eq!(database.count(told).await, 1);
    let audited =
        "SELECT COUNT(*) FROM audit_log WHERE action = 'user.create' AND details NOT LIKE '%ada%'";
    assert_eq!(database.count(audited).await, 1);
}

async fn faults_name_their_fields_all_at_once(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, root) = admin(&server, "root@host.example");
    let faults = async |user: Value| -> Vec<(String, String)> {
        let answer = call(&server, &root, Method::POST, USERS, json!({ "user": user })).await;
        assert_eq!(answer.refusal(), (422, "validation_failed".to_owned()), "{}", answer.text);
        let body = answer.json();
        assert_eq!(
            body["errors"].as_array().unwrap().len(),
            body["faults"].as_array().unwrap().len()
        );
        let text = |fault: &Value, name: &str| fault[name].as_str().unwrap().to_owned();
        let faults = body["faults"].as_array().unwrap().iter();
        faults.map(|fault| (text(fault, "field"), text(fault, "code"))).collect()
    };
    let pair = |field: &str, code: &str| (field.to_owned(), code.to_owned());
    assert_eq!(
        faults(json!({})).await,
        [pair("fname", "required"), pair("lname", "required"), pair("email", "required")]
    );
    let unconfirmed =
        json!({ "fname": "A", "lname": "B", "email": "a@b.example", "password": "long-enough" });
    assert_eq!(faults(unconfirmed).await, [pair("password_confirmation", "confirmation")]);

    let ada =
        json!({ "fname": "A", "lname": "B", "email": "Ada@mail.example", "external_id": "x" });
    let made = call(&server, &root, Method::POST, USERS, json!({ "user": ada.clone() })).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["user"]["confirmed_at"], Value::Null, "nobody confirmed it");
    assert_eq!(faults(ada).await, [pair("email", "taken"), pair("external_id", "taken")]);
    let other_case = json!({ "fname": "A", "lname": "B", "email": "ADA@mail.example" });
    assert_eq!(faults(other_case).await, [pair("email", "taken")]);
    let other_mail =
        json!({ "fname": "A", "lname": "B", "email": "b@mail.example", "external_id": "x" });
    assert_eq!(faults(other_mail).await, [pair("external_id", "taken")]);
    // Blank is no external id, however many have none.
    for email in ["c@mail.example", "d@mail.example"] {
        let body = json!({ "fname": "A", "lname": "B", "email": email, "external_id": "" });
        assert_eq!(call(&server, &root, Method::POST, USERS, body).await.status, 201);
    }
}

async fn users_are_found_and_listed(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, root) = admin(&server, "root@host.example");
    let whmcs = |client: i64, service: i64| json!({ "whmcs": { "client_id": client, "service_id": service } });
    let body = json!({ "user": {
        "fname": "Ada", "lname": "L", "email": "ad?a@mail.example", "external_id": "crm/7",
        "merge_labels": whmcs(33, 44), "user_group_id": 3,
    } });
    let made = call(&server, &root, Method::POST, USERS, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let user = made.json()["user"].clone();
    // T15: kept as they were sent, though sign-ups may not set them.
    assert_eq!(user["labels"], whmcs(33, 44));
    let id = user["id"].as_i64().unwrap();
    let email = STANDARD.encode("AD?A@mail.example").replace('/', "%2F");
    for path in [
        format!("{id}"),
        format!("{email}?find_by_email=true"),
        "crm%2F7?find_by_external_id=true".to_owned(),
        "44?find_by_label=whmcs_service_id".to_owned(),
        "33?find_by_label=whmcs_client_id".to_owned(),
    ] {
        let found = get(&server, &root, &format!("{USERS}/{path}")).await;
        assert_eq!(found.status, 200, "{path}: {}", found.text);
        assert_eq!(found.json()["user"], user, "{path}");
    }
    assert_eq!(user["user_group"]["id"], 3);
    for path in [
        "999999",
        "x",
        "crm?find_by_external_id=true",
        "!?find_by_email=true",
        "33?find_by_label=whmcs_service_id",
        "%00?find_by_external_id=true",
        "a%00?find_by_label=whmcs_service_id",
    ] {
        let missing = get(&server, &root, &format!("{USERS}/{path}")).await;
        assert_eq!(missing.refusal(), (404, "not_found".to_owned()), "{path}");
    }
    // Only reserved labels: another one could be anybody's own.
    let own = get(&server, &root, &format!("{USERS}/1?find_by_label=mine_id")).await;
    assert_eq!(own.status, 422);

    for number in 0..4 {
        make(&server, &root, &format!("more{number}@mail.example")).await;
    }
    let page = get(&server, &root, &format!("{USERS}?page=2&per_page=2")).await;
    assert_eq!(page.json()["users"].as_array().unwrap().len(), 2);
    assert_eq!((page.header("per-page"), page.header("total")), ("2", "6"));
    let links = page.header("link");
    for rel in [
        "1&per_page=2>; rel=\"first\"",
        "1&per_page=2>; rel=\"prev\"",
        "3&per_page=2>; rel=\"next\"",
        "3&per_page=2>; rel=\"last\"",
    ] {
        assert!(links.contains(&format!("{USERS}?page={rel}")), "{links}");
    }
    let all = get(&server, &root, USERS).await.json();
    assert_eq!(all["users"].as_array().unwrap().len(), 6);
    assert!(all["users"][0].get("unprocessed_usage").is_none());
    let balance = get(&server, &root, &format!("{USERS}?include=balance")).await.json();
    assert_eq!(balance["users"][0]["unprocessed_usage"], 0.0);
    let beyond = get(&server, &root, &format!("{USERS}?page=9")).await;
    assert_eq!((beyond.status.as_u16(), beyond.json()["users"].clone()), (200, json!([])));
    for bad in ["page=0", "page=x", "per_page=101", "page=-1"] {
        let refused = get(&server, &root, &format!("{USERS}?{bad}")).await;
        assert_eq!(refused.refusal(), (400, "invalid_request".to_owned()), "{bad}");
    }
}

async fn users_are_changed(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, root) = admin(&server, "root@host.example");
    let id = make(&server, &root, "ada@mail.example").await;
    make(&server, &root, "taken@mail.example").await;
    let path = format!("{USERS}/{id}");
    let change = async |method: Method, user: Value| {
        call(&server, &root, method, &path, json!({ "user": user })).await
    };
    // T16.
    for labels in [json!({ "whmcs": { "client_id": 1 } }), json!([{ "b": true }])] {
        let changed = change(Method::PATCH, json!({ "merge_labels": labels })).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
    }
    let labels = get(&server, &root, &path).await.json()["user"]["labels"].clone();
    assert_eq!(labels, json!({ "whmcs": { "client_id": 1 }, "b": true }));
    let found = get(&server, &root, &format!("{USERS}/1?find_by_label=whmcs_client_id")).await;
    assert_eq!(found.json()["user"]["id"], id);

    let confirmed =
        change(Method::PUT, json!({ "skip_email_confirm": true, "city": "Rome", "vat": "IT1" }))
            .await;
    assert!(confirmed.json()["user"]["confirmed_at"].is_string());
    let moved =
        change(Method::PATCH, json!({ "email": "ada@new.example", "city": "" })).await.json();
    assert_eq!(moved["user"]["confirmed_at"], Value::Null, "it was another address");
    assert_eq!((&moved["user"]["city"], &moved["user"]["vat"]), (&Value::Null, &json!("IT1")));
    assert_eq!(moved["user"]["fname"], "Ada", "what is not sent stays");

    let taken = change(Method::PATCH, json!({ "email": "TAKEN@mail.example" })).await;
    assert_eq!(taken.status, 422);
    assert_eq!(taken.json()["faults"][0]["field"], "email");
    let flat = call(&server, &root, Method::PATCH, &path, json!({ "active": false })).await;
    assert_eq!(flat.json()["user"]["active"], false);
    let suspended = "SELECT COUNT(*) FROM events WHERE kind = 'user.suspended'";
    assert_eq!(server.database.count(suspended).await, 1);
    let nobody = call(&server, &root, Method::PATCH, &format!("{USERS}/999999"), json!({})).await;
    assert_eq!(nobody.status, 404);
}

async fn a_suspended_user_is_stopped_at_once(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, root) = admin(&server, "root@host.example");
    let id = make(&server, &root, "ada@mail.example").await;
    let credentials = format!("{USERS}/{id}/api_credentials");
    let body = json!({ "name": "Foo" });
    let issued = call(&server, &root, Method::POST, &credentials, body).await.json();
    let number = issued["api_credential"]["id"].as_i64().unwrap();
    let ada = login(&issued["api_credential"]);
    let client = doorstep_tests::OAuthClient { id: ada.0.clone(), secret: ada.1.clone() };
    let token = server.token(&client, "profile_read").await;
    let opens = async || {
        let by_token = send(server.request(Method::GET, "/api/users").bearer_auth(&token)).await;
        (get(&server, &ada, "/api/users").await.status.as_u16(), by_token.status.as_u16())
    };
    assert_eq!(opens().await, (200, 200));
    // T18.
    let suspension = format!("{USERS}/{id}/suspension");
    for (method, active, expected) in
        [(Method::POST, false, (401, 401)), (Method::DELETE, true, (200, 200))]
    {
        for _ in 0..2 {
            let answer = call(&server, &root, method.clone(), &suspension, Value::Null).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (202, json!({})));
        }
        let shown = get(&server, &root, &format!("{USERS}/{id}")).await;
        assert_eq!(shown.json()["user"]["active"], active);
        assert_eq!(opens().await, expected);
    }
    let events = "SELECT COUNT(*) FROM events WHERE kind IN ('user.suspended', 'user.unsuspended')";
    assert_eq!(server.database.count(events).await, 2);
    // T17.
    let credential = format!("{credentials}/{number}");
    let gone = call(&server, &root, Method::DELETE, &credential, Value::Null).await;
    assert_eq!(gone.status, 204);
    assert_eq!(opens().await, (401, 401));
}

/// T-137.
async fn erasing_leaves_the_name_taken_and_nothing_else(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, root) = admin(&server, "root@host.example");
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    let mut body = person("srv.example", "Zerlina");
    body["user"]["fname"] = "Zerlina".into();
    body["user"]["email"] = "zerlina@mail.example".into();
    let request = server.request(Method::POST, "/api/users").bearer_auth(&token);
    let signed_up =
        send(request.header("idempotency-key", "a-key-of-some-length").json(&body)).await;
    assert_eq!(signed_up.status, 201, "{}", signed_up.text);
    let zerlina = login(&signed_up.json()["user"]["api"]);
    let id = signed_up.json()["user"]["id"].as_i64().unwrap();
    let path = format!("{USERS}/{id}");
    let labels =
        json!({ "external_id": "crm-z", "merge_labels": { "whmcs": { "name": "zerlina" } } });
    assert_eq!(call(&server, &root, Method::PATCH, &path, labels).await.status, 200);
    assert_eq!(get(&server, &zerlina, "/api/users").await.status, 200);

    let erased = call(&server, &root, Method::DELETE, &path, Value::Null).await;
    assert_eq!(erased.status, 204, "{}", erased.text);
    for gone in [
        call(&server, &root, Method::DELETE, &path, Value::Null).await,
        get(&server, &root, &path).await,
        get(&server, &root, &format!("{path}/api_credentials")).await,
        call(&server, &root, Method::PATCH, &path, json!({ "active": true })).await,
        call(&server, &root, Method::DELETE, &format!("{path}/suspension"), Value::Null).await,
    ] {
        assert_eq!(gone.refusal(), (404, "not_found".to_owned()));
    }
    assert_eq!(get(&server, &zerlina, "/api/users").await.status, 401);
    assert_eq!(get(&server, &root, USERS).await.header("total"), "1");

    let database = &server.database;
    for (table, query) in [
        (
            "users",
            "SELECT COUNT(*) FROM users WHERE LOWER(email || profile || labels || COALESCE(external_id, '')) LIKE '%zerlina%' OR external_id IS NOT NULL",
        ),
        (
            "identities",
            "SELECT COUNT(*) FROM identities WHERE username LIKE '%Z%' AND username <> LOWER(username)",
        ),
        (
            "credentials",
            "SELECT COUNT(*) FROM credentials WHERE user_id NOT IN (SELECT id FROM users WHERE is_admin)",
        ),
        ("events", "SELECT COUNT(*) FROM events WHERE LOWER(payload) LIKE '%zerlina%'"),
        ("replays", "SELECT COUNT(*) FROM idempotency"),
        ("labels", "SELECT COUNT(*) FROM user_label_index"),
        (
            "audit",
            "SELECT COUNT(*) FROM audit_log WHERE LOWER(details || subject || actor) LIKE '%zerlina%'",
        ),
    ] {
        assert_eq!(database.count(query).await, 0, "{table}");
    }
    assert_eq!(database.count("SELECT COUNT(*) FROM events WHERE kind = 'user.deleted'").await, 1);
    assert_eq!(
        database.count("SELECT COUNT(*) FROM audit_log WHERE action = 'user.erase'").await,
        1
    );
    server.cli(&["audit", "verify"], "").unwrap();

    let again = server.sign_up(&token, &body).await;
    assert_eq!(again.refusal(), (409, "already-registered".to_owned()), "the name stays taken");
    // The address does not: it is known no more.
    make(&server, &root, "zerlina@mail.example").await;
}

on_both!(
    the_documented_request_gets_the_documented_user,
    faults_name_their_fields_all_at_once,
    users_are_found_and_listed,
    users_are_changed,
    a_suspended_user_is_stopped_at_once,
    erasing_leaves_the_name_taken_and_nothing_else,
);

//! Users of customers by the Everlytic API: made, found, changed, deleted.

use doorstep_tests::{Answer, Kind, Server, on_both, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::admin_users::{Login, admin, call};

pub(crate) const USERS: &str = "/api/2.0/users";
pub(crate) const CUSTOMERS: &str = "/api/2.0/customers";

async fn get(server: &Server, login: &Login, path: &str) -> Answer {
    call(server, login, Method::GET, path, Value::Null).await
}

/// The number of a new customer.
pub(crate) async fn new_customer(server: &Server, root: &Login) -> i64 {
    let body = json!({ "name": "Analytical Engines", "email": "office@engines.example" });
    let made = call(server, root, Method::POST, CUSTOMERS, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["item"]["id"].as_i64().unwrap()
}

fn user(name: &str, customer: i64) -> Value {
    let email = format!("{name}@mail.example");
    json!({ "name": name, "email": email, "username": email, "customer_id": customer })
}

async fn make(server: &Server, root: &Login, body: Value) -> Value {
    let made = call(server, root, Method::POST, USERS, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["item"].clone()
}

/// The status and the faults of a refusal.
fn faults(answer: &Answer) -> (u16, Value) {
    let error = &answer.json()["error"];
    assert_eq!(error["code"], answer.status.as_u16(), "{}", answer.text);
    assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{}", answer.text);
    assert_eq!(answer.json()["links"][0]["rel"], "home");
    assert_eq!(answer.header("content-type"), "application/json");
    (answer.status.as_u16(), error["fields"].clone())
}

async fn a_user_is_the_same_at_every_door(kind: Kind) {
    let server = Server::start(kind).await;
    let (root_id, root) = admin(&server, "root@host.example");
    let customer = new_customer(&server, &root).await;
    let ada = make(&server, &root, user("ada", customer)).await;
    let id = ada["id"].as_i64().unwrap();
    assert_eq!(ada["can_customer_admin"], "yes");
    let bob = make(&server, &root, user("bob", customer)).await;
    assert_eq!(bob["can_customer_admin"], "no", "only the first manages the others");

    // Everybody's doors show them, and a change there makes another hash here.
    let path = format!("/api/admin/users/{id}");
    let shown = get(&server, &root, &path).await.json();
    assert_eq!((&shown["user"]["fname"], &shown["user"]["lname"]), (&json!("ada"), &Value::Null));
    let change = json!({ "user": { "fname": "Ada", "lname": "Lovelace" } });
    assert_eq!(call(&server, &root, Method::PATCH, &path, change).await.status, 200);
    let own = format!("{USERS}/{id}");
    let read = get(&server, &root, &own).await.json()["item"].clone();
    assert_eq!(read["name"], "Ada Lovelace");
    assert_ne!(read["hash"], ada["hash"]);
    let stale = json!({ "hash": ada["hash"], "name": "A. L." });
    let refused = call(&server, &root, Method::PUT, &own, stale).await;
    assert_eq!(faults(&refused), (409, Value::Null));
    assert_eq!(refused.json()["error"]["reason"], "stale_hash");
    let fresh =
        json!({ "$properties": { "hash": read["hash"], "name": "A. L.", "language": "de" } });
    let changed = call(&server, &root, Method::PUT, &own, fresh).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let item = changed.json()["item"].clone();
    assert_eq!((&item["name"], &item["language"]), (&json!("A. L."), &json!("de")));
    assert_eq!(get(&server, &root, &own).await.json()["item"], item);
    let shown = get(&server, &root, &path).await.json();
    assert_eq!(
        (&shown["user"]["fname"], &shown["user"]["locale"]),
        (&json!("A. L."), &json!("de"))
    );

    // An API credential is issued as to everybody, and opens the user's own account.
    let path = format!("/api/users/{id}/api_credentials");
    let name = json!({ "api_credential": { "name": "first" } });
    let issued = call(&server, &root, Method::POST, &path, name).await.json();
    let login = crate::admin_users::login(&issued["api_credential"]);
    assert_eq!(get(&server, &login, "/api/users").await.json()["user"]["fname"], "A. L.");
    // It is nobody's who may manage users.
    assert_eq!(faults(&get(&server, &login, USERS).await).0, 403);

    // Who is no customer's is not known here.
    for (method, body) in [
        (Method::GET, Value::Null),
        (Method::PUT, json!({ "hash": "x" })),
        (Method::DELETE, Value::Null),
    ] {
        let path = format!("{USERS}/{root_id}");
        assert_eq!(faults(&call(&server, &root, method, &path, body).await).0, 404);
    }
    // Deleted is erased, and the name is free again.
    assert_eq!(call(&server, &root, Method::DELETE, &own, Value::Null).await.status, 200);
    assert_eq!(faults(&get(&server, &root, &own).await).0, 404);
    let again = make(&server, &root, user("ada", customer)).await;
    assert_ne!(again["id"], id);
    assert_eq!(again["can_customer_admin"], "no");
    let database = &server.database;
    let told = "SELECT COUNT(*) FROM events WHERE kind = 'user.created'";
    assert_eq!(database.count(told).await, 3);
    let audited = "SELECT COUNT(*) FROM audit_log
                   WHERE action IN ('customer.create', 'user.create', 'user.update', 'user.erase')
                     AND details NOT LIKE '%ada%' AND details NOT LIKE '%engines%'";
    assert_eq!(database.count(audited).await, 7);
}

async fn everything_wrong_is_said_at_once(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, root) = admin(&server, "root@host.example");
    let customer = new_customer(&server, &root).await;
    let post = async |body: Value| call(&server, &root, Method::POST, USERS, body).await;
    let wrong =
        json!({ "email": "x", "username": "a:b", "customer_id": 0, "can_customer_admin": 1 });
    let expected = json!({
        "name": ["required"], "email": ["invalid_email"], "username": ["invalid"],
        "customer_id": ["invalid"], "can_customer_admin": ["invalid"],
    });
    assert_eq!(faults(&post(wrong).await), (400, expected));
    for unknown in [customer + 1, i64::MAX] {
        assert_eq!(faults(&post(user("ada", unknown)).await), (404, Value::Null));
    }
    make(&server, &root, user("ada", customer)).await;
    let both = json!({ "username": ["taken"], "email": ["taken"] });
    let refused = post(json!({
        "name": "x", "email": "ADA@mail.example", "username": "Ada@MAIL.example",
        "customer_id": customer.to_string(),
    }))
    .await;
    assert_eq!(faults(&refused), (409, both));
    let told = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(told, "A user with this email and this username already exists.");

    // What is not a request at all, and what never reaches a handler.
    let request = |media: &str, body: &str| {
        let request = server.request(Method::POST, USERS).basic_auth(&root.0, Some(&root.1));
        request.header("content-type", media).body(body.to_owned())
    };
    for (media, body, status) in [
        ("application/json", "[]", 400),
        ("application/json", "{", 400),
        ("application/json", r#"{"$properties":7}"#, 400),
        ("text/plain", "{}", 415),
    ] {
        assert_eq!(faults(&send(request(media, body)).await).0, status, "{media}: {body}");
    }
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(70_000));
    assert_eq!(faults(&send(request("application/json", &long)).await).0, 413);
    let patched = call(&server, &root, Method::PATCH, USERS, json!({})).await;
    assert_eq!((faults(&patched).0, patched.header("allow")), (405, "GET, POST"));
    assert_eq!(faults(&get(&server, &root, "/api/2.0/contacts").await).0, 404);
    let nobody = send(server.request(Method::GET, USERS)).await;
    assert_eq!(faults(&nobody).0, 401);
    assert_eq!(nobody.header("www-authenticate"), "Basic realm=\"api\"");

    // Forms are read as well, and a password is nothing that this API takes.
    let form = format!(
        "name=Bob+B&email=bob%40mail.example&username=bob&customer_id={customer}&password=hunter22"
    );
    let made = send(request("application/x-www-form-urlencoded", &form)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["ignored"], json!(["/password"]));
    assert_eq!(made.json()["item"]["name"], "Bob B");
    assert!(made.header("location").ends_with(&format!("{USERS}/{}", made.json()["item"]["id"])));
    let without = "SELECT COUNT(*) FROM users WHERE email LIKE 'bob%' AND password IS NULL";
    assert_eq!(server.database.count(without).await, 1);
}

async fn customers_are_managed(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, root) = admin(&server, "root@host.example");
    let made = call(
        &server,
        &root,
        Method::POST,
        CUSTOMERS,
        json!({ "name": "Engines", "email": "e@engines.example", "unique_id": "crm-1",
                "country": "GB", "sms_quota": 7 }),
    )
    .await;
    let item = made.json()["item"].clone();
    assert_eq!(
        item,
        json!({
            "id": item["id"], "hash": item["hash"], "enterprise_id": 1, "name": "Engines",
            "email": "e@engines.example", "status": "on", "deleted": "no", "unique_id": "crm-1",
            "country": "GB", "sms_quota": 7,
        })
    );
    let own = format!("{CUSTOMERS}/{}", item["id"]);
    let twice = json!({ "name": "x", "email": "x@x.example", "unique_id": "crm-1" });
    let refused = call(&server, &root, Method::POST, CUSTOMERS, twice).await;
    assert_eq!(faults(&refused), (409, json!({ "unique_id": ["taken"] })));

    let put = async |body: Value| call(&server, &root, Method::PUT, &own, body).await;
    assert_eq!(faults(&put(json!({ "name": "x" })).await), (400, json!({ "hash": ["required"] })));
    assert_eq!(faults(&put(json!({ "hash": "x", "name": "x" })).await).0, 409);
    let off = put(json!({ "hash": item["hash"], "status": "off", "sms_quota": "" })).await;
    assert_eq!(off.status, 200, "{}", off.text);
    let changed = off.json()["item"].clone();
    assert_ne!(changed["hash"], item["hash"]);
    assert_eq!((&changed["status"], &changed["sms_quota"]), (&json!("off"), &Value::Null));
    let id = item["id"].as_i64().unwrap();
    let refused = call(&server, &root, Method::POST, USERS, user("ada", id)).await;
    assert_eq!(faults(&refused).0, 404, "it gets no users while it is off");
    assert_eq!(put(json!({ "hash": changed["hash"], "status": "on" })).await.status, 200);
    make(&server, &root, user("ada", id)).await;

    let second = new_customer(&server, &root).await;
    let listed = get(&server, &root, &format!("{CUSTOMERS}?per_page=1")).await.json();
    assert_eq!(listed["collection"].as_array().unwrap().len(), 1);
    let next = listed["links"].as_array().unwrap().iter().find(|it| it["rel"] == "next").unwrap();
    let next = next["href"].as_str().unwrap().split_once("/api").unwrap().1;
    let listed = get(&server, &root, &format!("/api{next}")).await.json();
    assert_eq!(listed["collection"][0]["data"]["id"], second);
    assert!(listed["links"].as_array().unwrap().iter().all(|it| it["rel"] != "next"));
    assert_eq!(call(&server, &root, Method::DELETE, &own, Value::Null).await.status, 200);
    let listed = get(&server, &root, CUSTOMERS).await.json();
    assert_eq!(listed["collection"].as_array().unwrap().len(), 1);
    assert_eq!(get(&server, &root, &own).await.json()["item"]["deleted"], "yes");

    // Those who look before they post again.
    let found = get(&server, &root, &format!("{USERS}?username=ADA%40mail.example")).await.json();
    assert_eq!(found["collection"][0]["data"]["name"], "ada");
    for nobodys in ["username=eve", "username=%00", "customer_id=99"] {
        let found = get(&server, &root, &format!("{USERS}/?{nobodys}")).await.json();
        assert_eq!(found["collection"], json!([]), "{nobodys}");
    }
}

async fn fifty_at_once_are_one(kind: Kind) {
    let server = std::sync::Arc::new(Server::start(kind).await);
    let (_, root) = admin(&server, "root@host.example");
    let customer = new_customer(&server, &root).await;
    let at_once = async |method: Method, path: String, key: Option<&'static str>, body: Value| {
        let attempts: Vec<_> = (0..50)
            .map(|_| {
                let (server, root) = (std::sync::Arc::clone(&server), root.clone());
                let (method, path, body) = (method.clone(), path.clone(), body.clone());
                tokio::spawn(async move {
                    let request = server.request(method, &path).basic_auth(&root.0, Some(&root.1));
                    let request = match key {
                        Some(key) => request.header("idempotency-key", key),
                        None => request,
                    };
                    send(request.json(&body)).await
                })
            })
            .collect();
        let mut made = Vec::new();
        for attempt in attempts {
            let answer = attempt.await.unwrap();
            match answer.status.as_u16() {
                200 | 201 => made.push(answer.json()["item"]["id"].as_i64().unwrap()),
                409 | 503 => {}
                _ => panic!("{}", answer.text),
            }
        }
        made
    };
    // Without a key one gets it; with one, everybody who gets an answer gets the same.
    let path = USERS.to_owned();
    assert_eq!(at_once(Method::POST, path.clone(), None, user("ada", customer)).await.len(), 1);
    for (path, body) in [
        (path, user("bob", customer)),
        (CUSTOMERS.to_owned(), json!({ "name": "x", "email": "x@x.example" })),
    ] {
        let mut made = at_once(Method::POST, path, Some("one-key-for-all-of-them"), body).await;
        made.dedup();
        assert_eq!(made.len(), 1);
    }
    let counts = [
        "SELECT COUNT(*) FROM customers",
        "SELECT COUNT(*) FROM customer_users",
        "SELECT COUNT(*) FROM customer_keys",
    ];
    for (count, expected) in counts.into_iter().zip([2, 2, 1]) {
        assert_eq!(server.database.count(count).await, expected, "{count}");
    }
    // Of fifty changes that name the same hash, one is made.
    let found = get(&server, &root, &format!("{USERS}?username=bob%40mail.example")).await.json();
    let bob = &found["collection"][0]["data"];
    let (user, customer) = (format!("{USERS}/{}", bob["id"]), format!("{CUSTOMERS}/{customer}"));
    let company = get(&server, &root, &customer).await.json()["item"]["hash"].clone();
    for (path, hash) in [(user, bob["hash"].clone()), (customer, company)] {
        let body = json!({ "hash": hash, "name": "Changed" });
        assert_eq!(at_once(Method::PUT, path, None, body).await.len(), 1);
    }
}

on_both!(
    a_user_is_the_same_at_every_door,
    everything_wrong_is_said_at_once,
    customers_are_managed,
    fifty_at_once_are_one,
);

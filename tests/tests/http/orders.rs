//! Orders: placed, refused, worked off by the directory driver, taken back, tried again.

use std::{collections::BTreeSet, os::unix::fs::PermissionsExt as _, sync::Arc, time::Duration};

use doorstep_tests::{Answer, Kind, Server, TestClock, on_both, on_replicas, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    admin_users::{Login, admin, call},
    catalog::{SAMPLE, import},
};

/// A server with the sample catalogue whose projects are folders.
pub(crate) async fn shop(kind: Kind, settings: &[(&str, &str)]) -> (Server, tempfile::TempDir) {
    open_shop(settings, async |all| Server::start_with(kind, all).await).await
}

/// The same at the time of a test's own clock.
pub(crate) async fn shop_at(
    clock: &TestClock,
    kind: Kind,
    settings: &[(&str, &str)],
) -> (Server, tempfile::TempDir) {
    open_shop(settings, async |all| clock.server(kind, all).await).await
}

async fn open_shop(
    settings: &[(&str, &str)],
    start: impl AsyncFnOnce(&[(&str, &str)]) -> Server,
) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let mut all = vec![
        ("DOORSTEP_PROVISIONING__DRIVER", "directory"),
        ("DOORSTEP_PROVISIONING__DIRECTORY", path.as_str()),
        ("DOORSTEP_PROVISIONING__LINK", "https://projects.example/{id}?order={order}"),
        ("DOORSTEP_JOBS__FIRST_PAUSE_MILLIS", "20"),
        ("DOORSTEP_JOBS__MOST_PAUSE_MILLIS", "100"),
        ("DOORSTEP_JOBS__POLL_MILLIS", "50"),
    ];
    all.extend(settings);
    let server = start(&all).await;
    server.cli(&["catalog", "import", SAMPLE], "").unwrap();
    (server, folder)
}

/// Signs somebody up from a panel; gives the API credential.
pub(crate) async fn customer(server: &Server, name: &str) -> Login {
    let client = server.client("public register", &[], &["https://one.example"]);
    let token = server.token(&client, "register").await;
    server.new_user(&token, "srv.example", name).await
}

pub(crate) fn order(name: &str) -> Value {
    json!({ "order": {
        "project_name": name,
        "location_id": 1,
        "containers": [{
            "image_id": 1,
            "resources": { "product_id": 1 },
            "params": [
                { "key": "wp_title", "value": "Ada's engines" },
                { "key": "wp_password", "value": "hunter2-and-more" },
            ],
            "domains": [],
        }],
    } })
}

pub(crate) async fn place(server: &Server, who: &Login, body: &Value) -> Answer {
    call(server, who, Method::POST, "/api/orders", body.clone()).await
}

async fn keyed(server: &Server, who: &Login, key: &str, body: &Value) -> Answer {
    let request = server.request(Method::POST, "/api/orders").basic_auth(&who.0, Some(&who.1));
    send(request.header("idempotency-key", key).json(body)).await
}

pub(crate) fn id_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["order"]["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn look(server: &Server, who: &Login, id: &str) -> Value {
    let path = format!("/api/orders/{id}");
    let answer = call(server, who, Method::GET, &path, Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["order"].clone()
}

/// Polls as the documentation says, until nothing more will happen by itself.
pub(crate) async fn ended(server: &Server, who: &Login, id: &str) -> Value {
    for _ in 0..1_500 {
        let order = look(server, who, id).await;
        if ["completed", "failed", "cancelled"].contains(&order["status"].as_str().unwrap()) {
            return order;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the order does not end: {}\n{}", look(server, who, id).await, server.log());
}

pub(crate) async fn act(server: &Server, who: &Login, id: &str, verb: &str) -> Answer {
    call(server, who, Method::POST, &format!("/api/orders/{id}/{verb}"), json!({})).await
}

async fn the_documented_order_becomes_a_project(kind: Kind) {
    let (server, folder) = shop(kind, &[]).await;
    let ada = customer(&server, "ada").await;
    // The path of the documentation.
    let placed = call(&server, &ada, Method::POST, "/api/order", order("my test project")).await;
    let id = id_of(&placed);
    assert_eq!(id.len(), 36);
    assert_eq!(placed.header("location"), format!("/api/orders/{id}"));
    let mut body = placed.json();
    body["order"].as_object_mut().unwrap().remove("status");
    let golden = json!({ "order": {
        "id": id, "redirect_url": null, "load_balancer_ip": "192.168.1.10",
    } });
    assert_eq!(body, golden);

    let mut done = ended(&server, &ada, &id).await;
    for at in ["created_at", "updated_at"] {
        assert!(done[at].as_str().unwrap().ends_with('Z'));
        done.as_object_mut().unwrap().remove(at);
    }
    let data = done["order_data"].take();
    let golden = json!({
        "id": id,
        "status": "completed",
        "order_data": null,
        "project": {
            "id": 1,
            "name": "my test project",
            "link": format!("https://projects.example/1?order={id}"),
        },
        "location": { "id": 1, "name": "demo" },
        "failure": null,
        "can_cancel": false,
        "can_retry": false,
    });
    assert_eq!(done, golden);
    let params = &data["containers"][0]["params"];
    assert_eq!(params[0], json!({ "key": "wp_title", "value": "Ada's engines" }));
    assert_eq!(params[1], json!({ "key": "wp_password", "value": null, "secret": true }));

    // What is on the disk: named by us, whole, and for its owner alone.
    let project = folder.path().join(&id);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&project), 0o700);
    let read = |name: &str| -> Value {
        assert_eq!(mode(&project.join(name)), 0o600);
        serde_json::from_str(&std::fs::read_to_string(project.join(name)).unwrap()).unwrap()
    };
    let manifest = read("manifest.json");
    assert_eq!(manifest["project"], json!({ "id": 1, "name": "my test project" }));
    assert_eq!(manifest["order"]["id"], id);
    assert_eq!(manifest["containers"], data["containers"]);
    assert!(!manifest.to_string().contains("hunter2"));
    let secret = json!([{ "container": 0, "key": "wp_password", "value": "hunter2-and-more" }]);
    assert_eq!(read("secrets.json"), secret);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    // Nobody keeps the password longer than it was needed, or says it.
    let database = &server.database;
    let sealed =
        "SELECT COUNT(*) FROM orders WHERE sealed IS NOT NULL OR document LIKE '%hunter2%'";
    assert_eq!(database.count(sealed).await, 0);
    assert!(!server.log().contains("hunter2"));
    for sql in [
        "SELECT COUNT(*) FROM events WHERE kind = 'order.created' AND payload NOT LIKE '%hunter%'",
        "SELECT COUNT(*) FROM events WHERE kind = 'order.completed'",
        "SELECT COUNT(*) FROM audit_log WHERE action = 'order.create' AND actor LIKE 'user:%'",
        "SELECT COUNT(*) FROM audit_log WHERE action = 'order.complete' AND actor = 'worker'",
        "SELECT COUNT(*) FROM projects WHERE id = 1",
    ] {
        assert_eq!(database.count(sql).await, 1, "{sql}");
    }
    assert_eq!(database.count("SELECT COUNT(*) FROM jobs").await, 0);
    let alias = call(&server, &ada, Method::GET, &format!("/api/order/{id}"), Value::Null).await;
    assert_eq!(alias.json()["order"]["project"]["id"], 1);
}

async fn all_faults_come_at_once_with_their_pointers(kind: Kind) {
    let (server, _folder) = shop(kind, &[]).await;
    let ada = customer(&server, "ada").await;
    let faults = async |body: Value| -> Vec<(String, String)> {
        let answer = place(&server, &ada, &body).await;
        assert_eq!(answer.refusal(), (422, "validation_failed".to_owned()), "{}", answer.text);
        assert!(!answer.text.contains("s3cret"), "a value is said again: {}", answer.text);
        let faults = answer.json()["faults"].as_array().unwrap().clone();
        let text = |fault: &Value, name: &str| fault[name].as_str().unwrap().to_owned();
        faults.iter().map(|it| (text(it, "pointer"), text(it, "code"))).collect()
    };
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(
        faults(json!({ "order": {} })).await,
        [
            pair("/order/project_name", "required"),
            pair("/order/location_id", "required"),
            pair("/order/containers", "required"),
        ]
    );
    let found = faults(json!({ "order": {
        "project_name": "a\u{202e}b",
        "location_id": "nowhere",
        "project_id": 4,
        "containers": [
            {
                "image_id": 7,
                "resources": { "package_id": 9 },
                "domains": ["ok.example", "-bad.example", "OK.example", "10.0.0.1", 5, "http://x.example"],
            },
            {
                "image_variant_id": 2,
                "resources": { "product_id": 1 },
                "qty": 0,
                "params": [
                    { "key": "nothing", "value": "s3cret" },
                    { "key": "wp_title", "value": { "s3cret": 1 } },
                    { "key": "wp_title", "value": "s3cret\u{0}" },
                    { "key": "wp_title", "value": "s3cret" },
                    7,
                ],
                "volumes": [{}],
            },
            "container",
        ],
    } }))
    .await;
    let found: BTreeSet<_> = found.into_iter().collect();
    let expected = BTreeSet::from([
        pair("/order/project_name", "control_character"),
        pair("/order/location_id", "wrong_type"),
        pair("/order/project_id", "unsupported"),
        pair("/order/containers/0/image_id", "unknown"),
        pair("/order/containers/0/resources/package_id", "unknown"),
        pair("/order/containers/0/domains/1", "invalid_domain"),
        pair("/order/containers/0/domains/2", "duplicate"),
        pair("/order/containers/0/domains/3", "invalid_domain"),
        pair("/order/containers/0/domains/4", "wrong_type"),
        pair("/order/containers/0/domains/5", "invalid_domain"),
        pair("/order/containers/1/qty", "out_of_range"),
        pair("/order/containers/1/params/0/key", "unknown"),
        pair("/order/containers/1/params/1/value", "wrong_type"),
        pair("/order/containers/1/params/2/value", "control_character"),
        pair("/order/containers/1/params/3/key", "duplicate"),
        pair("/order/containers/1/params/4", "wrong_type"),
        pair("/order/containers/1/volumes", "unsupported"),
        pair("/order/containers/2", "wrong_type"),
    ]);
    assert_eq!(found, expected);
    let mut missing = order("x");
    missing["order"]["containers"][0]["params"] = json!([{ "key": "wp_password", "value": "" }]);
    assert_eq!(faults(missing).await, [pair("/order/containers/0/params/0/value", "required")]);
    for (body, code) in [
        ("[]", "malformed_body"),
        ("{", "malformed_body"),
        ("{\"order\": 7}", "validation_failed"),
        ("{}", "validation_failed"),
    ] {
        let request = server.request(Method::POST, "/api/orders").basic_auth(&ada.0, Some(&ada.1));
        let answer = send(request.header("content-type", "application/json").body(body)).await;
        assert_eq!(answer.refusal().1, code, "{body}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM orders").await, 0);
}

const STRICT: &str = r#"
[[location]]
id = 1
name = "here"
[[location.region]]
id = 1
name = "r1"
[[location]]
id = 2
name = "there"
[[location.region]]
id = 2
name = "r2"
[[product]]
id = 1
name = "tiny"
cpu = "0.5"
memory = 64
region = 1
[[product]]
id = 2
name = "large"
cpu = "4"
memory = 4096
region = 1
[[product]]
id = 3
name = "elsewhere"
cpu = "4"
memory = 4096
region = 2
[[image]]
id = 1
name = "web"
label = "Web"
min_cpu = "1"
min_memory = 128
requires = [2]
[[image.variant]]
id = 1
label = "1"
registry_image_tag = "web:1"
[[image]]
id = 2
name = "db"
label = "Database"
[[image.variant]]
id = 2
label = "1"
registry_image_tag = "db:1"
[[group]]
id = 1
name = "default"
default = true
containers = 3
"#;

async fn what_does_not_fit_together_is_refused_and_so_is_too_much(kind: Kind) {
    let (server, _folder) = shop(kind, &[]).await;
    import(&server, STRICT).unwrap();
    let ada = customer(&server, "ada").await;
    let container = |image: i64, product: i64, quantity: i64| json!({ "image_id": image, "resources": { "product_id": product }, "qty": quantity });
    let body = |name: &str, containers: Value| json!({ "order": { "project_name": name, "location_id": 1, "containers": containers } });
    let code = async |containers: Value| -> (String, String) {
        let answer = place(&server, &ada, &body("x", containers)).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        let faults = answer.json()["faults"].as_array().unwrap().clone();
        assert_eq!(faults.len(), 1, "{}", answer.text);
        let text = |name: &str| faults[0][name].as_str().unwrap().to_owned();
        (text("pointer"), text("code"))
    };
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(
        code(json!([container(1, 1, 1), container(2, 1, 1)])).await,
        pair("/order/containers/0/resources/product_id", "too_small")
    );
    assert_eq!(
        code(json!([container(2, 3, 1)])).await,
        pair("/order/containers/0/resources/product_id", "wrong_region")
    );
    assert_eq!(
        code(json!([container(1, 2, 1)])).await,
        pair("/order/containers/0", "companion_missing")
    );
    assert_eq!(code(json!([container(2, 1, 4)])).await, pair("/order/containers", "quota"));
    let both = body("a", json!([container(1, 2, 1), container(2, 1, 1)]));
    let id = id_of(&place(&server, &ada, &both).await);
    assert_eq!(ended(&server, &ada, &id).await["status"], "completed");
    assert_eq!(code(json!([container(2, 1, 2)])).await, pair("/order/containers", "quota"));
    let profile = call(&server, &ada, Method::GET, "/api/users", Value::Null).await.json();
    let quota = json!({ "current": 2, "quota": 3, "is_over": false, "available": 1 });
    assert_eq!(profile["user"]["quota"]["containers"], quota);
    assert_eq!(profile["user"]["services"]["projects"], 1);
    // Of many at once only as many get through as there are places.
    let server = Arc::new(server);
    let attempts: Vec<_> = (0..20)
        .map(|at| {
            let (server, ada) = (Arc::clone(&server), ada.clone());
            let body = body(&format!("p{at}"), json!([container(2, 1, 1)]));
            tokio::spawn(async move { place(&server, &ada, &body).await.status.as_u16() })
        })
        .collect();
    let mut placed = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            201 => placed += 1,
            422 | 503 => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(placed, 1);
}

async fn fifty_identical_submissions_make_one_order(kind: Kind) {
    let (server, folder) = shop(kind, &[]).await;
    let ada = customer(&server, "ada").await;
    let server = Arc::new(server);
    let submit = async |key: Option<&'static str>, name: &str| {
        let attempts: Vec<_> = (0..50)
            .map(|_| {
                let (server, ada, body) = (Arc::clone(&server), ada.clone(), order(name));
                tokio::spawn(async move {
                    match key {
                        Some(key) => keyed(&server, &ada, key, &body).await,
                        None => place(&server, &ada, &body).await,
                    }
                })
            })
            .collect();
        let mut ids = BTreeSet::new();
        for attempt in attempts {
            let answer = attempt.await.unwrap();
            match answer.status.as_u16() {
                201 => drop(ids.insert(id_of(&answer))),
                409 | 503 => {}
                _ => panic!("{}", answer.text),
            }
        }
        assert_eq!(ids.len(), 1);
        ids.pop_first().unwrap()
    };
    let id = submit(Some("the-key-of-this-order"), "keyed").await;
    // Later too, whatever became of it; and the same key never means another order.
    ended(&server, &ada, &id).await;
    let again = keyed(&server, &ada, "the-key-of-this-order", &order("keyed")).await;
    assert_eq!((id_of(&again), again.header("idempotent-replayed")), (id, "true"));
    let other = keyed(&server, &ada, "the-key-of-this-order", &order("other")).await;
    assert_eq!(other.refusal(), (422, "idempotency-key-reused".to_owned()));
    // Somebody else's key of the same name is another one.
    let bob = customer(&server, "bob").await;
    let bobs = keyed(&server, &bob, "the-key-of-this-order", &order("other")).await;
    assert_eq!((bobs.status.as_u16(), bobs.header("idempotent-replayed")), (201, ""));
    // A double click sends no key.
    submit(None, "clicked twice").await;
    // Two keys are two orders, even of the same.
    for key in ["one-of-two-that-are-alike", "two-of-two-that-are-alike"] {
        assert_eq!(keyed(&server, &ada, key, &order("keyed")).await.status, 201);
    }
    let database = &server.database;
    assert_eq!(database.count("SELECT COUNT(*) FROM orders").await, 5);
    // Nobody reads the password out of what tells requests apart.
    let hashed = "SELECT COUNT(*) FROM order_keys WHERE fingerprint LIKE 'v1:%'";
    assert_eq!(database.count(hashed).await, 5);
    drop(folder);
}

async fn an_order_is_its_owners_alone(kind: Kind) {
    let (server, _folder) = shop(kind, &[]).await;
    let (ada, bob) = (customer(&server, "ada").await, customer(&server, "bob").await);
    let (_, root) = admin(&server, "root@host.example");
    let id = id_of(&place(&server, &ada, &order("mine")).await);
    for who in [&bob, &root] {
        for (method, path) in [
            (Method::GET, format!("/api/orders/{id}")),
            (Method::GET, format!("/api/order/{id}")),
            (Method::GET, format!("/api/orders/{id}/events")),
            (Method::POST, format!("/api/orders/{id}/cancel")),
            (Method::POST, format!("/api/orders/{id}/retry")),
        ] {
            let answer = call(&server, who, method, &path, Value::Null).await;
            assert_eq!(answer.refusal(), (404, "not_found".to_owned()), "{path}");
        }
        let list = call(&server, who, Method::GET, "/api/orders", Value::Null).await;
        assert_eq!(list.json(), json!({ "orders": [] }));
    }
    for id in ["x", "%00", &"a".repeat(36), &id.to_uppercase()] {
        let path = format!("/api/orders/{id}");
        let answer = call(&server, &ada, Method::GET, &path, Value::Null).await;
        assert_eq!(answer.status, 404, "{id}");
    }
    for at in 0..3 {
        id_of(&place(&server, &ada, &order(&format!("more {at}"))).await);
    }
    let page = call(&server, &ada, Method::GET, "/api/orders?per_page=2&page=2", Value::Null).await;
    let names: Vec<_> = page.json()["orders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|order| order["order_data"]["project_name"].clone())
        .collect();
    assert_eq!(names, ["more 0", "mine"]);
    assert_eq!((page.header("total"), page.header("per-page")), ("4", "2"));
    assert!(page.header("link").contains("rel=\"prev\""));
    // What a client holds for itself is nobody's order.
    let client = server.client("order_read order_write", &[], &[]);
    let token = server.token(&client, "order_read").await;
    let request = server.request(Method::GET, "/api/orders").bearer_auth(token);
    assert_eq!(send(request).await.refusal(), (403, "user_needed".to_owned()));
}

on_both!(
    the_documented_order_becomes_a_project,
    all_faults_come_at_once_with_their_pointers,
    what_does_not_fit_together_is_refused_and_so_is_too_much,
    fifty_identical_submissions_make_one_order,
    an_order_is_its_owners_alone,
);

on_replicas!(fifty_identical_submissions_make_one_order);

//! Orders that the operator's own program brings up.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use doorstep_tests::{Answer, Call, Kind, Receiver, Reply, Server, on_both, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    admin_users::{Login, call},
    orders::{act, customer, ended, id_of, look, order, place, shop},
};

/// A server whose provisioner is at that URL, on this machine.
pub(crate) async fn asking(
    kind: Kind,
    url: &str,
    more: &[(&str, &str)],
) -> (Server, tempfile::TempDir) {
    let mut settings = vec![
        ("DOORSTEP_PROVISIONING__DRIVER", "webhook"),
        ("DOORSTEP_PROVISIONING__WEBHOOK_URL", url),
        ("DOORSTEP_PROVISIONING__ALLOW_PRIVATE_ADDRESSES", "true"),
    ];
    settings.extend(more);
    shop(kind, &settings).await
}

pub(crate) fn data(call: &Call) -> Value {
    serde_json::from_str::<Value>(&call.body).unwrap()["data"].clone()
}

async fn answer(server: &Server, order: &str, token: &str, body: Value) -> Answer {
    let path = format!("/api/provisioning/{order}/callback");
    send(server.request(Method::POST, &path).bearer_auth(token).json(&body)).await
}

async fn the_request_is_signed_and_may_be_answered_at_once(kind: Kind) {
    let done = r#"{"status":"completed","link":"https://p.example/ada"}"#;
    let receiver = Receiver::start(move |_| Reply::new(200, done)).await;
    let (server, _folder) = asking(kind, &receiver.url, &[]).await;
    let ada = customer(&server, "ada").await;
    let id = id_of(&place(&server, &ada, &order("mine")).await);
    let order = ended(&server, &ada, &id).await;
    let project = json!({ "id": 1, "name": "mine", "link": "https://p.example/ada" });
    assert_eq!((&order["status"], &order["project"]), (&json!("completed"), &project));

    let calls = receiver.calls();
    assert_eq!(calls.len(), 1);
    let call = &calls[0];
    // Checked by the specification's own library, with the key that the operator is given.
    let keys = server.cli(&["keys", "webhook"], "").unwrap();
    let key = keys["keys"][0]["key"].as_str().unwrap();
    let verifier = standardwebhooks::Webhook::new(key).unwrap();
    let headers = |call: &Call| {
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
        let pairs = names.map(|name| (name.parse().unwrap(), call.headers[name].parse().unwrap()));
        http::HeaderMap::from_iter(pairs)
    };
    verifier.verify(call.body.as_bytes(), &headers(call)).unwrap();
    assert!(
        verifier.verify(call.body.replace("mine", "yours").as_bytes(), &headers(call)).is_err()
    );
    assert_eq!(call.headers["webhook-id"], format!("msg_{id}_1"));

    let data = data(call);
    let secret = json!([{ "container": 0, "key": "wp_password", "value": "hunter2-and-more" }]);
    assert_eq!(data["secrets"], secret);
    assert_eq!(data["project"], json!({ "id": 1, "name": "mine" }));
    let url = format!("{}/api/provisioning/{id}/callback", server.url);
    assert_eq!(data["callback"]["url"], url);
    let token = data["callback"]["token"].as_str().unwrap();
    let log = server.log();
    assert!(!log.contains("hunter2") && !log.contains(token) && !log.contains(key));

    // After a rotation both keys verify, until the receiver has the new one.
    server.cli(&["keys", "rotate", "--ring", "webhook"], "").unwrap();
    server.signal("HUP");
    let keys = server.cli(&["keys", "webhook"], "").unwrap();
    for _ in 0..200 {
        let name = format!("after {}", receiver.calls().len());
        let id = id_of(&place(&server, &ada, &crate::orders::order(&name)).await);
        ended(&server, &ada, &id).await;
        let last = receiver.calls().pop().unwrap();
        if last.headers["webhook-signature"].contains(' ') {
            for at in 0..2 {
                let key = keys["keys"][at]["key"].as_str().unwrap();
                let verifier = standardwebhooks::Webhook::new(key).unwrap();
                verifier.verify(last.body.as_bytes(), &headers(&last)).unwrap();
            }
            return;
        }
    }
    panic!("the server does not follow the rotation");
}

/// Places an order and waits until the provisioner has it; gives its id and token.
async fn accepted(
    server: &Server,
    receiver: &Receiver,
    who: &Login,
    name: &str,
) -> (String, String) {
    let id = id_of(&place(server, who, &order(name)).await);
    for _ in 0..1_500 {
        let found = receiver.calls().iter().map(data).find(|data| data["order"]["id"] == *id);
        if let Some(data) = found {
            return (id, data["callback"]["token"].as_str().unwrap().to_owned());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the provisioner is not asked: {}", server.log());
}

async fn it_may_be_answered_later_by_whoever_was_asked(kind: Kind) {
    let receiver = Receiver::start(|_| Reply::new(202, "")).await;
    let (server, _folder) = asking(kind, &receiver.url, &[]).await;
    let ada = customer(&server, "ada").await;
    let (one, token) = accepted(&server, &receiver, &ada, "one").await;
    let (two, other) = accepted(&server, &receiver, &ada, "two").await;
    let done = || json!({ "status": "completed", "link": "https://p.example/1" });
    for wrong in [&other, "cbk_v1:00", "x", &token.to_uppercase(), &token[..token.len() - 1]] {
        let refused = answer(&server, &one, wrong, done()).await;
        assert_eq!(refused.refusal(), (401, "invalid_token".to_owned()), "{wrong}");
    }
    let nowhere = "0190f3a8-5c1e-7d7b-9d58-6f0c3a3f9a11";
    for id in [nowhere, "x", &one.to_uppercase()] {
        assert_eq!(answer(&server, id, &token, done()).await.status, 401, "{id}");
    }
    let path = format!("/api/provisioning/{one}/callback");
    let bare = send(server.request(Method::POST, &path).json(&done())).await;
    assert_eq!(bare.refusal(), (401, "unauthenticated".to_owned()));
    for (body, code) in [
        (json!([]), "malformed_body"),
        (json!({}), "malformed_body"),
        (json!({ "status": "done" }), "invalid_request"),
        (json!({ "status": "completed", "link": "javascript:alert(1)" }), "invalid_request"),
        (json!({ "status": "completed", "link": 7 }), "malformed_body"),
    ] {
        assert_eq!(answer(&server, &one, &token, body.clone()).await.refusal().1, code, "{body}");
    }
    assert_eq!(look(&server, &ada, &one).await["status"], "processing");
    let cancel = act(&server, &ada, &one, "cancel").await;
    assert_eq!(cancel.refusal(), (409, "order_state".to_owned()));

    let goes = json!({ "status": "processing", "message": "Fetching images" });
    assert_eq!(answer(&server, &one, &token, goes).await.status, 200);
    let settled = answer(&server, &one, &token, done()).await;
    assert_eq!(settled.json(), json!({ "order": { "id": one, "status": "completed" } }));
    // The provisioner's own retry, and a change of mind.
    assert_eq!(answer(&server, &one, &token, done()).await.status, 200);
    let late = answer(&server, &one, &token, json!({ "status": "failed" })).await;
    assert_eq!(late.refusal(), (409, "order_state".to_owned()));
    let said = json!({ "status": "failed", "message": "No machine is free" });
    assert_eq!(answer(&server, &two, &other, said).await.status, 200);
    let failed = look(&server, &ada, &two).await;
    let failure = json!({ "code": "provisioner_refused", "message": "No machine is free" });
    assert_eq!(failed["failure"], failure);
    // Tried again, it is another run: the old token is good for nothing.
    assert_eq!(act(&server, &ada, &two, "retry").await.status, 202);
    assert_eq!(answer(&server, &two, &other, done()).await.status, 401);
    let path = format!("/api/orders/{one}/events");
    let events = call(&server, &ada, Method::GET, &path, Value::Null).await.text;
    assert!(
        events.contains("Fetching images") && events.contains("https://p.example/1"),
        "{events}"
    );
    assert_eq!(server.database.count("SELECT COUNT(*) FROM projects").await, 1);
}

async fn a_provisioner_that_stumbles_is_asked_again_and_one_that_refuses_is_not(kind: Kind) {
    let asked = Arc::new(AtomicUsize::new(0));
    let elsewhere = Receiver::start(|_| Reply::new(200, r#"{"status":"completed"}"#)).await;
    let target = elsewhere.url.clone();
    let counted = Arc::clone(&asked);
    let receiver = Receiver::start(move |call| {
        let name = data(call)["project"]["name"].as_str().unwrap().to_owned();
        match name.as_str() {
            "stumbles" => match counted.fetch_add(1, Ordering::SeqCst) {
                0 => Reply::new(500, "oops"),
                1 => Reply::new(429, ""),
                2 => Reply { after: Duration::from_secs(3), ..Reply::new(200, "") },
                _ => Reply::new(200, r#"{"status":"completed"}"#),
            },
            "refused" => Reply::new(422, r#"{"message":"No such region"}"#),
            "sent away" => {
                Reply { headers: format!("location: {target}\r\n"), ..Reply::new(307, "") }
            }
            _ => Reply::new(200, "x".repeat(1024 * 1024)),
        }
    })
    .await;
    let settings = [
        ("DOORSTEP_PROVISIONING__TIMEOUT_SECONDS", "1"),
        ("DOORSTEP_PROVISIONING__ANSWER_SECONDS", "1"),
    ];
    let (server, _folder) = asking(kind, &receiver.url, &settings).await;
    let ada = customer(&server, "ada").await;
    let run = async |name: &str| {
        let id = id_of(&place(&server, &ada, &order(name)).await);
        ended(&server, &ada, &id).await
    };
    let done = run("stumbles").await;
    assert_eq!((&done["status"], &done["project"]["link"]), (&json!("completed"), &link(&done)));
    let calls = receiver.calls();
    assert_eq!(calls.len(), 4);
    assert!(calls.iter().all(|call| call.headers["webhook-id"] == calls[0].headers["webhook-id"]));
    assert!(calls.iter().all(|call| call.body == calls[0].body));

    let refused = run("refused").await;
    let failure = json!({ "code": "provisioner_refused", "message": "No such region" });
    assert_eq!((&refused["failure"], receiver.calls().len()), (&failure, 5));
    let away = run("sent away").await;
    assert_eq!(away["failure"]["code"], "provisioner_refused");
    assert_eq!(elsewhere.calls().len(), 0);
    // What is too long says nothing, and who says nothing in time has failed.
    let silent = run("talks for ever").await;
    assert_eq!(silent["failure"]["code"], "provisioner_silent");
}

/// The operator's own template, where the provisioner names no link.
fn link(order: &Value) -> Value {
    format!("https://projects.example/1?order={}", order["id"].as_str().unwrap()).into()
}

async fn private_addresses_are_for_those_who_say_so(kind: Kind) {
    let receiver = Receiver::start(|_| Reply::new(200, r#"{"status":"completed"}"#)).await;
    let port = receiver.url.split(':').nth(2).unwrap().split('/').next().unwrap();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "[::1]"] {
        let url = format!("https://{host}:{port}/hook");
        let settings = [("DOORSTEP_PROVISIONING__ALLOW_PRIVATE_ADDRESSES", "false")];
        let (server, _folder) = asking(kind, &url, &settings).await;
        let ada = customer(&server, "ada").await;
        let id = id_of(&place(&server, &ada, &order("mine")).await);
        let failed = ended(&server, &ada, &id).await;
        assert_eq!(failed["failure"]["code"], "provisioner_unreachable", "{host}");
        let why = "SELECT COUNT(*) FROM jobs WHERE reason LIKE '%is no public address%'";
        assert_eq!(server.database.count(why).await, 1, "{host}: {}", server.log());
        assert!(!failed.to_string().contains(host), "the person is told where it is");
    }
    assert_eq!(receiver.calls().len(), 0);
}

async fn two_workers_never_have_the_same_order_at_a_time(kind: Kind) {
    // An answer takes several leases, which are renewed meanwhile. They are long enough
    // for a renewal that waits for a busy disk.
    let inside: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
    let worst = Arc::new(AtomicUsize::new(0));
    let (counted, most) = (Arc::clone(&inside), Arc::clone(&worst));
    let receiver = Receiver::start(move |call| {
        let id = data(call)["order"]["id"].as_str().unwrap().to_owned();
        let mut inside = counted.lock().unwrap();
        let now = inside.entry(id).or_default();
        *now += 1;
        most.fetch_max(*now, Ordering::SeqCst);
        let done = r#"{"status":"completed"}"#;
        Reply { after: Duration::from_secs(9), ..Reply::new(200, done) }
    })
    .await;
    let settings = [
        ("DOORSTEP_JOBS__IN_SERVE", "false"),
        ("DOORSTEP_JOBS__LEASE_MILLIS", "4000"),
        ("DOORSTEP_PROVISIONING__TIMEOUT_SECONDS", "30"),
    ];
    let (server, _folder) = asking(kind, &receiver.url, &settings).await;
    let ada = customer(&server, "ada").await;
    let mut ids = Vec::new();
    for at in 0..20 {
        ids.push(id_of(&place(&server, &ada, &order(&format!("p{at}"))).await));
    }
    let workers = [server.worker(&[]), server.worker(&[]), server.worker(&[])];
    for id in &ids {
        assert_eq!(ended(&server, &ada, id).await["status"], "completed");
    }
    drop(workers);
    assert_eq!((receiver.calls().len(), worst.load(Ordering::SeqCst)), (20, 1));
}

on_both!(
    the_request_is_signed_and_may_be_answered_at_once,
    it_may_be_answered_later_by_whoever_was_asked,
    a_provisioner_that_stumbles_is_asked_again_and_one_that_refuses_is_not,
    private_addresses_are_for_those_who_say_so,
    two_workers_never_have_the_same_order_at_a_time,
);

//! Endpoints that are told of events, by receivers that fail in every way.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Mutex},
    time::Duration,
};

use doorstep_tests::{Call, Kind, Receiver, Reply, Server, on_both, on_replicas};
use reqwest::Method;
use serde_json::{Value, json};

use crate::admin_users::{Login, call};

/// As fast as the settings allow, on this machine.
pub(crate) const QUICK: [(&str, &str); 6] = [
    ("DOORSTEP_WEBHOOKS__ALLOW_PRIVATE", "true"),
    ("DOORSTEP_WEBHOOKS__TIMEOUT_SECONDS", "1"),
    ("DOORSTEP_WEBHOOKS__PAUSES", "10ms 20ms 50ms"),
    ("DOORSTEP_WEBHOOKS__TRIES", "1000"),
    ("DOORSTEP_JOBS__LEASE_MILLIS", "1000"),
    ("DOORSTEP_JOBS__POLL_MILLIS", "20"),
];

/// What happens to each user in [`live`], in its order.
const LIFE: [&str; 5] = [
    "user.created",
    "user.updated",
    "credential.created",
    "credential.rotated",
    "credential.revoked",
];

/// An endpoint's id and key.
pub(crate) fn endpoint(server: &Server, url: &str, events: &[&str]) -> (String, String) {
    let arguments = [&["webhook", "add", "--url", url, "--events"], events].concat();
    let added = server.cli(&arguments, "").unwrap();
    let text = |name: &str| added[name].as_str().unwrap().to_owned();
    (text("id"), text("key"))
}

/// Checked by the specification's own library.
pub(crate) fn is_signed(call: &Call, key: &str) -> bool {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let pairs = names.map(|name| (name.parse().unwrap(), call.headers[name].parse().unwrap()));
    let headers = http::HeaderMap::from_iter(pairs);
    standardwebhooks::Webhook::new(key).unwrap().verify(call.body.as_bytes(), &headers).is_ok()
}

pub(crate) fn event(call: &Call) -> Value {
    serde_json::from_str(&call.body).unwrap()
}

/// What receivers took, in its order: id, user, kind.
#[derive(Clone, Default)]
pub(crate) struct Taken(Arc<Mutex<Vec<(String, i64, String)>>>);

impl Taken {
    pub(crate) fn note(&self, call: &Call) {
        let event = event(call);
        let user = event["data"]["user_id"].as_i64().unwrap();
        let kind = event["type"].as_str().unwrap().to_owned();
        self.0.lock().unwrap().push((call.headers["webhook-id"].clone(), user, kind));
    }

    pub(crate) fn all(&self) -> Vec<(String, i64, String)> {
        self.0.lock().unwrap().clone()
    }

    /// Forgets those of other users.
    pub(crate) fn retain(&mut self, user: impl Fn(i64) -> bool) {
        let mut all = self.all();
        all.retain(|(_, it, _)| user(*it));
        *self = Self(Arc::new(Mutex::new(all)));
    }

    /// Waits until that many different events were taken.
    pub(crate) async fn wait_for(&self, count: usize, server: &Server) {
        for _ in 0..6_000 {
            let ids: BTreeSet<_> = self.all().into_iter().map(|(id, ..)| id).collect();
            if ids.len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let reasons: Vec<_> = server
            .log()
            .lines()
            .filter(|line| line.contains("webhooks"))
            .map(str::to_owned)
            .collect();
        panic!("{} of {count} came:\n{}", self.all().len(), reasons.join("\n"));
    }

    /// That no event of a user came before one that happened earlier. One may come twice,
    /// if its answer was lost.
    pub(crate) fn assert_ordered(&self, users: usize) {
        let mut lives: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for (_, user, kind) in self.all() {
            lives.entry(user).or_default().push(kind);
        }
        assert_eq!(lives.len(), users);
        for (user, mut kinds) in lives {
            let told = kinds.clone();
            kinds.dedup();
            assert_eq!(kinds, LIFE, "user {user} was told of as {told:?}");
        }
    }
}

/// A receiver that takes two of three, and fails in all ways at the others.
pub(crate) async fn unreliable(heard: &Taken) -> Receiver {
    let heard = heard.clone();
    let chance = RandomState::new();
    let count = std::sync::atomic::AtomicU64::new(0);
    Receiver::start(move |call| {
        let at = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        match chance.hash_one(at) % 21 {
            0 => Reply::new(500, "oops"),
            1 => Reply::new(503, ""),
            2 => Reply::new(404, ""),
            3 => Reply { headers: "location: /elsewhere\r\n".to_owned(), ..Reply::new(308, "") },
            4 | 5 => Reply::reset(),
            6 => {
                // It was taken, and nobody learns of it.
                heard.note(call);
                Reply::reset()
            }
            // Rarely, for it takes its whole time.
            7 if at.is_multiple_of(4) => Reply::new(200, "").after(Duration::from_mins(1)),
            _ => {
                heard.note(call);
                Reply::new(if at.is_multiple_of(2) { 200 } else { 204 }, "")
            }
        }
    })
    .await
}

/// A user who signs up, changes the account, and makes, rotates and revokes a credential.
pub(crate) async fn live(server: &Server, token: &str, username: &str) {
    let login = sign_up(server, token, username).await;
    let body = json!({ "user": { "city": "London" } });
    assert_eq!(call(server, &login, Method::PATCH, "/api/users", body).await.status, 200);
    let own = "/api/users/api_credentials";
    let body = json!({ "api_credential": { "name": "second" } });
    let made = call(server, &login, Method::POST, own, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let one = format!("{own}/{}", made.json()["api_credential"]["id"]);
    let rotated = call(server, &login, Method::POST, &format!("{one}/rotate"), Value::Null).await;
    assert_eq!(rotated.status, 200, "{}", rotated.text);
    assert_eq!(call(server, &login, Method::DELETE, &one, Value::Null).await.status, 204);
}

async fn sign_up(server: &Server, token: &str, username: &str) -> Login {
    let (name, password) = server.new_user(token, "srv.example", username).await;
    (name, password)
}

pub(crate) async fn pending(server: &Server) -> i64 {
    server.database.count("SELECT COUNT(*) FROM webhook_deliveries").await
}

async fn until_none_is_pending(server: &Server) {
    for _ in 0..3_000 {
        if pending(server).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it is not noted: {}", server.cli(&["webhook", "list"], "").unwrap());
}

async fn an_endpoint_is_told_what_happens_from_now_on(kind: Kind) {
    let heard = Taken::default();
    let noted = heard.clone();
    let receiver = Receiver::start(move |call| {
        noted.note(call);
        Reply::new(202, "thanks")
    })
    .await;
    let server = Server::start_with(kind, &QUICK).await;
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    let ada = sign_up(&server, &token, "ada").await;
    let (id, key) = endpoint(&server, &receiver.url, &["user.*", "credential.created"]);
    assert!(id.starts_with("whe_") && key.starts_with("whsec_"));
    live(&server, &token, "bob").await;
    heard.wait_for(3, &server).await;
    until_none_is_pending(&server).await;
    let calls = receiver.calls();
    let kinds: Vec<_> = calls.iter().map(|call| event(call)["type"].clone()).collect();
    assert_eq!(
        kinds,
        ["user.created", "user.updated", "credential.created"],
        "and nothing earlier"
    );
    assert!(calls.iter().all(|call| is_signed(call, &key)));
    assert!(calls.iter().all(|call| call.headers["content-type"] == "application/json"));
    // Another receiver's key, the provisioner's among them, is another one.
    let other = server.cli(&["keys", "webhook"], "").unwrap();
    assert!(!is_signed(&calls[0], other["keys"][0]["key"].as_str().unwrap()));
    let shown = server.cli(&["webhook", "keys", &id], "").unwrap();
    assert_eq!(shown["keys"][0]["key"], key);

    let created = event(&calls[0]);
    assert_eq!(created["data"]["user_id"], 2);
    assert_eq!((&created["data"]["id"], &created["data"]["fname"]), (&json!(2), &json!("Ada")));
    assert!(created["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(created.as_object().unwrap().len(), 3);
    assert_eq!(event(&calls[1])["data"], json!({ "fields": ["city"], "user_id": 2 }));
    let ids: BTreeSet<_> = calls.iter().map(|call| &call.headers["webhook-id"]).collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| id.starts_with("evt_")));

    // Disabled, it is told nothing; enabled again, nothing of the time in between.
    server.cli(&["webhook", "disable", &id], "").unwrap();
    let body = || json!({ "user": { "city": "Turin" } });
    assert_eq!(call(&server, &ada, Method::PATCH, "/api/users", body()).await.status, 200);
    let listed = server.cli(&["webhook", "list"], "").unwrap();
    assert_eq!((&listed["webhooks"][0]["active"], pending(&server).await), (&json!(false), 0));
    server.cli(&["webhook", "enable", &id], "").unwrap();
    assert_eq!(call(&server, &ada, Method::PATCH, "/api/users", body()).await.status, 200);
    heard.wait_for(4, &server).await;
    until_none_is_pending(&server).await;
    assert_eq!(receiver.calls().len(), 4);
    server.cli(&["webhook", "remove", &id], "").unwrap();
    assert_eq!(server.cli(&["webhook", "list"], "").unwrap(), json!({ "webhooks": [] }));
    let audited = "SELECT COUNT(*) FROM audit_log WHERE action LIKE 'webhook.%'";
    assert_eq!(server.database.count(audited).await, 4);
    for arguments in [["webhook", "disable", &id], ["webhook", "remove", "x"]] {
        assert!(server.cli(&arguments, "").unwrap_err().contains("no webhook"));
    }
}

async fn each_event_arrives_in_its_users_order_whatever_the_receiver_does(kind: Kind) {
    let heard = Taken::default();
    let receiver = unreliable(&heard).await;
    let server = Server::start_with(kind, &QUICK).await;
    let (_, key) = endpoint(&server, &receiver.url, &["*"]);
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    let users = 60;
    let part = async |part: usize| {
        for at in 0..users / 6 {
            live(&server, &token, &format!("u{part}-{at}")).await;
        }
    };
    tokio::join!(part(0), part(1), part(2), part(3), part(4), part(5));
    heard.wait_for(users * LIFE.len(), &server).await;
    until_none_is_pending(&server).await;
    heard.assert_ordered(users);
    let calls = receiver.calls();
    assert!(calls.len() > users * LIFE.len(), "it failed at none");
    assert!(calls.iter().all(|call| is_signed(call, &key)));
    assert!(calls.iter().all(|call| call.body.contains("user_id")));
}

async fn what_nobody_takes_is_given_up_and_can_be_sent_again(kind: Kind) {
    let heard = Taken::default();
    let (noted, open) = (heard.clone(), Arc::new(Mutex::new(false)));
    let is_open = Arc::clone(&open);
    let receiver = Receiver::start(move |call| {
        // One event of one user is not taken.
        let event = event(call);
        let is_bad = event["type"] == "user.updated" && event["data"]["user_id"] == 1;
        if is_bad && !*is_open.lock().unwrap() {
            return Reply::new(500, "I do not like it");
        }
        noted.note(call);
        Reply::new(200, "")
    })
    .await;
    let mut settings = QUICK.to_vec();
    settings.push(("DOORSTEP_WEBHOOKS__TRIES", "3"));
    let server = Server::start_with(kind, &settings).await;
    let (id, _) = endpoint(&server, &receiver.url, &["*"]);
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    for username in ["ada", "bob"] {
        live(&server, &token, username).await;
    }
    heard.wait_for(9, &server).await;
    let dead = server.cli(&["webhook", "dead", &id], "").unwrap()["dead"].clone();
    let (event_id, reason) = (dead[0]["event"].as_str().unwrap(), &dead[0]["reason"]);
    assert_eq!((dead.as_array().unwrap().len(), &dead[0]["attempts"]), (1, &json!(3)));
    assert_eq!((&dead[0]["type"], &dead[0]["user_id"]), (&json!("user.updated"), &json!(1)));
    assert!(reason.as_str().unwrap().contains("500"), "{reason}");
    assert!(!dead.to_string().contains("I do not like it"), "what it says is not kept");
    let tries = receiver.calls().iter().filter(|it| it.headers["webhook-id"] == event_id).count();
    assert_eq!(tries, 3);
    let listed = server.cli(&["webhook", "list"], "").unwrap();
    assert_eq!(listed["webhooks"][0]["dead"], 1, "{listed}");
    let doctor = server.cli_output(&["doctor"], "");
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.contains(&format!("1 event(s) to {id} were given up")), "{doctor}");
    for _ in 0..1_500 {
        // Counted now and then, and perhaps for the last time while others still waited.
        let counted = server.get_ops("/metrics").await.text;
        let are_there = ["doorstep_webhooks_dead 1\n", "doorstep_webhooks_pending 0\n"];
        if are_there.iter().all(|line| counted.contains(line)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let metrics = server.get_ops("/metrics").await.text;
    for line in [
        "doorstep_webhooks_dead 1",
        "doorstep_webhooks_pending 0",
        "doorstep_webhooks_oldest_seconds 0",
        "doorstep_webhooks_total{outcome=\"given_up\"} 1",
        "doorstep_webhooks_total{outcome=\"taken\"} 9",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }

    *open.lock().unwrap() = true;
    let said = server.cli(&["webhook", "replay", &id, "--dead"], "").unwrap();
    assert_eq!(said["events"], 1);
    heard.wait_for(10, &server).await;
    until_none_is_pending(&server).await;
    // One event that was taken, by its id; then all since a time.
    let count = receiver.calls().len();
    server.cli(&["webhook", "replay", &id, "--event", event_id], "").unwrap();
    until_none_is_pending(&server).await;
    assert_eq!(receiver.calls().len(), count + 1);
    assert_eq!(receiver.calls()[count].headers["webhook-id"], event_id);
    let said = server.cli(&["webhook", "replay", &id, "--since", "2026-01-01T00:00:00Z"], "");
    assert_eq!(said.unwrap()["events"], 10);
    until_none_is_pending(&server).await;
    let again: Vec<_> = heard.all().split_off(heard.all().len() - 10);
    let ids: BTreeSet<_> = again.iter().map(|(id, ..)| id).collect();
    assert_eq!(ids.len(), 10);
    let later = server.cli(&["webhook", "replay", &id, "--since", "2100-01-01T00:00:00Z"], "");
    assert_eq!(later.unwrap()["events"], 0);
    for (arguments, named) in [
        (vec!["webhook", "replay", "whe_x", "--dead"], "no webhook"),
        (vec!["webhook", "replay", &id, "--event", "evt_x"], "evt_x"),
        (vec!["webhook", "replay", &id, "--since", "yesterday"], "--since"),
        (vec!["webhook", "replay", &id], "--dead"),
        (vec!["webhook", "dead", "whe_x"], "no webhook"),
        (vec!["webhook", "add", "--url", &receiver.url, "--events", "user.crated"], "user.crated"),
        (vec!["webhook", "add", "--url", &receiver.url], "already"),
    ] {
        let error = server.cli(&arguments, "").unwrap_err();
        assert!(error.contains(named), "{arguments:?}: {error}");
    }
}

async fn a_receiver_that_is_gone_is_disabled(kind: Kind) {
    let receiver = Receiver::start(|_| Reply::new(410, "")).await;
    let server = Server::start_with(kind, &QUICK).await;
    let (id, _) = endpoint(&server, &receiver.url, &["*"]);
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    sign_up(&server, &token, "ada").await;
    for _ in 0..1_500 {
        let listed = server.cli(&["webhook", "list"], "").unwrap()["webhooks"][0].clone();
        if listed["active"] == false {
            assert!(listed["disabled_reason"].as_str().unwrap().contains("410"), "{listed}");
            assert_eq!((&listed["id"], &listed["pending"]), (&json!(id), &json!(1)));
            sign_up(&server, &token, "bob").await;
            assert_eq!((pending(&server).await, receiver.calls().len()), (1, 1));
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it is still sent to: {}", server.log());
}

async fn erased_users_are_told_of_without_what_they_were(kind: Kind) {
    let heard = Taken::default();
    let (noted, open) = (heard.clone(), Arc::new(Mutex::new(false)));
    let is_open = Arc::clone(&open);
    let receiver = Receiver::start(move |call| {
        if !*is_open.lock().unwrap() {
            return Reply::new(503, "");
        }
        noted.note(call);
        Reply::new(200, "")
    })
    .await;
    let server = Server::start_with(kind, &QUICK).await;
    endpoint(&server, &receiver.url, &["*"]);
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    sign_up(&server, &token, "ada").await;
    server.cli(&["user", "erase", "1"], "").unwrap();
    *open.lock().unwrap() = true;
    heard.wait_for(2, &server).await;
    let calls = receiver.calls();
    let last: Vec<_> = calls[calls.len() - 2..].iter().map(event).collect();
    assert_eq!(
        (&last[0]["type"], &last[0]["data"]),
        (&json!("user.created"), &json!({ "user_id": 1 }))
    );
    assert_eq!(
        (&last[1]["type"], &last[1]["data"]),
        (&json!("user.deleted"), &json!({ "id": 1, "user_id": 1 }))
    );
}

on_both!(
    an_endpoint_is_told_what_happens_from_now_on,
    each_event_arrives_in_its_users_order_whatever_the_receiver_does,
    what_nobody_takes_is_given_up_and_can_be_sent_again,
    a_receiver_that_is_gone_is_disabled,
    erased_users_are_told_of_without_what_they_were,
);

on_replicas!(each_event_arrives_in_its_users_order_whatever_the_receiver_does);

//! Workers that are killed at each step of an order, two hundred in all: fifty for each
//! driver on each database. Every order ends, once, and what was done is done once.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use doorstep_tests::{Call, Kind, Receiver, Reply, Server, Worker, on_both};
use serde_json::{Value, json};

use crate::{
    admin_users::Login,
    orders::{act, customer, ended, id_of, order, place, shop},
    orders_by_webhook::{asking, data},
};

/// Kills in each test.
const KILLS: usize = 50;
/// As fast as the settings allow: an order whose worker is gone is taken over soon.
const QUICK: [(&str, &str); 4] = [
    ("DOORSTEP_JOBS__IN_SERVE", "false"),
    ("DOORSTEP_JOBS__LEASE_MILLIS", "300"),
    ("DOORSTEP_JOBS__POLL_MILLIS", "20"),
    ("DOORSTEP_JOBS__FIRST_PAUSE_MILLIS", "1"),
];

type Orders = BTreeMap<String, Value>;

/// Kills one worker after the other, each at a place, while orders come in. Gives all
/// orders as they ended, and a worker that lives.
async fn kill_at(server: &Server, who: &Login, places: &[&str]) -> (Orders, Worker) {
    let mut ids = Vec::new();
    for kill in 0..KILLS {
        // At the first visit of the place in one round, at the second in the next.
        let (place_of, visit) = (places[kill % places.len()], 1 + kill / places.len() % 2);
        for at in 0..2 {
            ids.push(id_of(&place(server, who, &order(&format!("{kill}-{at}"))).await));
        }
        let target = format!("{place_of}:{visit}");
        let mut worker = server.worker(&[("DOORSTEP_TEST_KILL_AT", &target)]);
        let mut patience = 3_000;
        while !worker.has_ended() {
            patience -= 1;
            assert!(patience > 0, "no worker comes to {target}:\n{}", server.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let worker = server.worker(&[]);
    let mut orders = BTreeMap::new();
    for id in ids {
        orders.insert(id.clone(), ended(server, who, &id).await);
    }
    (orders, worker)
}

/// What must hold whatever was killed when. Gives the orders that were completed.
async fn assert_ended_once(server: &Server, orders: &Orders) -> BTreeSet<String> {
    let mut completed = BTreeSet::new();
    for (id, order) in orders {
        match order["status"].as_str().unwrap() {
            "completed" => drop(completed.insert(id.clone())),
            "failed" => assert_eq!(order["failure"]["code"], "worker_lost", "{order}"),
            _ => panic!("{order}"),
        }
    }
    // A kill costs all orders that the worker had one of their ten tries, and some all.
    assert!(completed.len() * 2 > orders.len(), "{} of {}", completed.len(), orders.len());
    let count = i64::try_from(completed.len()).unwrap();
    for sql in [
        "SELECT COUNT(*) FROM projects",
        "SELECT COUNT(DISTINCT order_id) FROM projects",
        "SELECT COUNT(*) FROM order_changes WHERE state = 'completed'",
        "SELECT COUNT(DISTINCT order_id) FROM order_changes WHERE state = 'completed'",
        "SELECT COUNT(*) FROM events WHERE kind = 'order.completed'",
        "SELECT COUNT(*) FROM audit_log WHERE action = 'order.complete'",
    ] {
        assert_eq!(server.database.count(sql).await, count, "{sql}");
    }
    let database = &server.database;
    let left = "SELECT COUNT(*) FROM jobs WHERE died_at IS NULL";
    assert_eq!(database.count(left).await, 0);
    let sealed = "SELECT COUNT(*) FROM orders WHERE sealed IS NOT NULL AND state = 'completed'";
    assert_eq!(database.count(sealed).await, 0);
    assert_eq!(server.cli(&["audit", "verify"], "").unwrap()["intact"], true);
    completed
}

/// Those that were given up are only so until somebody wants them tried again.
async fn try_the_others_again(server: &Server, who: &Login, mut orders: Orders) {
    for (id, order) in &mut orders {
        if order["status"] == "failed" {
            assert_eq!(act(server, who, id, "retry").await.status, 202);
            *order = ended(server, who, id).await;
        }
    }
    assert_eq!(assert_ended_once(server, &orders).await.len(), 2 * KILLS);
}

async fn folders_are_whole_and_there_once(kind: Kind) {
    let (server, folder) = shop(kind, &QUICK).await;
    let ada = customer(&server, "ada").await;
    let places = ["leased", "begun", "written", "renamed", "made", "settled"];
    let (orders, _worker) = kill_at(&server, &ada, &places).await;
    let completed = assert_ended_once(&server, &orders).await;
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        // What a killed run left is hidden, and of an order that was given up.
        if let Some(rest) = name.strip_prefix('.') {
            assert!(!completed.contains(&rest[..36]), "{name} was left behind");
            continue;
        }
        let read = |file: &str| -> Value {
            let text = std::fs::read_to_string(entry.path().join(file)).unwrap();
            serde_json::from_str(&text).unwrap()
        };
        assert_eq!(read("manifest.json")["order"]["id"], name);
        assert_eq!(read("secrets.json")[0]["value"], "hunter2-and-more");
        found.insert(name);
    }
    assert!(completed.is_subset(&found));
    try_the_others_again(&server, &ada, orders).await;
}

async fn provisioners_are_asked_by_the_same_name(kind: Kind) {
    // The provider is process-wide; a second installation is no error.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
    let runtime = tokio::runtime::Handle::current();
    let receiver = Receiver::start(move |call| {
        let data = data(call);
        let done = json!({ "status": "completed" });
        // One half is answered at once, the other later, to a server that may not have
        // noted yet that it waits.
        if data["project"]["id"].as_i64().unwrap() % 2 == 0 {
            return Reply::new(200, done.to_string());
        }
        let text = |name: &str| data["callback"][name].as_str().unwrap().to_owned();
        let request = http.post(text("url")).bearer_auth(text("token")).json(&done);
        runtime.spawn(async move {
            // As a provisioner would that is told to come again.
            for _ in 0..20 {
                match request.try_clone().unwrap().send().await {
                    Ok(answer) if answer.status().as_u16() < 500 => return,
                    _ => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        });
        Reply::new(202, "")
    })
    .await;
    let (server, _folder) = asking(kind, &receiver.url, &QUICK).await;
    let ada = customer(&server, "ada").await;
    let places = ["leased", "begun", "asking", "asked", "made", "settled"];
    let (orders, _worker) = kill_at(&server, &ada, &places).await;
    let completed = assert_ended_once(&server, &orders).await;
    let mut asked: HashMap<String, Vec<Call>> = HashMap::new();
    for call in receiver.calls() {
        let id = data(&call)["order"]["id"].as_str().unwrap().to_owned();
        asked.entry(id).or_default().push(call);
    }
    for id in &completed {
        let calls = &asked[id];
        let name = format!("msg_{id}_1");
        assert!(calls.iter().all(|call| call.headers["webhook-id"] == name));
        assert!(calls.iter().all(|call| call.body == calls[0].body));
    }
    try_the_others_again(&server, &ada, orders).await;
}

on_both!(folders_are_whole_and_there_once, provisioners_are_asked_by_the_same_name);

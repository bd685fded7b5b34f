//! Servers that end while they tell endpoints what happens, share the work, or commit
//! late: nothing is lost, and each user's order is kept.

use std::{collections::BTreeSet, time::Duration};

use doorstep_accounts::Timestamp;
use doorstep_store::Store;
use doorstep_tests::{Kind, Receiver, Reply, Server, on_both, person, send};
use reqwest::Method;
use serde_json::Map;

use crate::webhooks::{QUICK, Taken, endpoint, event, is_signed, live, pending, unreliable};

/// Events of each user in [`live`].
const EVENTS: usize = 5;

async fn kill_9_loses_no_event(kind: Kind) {
    let heard = Taken::default();
    let receiver = unreliable(&heard).await;
    let mut server = Server::start_with(kind, &QUICK).await;
    let (_, key) = endpoint(&server, &receiver.url, &["*"]);
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    let (rounds, each) = (6, 8);
    for round in 0..rounds {
        for at in 0..each {
            live(&server, &token, &format!("u{round}-{at}")).await;
        }
        // Some of it is under way, whenever that is.
        server.kill();
        server.restart();
    }
    let users = rounds * each;
    heard.wait_for(users * EVENTS, &server).await;
    heard.assert_ordered(users);
    assert!(receiver.calls().iter().all(|call| is_signed(call, &key)));
}

/// Killed at each place of the way that an event goes.
async fn a_worker_that_dies_anywhere_on_the_way_is_made_up_for(kind: Kind) {
    let heard = Taken::default();
    let noted = heard.clone();
    let receiver = Receiver::start(move |call| {
        noted.note(call);
        Reply::new(200, "")
    })
    .await;
    let mut settings = QUICK.to_vec();
    settings.push(("DOORSTEP_JOBS__IN_SERVE", "false"));
    let server = Server::start_with(kind, &settings).await;
    endpoint(&server, &receiver.url, &["*"]);
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    let mut users = 0;
    for place in ["endpoint:1", "telling:1", "telling:4", "told:1", "told:3", "noted:1", "noted:2"]
    {
        for _ in 0..2 {
            live(&server, &token, &format!("u{users}")).await;
            users += 1;
        }
        let mut worker = server.worker(&[("DOORSTEP_TEST_KILL_AT", place)]);
        let mut patience = 3_000;
        while !worker.has_ended() {
            patience -= 1;
            assert!(patience > 0, "no worker comes to {place}:\n{}", server.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let _worker = server.worker(&[]);
    heard.wait_for(users * EVENTS, &server).await;
    heard.assert_ordered(users);
}

async fn several_servers_send_to_an_endpoint_one_at_a_time(kind: Kind) {
    let heard = Taken::default();
    let receiver = unreliable(&heard).await;
    let mut server = Server::start_with(kind, &QUICK).await;
    endpoint(&server, &receiver.url, &["*"]);
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    let replicas = [server.replica(), server.replica()];
    for at in 0..12 {
        live(&server, &token, &format!("u{at}")).await;
        // Through the others as well.
        for (which, replica) in replicas.iter().enumerate() {
            let request = replica.request(Method::POST, "/api/users").bearer_auth(&token);
            let answer =
                send(request.json(&person("srv.example", &format!("r{which}-{at}")))).await;
            assert_eq!(answer.status, 201, "{}", answer.text);
        }
    }
    // Whoever had the endpoint may be the one that goes.
    server.kill();
    heard.wait_for(12 * EVENTS + 24, &server).await;
    let mut lives = heard.clone();
    let changed: BTreeSet<_> =
        heard.all().into_iter().filter(|it| it.2 == "user.updated").map(|it| it.1).collect();
    lives.retain(|user| changed.contains(&user));
    drop(replicas);
    server.restart();
    for _ in 0..1_500 {
        if pending(&server).await == 0 {
            lives.assert_ordered(12);
            let owners = server.log().matches("the lease of a webhook was lost").count();
            assert_eq!(owners, 0, "two had it at a time:\n{}", server.log());
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it is not noted that all was taken");
}

/// PostgreSQL commits in any order: what began first may be there last.
async fn what_is_committed_late_is_sent_late_and_not_passed_over(kind: Kind) {
    let heard = Taken::default();
    let noted = heard.clone();
    let receiver = Receiver::start(move |call| {
        noted.note(call);
        Reply::new(200, "")
    })
    .await;
    let server = Server::start_with(kind, &QUICK).await;
    endpoint(&server, &receiver.url, &["*"]);
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    server.new_user(&token, "srv.example", "ada").await;
    heard.wait_for(1, &server).await;

    let store = Store::connect(&server.database.url).await.unwrap();
    let mut late = store.begin().await.unwrap();
    // The least id that there can be: every reader is past it.
    let id = "evt_00000000000070008000000000000000";
    let at = Timestamp(1_700_000_000_000);
    late.conn().add_event(id, "user.updated", 1, &Map::new(), at).await.unwrap();
    let mut others = 0;
    if kind == Kind::Postgres {
        // On SQLite nobody else writes meanwhile.
        for at in 0..5 {
            server.new_user(&token, "srv.example", &format!("u{at}")).await;
            others += 1;
        }
        heard.wait_for(1 + others, &server).await;
        assert!(heard.all().iter().all(|(it, ..)| it != id));
    }
    late.commit().await.unwrap();
    store.close().await;
    heard.wait_for(2 + others, &server).await;
    assert_eq!(heard.all().pop().unwrap().0, id);
}

/// T-132: what the last requests did is still told.
async fn a_stopping_server_still_sends_what_is_due(kind: Kind) {
    let heard = Taken::default();
    let noted = heard.clone();
    let receiver = Receiver::start(move |call| {
        noted.note(call);
        // One event is never taken, and holds nobody up.
        if event(call)["data"]["user_id"] == 1 {
            return Reply::new(500, "");
        }
        Reply::new(200, "").after(Duration::from_millis(30))
    })
    .await;
    let mut settings = QUICK.to_vec();
    settings.extend([
        ("DOORSTEP_WEBHOOKS__PAUSES", "1h"),
        ("DOORSTEP_WEBHOOKS__AT_ONCE", "4"),
        // Nobody but the end of the server makes it look.
        ("DOORSTEP_JOBS__POLL_MILLIS", "60000"),
    ]);
    let mut server = Server::start_with(kind, &settings).await;
    endpoint(&server, &receiver.url, &["*"]);
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    for at in 0..60 {
        server.new_user(&token, "srv.example", &format!("u{at}")).await;
    }
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    let mut users: Vec<_> = heard.all().into_iter().map(|(_, user, _)| user).collect();
    users.sort_unstable();
    assert_eq!(users, (1..=60).collect::<Vec<_>>(), "each once");
    assert_eq!(pending(&server).await, 1);
    let free = "SELECT COUNT(*) FROM webhook_endpoints WHERE leased_until = 0 AND owner IS NULL";
    assert_eq!(server.database.count(free).await, 1, "others can send at once");
}

on_both!(
    kill_9_loses_no_event,
    a_worker_that_dies_anywhere_on_the_way_is_made_up_for,
    several_servers_send_to_an_endpoint_one_at_a_time,
    what_is_committed_late_is_sent_late_and_not_passed_over,
    a_stopping_server_still_sends_what_is_due,
);

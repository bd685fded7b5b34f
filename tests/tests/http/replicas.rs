//! Three servers on one PostgreSQL behind HAProxy, with the handbook's settings: what one
//! promises the others hold, and one that is killed is made up for.
//!
//! What is decided once is shown where it is shown of one server: see `on_replicas!`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use doorstep_tests::{
    Chance, Crowd, Inventory, Kind, Order, Postgres, Receiver, Reply, Server, Site, person, send,
};
use reqwest::Method;
use serde_json::json;

use crate::{
    idempotency::KEY,
    orders::{customer, ended, id_of, order, place, shop},
    webhooks::{QUICK, Taken, endpoint, is_signed, pending},
};

/// All three, each by its own address.
fn each(server: &mut Server) -> [Site; 3] {
    let first = server.own_site();
    let [second, third] = server.replicas() else { panic!("there are three") };
    [first, second.site().clone(), third.site().clone()]
}

async fn logs_in(site: &Site, (name, password): &(String, String)) -> bool {
    let own = site.request(Method::GET, "/api/users").basic_auth(name, Some(password));
    send(own).await.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_spread_and_one_limit_holds_for_all() {
    let settings = [("DOORSTEP_LIMITS__SCALE", "1"), ("DOORSTEP_RATES__TOKEN", "40/h burst 40")];
    let mut server = Server::start_with(Kind::Replicas, &settings).await;
    let client = server.client("register", &[], &[]);
    let requests: Vec<_> = (0..120)
        .map(|_| {
            let request = server.request(Method::POST, "/api/oauth/token");
            let request = request.basic_auth(&client.id, Some(&client.secret));
            tokio::spawn(send(request.form(&[("grant_type", "client_credentials")])))
        })
        .collect();
    let mut statuses = BTreeMap::new();
    for request in requests {
        *statuses.entry(request.await.unwrap().status.as_u16()).or_insert(0) += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(200, 40), (429, 80)]));
    // Each had a part in it, and refuses by itself now.
    for site in each(&mut server) {
        let request = site.request(Method::POST, "/api/oauth/token");
        let request = request.basic_auth(&client.id, Some(&client.secret));
        let answer = send(request.form(&[("grant_type", "client_credentials")])).await;
        assert_eq!(answer.status, 429, "{}", answer.text);
    }
    let first = server.get_ops("/metrics").await.text;
    let own =
        first.lines().find(|line| line.starts_with("doorstep_rate_limited_total{limit=\"token\"}"));
    let own: f64 = own.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0);
    assert!(own < 80.0, "the first one was asked everything");
}

/// Rotated on one of them, which is the only one that is told.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_rotated_on_one_work_on_the_others() {
    let mut server = Server::start(Kind::Replicas).await;
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    let old = server.new_user(&token, "srv.example", "old").await;
    let [first, second, third] = each(&mut server);
    server.cli(&["keys", "rotate"], "").unwrap();
    server.signal("HUP");
    for _ in 0..600 {
        if server.log().contains("the key file was read again") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ask = async |site: &Site, token: &str| {
        let request = site.request(Method::POST, "/api/users").bearer_auth(token);
        let request = request.header("idempotency-key", KEY);
        send(request.json(&person("srv.example", "new"))).await
    };
    // By a token and into a credential and a sealed answer of the new version.
    let request = first.request(Method::POST, "/api/oauth/token");
    let request = request.basic_auth(&client.id, Some(&client.secret));
    let granted = send(request.form(&[("grant_type", "client_credentials")])).await.json();
    let token = granted["access_token"].as_str().unwrap();
    let made = ask(&first, token).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let new = "SELECT COUNT(*) FROM credentials WHERE secret LIKE 'v2:%'";
    assert_eq!(server.database.count(new).await, 1);
    for site in [&second, &third] {
        let again = ask(site, token).await;
        assert_eq!((again.status.as_u16(), &again.text), (201, &made.text));
        assert_eq!(again.header("idempotent-replayed"), "true");
    }
    let api = &made.json()["user"]["api"];
    let text = |name: &str| api[name].as_str().unwrap().to_owned();
    let new = (text("username"), text("password"));
    for site in [&first, &second, &third] {
        assert!(logs_in(site, &old).await && logs_in(site, &new).await);
    }
}

/// T-029: what is revoked at one is refused by all, at once.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_at_one_is_refused_by_all() {
    let mut server = Server::start(Kind::Replicas).await;
    let client = server.client("register", &["srv.example"], &[]);
    let sites = each(&mut server);
    for (at, site) in sites.iter().enumerate() {
        let token = server.token(&client, "register").await;
        let sign_up = async |site: &Site, name: String| {
            let request = site.request(Method::POST, "/api/users").bearer_auth(&token);
            send(request.json(&person("srv.example", &name))).await.status
        };
        for (to, other) in sites.iter().enumerate() {
            assert_eq!(sign_up(other, format!("before-{at}-{to}")).await, 201);
        }
        let revoke = site.request(Method::POST, "/api/oauth/revoke");
        let revoke = revoke.basic_auth(&client.id, Some(&client.secret));
        assert_eq!(send(revoke.form(&[("token", &token)])).await.status, 200);
        for (to, other) in sites.iter().enumerate() {
            assert_eq!(sign_up(other, format!("after-{at}-{to}")).await, 401);
        }
    }
}

/// Each order is one server's at a time, and another one's when that is killed.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_worked_off_once_whoever_is_killed() {
    let quick = [("DOORSTEP_JOBS__LEASE_MILLIS", "300"), ("DOORSTEP_JOBS__POLL_MILLIS", "20")];
    let (mut server, folder) = shop(Kind::Replicas, &quick).await;
    let ada = customer(&server, "ada").await;
    let mut ids = Vec::new();
    for round in 0..6 {
        for at in 0..4 {
            ids.push(id_of(&place(&server, &ada, &order(&format!("{round}-{at}"))).await));
        }
        let one = &mut server.replicas()[round % 2];
        one.kill();
        one.restart();
    }
    for id in &ids {
        let order = ended(&server, &ada, id).await;
        assert_eq!(order["status"], "completed", "{order}");
    }
    let placed = i64::try_from(ids.len()).unwrap();
    for sql in [
        "SELECT COUNT(*) FROM projects",
        "SELECT COUNT(DISTINCT order_id) FROM projects",
        "SELECT COUNT(*) FROM order_changes WHERE state = 'completed'",
        "SELECT COUNT(*) FROM events WHERE kind = 'order.completed'",
    ] {
        assert_eq!(server.database.count(sql).await, placed, "{sql}");
    }
    drop(folder);
}

/// One after the other is killed while people sign up and an endpoint is told of them.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_nothing_is_lost_and_nothing_is_there_twice() {
    const PEOPLE: usize = 600;
    let heard = Taken::default();
    let noted = heard.clone();
    let receiver = Receiver::start(move |call| {
        noted.note(call);
        Reply::new(200, "")
    })
    .await;
    let mut server = Server::start_with(Kind::Replicas, &QUICK).await;
    let (_, key) = endpoint(&server, &receiver.url, &["user.created"]);
    let seed = Chance::new_seed();
    let mut chance = Chance::from_seed(seed);
    let crowd = Crowd::start(Order {
        sites: vec![server.site()],
        client: server.client("register", &["srv.example"], &[]),
        people: PEOPLE,
        at_once: 16,
        pause: Duration::ZERO,
    });
    for kill in 1..=8 {
        crowd.reaches(kill * PEOPLE / 9).await;
        tokio::time::sleep(chance.pause(6)).await;
        let which = chance.within(0..3);
        tokio::task::block_in_place(|| {
            if which == 0 {
                server.kill();
                server.restart();
            } else {
                let one = &mut server.replicas()[which - 1];
                one.kill();
                one.restart();
            }
        });
    }
    let (accounts, tally) =
        crowd.end().await.unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
    heard.wait_for(PEOPLE, &server).await;
    let inventory = Inventory::take(&server, &server.site(), &accounts).await;
    assert!(inventory.faults(PEOPLE).is_empty(), "seed {seed}: {inventory:?} {tally:?}");
    assert!(receiver.calls().iter().all(|call| is_signed(call, &key)));
    // One that was killed before it noted an answer leaves it to another, who tells again.
    let mut told: BTreeMap<i64, usize> = BTreeMap::new();
    for (_, user, _) in heard.all() {
        *told.entry(user).or_default() += 1;
    }
    assert_eq!(told.len(), PEOPLE, "seed {seed}");
}

/// Nobody is killed: each event comes once.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_told_once_by_three() {
    let heard = Taken::default();
    let noted = heard.clone();
    let receiver = Receiver::start(move |call| {
        noted.note(call);
        Reply::new(200, "")
    })
    .await;
    let mut settings = QUICK.to_vec();
    // Nobody is thought to be gone who is only slow.
    settings.extend([
        ("DOORSTEP_WEBHOOKS__TIMEOUT_SECONDS", "20"),
        ("DOORSTEP_JOBS__LEASE_MILLIS", "60000"),
    ]);
    let server = Server::start_with(Kind::Replicas, &settings).await;
    endpoint(&server, &receiver.url, &["user.created"]);
    let client = server.client("register", &["srv.example"], &[]);
    let people = 200;
    let sites = vec![server.site()];
    let order = Order { sites, client, people, at_once: 12, pause: Duration::ZERO };
    Crowd::start(order).end().await.unwrap();
    heard.wait_for(people, &server).await;
    for _ in 0..1_500 {
        if pending(&server).await == 0 {
            let all = heard.all();
            // Each server hands out numbers of its own.
            let users: BTreeSet<_> = all.iter().map(|(_, user, _)| *user).collect();
            assert_eq!((all.len(), users.len()), (people, people), "each once");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it is not noted that all was taken");
}

/// A commit that a second node was to have and has not is no acknowledgement, however
/// long it takes.
#[tokio::test(flavor = "multi_thread")]
async fn what_no_second_node_has_is_not_acknowledged() {
    let cluster = Postgres::start();
    let url = Postgres::new_database(&cluster.url).await;
    let mut server = Server::start_with(Kind::Sqlite, &[("DOORSTEP_DATABASE_URL", &url)]).await;
    server.database.url = url;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let ask = async || {
        let request = server.request(Method::POST, "/api/users").bearer_auth(&token);
        let request = request.header("idempotency-key", KEY);
        send(request.json(&person("srv", "bob"))).await
    };
    for sql in ["ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()"]
    {
        cluster.execute(sql.to_owned()).await;
    }
    // The cluster follows a moment later.
    for at in 0.. {
        let probe = cluster.execute(format!("CREATE TABLE probe_{at} ()"));
        if tokio::time::timeout(Duration::from_millis(300), probe).await.is_err() {
            break;
        }
    }
    for _ in 0..2 {
        let answer = ask().await;
        assert!([409, 503].contains(&answer.status.as_u16()), "{}", answer.text);
        assert!(!answer.header("retry-after").is_empty(), "{}", answer.text);
    }
    // The node is there again, and whoever waits for it goes on.
    for sql in ["ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()"] {
        cluster.execute(sql.to_owned()).await;
    }
    let answer = loop {
        let answer = ask().await;
        if answer.status == 201 {
            break answer;
        }
        assert!([409, 503].contains(&answer.status.as_u16()), "{}", answer.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(
        answer.json()["user"]["api"]["password"].is_string(),
        "{}",
        json!(answer.status.as_u16())
    );
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 1);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM credentials").await, 1);
}

//! Endpoints that are in networks of one's own, slow, endless or broken.

use std::time::Duration;

use doorstep_tests::{Kind, Receiver, Reply, Server, on_both, run_cli};
use serde_json::{Value, json};

use crate::webhooks::{QUICK, Taken, endpoint, event, pending};

/// URLs that lead into networks of one's own, or not to a receiver of webhooks; `PORT`
/// stands for one on this machine that answers.
const REFUSED: [(&str, &str); 22] = [
    ("http://hooks.example.com/", "https"),
    ("https://127.0.0.1:PORT/", "127.0.0.1"),
    ("https://localhost:PORT/", "no public address"),
    ("https://10.0.0.1/", "10.0.0.1"),
    ("https://172.16.0.1/", "172.16.0.1"),
    ("https://192.168.1.1/", "192.168.1.1"),
    ("https://169.254.169.254/latest/meta-data", "169.254.169.254"),
    ("https://100.64.0.1/", "100.64.0.1"),
    ("https://0.0.0.0:PORT/", "0.0.0.0"),
    ("https://[::1]:PORT/", "::1"),
    ("https://[fe80::1]/", "fe80::1"),
    ("https://[fd12:3456::1]/", "fd12:3456::1"),
    ("https://[::ffff:10.0.0.1]/", "no public address"),
    ("https://[::ffff:127.0.0.1]:PORT/", "no public address"),
    ("https://[64:ff9b::7f00:1]/", "no public address"),
    // The same machine, in the ways in which URLs can say it.
    ("https://2130706433:PORT/", "127.0.0.1"),
    ("https://0x7f000001:PORT/", "127.0.0.1"),
    ("https://0177.1:PORT/", "127.0.0.1"),
    ("https://127.1:PORT/", "127.0.0.1"),
    ("https://1.1.1.1:25/", "port 25"),
    ("https://user:hunter2@1.1.1.1/", "name or password"),
    ("ftp://1.1.1.1/", "not an http(s) URL"),
];

fn add(server: &Server, url: &str, allow_private: &str) -> Result<Value, String> {
    let settings = server.settings_with(&[("DOORSTEP_WEBHOOKS__ALLOW_PRIVATE", allow_private)]);
    let arguments = ["webhook", "add", "--url", url];
    run_cli(&doorstep_tests::program(), &settings, server.folder(), &arguments, "")
}

/// T-121: refused when it is saved, and again when it is sent to.
async fn no_request_goes_into_a_network_of_ones_own(kind: Kind) {
    let receiver = Receiver::start(|_| Reply::new(200, "")).await;
    let port = receiver.url.split(':').nth(2).unwrap().split('/').next().unwrap().to_owned();
    let mut settings = QUICK.to_vec();
    settings
        .extend([("DOORSTEP_WEBHOOKS__ALLOW_PRIVATE", "false"), ("DOORSTEP_WEBHOOKS__TRIES", "1")]);
    let server = Server::start_with(kind, &settings).await;
    let mut saved = 0;
    for (url, named) in REFUSED {
        let url = url.replace("PORT", &port);
        let error = add(&server, &url, "false").unwrap_err();
        assert!(error.contains("--url") || error.contains("address"), "{url}: {error}");
        assert!(error.contains(named), "{url}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
        // As if the check had not been there: somebody else's network is one's own now.
        saved += usize::from(add(&server, &url, "true").is_ok());
    }
    // All but the two whose form is wrong wherever they lead.
    assert_eq!(saved, REFUSED.len() - 2);
    assert!(add(&server, "https://1.1.1.1/hook", "false").is_ok(), "a public one is taken");
    let public = server.cli(&["webhook", "list"], "").unwrap();
    let public = public["webhooks"].as_array().unwrap().last().unwrap()["id"].clone();
    server.cli(&["webhook", "remove", public.as_str().unwrap()], "").unwrap();

    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    server.new_user(&token, "srv.example", "ada").await;
    for _ in 0..1_500 {
        let dead = server.cli(&["webhook", "dead"], "").unwrap()["dead"].clone();
        let dead = dead.as_array().unwrap();
        if dead.len() == saved {
            for it in dead {
                let reason = it["reason"].as_str().unwrap();
                let why = ["no public address", "must be https", "has port"];
                assert!(why.iter().any(|why| reason.contains(why)), "{reason}");
            }
            assert_eq!(receiver.calls().len(), 0);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{}", server.cli(&["webhook", "list"], "").unwrap());
}

/// T-123: cut in time and length, tried again, given up; and who signs up does not notice.
async fn a_slow_or_endless_or_broken_receiver_holds_nobody_up(kind: Kind) {
    let slow = Receiver::start(|_| Reply::new(200, "").after(Duration::from_mins(10))).await;
    let huge = Receiver::start(|_| Reply::new(200, "x".repeat(64 * 1024 * 1024))).await;
    let broken = Receiver::start(|_| Reply::new(500, "")).await;
    let heard = Taken::default();
    let noted = heard.clone();
    let good = Receiver::start(move |call| {
        noted.note(call);
        Reply::new(200, "")
    })
    .await;
    let mut settings = QUICK.to_vec();
    settings.extend([
        // The default: five seconds.
        ("DOORSTEP_WEBHOOKS__TIMEOUT_SECONDS", ""),
        ("DOORSTEP_WEBHOOKS__TRIES", "2"),
        ("DOORSTEP_WEBHOOKS__AT_ONCE", "8"),
    ]);
    let server = Server::start_with(kind, &settings).await;
    let ids = [&slow, &huge, &broken, &good].map(|it| endpoint(&server, &it.url, &["*"]).0);
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    for at in 0..8 {
        server.new_user(&token, "srv.example", &format!("u{at}")).await;
    }
    heard.wait_for(8, &server).await;
    assert_eq!(slow.cut(), 0, "all is done before the first is given up");
    for _ in 0..3_000 {
        let listed = server.cli(&["webhook", "list"], "").unwrap()["webhooks"].clone();
        if listed.as_array().unwrap().iter().all(|it| it["pending"] == 0) {
            let dead: Vec<_> = ids
                .iter()
                .map(|id| {
                    let all = listed.as_array().unwrap();
                    all.iter().find(|it| it["id"] == **id).unwrap()["dead"].clone()
                })
                .collect();
            assert_eq!(dead, [json!(8), json!(0), json!(8), json!(0)]);
            assert_eq!((slow.calls().len(), slow.cut()), (16, 16));
            assert_eq!((huge.calls().len(), huge.cut()), (8, 8), "the rest is not read");
            assert_eq!(broken.calls().len(), 16);
            let reasons = server.cli(&["webhook", "dead", &ids[0]], "").unwrap().to_string();
            assert!(reasons.contains("timed out"), "{reasons}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{}", server.cli(&["webhook", "list"], "").unwrap());
}

/// `Retry-After` is for all that the receiver is sent.
async fn a_receiver_that_asks_for_rest_gets_it(kind: Kind) {
    let receiver = Receiver::start(|call| {
        if event(call)["data"]["user_id"] == 1 {
            Reply { headers: "retry-after: 3600\r\n".to_owned(), ..Reply::new(429, "") }
        } else {
            Reply::new(200, "")
        }
    })
    .await;
    let server = Server::start_with(kind, &QUICK).await;
    endpoint(&server, &receiver.url, &["*"]);
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    server.new_user(&token, "srv.example", "ada").await;
    let put_off = "SELECT COUNT(*) FROM webhook_deliveries WHERE attempts = 1";
    for _ in 0..1_500 {
        if server.database.count(put_off).await == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let due = "SELECT MIN(d.due_at - e.created_at) / 1000 FROM webhook_deliveries d \
               JOIN events e ON e.id = d.event_id";
    let rest = server.database.count(due).await;
    assert!((3_600..3_700).contains(&rest), "{rest}");
    server.new_user(&token, "srv.example", "bob").await;
    // Two looks at the table later.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!((receiver.calls().len(), pending(&server).await), (1, 2));
}

on_both!(
    no_request_goes_into_a_network_of_ones_own,
    a_slow_or_endless_or_broken_receiver_holds_nobody_up,
    a_receiver_that_asks_for_rest_gets_it,
);

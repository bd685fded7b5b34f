//! More requests at once than the server takes on: some are told to come again,
//! nobody waits, and slow senders keep nobody out.

use std::{collections::BTreeMap, sync::Arc};

use doorstep_tests::{Kind, Server, keep_secret, on_both, person, send};
use reqwest::Method;
use sqlx::{Connection as _, SqliteConnection};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

async fn what_is_too_much_at_once_is_told_to_come_again(kind: Kind) {
    let server = Server::start_with(kind, &[("DOORSTEP_LIMITS__REQUESTS", "4")]).await;
    let client = server.client("register", &[], &[]);
    let bearer = server.token(&client, "register").await;
    let requests: Vec<_> = (0..300)
        .map(|at| {
            let request = server.request(Method::POST, "/api/users").bearer_auth(&bearer);
            tokio::spawn(send(request.json(&person("srv", &format!("u{at}")))))
        })
        .collect();
    assert_eq!(server.get_ops("/readyz").await.status, 200);
    let mut statuses = BTreeMap::new();
    for request in requests {
        let answer = request.await.unwrap();
        let status = answer.status.as_u16();
        if status == 503 {
            assert_eq!(answer.refusal().1, "unavailable");
            assert_eq!(answer.header("retry-after"), "1");
        }
        *statuses.entry(status).or_insert(0_i64) += 1;
    }
    let created = statuses.remove(&201).unwrap_or_default();
    let shed = statuses.remove(&503).unwrap_or_default();
    assert!(statuses.is_empty() && created >= 1 && shed >= 1, "{statuses:?} {created} {shed}");
    assert_eq!(server.database.count("SELECT COUNT(*) FROM identities").await, created);
    assert!(server.get_ops("/metrics").await.text.contains("doorstep_shed_total"));
    assert_eq!(server.get_ops("/readyz").await.status, 200);
    // And it is over when it is over.
    assert_eq!(server.sign_up(&bearer, &person("srv", "later")).await.status, 201);
}

/// T-108: nobody is lost, nothing fails, and the server is ready all the time.
#[expect(clippy::print_stderr, reason = "what was measured, for whoever looks")]
async fn of_ten_thousand_at_once_some_are_told_to_come_again(kind: Kind) {
    const SENDERS: usize = 10_000;
    rlimit::increase_nofile_limit(16_384).unwrap();
    // At `trace` most of the work would be its own log.
    let server = Server::start_with(kind, &[("DOORSTEP_LOG__FILTER", "info")]).await;
    let client = server.client("register", &[], &[]);
    let bearer = server.token(&client, "register").await;
    let address = server.url.trim_start_matches("http://");
    let mut streams = Vec::new();
    for _ in 0..SENDERS {
        streams.push(TcpStream::connect(address).await.unwrap());
    }
    let senders: Vec<_> = streams
        .into_iter()
        .enumerate()
        .map(|(at, mut stream)| {
            let body = person("srv", &format!("u{at}")).to_string();
            let request = format!(
                "POST /api/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bearer}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            tokio::spawn(async move {
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.unwrap();
                answer
            })
        })
        .collect();
    let mut statuses = BTreeMap::new();
    for (at, sender) in senders.into_iter().enumerate() {
        if at % 500 == 0 {
            assert_eq!(server.get_ops("/readyz").await.status, 200);
            assert_eq!(server.get_ops("/livez").await.status, 200);
        }
        let answer = sender.await.unwrap();
        let status: u16 = answer[9..12].parse().unwrap();
        if status == 503 {
            assert!(answer.contains("retry-after: "), "{answer}");
        } else if let Some((_, password)) = answer.split_once("\"password\":\"") {
            keep_secret("a password", password.split('"').next().unwrap());
        }
        *statuses.entry(status).or_insert(0_i64) += 1;
    }
    eprintln!("{kind:?}: {statuses:?}");
    let created = statuses.remove(&201).unwrap_or_default();
    statuses.remove(&503);
    assert!(statuses.is_empty() && created > 0, "{statuses:?}");
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, created);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM credentials").await, created);
    assert_eq!(server.sign_up(&bearer, &person("srv", "later")).await.status, 201);
}

/// T-119.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_reader_and_fifty_writers_do_not_see_a_lock() {
    let settings = [("DOORSTEP_LOG__FILTER", "info")];
    let server = Arc::new(Server::start_with(Kind::Sqlite, &settings).await);
    let client = server.client("register", &[], &[]);
    let bearer = server.token(&client, "register").await;
    let path = server.database.url.trim_start_matches("sqlite://").to_owned();
    let log = || std::fs::metadata(format!("{path}-wal")).map_or(0, |data| data.len());
    // Somebody's copy of the database: as long as it reads, nothing of the log can go.
    let mut reader = SqliteConnection::connect(&path).await.unwrap();
    for sql in ["BEGIN", "SELECT COUNT(*) FROM users"] {
        sqlx::query(sql).fetch_all(&mut reader).await.unwrap();
    }
    let writers: Vec<_> = (0..50)
        .map(|writer| {
            let (server, bearer) = (server.clone(), bearer.clone());
            tokio::spawn(async move {
                for at in 0..20 {
                    let who = person("srv", &format!("w{writer}-{at}"));
                    let answer = server.sign_up(&bearer, &who).await;
                    assert_eq!(answer.status, 201, "{}", answer.text);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let seen: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM users").fetch_one(&mut reader).await.unwrap();
    assert_eq!(seen, 0, "it reads what was there when it began");
    let held_up = log();
    reader.close().await.unwrap();
    for at in 0..10 {
        let answer = server.sign_up(&bearer, &person("srv", &format!("after-{at}"))).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    let bound = 8 * 1024 * 1024;
    assert!(held_up > bound, "{held_up} bytes of log were nothing to bound");
    assert!(log() <= bound, "{} bytes of log, of {held_up}", log());
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 1_010);
    assert!(!server.log().contains("locked"), "{}", server.log());
}

async fn who_sends_slowly_keeps_nobody_out(kind: Kind) {
    let server = Server::start_with(kind, &[("DOORSTEP_LIMITS__REQUESTS", "1")]).await;
    let client = server.client("register", &[], &[]);
    let bearer = server.token(&client, "register").await;
    let body = person("srv", "slow").to_string();
    let mut slow = Vec::new();
    for (at, token) in [&*bearer, &*bearer, "wrong", "wrong"].into_iter().enumerate() {
        let address = server.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /api/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nExpect: 100-continue\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // The server asks for the body when it begins to wait for it.
        let mut asked = [0; 25];
        stream.read_exact(&mut asked).await.unwrap();
        assert!(asked.starts_with(b"HTTP/1.1 100"), "{at}");
        slow.push(stream);
    }
    assert_eq!(server.sign_up(&bearer, &person("srv", "quick")).await.status, 201);
    let mut first = slow.swap_remove(0);
    first.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    first.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

on_both!(
    what_is_too_much_at_once_is_told_to_come_again,
    of_ten_thousand_at_once_some_are_told_to_come_again,
    who_sends_slowly_keeps_nobody_out
);

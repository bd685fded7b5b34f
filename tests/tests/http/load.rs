//! More requests at once than the server takes on: some are told to come again,
//! nobody waits, and slow senders keep nobody out.

use std::collections::BTreeMap;

use doorstep_tests::{Kind, Server, on_both, person, send};
use reqwest::Method;
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

on_both!(what_is_too_much_at_once_is_told_to_come_again, who_sends_slowly_keeps_nobody_out);

//! Connections that are slow, silent or malformed, and headers of every answer.

use std::time::{Duration, Instant};

use doorstep_tests::{Kind, Server, send};
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.url.trim_start_matches("http://")).await.expect("the port is open")
}

/// Everything until the server closes; panics if it never does.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    // A reset is a close too.
    let _ = tokio::time::timeout(Duration::from_secs(30), read).await.expect("the server closes");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Short deadlines, so that the tests need not wait for the real ones.
async fn impatient() -> Server {
    Server::start_with(
        Kind::Sqlite,
        &[("DOORSTEP_LIMITS__HEAD_SECONDS", "1"), ("DOORSTEP_LIMITS__BODY_SECONDS", "1")],
    )
    .await
}

/// T-106.
#[tokio::test(flavor = "multi_thread")]
async fn silent_and_slow_heads_are_closed_while_others_are_served() {
    let server = impatient().await;
    let (mut idle, mut slow) = (Vec::new(), Vec::new());
    rlimit::increase_nofile_limit(4_096).unwrap();
    for _ in 0..1_000 {
        idle.push(connect(&server).await);
        slow.push(connect(&server).await);
    }
    let mut left = slow.len();
    // A byte at a time, on each of them, for as long as there is anybody to take it: a
    // head of this length would take ten times as long as it may.
    let drip = async {
        for byte in b"GET /docs/errors HTTP/1.1\r\nHost: x\r\nX-Slow: "
            .iter()
            .chain(std::iter::repeat_n(&b'y', 1_000))
        {
            left = 0;
            for stream in &mut slow {
                left += usize::from(stream.write_all(&[*byte]).await.is_ok());
            }
            if left == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let others = async {
        for _ in 0..50 {
            assert_eq!(server.get("/docs/errors").await.status, 200);
        }
    };
    tokio::join!(others, drip);
    assert_eq!(left, 0, "slow heads are still waited for");
    for stream in &mut slow {
        let said = rest(stream).await;
        assert!(!said.starts_with("HTTP/1.1 200"), "{said}");
    }
    for stream in &mut idle {
        assert_eq!(rest(stream).await, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_has_a_deadline_that_progress_does_not_reset() {
    let server = impatient().await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let mut stream = connect(&server).await;
    let head = format!(
        "POST /api/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let started = Instant::now();
    let (mut reader, mut writer) = stream.split();
    let drip = async {
        while writer.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if started.elapsed() > Duration::from_secs(20) {
                return;
            }
        }
    };
    let mut said = String::new();
    tokio::select! {
        () = drip => panic!("the server goes on reading"),
        _ = reader.read_to_string(&mut said) => {}
    }
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(said.contains("request_timeout"));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_cap_wait_and_are_served_later() {
    let server = Server::start_with(
        Kind::Sqlite,
        &[("DOORSTEP_LIMITS__CONNECTIONS", "2"), ("DOORSTEP_LIMITS__HEAD_SECONDS", "2")],
    )
    .await;
    let _first = connect(&server).await;
    let _second = connect(&server).await;
    // Both places are taken until their silence ends them.
    assert_eq!(server.get("/docs/errors").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_and_ambiguous_requests_are_refused() {
    let server = impatient().await;
    let long = "x".repeat(20 * 1024);
    let many = "X-Many: y\r\n".repeat(200);
    for (request, expected) in [
        ("GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n".to_owned(), "400"),
        ("POST /api/users HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef".to_owned(), "400"),
        (format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n"), "431"),
        (format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n"), "431"),
    ] {
        let mut stream = connect(&server).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let said = rest(&mut stream).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {expected}")), "{expected}: {said}");
    }
    // Lengths that two servers could read in two ways: the smuggler's requests.
    // Refused or read by one rule, and the connection is not used for a second
    // request hidden in the body.
    for lengths in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\x0bchunked",
        "Content-Length: +4",
        "Content-Length: 4, 5",
        "Content-Length:\r\n 4",
        "Content-Length: 0x4",
    ] {
        let mut stream = connect(&server).await;
        let smuggled = format!(
            "POST /api/oauth/token HTTP/1.1\r\nHost: x\r\n{lengths}\r\n\r\n0\r\n\r\nGET /docs/errors HTTP/1.1\r\nHost: x\r\n\r\n"
        );
        stream.write_all(smuggled.as_bytes()).await.unwrap();
        let said = rest(&mut stream).await;
        assert!(!said.contains("Error codes"), "{lengths}: {said}");
        assert!(said.starts_with("HTTP/1.1 4"), "{lengths}: {said}");
    }
    assert_eq!(server.get("/docs/errors").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn chunked_bodies_are_cut_at_the_limit() {
    let server = Server::start(Kind::Sqlite).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let mut stream = connect(&server).await;
    let head = format!(
        "POST /api/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("2000\r\n{}\r\n", " ".repeat(0x2000));
    for _ in 0..5 {
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let _ = stream.write_all(b"0\r\n\r\n").await;
    let said = rest(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 413"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_an_id_and_says_how_it_may_be_used() {
    let server = Server::start(Kind::Sqlite).await;
    for (path, status) in
        [("/", 404), ("/api/users", 401), ("/docs/errors", 200), ("/api/nothing", 404)]
    {
        let answer = server.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert!(answer.header("x-request-id").starts_with("req_"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    }
    let kept = send(server.request(Method::GET, "/").header("x-request-id", "panel-1.2_3")).await;
    assert_eq!(kept.header("x-request-id"), "panel-1.2_3");
    let replaced = send(server.request(Method::GET, "/").header("x-request-id", "a b;c")).await;
    assert!(replaced.header("x-request-id").starts_with("req_"));
    for method in [Method::PUT, Method::DELETE] {
        let answer = send(server.request(method, "/api/users")).await;
        assert_eq!(answer.refusal(), (405, "method_not_allowed".to_owned()));
        assert_eq!(answer.header("allow"), "POST, GET, PATCH");
    }
    assert!(server.get("/docs/errors").await.text.contains("already-registered"));
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_metrics_are_on_their_own_listener() {
    let server = Server::start(Kind::Sqlite).await;
    assert_eq!(server.get_ops("/livez").await.status, 200);
    assert_eq!(server.get_ops("/readyz").await.status, 200);
    server.get("/docs/errors").await;
    let metrics = server.get_ops("/metrics").await;
    assert!(metrics.text.contains("doorstep_requests_total"), "{}", metrics.text);
    assert_eq!(server.get("/metrics").await.status, 404);
    assert_eq!(server.get("/readyz").await.status, 404);
}

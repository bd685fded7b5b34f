//! What comes to the door in odd forms: bodies, versions, pages of other sites,
//! addresses by the thousand, and a server's name that could be called (cases E to I).

use std::{io::ErrorKind, net::TcpListener};

use doorstep_tests::{Kind, Server, on_both, person, send};
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    admin_users::{USERS, admin},
    limits::{from, server as limited},
};

/// Sends bytes and reads until the server closes.
async fn raw(server: &Server, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    // The server may refuse before it has read all.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// T-086.
async fn a_body_is_as_long_as_it_may_be_and_as_it_says(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let padded = |length: usize, who: &str| {
        let mut body = person("srv", who).to_string();
        body.push_str(&" ".repeat(length - body.len()));
        body
    };
    let post = |body: String| {
        let request = server.request(Method::POST, "/api/users").bearer_auth(&token);
        send(request.header("content-type", "application/json").body(body))
    };
    let limit = 32 * 1024;
    assert_eq!(post(padded(limit - 1, "a")).await.status, 201);
    assert_eq!(post(padded(limit, "b")).await.status, 201);
    assert_eq!(post(padded(limit + 1, "c")).await.refusal(), (413, "body_too_large".to_owned()));

    let head = format!(
        "POST /api/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nConnection: close\r\n"
    );
    // Chunks, of which nobody says how many there will be.
    let chunks = |body: &str| {
        let chunks: Vec<_> = body.as_bytes().chunks(1_000).collect();
        let text = chunks
            .iter()
            .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)));
        format!("{head}Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", text.collect::<String>())
    };
    for (length, who, status) in [(limit, "d", "201"), (limit + 1, "e", "413")] {
        let answer = raw(&server, chunks(&padded(length, who)).as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{length}: {answer}");
    }
    // It announces more than may come: refused for what it says.
    let lying = format!("{head}Content-Length: 4294967296\r\n\r\n{{}}");
    let answer = raw_until_told(&server, lying.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    // It announces more than it sends, and hangs up: nobody is signed up.
    let body = person("srv", "f").to_string();
    let short = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len() + 10);
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    stream.write_all(short.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    // It announces less: the rest is no second request.
    let less = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len() - 5);
    let answer = raw(&server, less.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    // Compressed: a few hundred bytes that could be gigabytes are not unpacked.
    for encoding in ["gzip", "deflate", "br", "zstd", "x-gzip", "identity, gzip"] {
        let request = server.request(Method::POST, "/api/users").bearer_auth(&token);
        let request = request.header("content-type", "application/json");
        let bomb = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0xec; 500]].concat();
        let answer = send(request.header("content-encoding", encoding).body(bomb)).await;
        assert_eq!(answer.refusal(), (415, "unsupported_media_type".to_owned()), "{encoding}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 3);
}

/// The same for a sender who waits for the answer before it sends the rest.
async fn raw_until_told(server: &Server, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    stream.write_all(request).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// T-088, on the route that signs up.
async fn the_answer_is_json_of_a_version_that_exists(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    for (at, (accept, status, code)) in [
        (None, 201, ""),
        (Some("*/*"), 201, ""),
        (Some("application/json"), 201, ""),
        (Some("application/json; api_version=52"), 201, ""),
        (Some("text/html,*/*;q=0.1"), 201, ""),
        (Some("application/xml"), 406, "not_acceptable"),
        (Some("application/json;q=0"), 406, "not_acceptable"),
        (Some("application/json; api_version=999"), 422, "unsupported_version"),
        (Some("application/json; api_version="), 422, "unsupported_version"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut request = server.request(Method::POST, "/api/users").bearer_auth(&token);
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let answer = send(request.json(&person("srv", &format!("u{at}")))).await;
        assert_eq!(answer.refusal(), (status, code.to_owned()), "{accept:?}");
        let supported = if status == 422 { "false" } else { "" };
        assert_eq!(answer.header("api-version-supported"), supported, "{accept:?}");
        let json = if status == 201 { "application/json" } else { "application/problem+json" };
        assert_eq!(answer.header("content-type"), json);
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 5);
}

/// T-093.
async fn back_ends_doors_are_open_to_no_page(kind: Kind) {
    let server = Server::start(kind).await;
    server.client("register", &[], &["https://panel.example"]);
    for path in [
        "/api/oauth/token",
        "/api/oauth/revoke",
        "/api/oauth/introspect",
        "/api/credentials/claim",
        "/api/admin/users",
        "/api/admin/users/1",
        "/api/users/api_credentials",
        "/api/users/1/api_credentials",
        "/api/signups",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let preflight = server
                .request(Method::OPTIONS, path)
                .header("origin", "https://panel.example")
                .header("access-control-request-method", method)
                .header("access-control-request-headers", "authorization,content-type");
            let answer = send(preflight).await;
            let allowed =
                answer.headers.keys().find(|it| it.as_str().starts_with("access-control-"));
            assert_eq!(allowed, None, "{path}");
        }
    }
}

/// T-097, without cookies: a browser keeps what was typed into its own log-in form
/// for Basic, and sends it for any page.
async fn no_page_acts_with_an_administrators_remembered_login(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, root) = admin(&server, "root@host.example");
    let body = json!({ "user": { "fname": "A", "lname": "B", "email": "new@mail.example" } });
    let ask = || server.request(Method::POST, USERS).basic_auth(&root.0, Some(&root.1));
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", server.url.as_str()),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let answer = send(ask().header(name, value).json(&body)).await;
        assert_eq!(answer.status, 403, "{name}: {value}: {}", answer.text);
    }
    // What a form without script can send.
    for media in
        ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
    {
        let request = ask().header("content-type", media).body(body.to_string());
        assert_eq!(send(request).await.status, 415, "{media}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 1);
    assert_eq!(send(ask().header("sec-fetch-site", "none").json(&body)).await.status, 201);
}

/// T-102.
async fn an_ipv6_network_is_one_address(kind: Kind) {
    let server = limited(kind, &[("address", "1000/h burst 1000")]).await;
    let read = async |address: &str| {
        let request = server.request(Method::GET, "/api/users");
        send(from(request, address)).await.status.as_u16()
    };
    for host in 0..1_000 {
        assert_eq!(read(&format!("2001:db8:0:1::{host:x}")).await, 401, "{host}");
    }
    assert_eq!(read("2001:db8:0:1:ffff::1").await, 429);
    for network in 2..1_002 {
        assert_eq!(read(&format!("2001:db8:0:{network:x}::1")).await, 401, "{network}");
    }
    // Written as IPv6, an IPv4 address is still one.
    for _ in 0..2 {
        assert_eq!(read("::ffff:192.0.2.1").await, 401);
    }
}

/// T-110.
async fn heads_have_their_limits_and_http_2_is_not_spoken(kind: Kind) {
    let server = Server::start(kind).await;
    for (request, status) in [
        (format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-Many: y\r\n".repeat(200)), "431"),
        (format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "y".repeat(20 * 1024)), "431"),
        (
            format!(
                "GET /{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                "z".repeat(10 * 1024)
            ),
            "414",
        ),
    ] {
        let answer = raw(&server, request.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{status}: {answer}");
    }
    // Prior knowledge of HTTP/2 and an upgrade to it: no stream to reset, no table to fill.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    assert!(!raw(&server, preface).await.contains("\0\0"), "an HTTP/2 frame");
    let upgrade =
        b"GET /docs/errors HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\n\
        Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n";
    let answer = raw(&server, upgrade).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(server.get("/docs/errors").await.status, 200);
}

/// T-120: a server's name is a label, wherever it is given.
async fn nobody_calls_the_provider_server(kind: Kind) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut server = Server::start(kind).await;
    let open = server.client("register", &[], &[]);
    let token = server.token(&open, "register").await;
    for (at, host) in [
        format!("http://127.0.0.1:{port}/latest/meta-data/"),
        format!("https://127.0.0.1:{port}"),
        format!("127.0.0.1:{port}"),
        format!("http://localhost:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let answer = server.sign_up(&token, &person(host, &format!("u{at}"))).await;
        assert_eq!(answer.status, 201, "{host}: {}", answer.text);
    }
    let owner = server.client("register", &[&format!("http://127.0.0.2:{port}/")], &[]);
    let details = json!({
        "type": "user_registration", "provider_server": format!("http://127.0.0.2:{port}/x"),
        "provider_username": "ada",
    });
    let minted = server.mint(&owner, &details).await;
    assert_eq!(minted.status, 200, "{}", minted.text);
    // Ended, so that nothing is still about to be done.
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    let nobody = listener.accept().map(|(_, from)| from);
    assert_eq!(nobody.map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
}

on_both!(
    a_body_is_as_long_as_it_may_be_and_as_it_says,
    the_answer_is_json_of_a_version_that_exists,
    back_ends_doors_are_open_to_no_page,
    no_page_acts_with_an_administrators_remembered_login,
    an_ipv6_network_is_one_address,
    heads_have_their_limits_and_http_2_is_not_spoken,
    nobody_calls_the_provider_server,
);

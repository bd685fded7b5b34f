//! A server under way: new settings, a gentle end, a panic, a hostile log line
//! (cases T-128, T-130, T-132, T-133).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use doorstep_tests::{Kind, Server, on_both, person, send};
use reqwest::Method;
use serde_json::{Value, json};

/// Waits until the log says something for the nth time.
async fn logged(server: &Server, text: &str, times: usize) {
    for _ in 0..600 {
        if server.log().matches(text).count() >= times {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{text:?} does not stand {times} times in the log:\n{}", server.log());
}

/// T-133.
async fn new_settings_are_used_and_broken_ones_are_not(kind: Kind) {
    // The environment would win over the file's filter.
    let server = Server::start_with(kind, &[("DOORSTEP_LOG__FILTER", "")]).await;
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    let page = server.sign_up_token(&client, "ada").await;
    let file = server.folder().join("doorstep.toml");
    let session = async || {
        let request = server.request(Method::GET, "/api/widget/session").bearer_auth(&page);
        send(request).await.json()
    };
    assert_eq!(session().await["branding"]["name"], Value::Null);

    // Requests all the while, over connections that stay open.
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let request = server.request(Method::GET, "/docs/errors");
            let stop = Arc::clone(&stop);
            tokio::spawn(async move {
                let mut answers = 0;
                while !stop.load(Ordering::Relaxed) {
                    let answer = request.try_clone().unwrap().send().await.expect("no connection");
                    assert_eq!(answer.status(), 200);
                    answer.bytes().await.expect("a whole answer");
                    answers += 1;
                }
                answers
            })
        })
        .collect();

    std::fs::write(
        &file,
        "[branding]\nname = \"New Host\"\n[form]\nfields = \"phone\"\n[accounts]\nregistration = false\n\
         [limits]\nbody_bytes = 2048\n[rates]\ncaller = \"off\"\n[server]\ntrusted_proxies = \"10.0.0.0/8\"\n",
    )
    .unwrap();
    server.signal("HUP");
    logged(&server, "the settings were read again", 1).await;
    let refused = server.sign_up(&token, &person("srv.example", "bob")).await;
    assert_eq!(refused.refusal(), (403, "registration_disabled".to_owned()));
    let long = server.request(Method::POST, "/api/users").bearer_auth(&token);
    let long = long.header("content-type", "application/json").body(" ".repeat(2_049));
    assert_eq!(send(long).await.refusal(), (413, "body_too_large".to_owned()));

    // Broken in each way that there is: nothing of it is used.
    for (round, broken) in [
        "[accounts\nregistration = true\n",
        "[accounts]\nregistration = true\nregistraton = true\n",
        "[accounts]\nregistration = true\n[rates]\ntoken = \"often\"\n",
        "[accounts]\nregistration = true\n[log]\nfilter = \"x=y=z\"\n",
        "[accounts]\nregistration = true\n[limits]\nbody_bytes = 0\n",
    ]
    .into_iter()
    .enumerate()
    {
        std::fs::write(&file, broken).unwrap();
        server.signal("HUP");
        logged(&server, "the new settings are not used", round + 1).await;
        let refused = server.sign_up(&token, &person("srv.example", "bob")).await;
        assert_eq!(refused.refusal().1, "registration_disabled", "{broken}");
    }

    // What needs a restart is named and left alone.
    std::fs::write(&file, "[branding]\nname = \"New Host\"\n[limits]\nconnections = 77\n[log]\nfilter = \"warn\"\n[plan]\nname = \"large\"\n")
        .unwrap();
    server.signal("HUP");
    logged(&server, "the settings were read again", 2).await;
    let waiting = "\"settings\":\"limits.connections\"";
    assert!(server.log().contains(waiting), "{}", server.log());
    let body = session().await;
    assert_eq!(body["branding"]["name"], "New Host", "{body}");
    assert_eq!(body["fields"], json!([]));
    let answer = server.sign_up(&token, &person("srv.example", "bob")).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let api = &answer.json()["user"]["api"];
    let own = server
        .request(Method::GET, "/api/users")
        .basic_auth(api["username"].as_str().unwrap(), api["password"].as_str());
    assert_eq!(send(own).await.json()["user"]["billing_plan"]["name"], "large");
    // The log's filter too: requests are told at `info`.
    let before = server.log().matches("\"request\"").count();
    assert_eq!(server.get("/docs/errors").await.status, 200);
    assert_eq!(server.log().matches("\"request\"").count(), before);

    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
}

/// T-133: a limit is another one at once.
async fn a_limit_is_widened_under_the_running_server(kind: Kind) {
    // In the file: the environment would win over it.
    let settings = [("DOORSTEP_LIMITS__SCALE", "1")];
    let server = Server::start_with(kind, &settings).await;
    let client = server.client("register", &[], &[]);
    let file = server.folder().join("doorstep.toml");
    let ask = || {
        let request = server.request(Method::POST, "/api/oauth/token");
        let request = request.basic_auth(&client.id, Some(&client.secret));
        send(request.form(&[("grant_type", "client_credentials")]))
    };
    std::fs::write(&file, "[rates]\ntoken = \"2/h burst 2\"\n").unwrap();
    server.signal("HUP");
    logged(&server, "the settings were read again", 1).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(ask().await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 429]);
    std::fs::write(&file, "[rates]\ntoken = \"off\"\n").unwrap();
    server.signal("HUP");
    logged(&server, "the settings were read again", 2).await;
    for _ in 0..5 {
        assert_eq!(ask().await.status, 200);
    }
}

/// T-132.
async fn a_stopping_server_is_not_ready_before_it_closes(kind: Kind) {
    let mut server = Server::start_with(kind, &[("DOORSTEP_LIMITS__DRAIN_SECONDS", "2")]).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    assert_eq!(server.get_ops("/readyz").await.status, 200);
    server.signal("TERM");
    logged(&server, "stopping: requests may finish", 1).await;
    let ready = server.get_ops("/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.text.as_str()), (503, "stopping\n"));
    assert_eq!(server.get_ops("/livez").await.status, 200);
    // Whoever has not noticed is still served, on a new connection too.
    let answer = server.sign_up(&token, &person("srv", "ada")).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(server.wait(), Some(0));
}

/// T-132: the second signal does not wait.
async fn a_second_signal_stops_at_once(kind: Kind) {
    let mut server = Server::start_with(kind, &[("DOORSTEP_LIMITS__DRAIN_SECONDS", "3600")]).await;
    server.signal("TERM");
    logged(&server, "stopping: requests may finish", 1).await;
    server.signal("TERM");
    assert_eq!(server.wait(), Some(1));
}

/// T-128.
async fn a_panic_is_an_answer_and_nothing_more(kind: Kind) {
    let server = Server::start_faulty(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    for _ in 0..20 {
        let request = server.request(Method::POST, "/panic").header("x-request-id", "the-request");
        let answer = send(request.body("dsp_a_secret_that_was_sent")).await;
        assert_eq!(answer.refusal(), (500, "internal_error".to_owned()));
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.json()["request_id"], "the-request");
        let told = ["type", "title", "status", "code", "detail", "errors", "request_id"];
        let body = answer.json();
        let body = body.as_object().unwrap();
        assert!(body.keys().all(|key| told.contains(&key.as_str())), "{}", answer.text);
        assert!(!answer.text.contains("secret") && !answer.text.contains("panic\""));
    }
    // It lives, and nothing is held by what broke off.
    assert_eq!(server.sign_up(&token, &person("srv", "ada")).await.status, 201);
    let log = server.log();
    assert!(!log.contains("dsp_a_secret"), "{log}");
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let place = |line: &&Value| line["place"].as_str().is_some_and(|place| place.contains(".rs:"));
    assert_eq!(lines.iter().filter(place).count(), 20);
    assert!(log.contains("a handler panicked") && log.contains("the-request"), "{log}");
}

/// T-130: whatever is sent, a line of the log is one event.
async fn nobody_writes_lines_of_the_log(kind: Kind) {
    for (format, filter) in [("json", "trace"), ("text", "trace")] {
        let settings = [("DOORSTEP_LOG__FORMAT", format), ("DOORSTEP_LOG__FILTER", filter)];
        let server = Server::start_with(kind, &settings).await;
        let client = server.client("register", &[], &[]);
        let token = server.token(&client, "register").await;
        let evil = "x\r\n{\"level\":\"ERROR\",\"message\":\"forged\"}\n\u{1b}[2J\u{9b}31m";
        for field in ["fname", "email", "provider_username", "provider_server", "merge_labels"] {
            let mut body = person("srv", "ada");
            body["user"][field] = evil.into();
            assert_eq!(server.sign_up(&token, &body).await.status, 422, "{field}");
        }
        let form =
            [("grant_type", evil), ("client_id", evil), ("client_secret", evil), ("scope", evil)];
        let refused = send(server.request(Method::POST, "/api/oauth/token").form(&form)).await;
        assert!(refused.status.is_client_error());
        let basic = server.request(Method::GET, "/api/users").basic_auth(evil, Some(evil));
        assert_eq!(send(basic).await.status, 401);
        assert_eq!(server.get("/%0d%0aforged%1b%5b2J?x=%0aforged").await.status, 404);
        // What a header can hold: any byte but controls.
        for name in ["user-agent", "x-request-id", "x-forwarded-for", "origin", "accept"] {
            let value =
                reqwest::header::HeaderValue::from_bytes(b"forged\t\xc2\x9b31m\xff").unwrap();
            send(server.request(Method::GET, "/api/users").header(name, value)).await;
        }
        raw(&server, b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: a\x1b[31mb\r\n\r\n").await;
        raw(&server, b"GET /\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert_eq!(server.get("/docs/errors").await.status, 200);

        let log = server.log();
        assert!(!log.contains(['\u{1b}', '\u{9b}', '\r', '\0']), "{format}: a control in the log");
        for line in log.lines() {
            if format == "json" {
                let event: Value = serde_json::from_str(line).expect(line);
                assert!(event["level"].is_string() && event["timestamp"].is_string(), "{line}");
                assert_ne!(event["message"], "forged");
            } else {
                // Each begins with a time of ours: 2026-01-01T00:00:00.000000Z
                assert!(line.len() > 27 && line.as_bytes()[10] == b'T', "{line}");
            }
        }
    }
}

/// What was measured does not pile up where nobody reads it.
#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_are_summed_up_though_nobody_reads_them() {
    let server = Server::start(Kind::Sqlite).await;
    logged(&server, "the metrics are summed up", 2).await;
}

/// Sends bytes that no client library would.
async fn raw(server: &Server, request: &[u8]) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = server.url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    // Refused or closed: both end it.
    let _ = stream.read_to_end(&mut answer).await;
}

on_both!(
    new_settings_are_used_and_broken_ones_are_not,
    a_limit_is_widened_under_the_running_server,
    a_stopping_server_is_not_ready_before_it_closes,
    a_second_signal_stops_at_once,
    a_panic_is_an_answer_and_nothing_more,
    nobody_writes_lines_of_the_log,
);

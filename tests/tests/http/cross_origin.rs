//! Which pages may call: those of registered origins, each with its own
//! client's tokens.

use doorstep_tests::{Kind, Server, on_both, person, send};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

fn preflight(server: &Server, path: &str, origin: &str) -> RequestBuilder {
    server
        .request(Method::OPTIONS, path)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,idempotency-key")
}

async fn preflights_name_the_exact_origin_or_none(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &["https://panel.example:2083"]);
    let answer = send(preflight(&server, "/api/users", "https://panel.example:2083")).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "https://panel.example:2083");
    assert!(answer.header("access-control-allow-methods").contains("POST"));
    assert!(answer.header("access-control-allow-headers").contains("idempotency-key"));
    assert_eq!(answer.header("access-control-max-age"), "600");
    assert!(answer.header("vary").to_lowercase().contains("origin"));
    assert!(answer.headers.get("access-control-allow-credentials").is_none());
    for origin in [
        "https://panel.example",
        "http://panel.example:2083",
        "https://evil-panel.example:2083",
        "https://panel.example:2083.evil.example",
        "null",
        "https://PANEL.example:2083/",
    ] {
        let answer = send(preflight(&server, "/api/users", origin)).await;
        assert!(answer.headers.get("access-control-allow-origin").is_none(), "{origin}");
    }
    let token = send(preflight(&server, "/api/oauth/token", "https://panel.example:2083")).await;
    assert!(token.headers.get("access-control-allow-origin").is_none());
    server.cli(&["client", "disable", &client.id], "").unwrap();
    let answer = send(preflight(&server, "/api/users", "https://panel.example:2083")).await;
    assert!(answer.headers.get("access-control-allow-origin").is_none());
}

async fn a_page_uses_only_its_own_clients_tokens(kind: Kind) {
    let server = Server::start(kind).await;
    let one = server.client("register", &["srv.example"], &["https://one.example"]);
    let _two = server.client("register", &[], &["https://two.example"]);
    let token = server.sign_up_token(&one, "a").await;
    let ask = |origin: &str, body: serde_json::Value| {
        let request = server.request(Method::POST, "/api/users").bearer_auth(&token);
        let request = request.header("idempotency-key", "the-key-of-this-form");
        send(request.header("origin", origin).json(&body))
    };
    let names = json!({ "user": { "fname": "Ada", "lname": "Lovelace" } });
    for origin in ["https://two.example", "https://evil.example", "null"] {
        let refused = ask(origin, names.clone()).await;
        assert_eq!(refused.refusal(), (403, "origin_not_allowed".to_owned()), "{origin}");
    }
    // A refusal can be read by the page that it is for.
    let fault = ask("https://one.example", json!({})).await;
    assert_eq!(fault.status, 422);
    assert_eq!(fault.header("access-control-allow-origin"), "https://one.example");
    let own = ask("https://one.example", names).await;
    assert_eq!(own.status, 201, "{}", own.text);
    assert_eq!(own.header("access-control-allow-origin"), "https://one.example");
    assert!(own.header("access-control-expose-headers").contains("x-request-id"));
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 1);
}

async fn a_token_for_back_ends_is_refused_to_browsers(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("public register", &["srv.example"], &["https://one.example"]);
    let both = server.token(&client, "public register").await;
    let ask = |name: &'static str, value: &'static str| {
        let request = server.request(Method::POST, "/api/users").bearer_auth(&both);
        send(request.header(name, value).json(&person("srv.example", "ada")))
    };
    for (name, value) in [
        ("origin", "https://one.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "anything"),
    ] {
        let refused = ask(name, value).await;
        assert_eq!(refused.refusal(), (403, "browser_use_forbidden".to_owned()), "{name}: {value}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 0);
    assert_eq!(ask("user-agent", "a back end").await.status, 201);
}

on_both!(
    preflights_name_the_exact_origin_or_none,
    a_page_uses_only_its_own_clients_tokens,
    a_token_for_back_ends_is_refused_to_browsers,
);

//! A client that talks exactly as the reference implementation's cPanel plugin
//! does (its requests, header by header; none of its code).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorstep_tests::{Kind, Server, on_both, send};
use reqwest::Method;
use serde_json::json;

/// Its Basic header: base64, then the URL-safe alphabet, padding kept.
fn basic(username: &str, password: &str) -> String {
    let text = STANDARD.encode(format!("{username}:{password}"));
    format!("Basic {}", text.replace('+', "-").replace('/', "_"))
}

async fn the_plugin_signs_a_customer_up(kind: Kind) {
    let server = Server::start(kind).await;
    let app = server.client("public register", &[], &[]);
    let accept = "application/json; api_version=52";
    let token = send(
        server
            .request(Method::POST, "/api/oauth/token")
            .header("authorization", basic(&app.id, &app.secret))
            .header("accept", accept)
            .header("content-type", "application/json")
            .body(
                json!({ "scope": "public register", "grant_type": "client_credentials" })
                    .to_string(),
            ),
    )
    .await;
    assert_eq!(token.status, 200, "{}", token.text);
    assert_eq!(token.header("api-deprecated"), "true");
    let token = token.json()["access_token"].as_str().unwrap().to_owned();

    // First and last name are the panel's username; the server is HTTP_HOST.
    let body = json!({
        "user": { "fname": "jsmith", "lname": "jsmith", "email": "j@host.example", "locale": "en" },
        "provider_server": "srv1.host.example:2083",
        "provider_username": "jsmith",
    });
    let sign_up = || {
        server
            .request(Method::POST, "/api/users")
            .bearer_auth(&token)
            .header("accept", accept)
            .header("content-type", "application/json")
            .body(body.to_string())
    };
    let created = send(sign_up()).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let user = &created.json()["user"];
    assert_eq!(user["labels"], json!({ "cpanel": { "srv1.host.example:2083": "jsmith" } }));
    let text = |name: &str| user["api"][name].as_str().unwrap().to_owned();
    let own = send(
        server
            .request(Method::GET, "/api/users")
            .header("authorization", basic(&text("username"), &text("password")))
            .header("accept", accept),
    )
    .await;
    assert_eq!(own.status, 200, "{}", own.text);
    assert_eq!(own.json()["user"]["email"], "j@host.example");
    // Its retry after a lost answer must not make a second account.
    assert_eq!(send(sign_up()).await.status, 409);
}

async fn versions_are_checked_on_every_call(kind: Kind) {
    let server = Server::start(kind).await;
    let get = |accept: &'static str| {
        let request = server.request(Method::GET, "/api/users");
        send(if accept.is_empty() { request } else { request.header("accept", accept) })
    };
    for (accept, status, deprecated) in [
        ("", 401, ""),
        ("*/*", 401, ""),
        ("application/json", 401, ""),
        ("application/json; api_version=80", 401, ""),
        ("application/json; api_version=51", 401, "true"),
        ("application/json; api_version=71", 401, "true"),
        ("application/json; api_version=40", 422, ""),
        ("application/json; api_version=999", 422, ""),
        ("application/json; api_version=x", 422, ""),
        ("application/xml", 406, ""),
    ] {
        let answer = get(accept).await;
        assert_eq!(answer.status.as_u16(), status, "{accept}");
        assert_eq!(answer.header("api-deprecated"), deprecated, "{accept}");
        let supported = if status == 422 { "false" } else { "" };
        assert_eq!(answer.header("api-version-supported"), supported, "{accept}");
    }
    let answer = get("application/json; api_version=999").await;
    assert_eq!(answer.json()["errors"], json!(["You requested an unsupported version (999)"]));
}

on_both!(the_plugin_signs_a_customer_up, versions_are_checked_on_every_call);

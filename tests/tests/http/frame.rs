//! The isolated form's page: who may show it, what it may do, and whose tokens
//! it may use.

use doorstep_tests::{Answer, Kind, OAuthClient, Server, on_both, send};
use reqwest::Method;
use serde_json::{Value, json};

const ONE: &str = "https://one.example:2083";
const OTHER: &str = "https://other.example";

/// What the policy says of everything but the ancestors.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; style-src 'self'; \
     img-src 'self' data:; form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'; frame-ancestors ";

/// The page, if this program has the widget in it.
async fn page(server: &Server, query: &str) -> Option<Answer> {
    let answer = server.get(&format!("/v1/frame{query}")).await;
    if answer.status == 503 {
        assert!(answer.text.contains("cargo xtask build"), "{}", answer.text);
        return None;
    }
    assert_eq!(answer.status, 200, "{}", answer.text);
    Some(answer)
}

/// Who may show the page, by its policy and by what its script reads.
async fn ancestors(server: &Server, query: &str) -> Option<String> {
    let answer = page(server, query).await?;
    let policy = answer.header("content-security-policy").to_owned();
    let ancestors = policy.strip_prefix(POLICY).unwrap_or_else(|| panic!("{policy}")).to_owned();
    let (_, rest) = answer.text.split_once("name=\"doorstep-embedders\" content=\"").unwrap();
    let (embedders, _) = rest.split_once('"').unwrap();
    let none = if embedders.is_empty() { "'none'" } else { embedders };
    assert_eq!(none, ancestors, "the policy and the page differ");
    let cache = if ancestors == "'none'" { "no-store" } else { "public, max-age=300" };
    assert_eq!(answer.header("cache-control"), cache);
    Some(ancestors)
}

async fn the_page_can_do_nothing_but_its_work(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[ONE]);
    let Some(answer) = page(&server, &format!("?client={}", client.id)).await else { return };
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-embedder-policy", "require-corp"),
        ("cross-origin-resource-policy", "cross-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let permissions = answer.header("permissions-policy");
    for feature in ["camera=()", "geolocation=()", "payment=()", "clipboard-write=(self)"] {
        assert!(permissions.split(", ").any(|it| it == feature), "{feature}: {permissions}");
    }
    assert!(answer.headers.get("set-cookie").is_none());
    // Every script is a file of ours, and the files are there.
    let mut scripts = 0;
    for tag in answer.text.split("<script").skip(1) {
        let (attributes, rest) = tag.split_once('>').unwrap();
        assert!(rest.starts_with("</script>"), "a script stands in the page: {rest}");
        let (_, src) = attributes.split_once("src=\"").unwrap();
        let (src, _) = src.split_once('"').unwrap();
        let script = server.get(&format!("/v1/{src}")).await;
        assert_eq!(script.status, 200, "{src}");
        assert!(script.header("content-type").starts_with("text/javascript"));
        scripts += 1;
    }
    assert_eq!(scripts, 2);
    assert!(!answer.text.contains("<style") && !answer.text.contains("style="));
    assert!(!answer.text.contains("__DOORSTEP"), "{}", answer.text);
    assert!(!answer.text.contains(" on"), "{}", answer.text);
}

async fn only_registered_origins_may_show_it(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[ONE, "https://two.example"]);
    let other = server.client("register", &[], &[OTHER]);
    let bare = server.client("register", &[], &[]);
    let named = format!("?client={}", client.id);
    let Some(both) = ancestors(&server, &named).await else { return };
    assert_eq!(both, format!("{ONE} https://two.example"));
    for (query, expected) in [
        (String::new(), "'none'"),
        ("?client=".to_owned(), "'none'"),
        ("?client=nobody".to_owned(), "'none'"),
        ("?client=%00".to_owned(), "'none'"),
        (format!("{named}&client={}", other.id), "'none'"),
        (format!("?client={}", bare.id), "'none'"),
        // The secret is not the name.
        (format!("?client={}", client.secret), "'none'"),
        // A page that names itself gets its own origin, or nothing.
        (format!("?origin={ONE}"), ONE),
        (format!("?origin={OTHER}"), OTHER),
        (format!("{named}&origin={ONE}"), ONE),
        (format!("{named}&origin={OTHER}"), "'none'"),
        ("?origin=https://one.example".to_owned(), "'none'"),
        ("?origin=http://one.example:2083".to_owned(), "'none'"),
        ("?origin=https://one.example:2083.evil.example".to_owned(), "'none'"),
        ("?origin=null".to_owned(), "'none'"),
        ("?origin=*".to_owned(), "'none'"),
        ("?origin=https:".to_owned(), "'none'"),
        ("?origin=https://x%3B%20script-src%20*".to_owned(), "'none'"),
        ("?origin=%22%3E%3Cscript%3E".to_owned(), "'none'"),
        ("?origin=%00".to_owned(), "'none'"),
    ] {
        assert_eq!(ancestors(&server, &query).await.unwrap(), expected, "{query}");
    }
    server.cli(&["client", "disable", &client.id], "").unwrap();
    assert_eq!(ancestors(&server, &named).await.unwrap(), "'none'");
    assert_eq!(ancestors(&server, &format!("?origin={ONE}")).await.unwrap(), "'none'");
    assert_eq!(ancestors(&server, &format!("?origin={OTHER}")).await.unwrap(), OTHER);
}

async fn sign_up_token(server: &Server, client: &OAuthClient, username: &str) -> String {
    let details = json!({
        "type": "user_registration", "provider_server": "srv.example",
        "provider_username": username, "origins": [ONE],
    });
    let answer = server.mint(client, &details).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

async fn the_page_around_the_frame_is_held_to_the_token(kind: Kind) {
    let own = "https://signup.example";
    // With a port that is the default, and a slash: the browser writes neither.
    let settings = [("DOORSTEP_PUBLIC_URL", "https://signup.example:443/")];
    let server = Server::start_with(kind, &settings).await;
    let client = server.client("register", &[], &[ONE, "https://two.example"]);
    server.client("register", &[], &[OTHER]);
    let token = sign_up_token(&server, &client, "ada").await;
    let body = json!({ "user": { "fname": "Ada", "lname": "Lovelace" } });
    let request = |method: Method, headers: &[(&str, &str)], body: Option<&Value>| {
        let path = if body.is_some() { "/api/users" } else { "/api/widget/session" };
        let mut request = server
            .request(method, path)
            .bearer_auth(&token)
            .header("idempotency-key", "4b0b1c0e-0000-4000-8000-000000000001");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(match body {
            Some(body) => request.json(body),
            None => request,
        })
    };
    let refused = (403, "origin_not_allowed".to_owned());
    for headers in [
        // Our own origin is no right: a page of ours must say for whom it asks.
        &[("origin", own)][..],
        &[("origin", own), ("doorstep-embedder", own)],
        // Registered for the client and not for the token; for another; for nobody.
        &[("origin", own), ("doorstep-embedder", "https://two.example")],
        &[("origin", own), ("doorstep-embedder", OTHER)],
        &[("origin", own), ("doorstep-embedder", "null")],
        &[("origin", own), ("doorstep-embedder", "")],
        // A page elsewhere cannot pass for another by saying so.
        &[("origin", OTHER), ("doorstep-embedder", ONE)],
        &[("origin", "null"), ("doorstep-embedder", ONE)],
        &[("origin", "http://signup.example"), ("doorstep-embedder", ONE)],
    ] {
        for body in [None, Some(&body)] {
            let method = if body.is_some() { Method::POST } else { Method::GET };
            assert_eq!(request(method, headers, body).await.refusal(), refused, "{headers:?}");
        }
    }
    // Within its own site a browser names no origin when it reads.
    for (embedder, status) in [(ONE, 200), (OTHER, 403)] {
        let answer = request(Method::GET, &[("doorstep-embedder", embedder)], None).await;
        assert_eq!(answer.status, status, "{embedder}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 0);
    let frame = [("origin", own), ("doorstep-embedder", ONE)];
    let created = request(Method::POST, &frame, Some(&body)).await;
    assert_eq!(created.status, 201, "{}", created.text);
    // A page cannot send the header from elsewhere: no preflight allows it.
    let preflight = server
        .request(Method::OPTIONS, "/api/users")
        .header("origin", ONE)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,doorstep-embedder");
    let allowed = send(preflight).await.header("access-control-allow-headers").to_owned();
    assert!(!allowed.contains("embedder"), "{allowed}");
}

async fn a_persons_credential_is_for_no_page(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[ONE]);
    let token = server.token(&client, "register").await;
    let (username, password) = server.new_user(&token, "srv.example", "ada").await;
    for headers in [&[("doorstep-embedder", ONE)][..], &[("origin", ONE)]] {
        let mut request =
            server.request(Method::GET, "/api/users").basic_auth(&username, Some(&password));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        assert_eq!(send(request).await.refusal().0, 403, "{headers:?}");
    }
}

on_both!(
    the_page_can_do_nothing_but_its_work,
    only_registered_origins_may_show_it,
    the_page_around_the_frame_is_held_to_the_token,
    a_persons_credential_is_for_no_page
);

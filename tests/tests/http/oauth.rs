//! The token endpoint, asked as no client would; `oauth_clients` has those that others
//! wrote.

use doorstep_tests::{Answer, Kind, OAuthClient, Server, on_both, send};
use reqwest::{Method, RequestBuilder};

fn ask(server: &Server, client: &OAuthClient) -> RequestBuilder {
    server.request(Method::POST, "/api/oauth/token").basic_auth(&client.id, Some(&client.secret))
}

fn error(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["error"].as_str().unwrap_or_default().to_owned())
}

const GRANT: &str = "grant_type=client_credentials";

fn form(request: RequestBuilder, body: &str) -> RequestBuilder {
    request.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned())
}

async fn answers_are_those_of_the_rfc(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("public register", &[], &[]);
    let good = send(form(ask(&server, &client), &format!("{GRANT}&scope=register&extra=1"))).await;
    assert_eq!(good.status, 200, "{}", good.text);
    assert_eq!(good.header("cache-control"), "no-store");
    assert_eq!(good.header("pragma"), "no-cache");
    let body = good.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 600);
    assert_eq!(body["scope"], "register");
    assert!(body["created_at"].as_i64().is_some_and(|at| at > 1_700_000_000));
    assert!(body.get("refresh_token").is_none());
    let token = body["access_token"].as_str().unwrap();
    assert!(token.starts_with("reg_") && token.len() == 54, "{}", token.len());

    for (scope, granted) in
        [("", "public"), ("&scope=", "public"), ("&scope=public+register", "public register")]
    {
        let answer = send(form(ask(&server, &client), &format!("{GRANT}{scope}"))).await;
        assert_eq!(answer.json()["scope"], granted, "{scope}");
    }
    for (body, expected) in [
        ("scope=register", (400, "invalid_request")),
        ("grant_type=password&username=a&password=b", (400, "unsupported_grant_type")),
        ("grant_type=implicit", (400, "unsupported_grant_type")),
        ("grant_type=client_credentials&scope=admin", (400, "invalid_scope")),
        ("grant_type=client_credentials&scope=profile_read", (400, "invalid_scope")),
        ("grant_type=client_credentials&scope=public&scope=register", (400, "invalid_request")),
        ("grant_type=client_credentials&grant_type=client_credentials", (400, "invalid_request")),
        ("grant_type=client_credentials&client_id=other", (400, "invalid_request")),
    ] {
        let answer = send(form(ask(&server, &client), body)).await;
        assert_eq!(error(&answer), (expected.0, expected.1.to_owned()), "{body}");
        assert!(answer.json()["error_description"].is_string());
    }
    let both = format!("{GRANT}&client_id={}&client_secret={}", client.id, client.secret);
    assert_eq!(
        error(&send(form(ask(&server, &client), &both)).await),
        (400, "invalid_request".to_owned())
    );
    assert_eq!(server.database.count("SELECT COUNT(*) FROM tokens").await, 4);
}

async fn client_authentication_tells_nobody_why_it_failed(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let wrong = OAuthClient { id: client.id.clone(), secret: "wrong".to_owned() };
    let unknown = OAuthClient { id: "cli_nobody".to_owned(), secret: "wrong".to_owned() };
    let by_basic = send(form(ask(&server, &wrong), GRANT)).await;
    assert_eq!(error(&by_basic), (401, "invalid_client".to_owned()));
    assert!(by_basic.header("www-authenticate").starts_with("Basic realm="));
    let nobody = send(form(ask(&server, &unknown), GRANT)).await;
    assert_eq!(by_basic.text, nobody.text);
    let in_body = format!("{GRANT}&client_id={}&client_secret=wrong", client.id);
    let in_body = send(form(server.request(Method::POST, "/api/oauth/token"), &in_body)).await;
    assert_eq!(error(&in_body), (401, "invalid_client".to_owned()));
    let without = send(form(server.request(Method::POST, "/api/oauth/token"), GRANT)).await;
    assert_eq!(error(&without), (401, "invalid_client".to_owned()));

    let token = server.token(&client, "register").await;
    server.cli(&["client", "disable", &client.id], "").unwrap();
    let disabled = send(form(ask(&server, &client), GRANT)).await;
    assert_eq!(disabled.text, by_basic.text);
    let refused = server.sign_up(&token, &doorstep_tests::person("srv", "bob")).await;
    assert_eq!(refused.refusal(), (401, "invalid_token".to_owned()));
}

async fn other_methods_and_media_are_refused(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    for method in [Method::GET, Method::PUT, Method::HEAD, Method::DELETE] {
        let answer = send(server.request(method.clone(), "/api/oauth/token")).await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), "POST");
    }
    let options = send(
        server
            .request(Method::OPTIONS, "/api/oauth/token")
            .header("origin", "https://evil.example")
            .header("access-control-request-method", "POST"),
    )
    .await;
    assert_eq!(options.status, 204);
    assert!(!options.headers.keys().any(|name| name.as_str().starts_with("access-control-")));
    for media in [Some("text/plain"), Some("multipart/form-data; boundary=x"), None] {
        let mut request = ask(&server, &client).body(GRANT);
        if let Some(media) = media {
            request = request.header("content-type", media);
        }
        assert_eq!(error(&send(request).await), (400, "invalid_request".to_owned()), "{media:?}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM tokens").await, 0);
}

async fn json_requests_can_be_switched_off(kind: Kind) {
    let server =
        Server::start_with(kind, &[("DOORSTEP_COMPAT__JSON_TOKEN_REQUEST", "false")]).await;
    let client = server.client("register", &[], &[]);
    let body = serde_json::json!({ "grant_type": "client_credentials" });
    let answer = send(ask(&server, &client).json(&body)).await;
    assert_eq!(error(&answer), (400, "invalid_request".to_owned()));
}

fn about(server: &Server, path: &str, client: &OAuthClient, body: &str) -> RequestBuilder {
    let request = server.request(Method::POST, path).basic_auth(&client.id, Some(&client.secret));
    form(request, body)
}

async fn a_client_asks_about_and_ends_its_own_tokens_only(kind: Kind) {
    let server = Server::start(kind).await;
    let owner = server.client("public register", &[], &[]);
    let other = server.client("public register", &[], &[]);
    let token = server.token(&owner, "register").await;
    let ask = |client: &OAuthClient, body: String| {
        send(about(&server, "/api/oauth/introspect", client, &body))
    };
    let end = |client: &OAuthClient, body: String| {
        send(about(&server, "/api/oauth/revoke", client, &body))
    };
    for hint in [
        "",
        "&token_type_hint=access_token",
        "&token_type_hint=refresh_token",
        "&token_type_hint=x",
    ] {
        let body = ask(&owner, format!("token={token}{hint}")).await.json();
        assert_eq!(body["active"], true, "{hint}");
        assert_eq!((&body["scope"], &body["token_type"]), (&"register".into(), &"Bearer".into()));
        assert_eq!(
            (&body["client_id"], &body["sub"]),
            (&owner.id.clone().into(), &owner.id.clone().into())
        );
        assert_eq!(body["exp"].as_i64().unwrap() - body["iat"].as_i64().unwrap(), 600);
        assert_eq!(body["iss"], server.url);
    }
    for (client, asked) in [(&other, token.as_str()), (&owner, "garbage"), (&owner, "reg_x")] {
        let answer = ask(client, format!("token={asked}")).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, r#"{"active":false}"#));
    }
    for body in ["", "token=a&token=b"] {
        assert_eq!(error(&ask(&owner, body.to_owned()).await), (400, "invalid_request".to_owned()));
        assert_eq!(error(&end(&owner, body.to_owned()).await), (400, "invalid_request".to_owned()));
    }
    let wrong = OAuthClient { id: owner.id.clone(), secret: "wrong".to_owned() };
    assert_eq!(
        error(&ask(&wrong, format!("token={token}")).await),
        (401, "invalid_client".to_owned())
    );
    assert_eq!(
        error(&end(&wrong, format!("token={token}")).await),
        (401, "invalid_client".to_owned())
    );

    // Somebody else's, unknown and malformed: 200 each, and nothing ends.
    for (client, asked) in [(&other, token.as_str()), (&owner, "garbage")] {
        assert_eq!(end(client, format!("token={asked}")).await.status, 200);
    }
    assert_eq!(ask(&owner, format!("token={token}")).await.json()["active"], true);
    for hint in ["&token_type_hint=refresh_token", ""] {
        assert_eq!(end(&owner, format!("token={token}{hint}")).await.status, 200);
    }
    assert_eq!(ask(&owner, format!("token={token}")).await.text, r#"{"active":false}"#);
    let refused = server.sign_up(&token, &doorstep_tests::person("srv", "bob")).await;
    assert_eq!(refused.refusal(), (401, "invalid_token".to_owned()));
}

async fn a_credential_asks_about_and_ends_its_own_tokens(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let register = server.token(&client, "register").await;
    let (id, secret) = server.new_user(&register, "srv", "bob").await;
    let own = OAuthClient { id, secret };
    let token = server.token(&own, "profile_read").await;
    let introspect = about(&server, "/api/oauth/introspect", &own, &format!("token={token}"));
    assert_eq!(send(introspect).await.json()["client_id"], own.id);
    let by_client = about(&server, "/api/oauth/introspect", &client, &format!("token={token}"));
    assert_eq!(send(by_client).await.json()["active"], false);
    send(about(&server, "/api/oauth/revoke", &own, &format!("token={token}"))).await;
    let get = send(server.request(Method::GET, "/api/users").bearer_auth(&token)).await;
    assert_eq!(get.status, 401);
}

async fn metadata_and_challenges_point_at_each_other(kind: Kind) {
    let server = Server::start(kind).await;
    let metadata = server.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(metadata.header("access-control-allow-origin"), "*");
    let metadata = metadata.json();
    assert_eq!(metadata["issuer"], server.url);
    for name in
        ["token_endpoint", "revocation_endpoint", "introspection_endpoint", "service_documentation"]
    {
        let path = metadata[name].as_str().unwrap().strip_prefix(&server.url).unwrap();
        let status = server.get(path).await.status.as_u16();
        assert!(matches!(status, 200 | 405), "{name}: {status}");
    }
    let challenge = server.get("/api/users").await.header("www-authenticate").to_owned();
    let url = challenge.split("resource_metadata=\"").nth(1).unwrap().trim_end_matches('"');
    let resource = server.get(url.strip_prefix(&server.url).unwrap()).await.json();
    assert_eq!(resource["resource"], server.url);
    assert_eq!(resource["authorization_servers"][0], server.url);
}

on_both!(
    a_client_asks_about_and_ends_its_own_tokens_only,
    a_credential_asks_about_and_ends_its_own_tokens,
    metadata_and_challenges_point_at_each_other,
    answers_are_those_of_the_rfc,
    client_authentication_tells_nobody_why_it_failed,
    other_methods_and_media_are_refused,
    json_requests_can_be_switched_off,
);

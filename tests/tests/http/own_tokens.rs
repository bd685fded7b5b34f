//! Asking about tokens and ending them (RFC 7662, RFC 7009), for every state of a token.

use doorstep_tests::{Answer, Kind, OAuthClient, Server, on_both, person, send};
use reqwest::Method;
use serde_json::{Value, json};

async fn post(server: &Server, path: &str, client: &OAuthClient, body: &str) -> Answer {
    let request = server
        .request(Method::POST, &format!("/api/oauth/{path}"))
        .basic_auth(&client.id, Some(&client.secret))
        .header("content-type", "application/x-www-form-urlencoded");
    send(request.body(body.to_owned())).await
}

async fn introspect(server: &Server, client: &OAuthClient, token: &str) -> Value {
    let answer = post(server, "introspect", client, &format!("token={token}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    if body["active"] == false {
        assert_eq!(answer.text, r#"{"active":false}"#);
    }
    body
}

async fn a_live_token_is_described_the_same_each_time(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &["srv.example"], &[]);
    let token = server.token(&client, "register").await;
    let first = introspect(&server, &client, &token).await;
    for hint in ["access_token", "refresh_token", "x", ""] {
        let body = format!("token={token}&token_type_hint={hint}&extra=1");
        assert_eq!(post(&server, "introspect", &client, &body).await.json(), first, "{hint}");
    }
    let jti = first["jti"].as_str().unwrap();
    assert!(jti.starts_with("tok_") && !token.contains(jti));
    let other = server.token(&client, "register").await;
    assert_ne!(introspect(&server, &client, &other).await["jti"], first["jti"]);
    for absent in ["cnf", "authorization_details", "uses_remaining"] {
        assert!(first.get(absent).is_none(), "{absent}");
    }

    let details = json!([{
        "type": "user_registration", "provider_server": "srv.example", "provider_username": "bob",
    }])
    .to_string();
    let request = server
        .request(Method::POST, "/api/oauth/token")
        .basic_auth(&client.id, Some(&client.secret))
        .form(&[("grant_type", "client_credentials"), ("authorization_details", &details)]);
    let minted = send(request).await.json();
    let token = minted["access_token"].as_str().unwrap();
    let body = introspect(&server, &client, token).await;
    assert_eq!((&body["active"], &body["uses_remaining"]), (&json!(true), &json!(1)));
    assert_eq!(body["authorization_details"], minted["authorization_details"]);
    assert_eq!((&body["aud"], &body["iss"]), (&json!(server.url), &json!(server.url)));
    let used = server
        .request(Method::POST, "/api/users")
        .bearer_auth(token)
        .header("idempotency-key", "a-key-for-the-filled-form")
        .json(&json!({ "user": { "fname": "Ada", "lname": "Lovelace" } }));
    assert_eq!(send(used).await.status, 201);
    assert_eq!(introspect(&server, &client, token).await["active"], false, "it is used up");
}

async fn a_token_that_ended_is_like_one_that_never_was(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    for (end, begin) in [
        // Who asked has seen that it was over, so it was ended as well.
        (
            "UPDATE tokens SET expires_at = 1",
            "UPDATE tokens SET expires_at = 9999999999999, revoked_at = NULL",
        ),
        ("UPDATE tokens SET revoked_at = 1", "UPDATE tokens SET revoked_at = NULL"),
    ] {
        server.database.execute(end).await;
        assert_eq!(introspect(&server, &client, &token).await["active"], false, "{end}");
        server.database.execute(begin).await;
        assert_eq!(introspect(&server, &client, &token).await["active"], true, "{begin}");
    }
    for garbage in ["x", "reg_", "%00", "%FF", &"x".repeat(9_000)] {
        assert_eq!(introspect(&server, &client, garbage).await["active"], false);
        let answer = post(&server, "revoke", &client, &format!("token={garbage}")).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
    }
    for path in ["introspect", "revoke"] {
        for body in ["", "token", "token=", "token[]=x", "token=a&token=a", "token_type_hint=x"] {
            let answer = post(&server, path, &client, body).await;
            assert_eq!(answer.status, 400, "{path} {body}");
            assert_eq!(answer.json()["error"], "invalid_request", "{path} {body}");
        }
        let json = server
            .request(Method::POST, &format!("/api/oauth/{path}"))
            .basic_auth(&client.id, Some(&client.secret))
            .json(&json!({ "token": [token] }));
        assert_eq!(send(json).await.json()["error"], "invalid_request");
    }
    assert_eq!(introspect(&server, &client, &token).await["active"], true);
}

async fn a_revoked_token_is_dead_at_once_on_every_server(kind: Kind) {
    let server = Server::start(kind).await;
    let keys = server.folder().join("keys").display().to_string();
    let more =
        [("DOORSTEP_DATABASE_URL", server.database.url.as_str()), ("DOORSTEP_KEYS__FILE", &keys)];
    let replica = Server::start_with(kind, &more).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    for (number, server) in [&server, &replica].into_iter().enumerate() {
        let answer = server.sign_up(&token, &person("srv", &format!("a{number}"))).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    for _ in 0..2 {
        let answer = post(&server, "revoke", &client, &format!("token={token}")).await;
        assert_eq!(answer.status, 200, "again is no error");
    }
    for server in [&replica, &server] {
        let answer = server.sign_up(&token, &person("srv", "b")).await;
        assert_eq!(answer.refusal(), (401, "invalid_token".to_owned()));
        assert_eq!(introspect(server, &client, &token).await["active"], false);
    }
}

async fn a_revocation_that_cannot_be_written_is_no_success(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let held = server.database.hold().await;
    let answer = post(&server, "revoke", &client, &format!("token={token}")).await;
    assert_eq!(answer.refusal(), (503, "unavailable".to_owned()), "{}", answer.text);
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
    held.release().await;
    assert_eq!(introspect(&server, &client, &token).await["active"], true);
    assert_eq!(post(&server, "revoke", &client, &format!("token={token}")).await.status, 200);
    assert_eq!(introspect(&server, &client, &token).await["active"], false);
}

async fn the_metadata_says_what_the_server_does(kind: Kind) {
    let server = Server::start(kind).await;
    let metadata = server.get("/.well-known/oauth-authorization-server").await.json();
    let endpoints = metadata.as_object().unwrap().iter();
    let endpoints: Vec<_> = endpoints.filter(|(name, _)| name.ends_with("_endpoint")).collect();
    assert!(endpoints.len() >= 3);
    for (name, url) in endpoints {
        let path = url.as_str().unwrap().strip_prefix(&server.url).unwrap();
        assert_eq!(server.get(path).await.status, 405, "{name}");
    }
    let algorithms = json!(["ES256", "EdDSA", "PS256"]);
    for endpoint in ["token", "revocation", "introspection"] {
        let methods = &metadata[format!("{endpoint}_endpoint_auth_methods_supported")];
        assert!(methods.as_array().unwrap().contains(&json!("private_key_jwt")), "{endpoint}");
        let name = format!("{endpoint}_endpoint_auth_signing_alg_values_supported");
        assert_eq!(metadata[name], algorithms);
    }
    assert_eq!(metadata["dpop_signing_alg_values_supported"], algorithms);
    let resource = server.get("/.well-known/oauth-protected-resource").await;
    assert_eq!(resource.header("access-control-allow-origin"), "*");
    assert_eq!(resource.json()["dpop_signing_alg_values_supported"], algorithms);
}

on_both!(
    a_live_token_is_described_the_same_each_time,
    a_token_that_ended_is_like_one_that_never_was,
    a_revoked_token_is_dead_at_once_on_every_server,
    a_revocation_that_cannot_be_written_is_no_success,
    the_metadata_says_what_the_server_does,
);

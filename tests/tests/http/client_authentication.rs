//! How OAuth clients say who they are: secrets that can be replaced, and keys.

use std::sync::Arc;

use doorstep_tests::{Answer, Kind, OAuthClient, Server, Signer, now, on_both, on_replicas, send};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn error(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["error"].as_str().unwrap_or_default().to_owned())
}

/// Creates a client with these keys.
pub(crate) fn client(server: &Server, keys: &Value, more: &[&str]) -> Result<Value, String> {
    let file = server.folder().join("keys.json");
    std::fs::write(&file, keys.to_string()).unwrap();
    let file = file.display().to_string();
    let mut arguments =
        vec!["client", "create", "--name", "K", "--scope", "public register", "--jwks", &file];
    arguments.extend(more);
    server.cli(&arguments, "")
}

fn id(made: &Value) -> &str {
    made["client_id"].as_str().unwrap()
}

fn by_assertion(server: &Server, assertion: &str, more: &[(&str, &str)]) -> RequestBuilder {
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
    ];
    form.extend(more);
    server.request(Method::POST, "/api/oauth/token").form(&form)
}

async fn a_client_without_a_secret_works_with_each_kind_of_key(kind: Kind) {
    let server = Server::start(kind).await;
    for signer in [Signer::es256(), Signer::eddsa(), Signer::ps256()] {
        let made = client(&server, &signer.public(), &["--no-secret"]).unwrap();
        assert!(made.get("client_secret").is_none());
        assert_eq!(made["jwks"]["keys"][0]["kty"], signer.public()["kty"]);
        let assertion = signer.assertion(id(&made), &server.url);
        let answer = send(by_assertion(&server, &assertion, &[("scope", "register")])).await;
        assert_eq!(answer.status, 200, "{}: {}", signer.algorithm(), answer.text);
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();

        // The token endpoint's URL is an audience as good, the list form too, and the
        // client may name itself beside the assertion.
        let mut claims = Signer::assertion_claims(id(&made), "");
        claims["aud"] = json!(["https://other.example", format!("{}/api/oauth/token", server.url)]);
        let assertion = signer.sign(&json!({ "alg": signer.algorithm() }), &claims);
        let named = by_assertion(&server, &assertion, &[("client_id", id(&made))]);
        assert_eq!(send(named).await.status, 200);

        // At the other endpoints as well.
        for (path, active) in [("introspect", true), ("revoke", false), ("introspect", false)] {
            let assertion = signer.assertion(id(&made), &server.url);
            let form = [
                ("token", token.as_str()),
                ("client_assertion_type", TYPE),
                ("client_assertion", &assertion),
            ];
            let request = server.request(Method::POST, &format!("/api/oauth/{path}")).form(&form);
            let answer = send(request).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            if path == "introspect" {
                assert_eq!(answer.json()["active"], active);
            }
        }
        // There is no secret that would do, not even an empty one.
        for secret in ["", "x"] {
            let request = server
                .request(Method::POST, "/api/oauth/token")
                .basic_auth(id(&made), Some(secret))
                .form(&[("grant_type", "client_credentials")]);
            assert_eq!(error(&send(request).await), (401, "invalid_client".to_owned()));
        }
    }
}

async fn an_assertion_that_is_not_right_is_refused_without_a_reason(kind: Kind) {
    let server = Server::start(kind).await;
    let signer = Signer::es256();
    let made = client(&server, &signer.public(), &[]).unwrap();
    let other = client(&server, &Signer::es256().public(), &[]).unwrap();
    let header = json!({ "alg": "ES256" });
    let with = |name: &str, value: Value| {
        let mut claims = Signer::assertion_claims(id(&made), &server.url);
        claims[name] = value;
        signer.sign(&header, &claims)
    };
    let good = Signer::assertion_claims(id(&made), &server.url);
    let hmac = signer.sign(&json!({ "alg": "HS256" }), &good);
    let none = signer.sign(&json!({ "alg": "none" }), &good);
    let unsigned = format!("{}.", &none[..none.rfind('.').unwrap()]);
    let mut refused = vec![
        with("aud", json!("https://other.example")),
        with("aud", Value::Null),
        with("exp", json!(now() - 1)),
        with("exp", json!(now() + 400)),
        with("exp", Value::Null),
        with("iat", json!(now() + 90)),
        with("nbf", json!(now() + 90)),
        with("jti", Value::Null),
        with("sub", json!(id(&other))),
        with("iss", json!(id(&other))),
        Signer::es256().sign(&header, &good),
        Signer::eddsa().sign(&json!({ "alg": "EdDSA" }), &good),
        signer.assertion("cli_nobody", &server.url),
        signer.assertion(id(&other), &server.url),
        signer.assertion("\0", &server.url),
        hmac,
        none,
        unsigned,
    ];
    refused.extend(["", "x", "a.b.c", "..", "e30.e30.e30"].map(str::to_owned));
    refused.push("x".repeat(20_000));
    let mut bodies = std::collections::BTreeSet::new();
    for assertion in &refused {
        let answer = send(by_assertion(&server, assertion, &[])).await;
        assert_eq!(error(&answer), (401, "invalid_client".to_owned()), "{assertion}");
        assert!(answer.header("www-authenticate").starts_with("Basic realm="));
        bodies.insert(answer.text);
    }
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert_eq!(server.database.count("SELECT COUNT(*) FROM used_once").await, 0);
    let fine = signer.assertion(id(&made), &server.url);
    let elsewhere = by_assertion(&server, &fine, &[("client_id", id(&other))]);
    assert_eq!(error(&send(elsewhere).await), (401, "invalid_client".to_owned()));
    assert_eq!(send(by_assertion(&server, &fine, &[])).await.status, 200, "it was not used up");
    server.cli(&["client", "disable", id(&made)], "").unwrap();
    let late = signer.assertion(id(&made), &server.url);
    let disabled = send(by_assertion(&server, &late, &[])).await;
    assert!(bodies.contains(&disabled.text), "{}", disabled.text);
    for assertion in [&fine, &refused[0]] {
        assert!(!server.log().contains(assertion), "an assertion stands in the log");
    }
}

async fn of_fifty_uses_of_an_assertion_at_once_one_wins(kind: Kind) {
    let server = Arc::new(Server::start(kind).await);
    let signer = Signer::eddsa();
    let made = client(&server, &signer.public(), &["--no-secret"]).unwrap();
    for _ in 0..20 {
        let assertion = signer.assertion(id(&made), &server.url);
        let attempts: Vec<_> =
            (0..50).map(|_| tokio::spawn(send(by_assertion(&server, &assertion, &[])))).collect();
        let mut granted = 0;
        for attempt in attempts {
            match error(&attempt.await.unwrap()) {
                (200, _) => granted += 1,
                refused => assert_eq!(refused, (401, "invalid_client".to_owned())),
            }
        }
        assert_eq!(granted, 1);
    }
    // The same name from another client is another assertion.
    let other = client(&server, &signer.public(), &["--no-secret"]).unwrap();
    for made in [&made, &other] {
        let mut claims = Signer::assertion_claims(id(made), &server.url);
        claims["jti"] = "the same".into();
        let assertion = signer.sign(&json!({ "alg": "EdDSA" }), &claims);
        assert_eq!(send(by_assertion(&server, &assertion, &[])).await.status, 200);
    }
}

async fn a_client_authenticates_in_exactly_one_way(kind: Kind) {
    let server = Server::start(kind).await;
    let signer = Signer::es256();
    let made = client(&server, &signer.public(), &[]).unwrap();
    let secret = made["client_secret"].as_str().unwrap();
    let assertion = || signer.assertion(id(&made), &server.url);
    let invalid = (400, "invalid_request".to_owned());
    let basic = by_assertion(&server, &assertion(), &[]).basic_auth(id(&made), Some(secret));
    let body =
        by_assertion(&server, &assertion(), &[("client_id", id(&made)), ("client_secret", secret)]);
    let empty = by_assertion(&server, &assertion(), &[("client_secret", "")]);
    let bearer = by_assertion(&server, &assertion(), &[]).bearer_auth("x");
    let twice = by_assertion(&server, &assertion(), &[("client_assertion", &assertion())]);
    for request in [basic, body, empty, bearer, twice] {
        assert_eq!(error(&send(request).await), invalid);
    }
    let part = |name: &str, value: &str| {
        let form = [("grant_type", "client_credentials"), (name, value)];
        send(server.request(Method::POST, "/api/oauth/token").form(&form))
    };
    assert_eq!(error(&part("client_assertion", &assertion()).await), invalid);
    assert_eq!(error(&part("client_assertion_type", TYPE).await), invalid);
    let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", saml),
        ("client_assertion", &assertion()),
    ];
    let request = server.request(Method::POST, "/api/oauth/token").form(&form);
    assert_eq!(error(&send(request).await), (401, "invalid_client".to_owned()));

    // Credentials in the URL end up in logs: refused, whatever else is right.
    for query in [
        format!("client_id={}&client_secret={secret}", id(&made)),
        format!("client_assertion={}", assertion()),
        "grant_type=client_credentials".to_owned(),
        "scope=register".to_owned(),
    ] {
        for path in ["token", "revoke", "introspect"] {
            let request = server
                .request(Method::POST, &format!("/api/oauth/{path}?{query}"))
                .basic_auth(id(&made), Some(secret))
                .form(&[("grant_type", "client_credentials"), ("token", "x")]);
            assert_eq!(error(&send(request).await), invalid, "{path} {query}");
        }
    }
    assert!(!server.log().contains(secret), "a secret stands in the log");
    assert_eq!(server.database.count("SELECT COUNT(*) FROM tokens").await, 0);
}

async fn keys_are_public_and_can_be_replaced(kind: Kind) {
    let server = Server::start(kind).await;
    let (first, second) = (Signer::es256(), Signer::es256());
    let mut private = first.public();
    private["d"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into();
    for (keys, why) in [
        (private, "private"),
        (json!({ "kty": "oct", "k": "c2VjcmV0" }), "symmetric"),
        (json!({ "keys": [] }), "1 to 8"),
        (json!("text"), "object"),
        (json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }), "2048"),
    ] {
        let error = client(&server, &keys, &[]).unwrap_err();
        assert!(error.contains(why) && error.contains("--jwks"), "{error}");
        assert!(!error.contains("AAAAAAAA") && !error.contains("c2VjcmV0"), "{error}");
    }
    let lonely = ["client", "create", "--name", "X", "--no-secret"];
    assert!(server.cli(&lonely, "").unwrap_err().contains("--jwks"));
    let missing = ["client", "create", "--name", "X", "--jwks", "/nonexistent"];
    assert!(server.cli(&missing, "").unwrap_err().contains("/nonexistent"));

    let named = |signer: &Signer, kid: &str| {
        let mut key = signer.public();
        key["kid"] = kid.into();
        key
    };
    let set = json!({ "keys": [named(&first, "a"), named(&second, "b")] });
    let made = client(&server, &set, &["--no-secret"]).unwrap();
    let try_kid = async |signer: &Signer, kid: Option<&str>| {
        let mut header = json!({ "alg": "ES256" });
        if let Some(kid) = kid {
            header["kid"] = kid.into();
        }
        let assertion = signer.sign(&header, &Signer::assertion_claims(id(&made), &server.url));
        send(by_assertion(&server, &assertion, &[])).await.status.as_u16()
    };
    assert_eq!(try_kid(&first, Some("a")).await, 200);
    assert_eq!(try_kid(&second, None).await, 200, "a name is not needed");
    assert_eq!(try_kid(&first, Some("b")).await, 401);
    assert_eq!(try_kid(&first, Some("c")).await, 401);
    let file = server.folder().join("keys.json");
    std::fs::write(&file, second.public().to_string()).unwrap();
    let file = file.display().to_string();
    server.cli(&["client", "keys", id(&made), "--jwks", &file], "").unwrap();
    assert_eq!(try_kid(&second, None).await, 200);
    assert_eq!(try_kid(&first, None).await, 401, "the old key ended at once");
    let unknown = server.cli(&["client", "keys", "cli_x", "--jwks", &file], "").unwrap_err();
    assert!(unknown.contains("no client"), "{unknown}");
}

async fn a_replaced_secret_works_until_its_grace_ends(kind: Kind) {
    let server = Server::start(kind).await;
    let first = server.client("register", &[], &[]);
    let works = async |client: &OAuthClient| {
        let request = server
            .request(Method::POST, "/api/oauth/token")
            .basic_auth(&client.id, Some(&client.secret))
            .form(&[("grant_type", "client_credentials")]);
        send(request).await.status.as_u16()
    };
    let rotate = |grace: &[&str]| {
        let mut arguments = vec!["client", "rotate", &first.id];
        arguments.extend(grace);
        let made = server.cli(&arguments, "").unwrap();
        OAuthClient {
            id: first.id.clone(),
            secret: made["client_secret"].as_str().unwrap().to_owned(),
        }
    };
    let token = server.token(&first, "register").await;
    let second = rotate(&[]);
    assert_ne!(first.secret, second.secret);
    assert_eq!((works(&first).await, works(&second).await), (200, 200));
    let listed = server.cli(&["client", "list"], "").unwrap();
    let secrets = listed["clients"][0]["secrets"].as_array().unwrap().clone();
    assert_eq!(secrets.len(), 2);
    assert_eq!(secrets[0]["expires_at"], Value::Null);
    let grace =
        secrets[1]["expires_at"].as_i64().unwrap() - secrets[0]["created_at"].as_i64().unwrap();
    assert!((86_399..=86_401).contains(&grace), "a day unless it is said otherwise: {grace}");
    assert!(!listed.to_string().contains("dss_") && !listed.to_string().contains("v1:"));

    // After the grace.
    let late = "UPDATE client_secrets SET expires_at = 1 WHERE expires_at IS NOT NULL";
    server.database.execute(late).await;
    assert_eq!((works(&first).await, works(&second).await), (401, 200));
    // Two at the most: the one before the last ends with the next rotation.
    let third = rotate(&["--grace", "90m"]);
    let fourth = rotate(&["--grace", "3600"]);
    assert_eq!(works(&second).await, 401);
    assert_eq!((works(&third).await, works(&fourth).await), (200, 200));
    // None at all.
    let fifth = rotate(&["--grace", "0"]);
    assert_eq!((works(&third).await, works(&fourth).await), (401, 401));
    assert_eq!(works(&fifth).await, 200);
    // Tokens are not secrets: they live on.
    let answer = server.sign_up(&token, &doorstep_tests::person("srv", "bob")).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    for (arguments, why) in [
        (["client", "rotate", "cli_x", "--grace", "0"], "no client"),
        (["client", "rotate", &first.id, "--grace", "31d"], "--grace"),
        (["client", "rotate", &first.id, "--grace", "5 h"], "24h"),
        (["client", "rotate", &first.id, "--grace", "soon"], "24h"),
        (["client", "rotate", &first.id, "--grace", ""], "24h"),
    ] {
        let error = server.cli(&arguments, "").unwrap_err();
        assert!(error.contains(why), "{arguments:?}: {error}");
    }
    assert_eq!(works(&fifth).await, 200);
    let audited = "SELECT COUNT(*) FROM audit_log WHERE action = 'client.rotate'";
    assert_eq!(server.database.count(audited).await, 4);
}

on_both!(
    a_client_without_a_secret_works_with_each_kind_of_key,
    an_assertion_that_is_not_right_is_refused_without_a_reason,
    of_fifty_uses_of_an_assertion_at_once_one_wins,
    a_client_authenticates_in_exactly_one_way,
    keys_are_public_and_can_be_replaced,
    a_replaced_secret_works_until_its_grace_ends,
);

on_replicas!(of_fifty_uses_of_an_assertion_at_once_one_wins);

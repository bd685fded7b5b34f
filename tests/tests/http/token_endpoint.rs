//! What the token endpoint makes of parameters that are absent, empty, twice there, of
//! another type or for somebody else.

use doorstep_tests::{Answer, Kind, OAuthClient, Server, on_both, send};
use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

fn error(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["error"].as_str().unwrap_or_default().to_owned())
}

fn ask(server: &Server, client: &OAuthClient) -> RequestBuilder {
    server.request(Method::POST, "/api/oauth/token").basic_auth(&client.id, Some(&client.secret))
}

async fn by_form(server: &Server, client: &OAuthClient, body: &str) -> Answer {
    let request = ask(server, client).header("content-type", "application/x-www-form-urlencoded");
    send(request.body(body.to_owned())).await
}

async fn by_json(server: &Server, client: &OAuthClient, body: &str) -> Answer {
    let request = ask(server, client).header("content-type", "application/json");
    send(request.body(body.to_owned())).await
}

async fn a_token_is_for_this_server_alone(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("public register", &[], &[]);
    let own = server.url.clone();
    let form = |resources: &[&str]| {
        let mut body = url_form(&[("grant_type", "client_credentials")]);
        for resource in resources {
            body.push('&');
            body.push_str(&url_form(&[("resource", resource)]));
        }
        body
    };
    let slash = format!("{own}/");
    let metadata = server.get("/.well-known/oauth-protected-resource").await.json();
    let named = metadata["resource"].as_str().unwrap();
    for resources in [vec![], vec![named], vec![&slash], vec![&own, &slash, &own]] {
        let answer = by_form(&server, &client, &form(&resources)).await;
        assert_eq!(answer.status, 200, "{resources:?}: {}", answer.text);
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        let introspect = server
            .request(Method::POST, "/api/oauth/introspect")
            .basic_auth(&client.id, Some(&client.secret))
            .form(&[("token", token)]);
        assert_eq!(send(introspect).await.json()["aud"], own);
    }
    let target = (400, "invalid_target".to_owned());
    let deeper = format!("{own}/api/users");
    let query = format!("{own}?x=y");
    let upper = own.replace("http", "HTTP");
    for resources in [
        vec!["https://other.example"],
        vec![&own, "https://other.example"],
        vec![""],
        vec!["x"],
        vec![&deeper],
        vec![&query],
        vec![&upper],
        vec!["//"],
    ] {
        let answer = by_form(&server, &client, &form(&resources)).await;
        assert_eq!(error(&answer), target, "{resources:?}");
    }
    for (resource, expected) in [
        (json!(own), 200),
        (json!([own, slash]), 200),
        (json!([]), 200),
        (Value::Null, 200),
        (json!([own, "https://other.example"]), 400),
        (json!([7]), 400),
        (json!({ "a": own }), 400),
        (json!(7), 400),
    ] {
        let body = json!({ "grant_type": "client_credentials", "resource": resource }).to_string();
        let answer = by_json(&server, &client, &body).await;
        assert_eq!(answer.status, expected, "{body}: {}", answer.text);
    }
}

fn url_form(pairs: &[(&str, &str)]) -> String {
    let mut url = reqwest::Url::parse("http://x").unwrap();
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

const GRANT: &str = "grant_type=client_credentials";

async fn odd_parameters_are_answered_and_never_failed(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("public register", &[], &[]);
    let mut granted = 0;
    // Passed over: names that nobody knows. The default scope is the least.
    for more in [
        "&scope[a]=b",
        "&scope[]=register",
        "&scope%5B0%5D=register",
        "&x",
        "&",
        "&=",
        "&%00=%00",
        "&scope=",
        "&scope=+",
    ] {
        let answer = by_form(&server, &client, &format!("{GRANT}{more}")).await;
        assert_eq!(answer.json()["scope"], "public", "{more}: {}", answer.text);
        granted += 1;
    }
    for (body, expected) in [
        ("", "invalid_request"),
        ("grant_type", "invalid_request"),
        ("grant_type=", "invalid_request"),
        ("grant_type[]=client_credentials", "invalid_request"),
        ("grant_type=client_credentials%00", "unsupported_grant_type"),
        ("grant_type=CLIENT_CREDENTIALS", "unsupported_grant_type"),
        ("grant_type=foo", "unsupported_grant_type"),
        ("grant_type=refresh_token&refresh_token=x", "unsupported_grant_type"),
        ("grant_type=client_credentials&scope=%FF", "invalid_scope"),
        ("grant_type=client_credentials&scope=%00", "invalid_scope"),
        ("grant_type=client_credentials&scope=register,public", "invalid_scope"),
        ("grant_type=client_credentials&scope=Register", "invalid_scope"),
        ("grant_type=client_credentials&scope=register%09public", "invalid_scope"),
        ("grant_type=client_credentials&scope=a&scope=b", "invalid_request"),
        ("grant_type=client_credentials&client_id=", "invalid_request"),
        ("grant_type=client_credentials&authorization_details=", "invalid_authorization_details"),
        (
            "grant_type=client_credentials&authorization_details=%00",
            "invalid_authorization_details",
        ),
        (
            "grant_type=client_credentials&authorization_details=null",
            "invalid_authorization_details",
        ),
        ("grant_type=client_credentials&authorization_details=[]", "invalid_authorization_details"),
        ("grant_type=client_credentials&authorization_details={}", "invalid_authorization_details"),
        (
            "grant_type=client_credentials&authorization_details=[null]",
            "invalid_authorization_details",
        ),
        (
            "grant_type=client_credentials&authorization_details=[{},{}]",
            "invalid_authorization_details",
        ),
        (
            "grant_type=client_credentials&authorization_details=[]&authorization_details=[]",
            "invalid_request",
        ),
    ] {
        let answer = by_form(&server, &client, body).await;
        assert_eq!(error(&answer), (400, expected.to_owned()), "{body}");
    }
    let long = format!("{GRANT}&authorization_details={}", "[".repeat(9 * 1024));
    let long = by_form(&server, &client, &long).await;
    assert_eq!(error(&long), (400, "invalid_authorization_details".to_owned()));

    assert_eq!(server.database.count("SELECT COUNT(*) FROM tokens").await, granted);
}

async fn odd_json_is_answered_and_never_failed(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("public register", &[], &[]);
    let mut granted = 0;
    for (body, expected) in [
        (r#"{"grant_type":"client_credentials","scope":null,"x":{"y":[1]}}"#, (200, "")),
        (r#"{"grant_type":null}"#, (400, "invalid_request")),
        (r#"{"grant_type":7}"#, (400, "invalid_request")),
        (r#"{"grant_type":["client_credentials"]}"#, (400, "invalid_request")),
        (r#"{"grant_type":"client_credentials","scope":["register"]}"#, (400, "invalid_request")),
        (r#"{"grant_type":"client_credentials","scope":{"a":"b"}}"#, (400, "invalid_request")),
        (r#"{"grant_type":"client_credentials","scope":true}"#, (400, "invalid_request")),
        (
            r#"{"grant_type":"client_credentials","scope":"public","scope":"register"}"#,
            (400, "invalid_request"),
        ),
        (r#"{"grant_type":"client_credentials","client_secret":7}"#, (400, "invalid_request")),
        // Not passed over: a panel that asks for a restriction must not believe that it holds.
        (
            r#"{"grant_type":"client_credentials","authorization_details":null}"#,
            (400, "invalid_authorization_details"),
        ),
        (
            r#"{"grant_type":"client_credentials","authorization_details":""}"#,
            (400, "invalid_authorization_details"),
        ),
        (
            r#"{"grant_type":"client_credentials","authorization_details":7}"#,
            (400, "invalid_authorization_details"),
        ),
        (
            r#"{"grant_type":"client_credentials","authorization_details":{}}"#,
            (400, "invalid_authorization_details"),
        ),
        (
            r#"{"grant_type":"client_credentials","authorization_details":[]}"#,
            (400, "invalid_authorization_details"),
        ),
        ("[]", (400, "invalid_request")),
        ("null", (400, "invalid_request")),
        ("\"grant_type=client_credentials\"", (400, "invalid_request")),
        ("", (400, "invalid_request")),
        ("{", (400, "invalid_request")),
    ] {
        let answer = by_json(&server, &client, body).await;
        assert_eq!(error(&answer), (expected.0, expected.1.to_owned()), "{body}");
        granted += i64::from(expected.0 == 200);
    }
    let deep = by_json(&server, &client, &"[".repeat(20_000)).await;
    assert_eq!(error(&deep), (400, "invalid_request".to_owned()));
    assert_eq!(server.database.count("SELECT COUNT(*) FROM tokens").await, granted);
}

async fn each_member_of_the_details_must_be_of_its_type(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &["https://a.example"]);
    let good = json!({
        "type": "user_registration", "provider_server": "s", "provider_username": "u",
    });
    let mint = async |details: Value| {
        let details = json!([details]).to_string();
        by_form(
            &server,
            &client,
            &url_form(&[("grant_type", "client_credentials"), ("authorization_details", &details)]),
        )
        .await
    };
    assert_eq!(mint(good.clone()).await.status, 200);
    for name in ["type", "provider_server", "provider_username"] {
        let mut without = good.clone();
        without.as_object_mut().unwrap().remove(name);
        let answer = mint(without).await;
        assert_eq!(error(&answer).1, "invalid_authorization_details", "without {name}");
    }
    for name in [
        "type",
        "provider",
        "provider_server",
        "provider_username",
        "origins",
        "locked",
        "prefill",
        "locations",
        "actions",
        "credential_delivery",
        "jkt",
        "no_such_member",
    ] {
        for value in [Value::Null, json!(""), json!(7), json!(true), json!([7]), json!({ "a": 1 })]
        {
            let mut odd = good.clone();
            odd[name] = value.clone();
            let answer = mint(odd).await;
            assert_eq!(
                error(&answer),
                (400, "invalid_authorization_details".to_owned()),
                "{name} {value}"
            );
        }
    }
}

async fn a_refused_client_learns_nothing_from_the_headers(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let disabled = server.client("register", &[], &[]);
    server.cli(&["client", "disable", &disabled.id], "").unwrap();
    let told = |headers: &HeaderMap| {
        let mut told: Vec<_> = headers
            .iter()
            // The last counts down with each of these requests.
            .filter(|(name, _)| !["x-request-id", "date", "ratelimit"].contains(&name.as_str()))
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        told.sort();
        told
    };
    let try_with = async |id: &str, secret: &str| {
        let client = OAuthClient { id: id.to_owned(), secret: secret.to_owned() };
        by_form(&server, &client, "grant_type=client_credentials").await
    };
    let wrong = try_with(&client.id, "wrong").await;
    assert_eq!(error(&wrong), (401, "invalid_client".to_owned()));
    assert!(wrong.header("www-authenticate").starts_with("Basic realm="));
    for (id, secret) in [
        ("cli_nobody", "wrong"),
        (client.id.as_str(), ""),
        ("", ""),
        ("\u{e9}", "x"),
        ("%00", "x"),
        (&disabled.id, &disabled.secret),
        (&disabled.id, "wrong"),
        (&client.id, &disabled.secret),
    ] {
        let answer = try_with(id, secret).await;
        assert_eq!(answer.text, wrong.text, "{id}");
        assert_eq!(told(&answer.headers), told(&wrong.headers), "{id}");
    }
}

/// T-013: a client whose name stands in pages is told which grant is its own, and of
/// others nothing is learnt by their names.
async fn a_client_that_lacks_the_grant_is_told_so(kind: Kind) {
    let server = Server::start_with(kind, crate::publishable::ON).await;
    let page = crate::publishable::publishable(&server);
    let client = server.client("register", &[], &[]);
    let by_name = async |id: &str| {
        let form = [("grant_type", "client_credentials"), ("client_id", id)];
        send(server.request(Method::POST, "/api/oauth/token").form(&form)).await
    };
    let told = by_name(&page).await;
    assert_eq!(error(&told), (400, "unauthorized_client".to_owned()));
    assert!(told.text.contains("urn:doorstep:grant:widget"), "{}", told.text);
    let nobody = by_name("cli_nobody").await;
    assert_eq!(error(&nobody), (401, "invalid_client".to_owned()));
    for id in [client.id.as_str(), "\u{e9}", "a\0b", &"x".repeat(300)] {
        assert_eq!(by_name(id).await.text, nobody.text, "{id}");
    }
    let guessed = OAuthClient { id: page.clone(), secret: "guessed".to_owned() };
    let answer = by_form(&server, &guessed, "grant_type=client_credentials").await;
    assert_eq!(error(&answer), (401, "invalid_client".to_owned()));
    server.cli(&["client", "disable", &page], "").unwrap();
    assert_eq!(by_name(&page).await.text, nobody.text, "it is switched off");
    assert_eq!(server.database.count("SELECT COUNT(*) FROM tokens").await, 0);
}

on_both!(
    a_token_is_for_this_server_alone,
    odd_parameters_are_answered_and_never_failed,
    odd_json_is_answered_and_never_failed,
    each_member_of_the_details_must_be_of_its_type,
    a_refused_client_learns_nothing_from_the_headers,
    a_client_that_lacks_the_grant_is_told_so,
);

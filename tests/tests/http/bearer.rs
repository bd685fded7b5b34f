//! How a token is sent (RFC 6750), in all the ways that clients try.

use doorstep_tests::{Kind, Server, on_both, person, send};
use reqwest::Method;

async fn the_challenge_says_what_is_needed(kind: Kind) {
    let server = Server::start(kind).await;
    let nothing = server.request(Method::POST, "/api/users").json(&person("srv", "bob"));
    let nothing = send(nothing).await;
    assert_eq!(nothing.refusal(), (401, "unauthenticated".to_owned()));
    let challenges = nothing.headers.get_all("www-authenticate");
    let challenges: Vec<_> = challenges.iter().map(|value| value.to_str().unwrap()).collect();
    assert!(challenges[0].starts_with("Bearer realm=\""), "{challenges:?}");
    assert!(challenges.iter().any(|challenge| challenge.starts_with("DPoP ")), "{challenges:?}");
    for challenge in challenges {
        assert!(challenge.contains("resource_metadata=\""), "{challenge}");
        assert!(!challenge.contains("error="), "{challenge}");
    }
    let client = server.client("public register", &[], &[]);
    let public = server.token(&client, "public").await;
    let too_little = server.sign_up(&public, &person("srv", "bob")).await;
    assert_eq!(too_little.refusal(), (403, "insufficient_scope".to_owned()));
    let challenge = too_little.header("www-authenticate");
    assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    assert!(challenge.contains("scope=\"register\""), "{challenge}");
}

async fn the_scheme_is_read_leniently_and_the_token_exactly(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let with = async |authorization: String, username: &str| {
        let request = server
            .request(Method::POST, "/api/users")
            .header("authorization", authorization)
            .json(&person("srv", username));
        send(request).await
    };
    for (number, authorization) in [
        format!("bearer {token}"),
        format!("BEARER {token}"),
        format!("Bearer  {token}"),
        format!("Bearer {token} "),
        format!("Bearer\t{token}"),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = with(authorization.clone(), &format!("a{number}")).await;
        assert_eq!(answer.status, 201, "{authorization:?}: {}", answer.text);
    }
    let upper = token.to_uppercase();
    for authorization in [
        format!("Bearer {token}x"),
        format!("Bearer x{token}"),
        format!("Bearer {upper}"),
        format!("Bearer \"{token}\""),
        format!("Bearer {token},{token}"),
        format!("Bearer {token} {token}"),
        format!("Bearer{token}"),
        format!("Bearer={token}"),
        format!("Token {token}"),
        token.clone(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer \u{e9}".to_owned(),
        String::new(),
    ] {
        let answer = with(authorization.clone(), "b").await;
        let status = answer.status.as_u16();
        assert!(matches!(status, 400 | 401), "{authorization:?}: {status}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 5);
    assert!(!server.log().contains(&token), "a token stands in the log");
}

async fn a_token_elsewhere_is_no_token(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let url = format!("/api/users?access_token={token}");
    let in_url = send(server.request(Method::POST, &url).json(&person("srv", "bob"))).await;
    assert_eq!(in_url.refusal(), (401, "unauthenticated".to_owned()));
    let form = server.request(Method::POST, "/api/users").form(&[("access_token", &token)]);
    assert_eq!(send(form).await.refusal(), (401, "unauthenticated".to_owned()));
    let mut body = person("srv", "bob");
    body["access_token"] = token.as_str().into();
    let in_body = send(server.request(Method::POST, "/api/users").json(&body)).await;
    assert_eq!(in_body.refusal(), (401, "unauthenticated".to_owned()));
    // In two places at once: which one counts would be anybody's guess.
    let both = server.sign_up(&token, &body).await;
    assert_eq!(both.refusal(), (400, "invalid_request".to_owned()));
    let two = server.request(Method::POST, "/api/users").bearer_auth(&token);
    let two = send(two.header("authorization", "Bearer x").json(&person("srv", "bob"))).await;
    assert_eq!(two.refusal(), (400, "invalid_request".to_owned()));
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 0);
    assert!(!server.log().contains(&token), "a token stands in the log");
}

on_both!(
    the_challenge_says_what_is_needed,
    the_scheme_is_read_leniently_and_the_token_exactly,
    a_token_elsewhere_is_no_token,
);

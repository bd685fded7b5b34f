//! Who shares an address does not lock its owner out, and nothing that asks the
//! database is beyond the address's limit.

use doorstep_tests::{Answer, Kind, OAuthClient, Signer, on_both, send};
use reqwest::{Method, RequestBuilder};

use crate::{
    client_authentication,
    limits::{assert_refused, from, profile, server, token},
};

fn error(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["error"].as_str().unwrap_or_default().to_owned())
}

async fn made_up_assertions_do_not_lock_a_client_out(kind: Kind) {
    let server = server(kind, &[("client_failure", "3/h burst 3")]).await;
    let signer = Signer::es256();
    let made = client_authentication::client(&server, &signer.public(), &["--no-secret"]).unwrap();
    let id = made["client_id"].as_str().unwrap();
    let ask = |assertion: &str| {
        let request = server.request(Method::POST, "/api/oauth/token").form(&[
            ("grant_type", "client_credentials"),
            ("scope", "register"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ]);
        send(from(request, "192.0.2.1"))
    };
    let stranger = Signer::eddsa();
    for _ in 0..12 {
        let answer = ask(&stranger.assertion(id, &server.url)).await;
        assert_eq!(error(&answer), (401, "invalid_client".to_owned()));
    }
    let answer = ask(&signer.assertion(id, &server.url)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

async fn bad_assertions_count_for_their_address(kind: Kind) {
    let server = server(kind, &[("address_failure", "3/h burst 3")]).await;
    let bad = || {
        let request = server.request(Method::POST, "/api/oauth/token").form(&[
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", "a.b.c"),
        ]);
        send(from(request, "192.0.2.1"))
    };
    for _ in 0..3 {
        assert_eq!(bad().await.status, 401);
    }
    assert_refused(&bad().await, "address_failure");
}

async fn no_page_makes_its_visitors_fail(kind: Kind) {
    let rates = [("client_failure", "3/h burst 3"), ("address_failure", "3/h burst 3")];
    let server = server(kind, &rates).await;
    let client = server.client("register", &[], &[]);
    let paths = [
        "/api/oauth/token",
        "/api/oauth/revoke",
        "/api/oauth/introspect",
        "/api/credentials/claim",
    ];
    for path in paths {
        for (header, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
        ] {
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", &client.id),
                ("client_secret", "wrong"),
                ("token", "x"),
                ("claim_code", "x"),
                ("code_verifier", "x"),
            ];
            let request = server.request(Method::POST, path).header(header, value).form(&form);
            let answer = send(from(request, "192.0.2.1")).await;
            let forbidden = (403, "browser_use_forbidden".to_owned());
            assert_eq!(error(&answer), forbidden, "{path} {header}");
            assert!(answer.json()["error_description"].as_str().unwrap().contains("back ends"));
        }
    }
    assert_eq!(send(from(token(&server, &client), "192.0.2.1")).await.status, 200);
}

async fn who_succeeded_lately_is_not_held_to_the_others_failures(kind: Kind) {
    let rates = [("address_failure", "4/h burst 4"), ("client_failure", "3/h burst 3")];
    let server = server(kind, &rates).await;
    let (known, late) = (server.client("register", &[], &[]), server.client("register", &[], &[]));
    let bearer = server.token(&late, "register").await;
    let user = server.new_user(&bearer, "srv", "ada").await;
    let here = |request: RequestBuilder| send(from(request, "192.0.2.1"));
    assert_eq!(here(token(&server, &known)).await.status, 200);
    assert_eq!(here(profile(&server, &user)).await.status, 200);
    for at in 0..4 {
        let nobody = OAuthClient { id: format!("cli_{at}"), secret: "wrong".to_owned() };
        assert_eq!(here(token(&server, &nobody)).await.status, 401);
    }
    assert_refused(&here(token(&server, &late)).await, "address_failure");
    assert_eq!(here(token(&server, &known)).await.status, 200);
    assert_eq!(here(profile(&server, &user)).await.status, 200);
    // Its own secret is guessed no more often than before.
    let wrong = OAuthClient { secret: "wrong".to_owned(), ..known.clone() };
    for _ in 0..3 {
        assert_eq!(here(token(&server, &wrong)).await.status, 401);
    }
    assert_refused(&here(token(&server, &known)).await, "client_failure");
}

async fn an_api_credential_is_guessed_at_both_doors_together(kind: Kind) {
    let server = server(kind, &[("login_failure", "3/h burst 3")]).await;
    let client = server.client("register", &[], &[]);
    let bearer = server.token(&client, "register").await;
    let (name, password) = server.new_user(&bearer, "srv", "ada").await;
    let here = |request: RequestBuilder| send(from(request, "192.0.2.1"));
    let wrong = OAuthClient { id: name.clone(), secret: "wrong".to_owned() };
    for _ in 0..2 {
        assert_eq!(here(token(&server, &wrong)).await.status, 401);
    }
    let guess = (name.clone(), "wrong".to_owned());
    assert_eq!(here(profile(&server, &guess)).await.status, 401);
    assert_refused(&here(profile(&server, &guess)).await, "login_failure");
    let right = OAuthClient { id: name, secret: password };
    assert_refused(&here(token(&server, &right)).await, "login_failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn preflights_and_frames_are_held_to_the_address() {
    let server = server(Kind::Sqlite, &[("address", "3/h burst 3")]).await;
    let preflight = || {
        let request = server.request(Method::OPTIONS, "/api/users");
        request
            .header("origin", "https://evil.example")
            .header("access-control-request-method", "POST")
    };
    for _ in 0..3 {
        assert_eq!(send(from(preflight(), "192.0.2.1")).await.status, 204);
    }
    assert_refused(&send(from(preflight(), "192.0.2.1")).await, "address");
    // The page may read why; and who is to wait gives its connection back.
    let page = server.request(Method::GET, "/api/users").header("origin", "https://a.example");
    let answer = send(from(page, "192.0.2.1")).await;
    assert_refused(&answer, "address");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(answer.header("access-control-expose-headers").contains("retry-after"));
    assert_eq!(answer.header("connection"), "close");
    let frame = || server.request(Method::GET, "/v1/frame?client=cli_x");
    for _ in 0..3 {
        assert_ne!(send(from(frame(), "192.0.2.2")).await.status, 429);
    }
    assert_refused(&send(from(frame(), "192.0.2.2")).await, "address");
}

async fn a_token_has_its_share_before_its_proofs_are_used_up(kind: Kind) {
    let server = server(kind, &[("caller", "3/h burst 3")]).await;
    let client = server.client("register", &[], &[]);
    let signer = Signer::es256();
    let proof = signer.proof("POST", &format!("{}/api/oauth/token", server.url), None);
    let bound = send(token(&server, &client).header("dpop", proof)).await.json();
    let bound = bound["access_token"].as_str().unwrap();
    let url = format!("{}/api/users", server.url);
    let ask = |proof: &str| {
        let request = server.request(Method::GET, "/api/users").header("dpop", proof);
        send(request.header("authorization", format!("DPoP {bound}")))
    };
    let used = "SELECT COUNT(*) FROM used_once";
    let before = server.database.count(used).await;
    for _ in 0..3 {
        assert_eq!(ask(&signer.proof("GET", &url, Some(bound))).await.status, 403);
    }
    for _ in 0..3 {
        assert_refused(&ask(&signer.proof("GET", &url, Some(bound))).await, "caller");
    }
    assert_eq!(server.database.count(used).await, before + 3);
}

on_both!(
    made_up_assertions_do_not_lock_a_client_out,
    bad_assertions_count_for_their_address,
    no_page_makes_its_visitors_fail,
    who_succeeded_lately_is_not_held_to_the_others_failures,
    an_api_credential_is_guessed_at_both_doors_together,
    a_token_has_its_share_before_its_proofs_are_used_up,
);

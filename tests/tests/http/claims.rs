//! Claim delivery: the password goes to the panel's back end and never through
//! the page.

use std::sync::Arc;

use doorstep_tests::{Answer, Kind, OAuthClient, Server, on_both, on_replicas, send};
use reqwest::Method;
use serde_json::{Value, json};

// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const WRONG: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl";

async fn mint(server: &Server, client: &OAuthClient, username: &str) -> String {
    let details = json!({
        "type": "user_registration",
        "provider_server": "srv.example",
        "provider_username": username,
        "credential_delivery": "claim",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    });
    let answer = server.mint(client, &details).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["authorization_details"][0]["credential_delivery"], "claim");
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// Signs up as the page does; the answer.
async fn sign_up(server: &Server, token: &str, key: &str) -> Answer {
    let request = server
        .request(Method::POST, "/api/users")
        .bearer_auth(token)
        .header("idempotency-key", key)
        .json(&json!({ "user": { "fname": "Ada", "lname": "Lovelace" } }));
    send(request).await
}

pub(crate) async fn code_for(
    server: &Server,
    client: &OAuthClient,
    username: &str,
) -> (String, String) {
    let token = mint(server, client, username).await;
    let answer = sign_up(server, &token, &format!("the-key-of-the-user-{username}")).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let api = answer.json()["user"]["api"].clone();
    assert_eq!(api["password"], Value::Null, "the page gets no password");
    assert_eq!(api["expires_in"], 300);
    let code = api["claim_code"].as_str().unwrap().to_owned();
    assert!(code.starts_with("clm_"));
    (code, api["username"].as_str().unwrap().to_owned())
}

pub(crate) async fn claim(
    server: &Server,
    client: &OAuthClient,
    code: &str,
    verifier: &str,
) -> Answer {
    let request = server
        .request(Method::POST, "/api/credentials/claim")
        .basic_auth(&client.id, Some(&client.secret))
        .form(&[("claim_code", code), ("code_verifier", verifier)]);
    send(request).await
}

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["error"].as_str().unwrap_or_default().to_owned())
}

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

async fn account(server: &Server, username: &str, password: &str) -> u16 {
    let request = server.request(Method::GET, "/api/users").basic_auth(username, Some(password));
    send(request).await.status.as_u16()
}

/// Lets five seconds go by for the server: everything it remembers of claims moves back.
async fn a_while_later(server: &Server) {
    server.database.execute("UPDATE claims SET answered_at = answered_at - 5000").await;
}

async fn the_back_end_gets_the_password_that_the_page_never_saw(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &["srv.example"], &[]);
    let (code, username) = code_for(&server, &client, "ada").await;
    assert_eq!(account(&server, &username, "").await, 401, "there is no password yet");

    let claimed = claim(&server, &client, &code, VERIFIER).await;
    assert_eq!(claimed.status, 200, "{}", claimed.text);
    assert_eq!(claimed.header("cache-control"), "no-store");
    let user = claimed.json()["user"].clone();
    assert_eq!(user["api"]["username"], username);
    let password = user["api"]["password"].as_str().unwrap();
    assert_eq!(account(&server, &username, password).await, 200);

    // It was used: nothing replaces it any more.
    a_while_later(&server).await;
    assert_eq!(refusal(&claim(&server, &client, &code, VERIFIER).await), invalid_grant());
    assert_eq!(account(&server, &username, password).await, 200);
    let log = server.log();
    assert!(!log.contains(&code) && !log.contains(password) && !log.contains(VERIFIER));
}

async fn a_lost_answer_is_given_again_with_a_new_password(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &["srv.example"], &[]);
    let (code, username) = code_for(&server, &client, "ada").await;
    let password = |answer: &Answer| {
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["user"]["api"]["password"].as_str().unwrap().to_owned()
    };
    let first = password(&claim(&server, &client, &code, VERIFIER).await);
    let at_once = claim(&server, &client, &code, VERIFIER).await;
    assert_eq!(refusal(&at_once), invalid_grant());
    assert_eq!(at_once.header("retry-after"), "5");
    a_while_later(&server).await;
    let second = password(&claim(&server, &client, &code, VERIFIER).await);
    assert_ne!(first, second);
    assert_eq!(account(&server, &username, &first).await, 401, "one live password at the most");
    a_while_later(&server).await;
    server.database.execute("UPDATE claims SET claimed_at = claimed_at - 60000").await;
    assert_eq!(refusal(&claim(&server, &client, &code, VERIFIER).await), invalid_grant());
    assert_eq!(account(&server, &username, &second).await, 200);
}

async fn nobody_else_can_claim(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &["srv.example"], &[]);
    let other = server.client("register", &["other.example"], &[]);
    let (code, _) = code_for(&server, &client, "ada").await;
    assert_eq!(refusal(&claim(&server, &other, &code, VERIFIER).await), invalid_grant());
    let thief = OAuthClient { id: client.id.clone(), secret: "guessed".to_owned() };
    let refused = claim(&server, &thief, &code, VERIFIER).await;
    assert_eq!(refusal(&refused), (401, "invalid_client".to_owned()));
    for wrong in ["", "clm_x", &code.to_lowercase()] {
        let answer = claim(&server, &client, wrong, VERIFIER).await;
        assert_eq!(refusal(&answer), invalid_grant(), "{wrong:?}");
    }
    let no_code = server
        .request(Method::POST, "/api/credentials/claim")
        .basic_auth(&client.id, Some(&client.secret))
        .form(&[("code_verifier", VERIFIER)]);
    assert_eq!(refusal(&send(no_code).await), (400, "invalid_request".to_owned()));
    // All of that has cost the code nothing.
    assert_eq!(claim(&server, &client, &code, VERIFIER).await.status, 200);
}

async fn three_wrong_verifiers_end_the_code(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &["srv.example"], &[]);
    let (code, _) = code_for(&server, &client, "ada").await;
    for wrong in [WRONG, "short", WRONG] {
        assert_eq!(refusal(&claim(&server, &client, &code, wrong).await), invalid_grant());
    }
    assert_eq!(refusal(&claim(&server, &client, &code, VERIFIER).await), invalid_grant());

    let (code, _) = code_for(&server, &client, "bob").await;
    for wrong in [WRONG, WRONG] {
        claim(&server, &client, &code, wrong).await;
    }
    assert_eq!(claim(&server, &client, &code, VERIFIER).await.status, 200);

    let (code, _) = code_for(&server, &client, "eve").await;
    server.database.execute("UPDATE claims SET expires_at = 1").await;
    assert_eq!(refusal(&claim(&server, &client, &code, VERIFIER).await), invalid_grant());
}

async fn a_closed_account_gets_no_password(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &["srv.example"], &[]);
    let (code, _) = code_for(&server, &client, "ada").await;
    server.database.execute("UPDATE users SET active = (1 = 0)").await;
    assert_eq!(refusal(&claim(&server, &client, &code, VERIFIER).await), invalid_grant());
    // Nothing was used up: it opens when the account does.
    server.database.execute("UPDATE users SET active = (1 = 1)").await;
    assert_eq!(claim(&server, &client, &code, VERIFIER).await.status, 200);
}

async fn of_fifty_claims_at_once_one_wins(kind: Kind) {
    let server = Arc::new(Server::start(kind).await);
    let client = server.client("register", &["srv.example"], &[]);
    for round in 0..20 {
        let (code, username) = code_for(&server, &client, &format!("ada{round}")).await;
        let claims: Vec<_> = (0..50)
            .map(|_| {
                let (server, client, code) = (Arc::clone(&server), client.clone(), code.clone());
                tokio::spawn(async move { claim(&server, &client, &code, VERIFIER).await })
            })
            .collect();
        let mut passwords = Vec::new();
        for answer in claims {
            let answer = answer.await.unwrap();
            if answer.status == 200 {
                let api = answer.json()["user"]["api"].clone();
                passwords.push(api["password"].as_str().unwrap().to_owned());
            } else {
                assert_eq!(refusal(&answer), invalid_grant(), "{}", answer.text);
            }
        }
        assert_eq!(passwords.len(), 1, "round {round}");
        assert_eq!(account(&server, &username, &passwords[0]).await, 200);
    }
}

async fn a_retry_of_the_sign_up_gets_the_code_again_until_it_is_claimed(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &["srv.example"], &[]);
    let token = mint(&server, &client, "ada").await;
    let first = sign_up(&server, &token, "one-key-for-the-form").await;
    let again = sign_up(&server, &token, "one-key-for-the-form").await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, "true"));
    assert_eq!(first.text, again.text);
    let code = first.json()["user"]["api"]["claim_code"].as_str().unwrap().to_owned();
    assert_eq!(claim(&server, &client, &code, VERIFIER).await.status, 200);
    let late = sign_up(&server, &token, "one-key-for-the-form").await.json();
    assert_eq!(late["user"]["id"], first.json()["user"]["id"]);
    assert_eq!(late["user"]["api"]["password_status"], "delivered");
    assert_eq!(late["user"]["api"]["claim_code"], Value::Null);
}

async fn other_origins_get_nothing_from_the_claim_endpoint(kind: Kind) {
    let server = Server::start(kind).await;
    server.client("register", &[], &["https://panel.example"]);
    let preflight = server
        .request(Method::OPTIONS, "/api/credentials/claim")
        .header("origin", "https://panel.example")
        .header("access-control-request-method", "POST");
    let answer = send(preflight).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

on_both!(
    the_back_end_gets_the_password_that_the_page_never_saw,
    a_lost_answer_is_given_again_with_a_new_password,
    nobody_else_can_claim,
    three_wrong_verifiers_end_the_code,
    a_closed_account_gets_no_password,
    of_fifty_claims_at_once_one_wins,
    a_retry_of_the_sign_up_gets_the_code_again_until_it_is_claimed,
    other_origins_get_nothing_from_the_claim_endpoint,
);

on_replicas!(of_fifty_claims_at_once_one_wins);

//! What ends in time ends at its second (T-042, T-065); and what was seen to be over
//! stays over when the clock is set back (T-131).

use doorstep_tests::{Answer, Kind, OAuthClient, Server, TestClock, on_both, person, send};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    admin_users::admin,
    apiculus::{ROOT_PASSWORD, helper, token as session},
    catalog::SAMPLE,
    claims::{VERIFIER, claim, code_for},
    idempotency::{KEY, ask},
};

/// What register tokens and users' tokens live.
const TOKEN: i64 = 600;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A server whose clock the test sets, and a client that may register.
async fn server(kind: Kind) -> (TestClock, Server, OAuthClient) {
    let clock = TestClock::new();
    let server = clock.server(kind, &[]).await;
    let client = server.client("register", &["srv.example"], &[]);
    (clock, server, client)
}

/// A user's own token, for reading the profile.
async fn own_token(server: &Server, client: &OAuthClient, username: &str) -> String {
    let register = server.token(client, "register").await;
    let (id, secret) = server.new_user(&register, "srv.example", username).await;
    server.token(&OAuthClient { id, secret }, "profile_read").await
}

fn profile(server: &Server, token: &str) -> RequestBuilder {
    server.request(Method::GET, "/api/users").bearer_auth(token)
}

fn with_key(server: &Server, token: &str, username: &str) -> RequestBuilder {
    let request = server.request(Method::POST, "/api/users").bearer_auth(token);
    let key = format!("the-key-of-the-form-for-{username}");
    request.header("idempotency-key", key).json(&person("srv.example", username))
}

async fn introspected(server: &Server, client: &OAuthClient, token: &str) -> Value {
    let request = server
        .request(Method::POST, "/api/oauth/introspect")
        .basic_auth(&client.id, Some(&client.secret))
        .form(&[("token", token)]);
    send(request).await.json()
}

async fn a_register_token_ends_at_its_second(kind: Kind) {
    let (clock, server, client) = server(kind).await;
    let token = server.token(&client, "register").await;
    let end = introspected(&server, &client, &token).await["exp"].as_i64().unwrap();
    assert_eq!(end, clock.seconds() + TOKEN);
    for (millis, status) in [(-1_000, 201), (-1, 201), (0, 401), (1_000, 401)] {
        clock.set(end * 1_000 + millis);
        let is_active = introspected(&server, &client, &token).await["active"].clone();
        assert_eq!(is_active, status == 201, "{millis} ms after its end");
        let name = format!("u{}", millis + 1_000);
        let answer = server.sign_up(&token, &person("srv.example", &name)).await;
        assert_eq!(answer.status, status, "{millis} ms after its end: {}", answer.text);
    }
}

async fn a_sign_up_token_ends_at_its_second(kind: Kind) {
    let (clock, server, client) = server(kind).await;
    let minted = clock.millis();
    for (millis, status) in [(-1_000, 201), (-1, 201), (0, 401), (1_000, 401)] {
        clock.set(minted);
        let name = format!("u{}", millis + 1_000);
        let token = server.sign_up_token(&client, &name).await;
        clock.set(minted + 300_000 + millis);
        let session = server.request(Method::GET, "/api/widget/session").bearer_auth(&token);
        let session = send(session).await;
        let answer = send(with_key(&server, &token, &name)).await;
        assert_eq!(answer.status, status, "{millis} ms after its end: {}", answer.text);
        if status == 201 {
            assert_eq!(session.json()["expires_in"], -millis / 1_000);
        } else {
            assert_eq!(session.status, 401);
        }
    }
}

async fn a_claim_code_ends_at_its_second(kind: Kind) {
    let (clock, server, client) = server(kind).await;
    let made = clock.millis();
    for (millis, status) in [(-1_000, 200), (-1, 200), (0, 400), (1_000, 400)] {
        clock.set(made);
        let (code, _) = code_for(&server, &client, &format!("u{}", millis + 1_000)).await;
        clock.set(made + 300_000 + millis);
        let answer = claim(&server, &client, &code, VERIFIER).await;
        assert_eq!(answer.status, status, "{millis} ms after its end: {}", answer.text);
    }
}

async fn users_tokens_and_sessions_end_at_their_second(kind: Kind) {
    let (clock, server, client) = server(kind).await;
    server.cli(&["catalog", "import", SAMPLE], "").unwrap();
    admin(&server, "root@host.example");
    let start = clock.millis();
    for (millis, status) in [(-1_000, 200), (-1, 200), (0, 401), (1_000, 401)] {
        clock.set(start);
        let own = own_token(&server, &client, &format!("u{}", millis + 1_000)).await;
        let session = session(&server, "root@host.example", ROOT_PASSWORD).await;
        let end = server.database.count("SELECT MAX(expires_at) FROM sessions").await;
        clock.set(start + TOKEN * 1_000 + millis);
        let answer = send(profile(&server, &own)).await;
        assert_eq!(answer.status, status, "{millis} ms after its end: {}", answer.text);
        clock.set(end + millis);
        let answer = helper(&server, &session).await;
        assert_eq!(answer.status, status, "{millis} ms after its end: {}", answer.text);
    }
}

async fn a_retry_gets_the_password_for_15_minutes_and_the_answer_for_a_day(kind: Kind) {
    let clock = TestClock::new();
    let settings = [("DOORSTEP_ACCOUNTS__TOKEN_SECONDS", "3600")];
    let server = clock.server(kind, &settings).await;
    let client = server.client("register", &[], &[]);
    let start = clock.millis();
    let token = server.token(&client, "register").await;
    let body = person("srv", "bob").to_string();
    let first = ask(&server, &token, KEY, &body).await;
    let password = |answer: &Answer| {
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_eq!(answer.json()["user"]["id"], first.json()["user"]["id"]);
        answer.json()["user"]["api"]["password"].clone()
    };
    assert!(password(&first).is_string());
    let sealed = "SELECT COUNT(*) FROM idempotency WHERE sealed IS NOT NULL";
    clock.set(start + 15 * 60_000 - 1);
    assert_eq!(password(&ask(&server, &token, KEY, &body).await), password(&first));
    assert_eq!(server.database.count(sealed).await, 1);
    clock.set(start + 15 * 60_000);
    let late = ask(&server, &token, KEY, &body).await;
    assert_eq!(
        (password(&late), &late.json()["user"]["api"]["password_status"]),
        (Value::Null, &json!("delivered"))
    );
    // Seen once, it is gone for good.
    assert_eq!(server.database.count(sealed).await, 0);
    clock.go(-HOUR);
    assert_eq!(password(&ask(&server, &token, KEY, &body).await), Value::Null);

    clock.set(start + DAY * 1_000 - 1);
    let token = server.token(&client, "register").await;
    assert_eq!(password(&ask(&server, &token, KEY, &body).await), Value::Null);
    clock.set(start + DAY * 1_000);
    assert_eq!(ask(&server, &token, KEY, &body).await.status, 409);
    // The key is free, also before anybody swept it out.
    let other = ask(&server, &token, KEY, &person("srv", "eve").to_string()).await;
    assert_eq!(other.status, 201, "{}", other.text);
    assert_eq!(ask(&server, &token, KEY, &body).await.status, 422);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM idempotency").await, 1);
}

/// Each kind of token once more: one that somebody tried after its end, and one that
/// nobody did. Without the second the first would say nothing.
async fn what_was_seen_after_its_end_never_works_again(kind: Kind) {
    let (clock, server, client) = server(kind).await;
    server.cli(&["catalog", "import", SAMPLE], "").unwrap();
    admin(&server, "root@host.example");
    let mut tokens = Vec::new();
    let mut others = Vec::new();
    for seen in ["seen", "unseen"] {
        tokens.push(server.token(&client, "register").await);
        tokens.push(server.token(&client, "register").await);
        others.push((
            server.sign_up_token(&client, &format!("sign-up-{seen}")).await,
            own_token(&server, &client, &format!("own-{seen}")).await,
            code_for(&server, &client, &format!("code-{seen}")).await.0,
            session(&server, "root@host.example", ROOT_PASSWORD).await,
        ));
    }
    let refused = async |at: usize, why: &str| {
        let answer = server.sign_up(&tokens[2 * at], &person("srv.example", "x")).await;
        assert_eq!(answer.status, 401, "register token, {why}: {}", answer.text);
        let active = introspected(&server, &client, &tokens[2 * at + 1]).await["active"].clone();
        assert_eq!(active, false, "introspected token, {why}");
        let (sign_up, own, code, session) = &others[at];
        let answer = send(with_key(&server, sign_up, "sign-up-seen")).await;
        assert_eq!(answer.status, 401, "sign-up token, {why}: {}", answer.text);
        let answer = send(profile(&server, own)).await;
        assert_eq!(answer.status, 401, "user's token, {why}: {}", answer.text);
        let answer = claim(&server, &client, code, VERIFIER).await;
        assert_eq!(answer.status, 400, "claim code, {why}: {}", answer.text);
        assert_eq!(helper(&server, session).await.status, 401, "session, {why}");
    };
    let longest = server.database.count("SELECT MAX(expires_at) FROM sessions").await;
    let ahead = longest - clock.millis();
    clock.set(longest);
    refused(0, "when their time is over").await;
    clock.set(longest - ahead);
    refused(0, "when the clock was set back").await;
    // Nobody knows that the others were over.
    let answer = server.sign_up(&tokens[2], &person("srv.example", "y")).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(introspected(&server, &client, &tokens[3]).await["active"], true);
    let (sign_up, own, code, session) = &others[1];
    assert_eq!(send(with_key(&server, sign_up, "sign-up-unseen")).await.status, 201);
    assert_eq!(send(profile(&server, own)).await.status, 200);
    assert_eq!(claim(&server, &client, code, VERIFIER).await.status, 200);
    assert_eq!(helper(&server, session).await.status, 200);
}

async fn a_claimed_code_whose_retry_is_over_stays_so(kind: Kind) {
    let (clock, server, client) = server(kind).await;
    let (code, _) = code_for(&server, &client, "ada").await;
    let (unseen, _) = code_for(&server, &client, "bob").await;
    for code in [&code, &unseen] {
        assert_eq!(claim(&server, &client, code, VERIFIER).await.status, 200);
    }
    clock.go(60);
    assert_eq!(claim(&server, &client, &code, VERIFIER).await.status, 400);
    clock.go(-50);
    assert_eq!(claim(&server, &client, &code, VERIFIER).await.status, 400);
    assert_eq!(claim(&server, &client, &unseen, VERIFIER).await.status, 200);
}

/// Who ends all tokens means those that have expired as well, when the clock says
/// later that they have not.
async fn tokens_that_were_ended_after_their_end_never_work_again(kind: Kind) {
    let (clock, server, client) = server(kind).await;
    let of_client = server.token(&client, "register").await;
    let alone = server.token(&client, "register").await;
    let of_user = own_token(&server, &client, "ada").await;
    let id = server.database.count("SELECT MAX(id) FROM users").await.to_string();
    clock.go(TOKEN);
    assert!(server.cli(&["token", "revoke", "--token-stdin"], &alone).is_err(), "none worked");
    for whose in [["--client", client.id.as_str()], ["--user", id.as_str()]] {
        let ended = server.cli(&["token", "revoke", whose[0], whose[1]], "").unwrap();
        assert_eq!(ended["revoked"], 0, "{whose:?}");
    }
    clock.go(-TOKEN);
    for token in [&of_client, &alone] {
        assert_eq!(server.sign_up(token, &person("srv.example", "x")).await.status, 401);
    }
    assert_eq!(send(profile(&server, &of_user)).await.status, 401);
}

/// Tokens were compared with the time of the rotation: those of a clock that was ahead
/// survived it, and new ones were dead until the clock had caught up.
async fn a_rotation_ends_the_tokens_of_before_whatever_the_clock_says(kind: Kind) {
    let (clock, server, client) = server(kind).await;
    let register = server.token(&client, "register").await;
    let (id, secret) = server.new_user(&register, "srv.example", "ada").await;
    let mut own = OAuthClient { id, secret };
    let listed = server.request(Method::GET, "/api/users/api_credentials");
    let listed = send(listed.basic_auth(&own.id, Some(&own.secret))).await.json();
    let number = listed["api_credentials"][0]["id"].to_string();
    for step in [-HOUR, 0, HOUR, -HOUR] {
        let old = server.token(&own, "profile_read").await;
        assert_eq!(send(profile(&server, &old)).await.status, 200);
        clock.go(step);
        let path = format!("/api/users/api_credentials/{number}/rotate");
        let rotate = server.request(Method::POST, &path).basic_auth(&own.id, Some(&own.secret));
        let rotated = send(rotate).await;
        assert_eq!(rotated.status, 200, "{}", rotated.text);
        let password = rotated.json()["api_credential"]["password"].clone();
        own.secret = password.as_str().unwrap().to_owned();
        assert_eq!(send(profile(&server, &old)).await.status, 401, "after {step} s");
        let new = server.token(&own, "profile_read").await;
        assert_eq!(send(profile(&server, &new)).await.status, 200, "after {step} s");
    }
}

on_both!(
    a_register_token_ends_at_its_second,
    a_sign_up_token_ends_at_its_second,
    a_claim_code_ends_at_its_second,
    users_tokens_and_sessions_end_at_their_second,
    a_retry_gets_the_password_for_15_minutes_and_the_answer_for_a_day,
    what_was_seen_after_its_end_never_works_again,
    a_claimed_code_whose_retry_is_over_stays_so,
    tokens_that_were_ended_after_their_end_never_work_again,
    a_rotation_ends_the_tokens_of_before_whatever_the_clock_says,
);

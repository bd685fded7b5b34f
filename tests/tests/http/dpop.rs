//! Tokens that are bound to a key (RFC 9449): of no use to whoever has the token alone.

use std::sync::Arc;

use doorstep_tests::{
    Answer, Kind, OAuthClient, Server, Signer, now, on_both, on_replicas, person, send,
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

fn error(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["error"].as_str().unwrap_or_default().to_owned())
}

fn ask(server: &Server, client: &OAuthClient, more: &[(&str, &str)]) -> RequestBuilder {
    let mut form = vec![("grant_type", "client_credentials"), ("scope", "register")];
    form.extend(more);
    server
        .request(Method::POST, "/api/oauth/token")
        .basic_auth(&client.id, Some(&client.secret))
        .form(&form)
}

/// A token that is bound to the signer's key.
async fn bound(server: &Server, client: &OAuthClient, signer: &Signer) -> String {
    let proof = signer.proof("POST", &format!("{}/api/oauth/token", server.url), None);
    let answer = send(ask(server, client, &[]).header("dpop", proof)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["token_type"], "DPoP");
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

fn users(server: &Server) -> String {
    format!("{}/api/users", server.url)
}

/// A sign-up under the scheme, with whatever proof.
fn sign_up(server: &Server, token: &str, username: &str, proof: &str) -> RequestBuilder {
    server
        .request(Method::POST, "/api/users")
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", proof)
        .json(&person("srv", username))
}

async fn a_bound_token_works_with_its_key_and_says_so(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    for signer in [Signer::es256(), Signer::eddsa(), Signer::ps256()] {
        let token = bound(&server, &client, &signer).await;
        let proof = signer.proof("POST", &users(&server), Some(&token));
        let answer = send(sign_up(&server, &token, signer.algorithm(), &proof)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let introspect = server
            .request(Method::POST, "/api/oauth/introspect")
            .basic_auth(&client.id, Some(&client.secret))
            .form(&[("token", &token)]);
        let body = send(introspect).await.json();
        assert_eq!(body["cnf"], json!({ "jkt": signer.thumbprint() }));
        assert_eq!(body["token_type"], "DPoP");
    }
    // A user's own token as well, and another path and method.
    let register = server.token(&client, "register").await;
    let (id, secret) = server.new_user(&register, "srv", "eve").await;
    let signer = Signer::es256();
    let proof = signer.proof("POST", &format!("{}/api/oauth/token", server.url), None);
    let own = OAuthClient { id, secret };
    let form = [("grant_type", "client_credentials"), ("scope", "profile_read")];
    let request = server.request(Method::POST, "/api/oauth/token").form(&form);
    let request = request.basic_auth(&own.id, Some(&own.secret)).header("dpop", proof);
    let token = send(request).await.json()["access_token"].as_str().unwrap().to_owned();
    let proof = signer.proof("GET", &users(&server), Some(&token));
    let show = server
        .request(Method::GET, "/api/users?x=y")
        .header("authorization", format!("dpop {token}"))
        .header("dpop", proof);
    assert_eq!(send(show).await.status, 200);
}

async fn a_bound_token_is_nothing_without_its_key(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let signer = Signer::es256();
    let token = bound(&server, &client, &signer).await;
    let alone = server.sign_up(&token, &person("srv", "bob")).await;
    assert_eq!(alone.refusal(), (401, "invalid_token".to_owned()));
    let challenges: Vec<_> = alone.headers.get_all("www-authenticate").iter().collect();
    let dpop = challenges.iter().filter_map(|value| value.to_str().ok());
    let dpop = dpop.into_iter().find(|text| text.starts_with("DPoP ")).unwrap();
    assert!(dpop.contains("error=\"invalid_token\""), "{dpop}");
    assert!(dpop.contains("algs=\"ES256 EdDSA PS256\""), "{dpop}");
    // A proof beside a bearer token does not help.
    let proof = signer.proof("POST", &users(&server), Some(&token));
    let beside = server.request(Method::POST, "/api/users").bearer_auth(&token);
    let beside = send(beside.header("dpop", &proof).json(&person("srv", "bob"))).await;
    assert_eq!(beside.refusal(), (401, "invalid_token".to_owned()));
    // An unbound token gains nothing from one.
    let plain = server.token(&client, "register").await;
    let proof = signer.proof("POST", &users(&server), Some(&plain));
    let unbound = send(sign_up(&server, &plain, "bob", &proof)).await;
    assert_eq!(unbound.refusal(), (401, "invalid_token".to_owned()));
    assert!(unbound.header("www-authenticate").starts_with("DPoP "));
    for garbage in ["", "x", "sgn_x"] {
        let proof = signer.proof("POST", &users(&server), Some(garbage));
        let status = send(sign_up(&server, garbage, "bob", &proof)).await.status.as_u16();
        assert!(matches!(status, 400 | 401), "{garbage}: {status}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 0);
}

async fn each_wrong_proof_is_refused_and_uses_nothing_up(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let signer = Signer::es256();
    let token = bound(&server, &client, &signer).await;
    let used = server.database.count("SELECT COUNT(*) FROM used_once").await;
    let with = |name: &str, value: Value| {
        let mut claims = Signer::proof_claims("POST", &users(&server), Some(&token));
        claims[name] = value;
        signer.sign(&signer.proof_header(), &claims)
    };
    let headed = |name: &str, value: Value| {
        let mut header = signer.proof_header();
        header[name] = value;
        signer.sign(&header, &Signer::proof_claims("POST", &users(&server), Some(&token)))
    };
    let mut private = signer.public();
    private["d"] = "AAAA".into();
    let stranger = Signer::es256();
    let mut proofs = vec![
        with("htm", json!("GET")),
        with("htm", json!("post")),
        with("htu", json!("https://other.example/api/users")),
        with("htu", json!(format!("{}/api/users/", server.url))),
        with("htu", Value::Null),
        with("ath", Value::Null),
        with("ath", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        with("iat", json!(now() - 90)),
        with("iat", json!(now() + 90)),
        with("iat", json!("now")),
        with("iat", Value::Null),
        with("jti", Value::Null),
        with("jti", json!("")),
        with("jti", json!("x".repeat(300))),
        headed("typ", json!("JWT")),
        headed("typ", Value::Null),
        headed("alg", json!("HS256")),
        headed("alg", json!("none")),
        headed("jwk", private),
        headed("jwk", stranger.public()),
        headed("jwk", json!({ "kty": "oct", "k": "AAAA" })),
        headed("jwk", Value::Null),
        headed("crit", json!(["x"])),
        stranger.proof("POST", &users(&server), Some(&token)),
        signer.proof("POST", &users(&server), Some("reg_other")),
        signer.proof("POST", &users(&server), None),
    ];
    proofs.extend(["", "x", "a.b.c", "....."].map(str::to_owned));
    proofs.push("x".repeat(8_000));
    for proof in &proofs {
        let answer = send(sign_up(&server, &token, "bob", proof)).await;
        assert_eq!(answer.refusal(), (401, "invalid_dpop_proof".to_owned()), "{proof}");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with("DPoP ") && challenge.contains("invalid_dpop_proof"));
    }
    let good = || signer.proof("POST", &users(&server), Some(&token));
    let two = sign_up(&server, &token, "bob", &good()).header("dpop", good());
    assert_eq!(send(two).await.refusal(), (401, "invalid_dpop_proof".to_owned()));
    let none = server
        .request(Method::POST, "/api/users")
        .header("authorization", format!("DPoP {token}"))
        .json(&person("srv", "bob"));
    assert_eq!(send(none).await.refusal(), (401, "invalid_dpop_proof".to_owned()));
    assert_eq!(server.database.count("SELECT COUNT(*) FROM used_once").await, used);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 0);
    assert_eq!(send(sign_up(&server, &token, "bob", &good())).await.status, 201);
    assert!(!server.log().contains(&token), "a token stands in the log");
}

async fn a_proof_is_for_one_request(kind: Kind) {
    let server = Arc::new(Server::start(kind).await);
    let client = server.client("register", &[], &[]);
    let signer = Signer::es256();
    let token = bound(&server, &client, &signer).await;
    let proof = signer.proof("POST", &users(&server), Some(&token));
    assert_eq!(send(sign_up(&server, &token, "a", &proof)).await.status, 201);
    let again = send(sign_up(&server, &token, "b", &proof)).await;
    assert_eq!(again.refusal(), (401, "invalid_dpop_proof".to_owned()));
    for round in 0..20 {
        let proof = signer.proof("POST", &users(&server), Some(&token));
        let attempts: Vec<_> = (0..50)
            .map(|at| {
                tokio::spawn(send(sign_up(&server, &token, &format!("c{round}-{at}"), &proof)))
            })
            .collect();
        let mut created = 0;
        for attempt in attempts {
            match attempt.await.unwrap().refusal() {
                (201, _) => created += 1,
                refused => assert_eq!(refused, (401, "invalid_dpop_proof".to_owned())),
            }
        }
        assert_eq!(created, 1, "round {round}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 21);
}

async fn a_sign_up_token_can_be_bound_to_the_pages_key(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &["srv.example"], &[]);
    let page = Signer::es256();
    let details = json!([{
        "type": "user_registration", "provider_server": "srv.example", "provider_username": "bob",
        "jkt": page.thumbprint(),
    }])
    .to_string();
    let answer = send(ask(&server, &client, &[("authorization_details", &details)])).await;
    assert_eq!(answer.json()["token_type"], "DPoP", "{}", answer.text);
    assert_eq!(answer.json()["authorization_details"][0]["jkt"], page.thumbprint());
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let send_it = async |proof: Option<String>| {
        let scheme = if proof.is_some() { "DPoP" } else { "Bearer" };
        let request = server
            .request(Method::POST, "/api/users")
            .header("authorization", format!("{scheme} {token}"))
            .header("idempotency-key", "a-key-for-the-filled-form")
            .json(&json!({ "user": { "fname": "Ada", "lname": "Lovelace" } }));
        send(match proof {
            Some(proof) => request.header("dpop", proof),
            None => request,
        })
        .await
    };
    let fresh = || Some(page.proof("POST", &users(&server), Some(&token)));
    assert_eq!(send_it(None).await.refusal(), (401, "invalid_token".to_owned()));
    let thief = Signer::es256().proof("POST", &users(&server), Some(&token));
    assert_eq!(send_it(Some(thief)).await.refusal(), (401, "invalid_dpop_proof".to_owned()));
    let proof = fresh();
    let first = send_it(proof.clone()).await;
    assert_eq!(first.status, 201, "{}", first.text);
    // The answer is replayed for a fresh proof only, also when the token has expired.
    assert_eq!(send_it(proof).await.refusal(), (401, "invalid_dpop_proof".to_owned()));
    assert_eq!(send_it(None).await.refusal(), (401, "invalid_token".to_owned()));
    for sql in ["UPDATE tokens SET uses_left = 0", "UPDATE tokens SET expires_at = 1"] {
        server.database.execute(sql).await;
        let again = send_it(fresh()).await;
        assert_eq!((again.status.as_u16(), &again.text), (201, &first.text), "{sql}");
        assert_eq!(again.header("idempotent-replayed"), "true");
    }

    // A token for the same person that is bound to no key gets nothing of it.
    let loose = server.sign_up_token(&client, "bob").await;
    let request = server
        .request(Method::POST, "/api/users")
        .bearer_auth(loose)
        .header("idempotency-key", "a-key-for-the-filled-form")
        .json(&json!({ "user": { "fname": "Ada", "lname": "Lovelace" } }));
    assert_eq!(send(request).await.refusal(), (422, "idempotency-key-reused".to_owned()));

    // The back end's own proof may not contradict the page's key.
    let url = format!("{}/api/oauth/token", server.url);
    let request = || ask(&server, &client, &[("authorization_details", &details)]);
    let other = send(request().header("dpop", Signer::es256().proof("POST", &url, None))).await;
    assert_eq!(error(&other), (400, "invalid_dpop_proof".to_owned()));
    let same = send(request().header("dpop", page.proof("POST", &url, None))).await;
    assert_eq!(same.status, 200, "{}", same.text);
}

async fn the_token_endpoint_refuses_wrong_proofs(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let signer = Signer::es256();
    let url = format!("{}/api/oauth/token", server.url);
    let proof = signer.proof("POST", &url, None);
    assert_eq!(send(ask(&server, &client, &[]).header("dpop", &proof)).await.status, 200);
    for wrong in [
        proof,
        signer.proof("POST", &users(&server), None),
        signer.proof("GET", &url, None),
        "x".to_owned(),
        String::new(),
    ] {
        let answer = send(ask(&server, &client, &[]).header("dpop", &wrong)).await;
        assert_eq!(error(&answer), (400, "invalid_dpop_proof".to_owned()), "{wrong}");
    }
    let proof = || signer.proof("POST", &url, None);
    let twice = ask(&server, &client, &[]).header("dpop", proof()).header("dpop", proof());
    assert_eq!(error(&send(twice).await), (400, "invalid_dpop_proof".to_owned()));
    assert_eq!(server.database.count("SELECT COUNT(*) FROM tokens").await, 1);
}

on_both!(
    a_bound_token_works_with_its_key_and_says_so,
    a_bound_token_is_nothing_without_its_key,
    each_wrong_proof_is_refused_and_uses_nothing_up,
    a_proof_is_for_one_request,
    a_sign_up_token_can_be_bound_to_the_pages_key,
    the_token_endpoint_refuses_wrong_proofs,
);

on_replicas!(a_proof_is_for_one_request);

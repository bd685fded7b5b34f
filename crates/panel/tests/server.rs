//! The SDK against a server that answers as the contract says.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::{get, post},
};
use doorstep_panel::{Credential, Error, Panel, Registrant, Verifier};
use tokio::{net::TcpListener, sync::Mutex};

/// What the token endpoint was asked: `Authorization` and the body.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

async fn serve(status: u16, content_type: &'static str, body: &'static str) -> (Panel, Asked) {
    let asked = Asked::default();
    let answer = move || {
        let status = StatusCode::from_u16(status).expect("a status");
        let headers = [("content-type", content_type), ("retry-after", "7")];
        (status, headers, body).into_response()
    };
    let claim = move |State(asked): State<Asked>, form: String| async move {
        asked.lock().await.push((String::new(), form));
        answer()
    };
    let token = move |State(asked): State<Asked>, headers: HeaderMap, form: String| async move {
        let authorization = headers["authorization"].to_str().expect("ASCII").to_owned();
        asked.lock().await.push((authorization, form));
        answer()
    };
    let app = Router::new()
        .route("/api/oauth/token", post(token))
        .route("/api/users", get(move || async move { answer() }))
        .route("/api/credentials/claim", post(claim))
        .with_state(asked.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let server = format!("http://{}", listener.local_addr().expect("a bound address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (Panel::new(&server, "panel one", "s:cret").expect("a good address"), asked)
}

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

#[tokio::test]
async fn a_token_is_asked_for_under_the_register_scope() {
    let body = r#"{"access_token":"T0K","token_type":"bearer","expires_in":300}"#;
    let (panel, asked) = serve(200, JSON, body).await;
    let token = panel.register_token().await.unwrap();
    assert_eq!(token.secret(), "T0K");
    assert_eq!(token.expires_in(), Some(Duration::from_mins(5)));
    assert!(!format!("{token:?}").contains("T0K"));
    let asked = asked.lock().await;
    // Each part is form-encoded before Basic joins them (RFC 6749 §2.3.1).
    assert_eq!(asked[0].0, "Basic cGFuZWwrb25lOnMlM0FjcmV0");
    assert_eq!(asked[0].1, "grant_type=client_credentials&scope=register");
}

#[tokio::test]
async fn a_sign_up_token_is_asked_for_with_its_person() {
    let body = r#"{"access_token":"sgn_T0K","token_type":"bearer","expires_in":300}"#;
    let (panel, asked) = serve(200, JSON, body).await;
    let ada = Registrant::new("web1.example.com", "ada").locked("email", "ada@example.com");
    let token = panel.sign_up_token(&ada).await.unwrap();
    assert_eq!(token.secret(), "sgn_T0K");
    assert_eq!(token.expires_in(), Some(Duration::from_mins(5)));
    assert!(!format!("{token:?}").contains("T0K"));
    // All that the page needs to know is in the token.
    let tag = panel.embed(&token).theme("dark").html();
    assert!(tag.contains(r#"data-token="sgn_T0K" data-theme="dark""#), "{tag}");
    let asked = asked.lock().await;
    let form: HashMap<String, String> =
        url::form_urlencoded::parse(asked[0].1.as_bytes()).into_owned().collect();
    assert_eq!((&*form["scope"], form.len()), ("register", 3));
    let details: serde_json::Value = serde_json::from_str(&form["authorization_details"]).unwrap();
    assert_eq!(
        details,
        serde_json::json!([{
            "type": "user_registration",
            "provider_server": "web1.example.com",
            "provider_username": "ada",
            "locked": { "email": "ada@example.com" },
        }])
    );
}

#[tokio::test]
async fn no_page_gets_a_token_that_is_not_bound() {
    let ada = Registrant::new("web1.example.com", "ada");
    // As a server answers that does not know the parameter.
    let body = r#"{"access_token":"reg_T0K","token_type":"bearer","expires_in":600}"#;
    let (panel, _) = serve(200, JSON, body).await;
    let error = panel.sign_up_token(&ada).await.unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }), "{error}");
    assert!(!format!("{error:?}").contains("T0K"));

    let body = r#"{"error":"invalid_authorization_details","error_description":"web1.example.com is not assigned to the client"}"#;
    let (panel, _) = serve(400, JSON, body).await;
    let error = panel.sign_up_token(&ada).await.unwrap_err();
    assert!(matches!(error, Error::RegistrantRefused { .. }), "{error}");
    let said = error.to_string();
    assert!(said.contains("web1.example.com is not assigned"), "{said}");
    assert!(said.contains("doorstep client list"), "{said}");
    assert!(!error.retry());
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let (panel, _) = serve(401, JSON, r#"{"error":"invalid_client"}"#).await;
    assert!(matches!(panel.register_token().await, Err(Error::ClientRefused)));

    let (panel, _) = serve(400, JSON, r#"{"error":"invalid_scope"}"#).await;
    let error = panel.register_token().await.unwrap_err();
    assert!(error.to_string().contains("--scope \"public register\""), "{error}");
    assert!(!error.retry());

    let (panel, _) = serve(503, PROBLEM, "{}").await;
    let error = panel.register_token().await.unwrap_err();
    assert!(error.to_string().contains("try again in 7 s"), "{error}");
    assert!(error.retry());
}

#[tokio::test]
async fn what_cannot_be_read_is_not_repeated() {
    let (panel, _) = serve(200, JSON, r#"{"access_token":"T0K"}"#).await;
    let error = panel.register_token().await.unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }), "{error}");
    assert!(!format!("{error:?}").contains("T0K"));
}

#[tokio::test]
async fn a_server_that_is_down_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Panel::new(&server, "id", "secret").unwrap().register_token().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(error.retry());
}

#[tokio::test]
async fn a_code_is_exchanged_for_the_credential() {
    let verifier = Verifier::from_stored("v".repeat(43));
    let body = r#"{"user":{"id":7,"api":{"username":"u","password":"p"}}}"#;
    let (panel, asked) = serve(200, JSON, body).await;
    let credential = panel.claim("clm_code", &verifier).await.unwrap();
    assert_eq!((&*credential.username, &*credential.password), ("u", "p"));
    let form: HashMap<String, String> =
        url::form_urlencoded::parse(asked.lock().await[0].1.as_bytes()).into_owned().collect();
    assert_eq!(form["claim_code"], "clm_code");
    assert_eq!(form["code_verifier"], verifier.secret());
    assert_eq!((&*form["client_id"], &*form["client_secret"]), ("panel one", "s:cret"));

    let (panel, _) = serve(400, JSON, r#"{"error":"invalid_grant"}"#).await;
    let error = panel.claim("clm_code", &verifier).await.unwrap_err();
    assert!(matches!(error, Error::ClaimRefused), "{error}");
    assert!(!format!("{error:?} {error}").contains("clm_code"));
    let (panel, _) = serve(401, JSON, r#"{"error":"invalid_client"}"#).await;
    assert!(matches!(panel.claim("clm_code", &verifier).await, Err(Error::ClientRefused)));
}

#[tokio::test]
async fn a_credential_opens_its_account() {
    let credential = Credential { username: "u".into(), password: "p".into() };
    let body = r#"{"user":{"id":7,"fname":"Ada","lname":"Lovelace","email":"a@example.com","c_sftp_pass":false}}"#;
    let (panel, _) = serve(200, JSON, body).await;
    assert_eq!(panel.account(&credential).await.unwrap().email, "a@example.com");

    let (panel, _) = serve(401, PROBLEM, "{}").await;
    assert!(matches!(panel.account(&credential).await, Err(Error::CredentialRefused)));

    let body = r#"{"type":"t","title":"t","status":403,"code":"insufficient_scope","detail":"d","errors":[]}"#;
    let (panel, _) = serve(403, PROBLEM, body).await;
    let error = panel.account(&credential).await.unwrap_err();
    assert!(matches!(error, Error::Refused { code, .. } if code == "insufficient_scope"));
}

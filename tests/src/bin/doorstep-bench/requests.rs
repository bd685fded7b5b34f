//! What is sent, each request another one.

use std::{fmt::Write as _, net::SocketAddr, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorstep_tests::OAuthClient;
use serde_json::json;

use crate::{load::Requests, subject::request};

/// Assigned to the client.
pub(crate) const SERVER: &str = "srv1.example.com";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// Access tokens.
pub(crate) fn tokens(to: SocketAddr, client: &OAuthClient) -> Requests {
    token_requests(to, "/api/oauth/token", client)
}

/// The same at any server and path.
pub(crate) fn token_requests(to: SocketAddr, path: &'static str, client: &OAuthClient) -> Requests {
    let basic = basic(&client.id, &client.secret);
    Arc::new(move |_| {
        let body = "grant_type=client_credentials&scope=register".to_owned();
        Some(request("POST", to, path, &[("authorization", &basic), FORM], body))
    })
}

/// Sign-up tokens, as a panel asks for them.
pub(crate) fn bound_tokens(to: SocketAddr, client: &OAuthClient, run: &str) -> Requests {
    let (basic, run) = (basic(&client.id, &client.secret), run.to_owned());
    Arc::new(move |number| {
        let details = json!([{
            "type": "user_registration", "provider_server": SERVER,
            "provider_username": format!("{run}{number}"),
        }]);
        let details = details.to_string();
        let details = details.bytes().fold(String::new(), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "%{byte:02x}");
            text
        });
        let body =
            format!("grant_type=client_credentials&scope=register&authorization_details={details}");
        Some(request("POST", to, "/api/oauth/token", &[("authorization", &basic), FORM], body))
    })
}

/// Sign-ups by a back end, with a key.
pub(crate) fn sign_ups(to: SocketAddr, token: &str, run: &str, with_email: bool) -> Requests {
    let (bearer, run) = (format!("Bearer {token}"), run.to_owned());
    Arc::new(move |number| {
        let name = format!("{run}{number}");
        let mut user = json!({
            "provider_server": SERVER, "provider_username": name,
            "fname": "Jane", "lname": "Doe", "currency": "USD",
        });
        if with_email {
            user["email"] = format!("{name}@example.com").into();
        }
        Some(sign_up(to, &bearer, &name, &json!({ "user": user }).to_string()))
    })
}

/// Sign-ups as the widget sends them: each with a token of its own.
pub(crate) fn by_widget(to: SocketAddr, tokens: Arc<Vec<String>>, run: &str) -> Requests {
    let run = run.to_owned();
    Arc::new(move |number| {
        let token = tokens.get(usize::try_from(number).ok()?)?;
        let name = format!("{run}w{number}");
        let user = json!({
            "fname": "Jane", "lname": "Doe", "currency": "USD", "email": format!("{name}@example.com"),
        });
        let body = json!({ "user": user }).to_string();
        Some(sign_up(to, &format!("Bearer {token}"), &name, &body))
    })
}

pub(crate) fn sign_up(
    to: SocketAddr,
    bearer: &str,
    name: &str,
    body: &str,
) -> http::Request<http_body_util::Full<bytes::Bytes>> {
    let key = format!("\"bench-key-of-one-request-{name}\"");
    let headers = [("authorization", bearer), ("idempotency-key", &key), JSON];
    request("POST", to, "/api/users", &headers, body.to_owned())
}

/// A user who reads the own account.
pub(crate) fn profiles(to: SocketAddr, (name, password): &(String, String)) -> Requests {
    let basic = basic(name, password);
    Arc::new(move |_| {
        Some(request("GET", to, "/api/users", &[("authorization", &basic)], String::new()))
    })
}

/// `GET` of a path.
pub(crate) fn gets(to: SocketAddr, path: &'static str) -> Requests {
    Arc::new(move |_| Some(request("GET", to, path, &[], String::new())))
}

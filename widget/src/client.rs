//! The one request.

use doorstep_wire::{Problem, paths, user::SignedUp};
use gloo_net::http::Request;
use serde_json::{Map, Value};
use web_sys::AbortSignal;

use crate::{attempt::Attempt, flow::Reply, settings::Settings};

/// How long to wait: three times what the server gives a request before it
/// answers 408, so that what we call unreachable has nothing left to say.
const PATIENCE_MS: u32 = 30_000;

/// The request's body. Members that the host did not give are left out: the
/// token may say them, and if not, the server names what is missing.
pub(crate) fn body(settings: &Settings, answers: &doorstep_fields::SignUp) -> String {
    let mut user = Map::new();
    for (name, value) in answers.values() {
        let value = match value {
            doorstep_fields::Value::Text(text) => Value::String(text.clone()),
            doorstep_fields::Value::Flag(flag) => Value::Bool(*flag),
        };
        user.insert(name.to_owned(), value);
    }
    put(&mut user, "provider_server", &settings.provider_server);
    put(&mut user, "provider_username", &settings.provider_username);
    let mut body = Map::new();
    body.insert("user".to_owned(), Value::Object(user));
    put(&mut body, "provider", &settings.provider);
    Value::Object(body).to_string()
}

fn put(members: &mut Map<String, Value>, name: &str, text: &str) {
    if !text.is_empty() {
        members.insert(name.to_owned(), Value::String(text.to_owned()));
    }
}

/// Sends an attempt. Every failure between us and the server is [`Reply::None`]:
/// whatever it was, the person can only send again.
pub(crate) async fn sign_up(api: &str, token: &str, attempt: &Attempt) -> Reply {
    send(api, token, attempt).await.unwrap_or(Reply::None)
}

async fn send(api: &str, token: &str, attempt: &Attempt) -> Option<Reply> {
    let request = Request::post(&(api.to_owned() + paths::USERS))
        .abort_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE_MS)))
        .credentials(web_sys::RequestCredentials::Omit)
        .header("Authorization", &("Bearer ".to_owned() + token))
        .header("Content-Type", "application/json")
        .header("Idempotency-Key", &attempt.key)
        .body(attempt.body.as_str())
        .ok()?;
    let response = request.send().await.ok()?;
    let text = response.text().await.ok()?;
    if response.ok() {
        serde_json::from_str::<SignedUp>(&text).ok().map(|it| Reply::SignedUp(Box::new(it)))
    } else {
        serde_json::from_str::<Problem>(&text).ok().map(|it| Reply::Problem(Box::new(it)))
    }
}

#[cfg(test)]
mod tests {
    use doorstep_fields::{Raw, SignUp};

    use super::*;

    #[test]
    fn the_body_is_the_documented_one() {
        let settings = Settings {
            provider_server: "s1.example".to_owned(),
            provider_username: "ada".to_owned(),
            ..Settings::default()
        };
        let answers = SignUp::parse([
            ("fname", Raw::Text(" Ada ")),
            ("lname", Raw::Text("Lovelace")),
            ("c_sftp_pass", Raw::Flag(true)),
        ])
        .unwrap();
        let expected = serde_json::json!({ "user": {
            "fname": "Ada", "lname": "Lovelace", "c_sftp_pass": true,
            "provider_server": "s1.example", "provider_username": "ada",
        }});
        let sent: Value = serde_json::from_str(&body(&settings, &answers)).unwrap();
        assert_eq!(sent, expected);

        let plesk = Settings { provider: "plesk".to_owned(), ..settings };
        let sent: Value = serde_json::from_str(&body(&plesk, &answers)).unwrap();
        assert_eq!(sent["provider"], "plesk");
    }
}

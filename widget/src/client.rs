//! The two requests: what the token says, and the sign-up.

use doorstep_widget_kit::{
    attempt::Attempt,
    fetch::{Answer, Request},
    problem::{Problem, problem},
};
use doorstep_wire::paths;
use wasm_bindgen::JsValue;

use crate::{flow::Reply, reply, settings::Settings};

/// Sends an attempt. Answers with what the server said and, for the page's
/// events, with the document in which it said it.
///
/// Every failure between us and the server is [`Reply::None`]: whatever it was,
/// the person can only send again.
pub(crate) async fn sign_up(settings: &Settings, attempt: &Attempt) -> (Reply, JsValue) {
    let headers = [("Idempotency-Key", attempt.key.as_str())];
    let answer = ask(settings, "POST", paths::USERS, &headers, Some(&attempt.body)).await;
    let read = |answer: Answer| {
        let reply = if answer.is_ok() {
            Reply::SignedUp(reply::account(&answer.document)?)
        } else {
            let problem = problem(answer.status, &answer.document)?;
            Reply::Problem(Problem { wait: answer.wait, ..problem })
        };
        Some((reply, answer.document))
    };
    answer.and_then(read).unwrap_or((Reply::None, JsValue::NULL))
}

/// What the token says. None if there is no telling.
pub(crate) async fn session(settings: &Settings) -> Option<Answer> {
    ask(settings, "GET", paths::WIDGET_SESSION, &[], None).await
}

async fn ask(
    settings: &Settings,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Option<Answer> {
    let request = Request {
        method,
        address: settings.api.clone() + path,
        authorization: &("Bearer ".to_owned() + &settings.token),
        embedder: &settings.embedder,
        headers,
        body,
    };
    request.answer().await
}

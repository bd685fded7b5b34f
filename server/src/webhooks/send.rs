//! One event to one endpoint: what is said, and what comes of it.

use std::time::Duration;

use doorstep_accounts::{Timestamp, webhook::Receiver};
use doorstep_register::Context;
use doorstep_store::{EndpointLease, Outgoing};
use reqwest::{Client, StatusCode, header};
use serde_json::{Value, json};

use super::schedule::retry_after;
use crate::{
    failpoint,
    http::chain,
    outbound::{Outbound, message, read},
};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was taken.
    Taken,
    /// The receiver says that it is no more.
    Gone(String),
    /// It was not taken.
    Failed {
        /// Why, for the operator.
        reason: String,
        /// When the receiver wants to hear of us again.
        asked: Option<Duration>,
    },
}

/// Sends an event, once.
pub(super) async fn send(
    context: &Context,
    (outbound, client): (&Outbound, &Client),
    lease: &EndpointLease,
    outgoing: &Outgoing,
) -> Outcome {
    let failed = |reason| Outcome::Failed { reason, asked: None };
    let url = match outbound.checked("the URL", &lease.url) {
        Ok(url) => url,
        Err(reason) => return failed(reason),
    };
    let now = context.clock.now();
    let to = (Receiver::Endpoint(&lease.endpoint_id), &context.webhook);
    let body = body(outgoing).to_string();
    failpoint::at("telling");
    let sent = message(client, url, to, (&outgoing.event_id, now), body).send().await;
    failpoint::at("told");
    let response = match sent {
        Ok(response) => response,
        Err(error) => return failed(chain(&error.without_url())),
    };
    let retry = response.headers().get(header::RETRY_AFTER).and_then(|it| it.to_str().ok());
    let outcome = judge(response.status(), retry, now);
    // Read to its end, a short answer leaves the connection to the next event. What the
    // answer says is nobody's business, and its status was said in time.
    let _ = read(response).await;
    outcome
}

/// What the status says. A redirect is not followed: whoever answers there was not
/// checked, and is not whom the operator named.
fn judge(status: StatusCode, retry: Option<&str>, now: Timestamp) -> Outcome {
    if status.is_success() {
        return Outcome::Taken;
    }
    let reason = format!("the receiver answered {status}");
    if status == StatusCode::GONE {
        return Outcome::Gone(reason);
    }
    Outcome::Failed { reason, asked: retry.and_then(|text| retry_after(text, now)) }
}

/// What is said. It is the same at every try, unless the user was erased in between.
fn body(outgoing: &Outgoing) -> Value {
    let mut data = outgoing.payload.clone();
    data.insert("user_id".to_owned(), outgoing.user_id.into());
    let at = jiff::Timestamp::from_millisecond(outgoing.created_at.0).unwrap_or_default();
    json!({ "type": outgoing.kind, "timestamp": format!("{at:.3}"), "data": data })
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    #[test]
    fn any_two_hundred_is_a_yes_and_gone_is_for_good() {
        let judge = |status| judge(StatusCode::from_u16(status).unwrap(), Some("7"), Timestamp(0));
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(judge(status), Outcome::Taken, "{status}");
        }
        assert!(matches!(judge(410), Outcome::Gone(_)));
        for status in [301, 302, 307, 308, 400, 401, 404, 422, 429, 500, 503] {
            let Outcome::Failed { reason, asked } = judge(status) else { panic!("{status}") };
            assert!(reason.contains(&status.to_string()), "{reason}");
            assert_eq!(asked, Some(Duration::from_secs(7)));
        }
    }

    #[test]
    fn an_event_says_what_happened_when_and_to_whom() {
        let outgoing = Outgoing {
            event_id: "evt_1".to_owned(),
            kind: "user.created".to_owned(),
            user_id: 7,
            payload: Map::from_iter([("email".to_owned(), "a@x.example".into())]),
            created_at: Timestamp(1_700_000_000_120),
            attempts: 0,
        };
        assert_eq!(
            body(&outgoing).to_string(),
            r#"{"data":{"email":"a@x.example","user_id":7},"timestamp":"2023-11-14T22:13:20.120Z","type":"user.created"}"#
        );
    }
}

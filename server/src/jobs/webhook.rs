//! A project is made by the operator's provisioner, which is asked by a signed request
//! (Standard Webhooks) and answers at once or later.

use std::time::Duration;

use doorstep_accounts::{
    order::{Failure, FailureCode},
    webhook::{Receiver, callback_token},
};
use doorstep_register::{Assignment, Context};
use doorstep_wire::{onboarding::Outcome, paths};
use reqwest::StatusCode;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    answer::{self, Said},
    provision::{Made, Trouble, manifest, secrets},
};
use crate::{
    config::Provisioning,
    failpoint,
    http::chain,
    outbound::{Outbound, message, read},
};

/// The provisioner.
pub(super) struct Webhook {
    context: Context,
    url: String,
    callback: String,
    outbound: Outbound,
}

impl Webhook {
    pub(super) fn new(context: &Context, settings: &Provisioning, public_url: &str) -> Self {
        Self {
            context: context.clone(),
            url: settings.webhook_url.clone(),
            callback: public_url.to_owned(),
            outbound: Outbound::new(
                "provisioning.allow_private_addresses",
                settings.allow_private_addresses,
                Duration::from_secs(settings.timeout_seconds),
            ),
        }
    }

    /// Asks for a project.
    pub(super) async fn make(&self, assignment: &Assignment) -> Result<Made, Trouble> {
        let order = &assignment.order;
        // The same at every try, so that the provisioner recognises it.
        let id = format!("msg_{}_{}", order.id, order.run);
        let body = Zeroizing::new(self.body(assignment).to_string());
        let now = self.context.clock.now();
        let passing = |what: &str, error: &dyn std::error::Error| {
            Trouble::Passing(format!("{what}: {}", chain(error)))
        };
        // Each call has its own: there is one in a while.
        let client =
            self.outbound.client(0).map_err(|error| passing("no client can be made", &error))?;
        let name = "provisioning.webhook_url";
        let url = self.outbound.checked(name, &self.url).map_err(Trouble::Passing)?;
        failpoint::at("asking");
        let to = (Receiver::Provisioner, &self.context.webhook);
        let response = message(&client, url, to, (&id, now), body.to_string())
            .send()
            .await
            .map_err(|error| passing("the provisioner was not reached", &error.without_url()))?;
        failpoint::at("asked");
        let status = response.status();
        let text = read(response)
            .await
            .map_err(|error| passing("the provisioner's answer broke off", &error.without_url()))?;
        understand(status, text.as_deref())
    }

    fn body(&self, assignment: &Assignment) -> Value {
        let order = &assignment.order;
        let path = paths::PROVISIONING_CALLBACK.replace("{order}", &order.id);
        let token = callback_token(&order.id, order.run, &self.context.webhook);
        let mut data = manifest(assignment);
        data["secrets"] = secrets(assignment);
        data["callback"] =
            json!({ "url": format!("{}{path}", self.callback), "token": token.expose() });
        json!({ "type": "order.provision", "timestamp": data["order"]["created_at"], "data": data })
    }
}

/// What the status and the body say.
fn understand(status: StatusCode, text: Option<&str>) -> Result<Made, Trouble> {
    if !status.is_success() {
        return Err(if is_passing(status) {
            Trouble::Passing(format!("the provisioner answered {status}"))
        } else {
            Trouble::Final(refusal(status, text))
        });
    }
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(Made::Accepted) };
    // What is no outcome is a page of somebody who accepts everything.
    let Ok(outcome) = serde_json::from_str::<Outcome>(text) else { return Ok(Made::Accepted) };
    match answer::read(&outcome) {
        Ok(Said::Completed { link }) => Ok(Made::Done { link }),
        Ok(Said::Failed(failure)) => Err(Trouble::Final(failure)),
        Ok(Said::Goes { .. }) => Ok(Made::Accepted),
        Err(why) => Err(Trouble::Passing(format!("the provisioner's answer: {why}"))),
    }
}

/// Whether the same request can succeed later.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        )
}

/// A no, with the sentence that came with it, if one did.
fn refusal(status: StatusCode, text: Option<&str>) -> Failure {
    let said = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let said = said.as_ref().and_then(|said| said.get("message")).and_then(Value::as_str);
    let said = said.map(answer::sentence).filter(|said| !said.is_empty());
    let code = FailureCode::Refused;
    tracing::warn!(%status, "the provisioner refused an order");
    Failure { code, message: said.unwrap_or_else(|| code.message().to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_is_final_and_a_busy_provisioner_is_not() {
        for status in [500, 502, 503, 429, 408, 425] {
            let said = understand(StatusCode::from_u16(status).unwrap(), None);
            assert!(matches!(said, Err(Trouble::Passing(_))), "{status}");
        }
        for status in [301, 400, 401, 404, 409, 410, 422] {
            let said = understand(StatusCode::from_u16(status).unwrap(), Some("no"));
            assert!(matches!(said, Err(Trouble::Final(_))), "{status}");
        }
        let body = Some(r#"{"message":"No such region here"}"#);
        let said = understand(StatusCode::UNPROCESSABLE_ENTITY, body);
        assert!(matches!(said, Err(Trouble::Final(it)) if it.message == "No such region here"));
    }

    #[test]
    fn two_hundred_says_accepted_unless_it_says_more() {
        for body in [None, Some(""), Some("ok"), Some("{}"), Some(r#"{"status":"accepted"}"#)] {
            assert!(
                matches!(understand(StatusCode::ACCEPTED, body), Ok(Made::Accepted)),
                "{body:?}"
            );
        }
        let done = r#"{"status":"completed","link":"https://p.example/"}"#;
        let said = understand(StatusCode::OK, Some(done));
        assert!(matches!(said, Ok(Made::Done { link: Some(_) })));
        let bad = r#"{"status":"completed","link":"javascript:1"}"#;
        assert!(matches!(understand(StatusCode::OK, Some(bad)), Err(Trouble::Passing(_))));
        let no = r#"{"status":"failed","message":"full"}"#;
        assert!(matches!(understand(StatusCode::OK, Some(no)), Err(Trouble::Final(_))));
    }
}

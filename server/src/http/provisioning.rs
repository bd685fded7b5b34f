//! What the operator's provisioner says of orders that it took on.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use doorstep_accounts::{Refusal, order::OrderState};
use doorstep_dialects::Authorization;
use doorstep_register::{self as register, Settled, Speaker};
use doorstep_wire::{Code, onboarding::Outcome};
use serde_json::json;

use super::{
    App,
    caller::authorization,
    extract::Body,
    reject::{Reject, json as reply},
    users::require_json,
};
use crate::jobs::answer::{self, Said};

/// `POST /api/provisioning/{order}/callback`: the token in the request to the
/// provisioner is good for that order and that run of it, and says so alone. The same
/// answer twice is no fault; another one after the order's end is.
pub(crate) async fn callback(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Reject> {
    let Some(Authorization::Bearer(token)) = authorization(&headers)? else {
        return Err(Refusal::Unauthenticated.into());
    };
    let run = register::authorize_callback(&app.context, &id, &token).await?;
    require_json(&headers)?;
    let outcome: Outcome = serde_json::from_slice(&body).map_err(|_| {
        let detail = "the body must be a JSON object with status, and with link or message where they say something";
        Reject::new(Code::MalformedBody, detail)
    })?;
    let said = answer::read(&outcome).map_err(|why| Reject::new(Code::InvalidRequest, why))?;
    let context = &app.context;
    let (settled, wanted) = match said {
        Said::Completed { link } => {
            let speaker = Speaker::Provisioner(run);
            let link = link.as_deref();
            let settled = register::complete_order(context, speaker, &id, link).await?;
            (settled, OrderState::Completed)
        }
        Said::Failed(failure) => {
            let speaker = Speaker::Provisioner(run);
            let settled = register::fail_order(context, speaker, &id, failure, None).await?;
            (settled, OrderState::Failed)
        }
        Said::Goes { message } => {
            let settled = match message {
                Some(message) => register::note_order(context, run, &id, &message).await?,
                None => Settled::Written,
            };
            (settled, OrderState::Processing)
        }
    };
    let found = register::watch_order(context, &id, i64::MAX).await?;
    let (order, _) = found.ok_or(Refusal::InvalidToken)?;
    let is_same = order.run == run && order.state == wanted;
    if settled == Settled::Lost && !is_same {
        let detail = format!("the order is {}: it is settled", order.state);
        return Err(Reject::new(Code::OrderState, detail));
    }
    Ok(reply(StatusCode::OK, &json!({ "order": { "id": id, "status": order.state.name() } })))
}

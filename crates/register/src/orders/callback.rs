//! Who may say what became of an order that the operator's provisioner took on.

use doorstep_accounts::{Refusal, Secret, secret::version_of, webhook::is_callback_token};

use super::show::is_id;
use crate::{Context, Error};

/// The run of the order that the token is for. Whether there is such an order is told
/// to nobody without one.
pub async fn authorize_callback(context: &Context, id: &str, token: &Secret) -> Result<i64, Error> {
    let found = if is_id(id) { context.store.read().await?.conn().order(id).await? } else { None };
    let version = token.expose().strip_prefix("cbk_").and_then(version_of);
    context.follow(&context.webhook, version).await;
    // Also for an order that is not there, so that it takes as long.
    let run = found.as_ref().map_or(1, |order| order.run);
    let is_right = is_callback_token(token, id, run, &context.webhook);
    if is_right && found.is_some() { Ok(run) } else { Err(Refusal::InvalidToken.into()) }
}

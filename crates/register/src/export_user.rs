//! Telling a person everything that is known of them.

use doorstep_accounts::{Refusal, Timestamp};
use serde_json::{Map, Value};

use crate::{Context, Error, administer::audit};

/// All parts of what is known of a user, read at one moment, and that moment. The audit
/// log notes that the operator has seen it.
pub async fn export_user(
    context: &Context,
    user_id: i64,
) -> Result<(Timestamp, Map<String, Value>), Error> {
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    // Nobody changes the user meanwhile, so that the parts fit one another.
    conn.user_for_change(user_id).await?.ok_or(Refusal::UserNotFound)?;
    let parts = conn.export_user(user_id).await?.ok_or(Refusal::UserNotFound)?;
    audit(context, &mut conn, "user.export", &format!("user:{user_id}")).await?;
    tx.commit().await?;
    Ok((context.clock.now(), parts))
}

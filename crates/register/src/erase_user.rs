//! Erasing a user.

use std::fmt;

use doorstep_accounts::{Refusal, ids::IdKind};
use serde_json::Map;

use crate::{Context, Error, admin_users::may_end};

/// Who erases, for the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eraser {
    /// An administrator.
    Admin(i64),
    /// The operator, at the machine.
    Operator,
}

impl fmt::Display for Eraser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admin(id) => write!(f, "user:{id}"),
            Self::Operator => f.write_str("operator"),
        }
    }
}

/// Removes what is known of the person; the account, its API credentials and tokens
/// end with it. The number, the canonical identity and the audit rows stay: see
/// [`doorstep_store::Conn::erase_user`].
///
/// What was in the user's own events is emptied before the last one is added, which
/// says no more than whose data is to be forgotten elsewhere too.
pub async fn erase_user(context: &Context, eraser: Eraser, user_id: i64) -> Result<(), Error> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let admin = match eraser {
        Eraser::Admin(id) => Some(id),
        Eraser::Operator => None,
    };
    may_end(&mut conn, admin, user_id).await?;
    conn.user_for_change(user_id).await?.ok_or(Refusal::UserNotFound)?;
    if !conn.erase_user(user_id, now).await? {
        return Err(Refusal::UserNotFound.into());
    }
    let event = IdKind::Event.mint(&*context.clock, &*context.entropy);
    let payload = Map::from_iter([("id".to_owned(), user_id.into())]);
    conn.add_event(&event, "user.deleted", user_id, &payload, now).await?;
    let audit = IdKind::Audit.mint(&*context.clock, &*context.entropy);
    let subject = format!("user:{user_id}");
    let details = Map::new();
    conn.add_audit(&audit, &eraser.to_string(), "user.erase", &subject, &details, now).await?;
    tx.commit().await?;
    Ok(())
}

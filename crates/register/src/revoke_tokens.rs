//! Ending access tokens, as the operator does it.

use doorstep_accounts::{Timestamp, TokenHash};
use doorstep_store::{Conn, StoreError};

use crate::{Context, OperatorError, administer::audit};

/// Which tokens.
#[derive(Debug)]
pub enum TokenChoice {
    /// The one with this hash.
    Hash(TokenHash),
    /// The one that introspection and the log name so: `tok_…`.
    Id(String),
    /// All that a client obtained.
    Client(String),
    /// All that a user's API credentials obtained, and the user's sessions.
    User(i64),
}

/// Ends them; gives how many worked until now. To end none is no mistake where all of
/// somebody's are meant, and is one where a single token is.
pub async fn revoke_tokens(context: &Context, choice: &TokenChoice) -> Result<u64, OperatorError> {
    let now = context.clock.now();
    let mut tx = context.store.begin().await?;
    let mut conn = tx.conn();
    let (count, subject) = match choice {
        TokenChoice::Hash(hash) => (end(&mut conn, &hash.id(), now).await?, hash.id()),
        TokenChoice::Id(id) => (end(&mut conn, id, now).await?, id.clone()),
        TokenChoice::Client(id) => {
            if conn.client(id).await?.is_none() {
                return Err(crate::administer::unknown_client(id));
            }
            (conn.end_tokens_of_client(id, now).await?, format!("client:{id}"))
        }
        TokenChoice::User(id) => {
            if conn.user(*id).await?.is_none() {
                return Err(OperatorError::Argument(format!(
                    "there is no user {id}: `doorstep user list` shows them"
                )));
            }
            let sessions = conn.close_sessions(*id, now).await?;
            (conn.end_tokens_of_user(*id, now).await? + sessions, format!("user:{id}"))
        }
    };
    if count == 0 {
        // None works, and by no other clock will one.
        tx.commit().await?;
        return match choice {
            TokenChoice::Hash(_) | TokenChoice::Id(_) => Err(OperatorError::Argument(format!(
                "no access token {subject} works: it was never issued, has expired or was ended before"
            ))),
            TokenChoice::Client(_) | TokenChoice::User(_) => Ok(0),
        };
    }
    audit(context, &mut conn, "token.revoke", &subject).await?;
    tx.commit().await?;
    Ok(count)
}

/// Ends an access token or a session.
async fn end(conn: &mut Conn<'_>, id: &str, now: Timestamp) -> Result<u64, StoreError> {
    Ok(conn.end_token(id, now).await? + conn.end_session(id, now).await?)
}

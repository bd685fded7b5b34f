//! What was seen to be over stays over, whatever the clock says later.
//!
//! Times are the machine's, which somebody may set back. What nobody asked for in
//! between cannot be told from what has its time still before it; what was refused once
//! must not work again.

use doorstep_accounts::{IdempotencyKey, TokenHash};

use crate::Context;

/// What has expired, and was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Over<'a> {
    /// An access token that was not used up.
    Token(&'a TokenHash),
    /// A session.
    Session(&'a TokenHash),
    /// The password that a client's key would have told again.
    Replay(&'a str, &'a IdempotencyKey),
}

/// Ends it for good: a write for each, once. The caller is refused whether or not the
/// disk takes the note.
pub(crate) async fn end(context: &Context, over: Over<'_>) {
    let now = context.clock.now();
    let written = async {
        let mut tx = context.store.begin().await?;
        let mut conn = tx.conn();
        match over {
            Over::Token(hash) => conn.revoke_token(hash, now).await?,
            Over::Session(hash) => conn.close_session(hash).await.map(drop)?,
            Over::Replay(client_id, key) => conn.wipe_stale(client_id, key, now).await?,
        }
        tx.commit().await
    };
    if let Err(error) = written.await {
        tracing::warn!(%error, "what has expired was not ended");
    }
}

//! What a client may do with its own tokens: end them and ask about them.

use doorstep_accounts::{Limit, PlainToken, Scopes, Secret, Timestamp};
use doorstep_store::TokenOwner;

use crate::{
    Context,
    issue_token::{ClientCredentials, TokenError, authenticate},
    meter::{Meter, admit},
};

/// A live token, for its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introspected {
    /// For whom it speaks: the client's id, or the API username.
    pub client_id: String,
    /// What it allows.
    pub scopes: Scopes,
    /// Since when.
    pub issued_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Ends a token of the caller's. Text that is no token, unknown tokens and those
/// of others are passed over; a database that fails is not.
pub async fn revoke_token(
    context: &Context,
    meter: &Meter,
    client: &ClientCredentials,
    token: &Secret,
) -> Result<(), TokenError> {
    let (_, owner, _) = authenticate(context, meter, client).await?;
    admit(context, meter, Limit::OwnToken, &[owner.id()]).map_err(TokenError::Limited)?;
    let Ok(token) = PlainToken::parse(token.expose()) else { return Ok(()) };
    let mut tx = context.store.begin().await?;
    let found = tx.conn().token(&token.hash()).await?;
    if found.is_some_and(|found| found.owner == owner) {
        tx.conn().revoke_token(&token.hash(), context.clock.now()).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// What the caller may know of a token: everything of a live one of its own,
/// nothing of any other.
pub async fn introspect_token(
    context: &Context,
    meter: &Meter,
    client: &ClientCredentials,
    token: &Secret,
) -> Result<Option<Introspected>, TokenError> {
    let (_, owner, _) = authenticate(context, meter, client).await?;
    admit(context, meter, Limit::OwnToken, &[owner.id()]).map_err(TokenError::Limited)?;
    let Ok(token) = PlainToken::parse(token.expose()) else { return Ok(None) };
    let found = context.store.read().await?.conn().token(&token.hash()).await?;
    let live = found.filter(|found| {
        found.owner == owner && !found.ended && context.clock.now() < found.expires_at
    });
    Ok(live.map(|found| Introspected {
        client_id: match found.owner {
            TokenOwner::Client(id) => id,
            TokenOwner::Credential(_) => client.id.clone(),
        },
        scopes: found.scopes,
        issued_at: found.issued_at,
        expires_at: found.expires_at,
    }))
}

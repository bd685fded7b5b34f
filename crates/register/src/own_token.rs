//! What a client may do with its own tokens: end them and ask about them.

use doorstep_accounts::{Binding, Limit, PlainToken, Scopes, Secret, Timestamp};

use crate::{
    Context, TokenError,
    authenticate_client::{ClientAuthentication, authenticate},
    meter::{Meter, admit},
    over::{self, Over},
};

/// A live token, for its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introspected {
    /// A name for it, always the same, that says nothing of it.
    pub id: String,
    /// For whom it speaks: the client's id, or the API username.
    pub client_id: String,
    /// What it allows.
    pub scopes: Scopes,
    /// Since when.
    pub issued_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// What it is bound to, if it is a sign-up token.
    pub binding: Option<Binding>,
    /// How many more sign-ups it is good for, if it is a sign-up token.
    pub uses_left: Option<i64>,
    /// The thumbprint of the key whose holder alone may use it.
    pub jkt: Option<String>,
}

/// Ends a token of the caller's. Text that is no token, unknown tokens and those
/// of others are passed over; a database that fails is not.
pub async fn revoke_token(
    context: &Context,
    meter: &Meter,
    client: &ClientAuthentication,
    token: &Secret,
) -> Result<(), TokenError> {
    let caller = authenticate(context, meter, client).await?;
    admit(context, meter, Limit::OwnToken, &[caller.owner.id()]).map_err(TokenError::Limited)?;
    let Ok(token) = PlainToken::parse(token.expose()) else { return Ok(()) };
    let mut tx = context.store.begin().await?;
    let found = tx.conn().token(&token.hash()).await?;
    if found.is_some_and(|found| found.owner == caller.owner) {
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
    client: &ClientAuthentication,
    token: &Secret,
) -> Result<Option<Introspected>, TokenError> {
    let caller = authenticate(context, meter, client).await?;
    admit(context, meter, Limit::OwnToken, &[caller.owner.id()]).map_err(TokenError::Limited)?;
    let Ok(token) = PlainToken::parse(token.expose()) else { return Ok(None) };
    let found = context.store.read().await?.conn().token(&token.hash()).await?;
    let Some(found) =
        found.filter(|found| found.owner == caller.owner && !found.ended && !found.used)
    else {
        return Ok(None);
    };
    if context.clock.now() >= found.expires_at {
        over::end(context, Over::Token(&token.hash())).await;
        return Ok(None);
    }
    Ok(Some(Introspected {
        id: token.hash().id(),
        client_id: caller.id,
        scopes: found.scopes,
        issued_at: found.issued_at,
        expires_at: found.expires_at,
        binding: found.binding,
        uses_left: found.uses_left,
        jkt: found.jkt,
    }))
}

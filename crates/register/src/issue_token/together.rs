//! Tokens that are asked for at the same time share a transaction.

use std::sync::Arc;

use doorstep_accounts::{
    Binding, Scopes, SecretHash, Timestamp, TokenHash,
    limits::{LimitKey, Rate},
};
use doorstep_store::{AtOnce, Conn, LimitsTaken, NewToken, Store, StoreError, TokenOwner};

use super::TokenError;
use crate::{
    Context,
    limiter::Charge,
    meter::{Meter, take},
    writes::{Shared, Writes},
};

/// The tokens of a process that wait to be written. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tokens(Writes<Token>);

/// A token among others.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) hash: TokenHash,
    pub(super) owner: TokenOwner,
    pub(super) scopes: Scopes,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) binding: Option<Binding>,
    pub(super) jkt: Option<String>,
    pub(super) charges: Vec<Charge>,
}

impl Tokens {
    /// Into that database.
    pub fn new(store: &Store) -> Self {
        Self(Writes::new(store))
    }

    /// Writes a token, with those that come at the same time if nothing stands in its
    /// way. One for an API credential, whose password was `checked`, is written alone.
    pub(super) async fn write(
        &self,
        context: &Context,
        meter: &Meter,
        token: &Arc<Token>,
        checked: Option<&SecretHash>,
    ) -> Result<(), TokenError> {
        let is_client = matches!(token.owner, TokenOwner::Client(_));
        if is_client && self.0.write(context, meter, token).await? {
            return Ok(());
        }
        let mut tx = context.store.begin().await?;
        // Who replaces the password ends all tokens that there are: this one is not yet.
        if let (TokenOwner::Credential(id), Some(checked)) = (&token.owner, checked)
            && !tx.conn().hold_credential(id, checked).await?
        {
            return Err(TokenError::InvalidClient);
        }
        tx.conn().add_token(&token.new_token()).await?;
        take(context, &mut tx.conn(), meter, &token.charges).await.map_err(TokenError::of_limit)?;
        Ok(tx.commit().await?)
    }
}

impl Token {
    fn new_token(&self) -> NewToken<'_> {
        NewToken {
            hash: &self.hash,
            owner: &self.owner,
            scopes: self.scopes,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            binding: self.binding.as_ref(),
            jkt: self.jkt.as_deref(),
        }
    }
}

impl Shared for Token {
    const NAME: &str = "tokens";
    const PLACES: [&str; 2] = ["tokens-commit", "tokens-committed"];

    fn charges(&self) -> &[Charge] {
        &self.charges
    }

    async fn free(_: &mut Conn<'_>, all: &[&Self], _: Timestamp) -> Result<Vec<usize>, StoreError> {
        Ok((0..all.len()).collect())
    }

    async fn write_at_once(
        at_once: AtOnce,
        all: &[&Self],
        charges: &[(LimitKey, Rate, i64)],
        now: Timestamp,
    ) -> Result<Option<LimitsTaken>, StoreError> {
        let new: Vec<_> = all.iter().map(|token| token.new_token()).collect();
        at_once.add_tokens(&new, charges, now).await
    }

    async fn write_all(
        conn: &mut Conn<'_>,
        all: &[&Self],
        _: Timestamp,
    ) -> Result<Option<Vec<usize>>, StoreError> {
        let new: Vec<_> = all.iter().map(|token| token.new_token()).collect();
        conn.add_tokens(&new).await?;
        Ok(Some((0..all.len()).collect()))
    }
}

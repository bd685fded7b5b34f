//! What requests at the same time look up, in one statement for all of them: most of
//! what a look-up costs is the way to the database and back.
//!
//! Nothing is remembered, so what ended is ended for the next request.

use doorstep_accounts::TokenHash;
use doorstep_store::{Store, StoreError, TokenRow};

use crate::{Context, together::Together};

/// What a shared look-up found of one; the error is that of all.
type Found = Result<Option<TokenRow>, Failed>;

/// A shared look-up failed.
#[derive(Debug, Clone, Copy)]
struct Failed;

/// The look-ups of a process that wait. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lookups {
    tokens: Together<TokenHash, Found>,
}

impl Default for Lookups {
    fn default() -> Self {
        // One at work: what comes meanwhile goes together the sooner.
        Self { tokens: Together::new(1) }
    }
}

impl Lookups {
    /// A token by its hash.
    pub(crate) async fn token(
        &self,
        context: &Context,
        hash: &TokenHash,
    ) -> Result<Option<TokenRow>, StoreError> {
        let store = context.store.clone();
        let work = move |hashes| tokens(store.clone(), hashes);
        match self.tokens.have_done(hash.clone(), work).await {
            Ok(Ok(found)) => Ok(found),
            // Alone it learns what is wrong, if it is anything of its own.
            Ok(Err(Failed)) | Err(_) => context.store.read().await?.conn().token(hash).await,
        }
    }
}

/// The tokens in their order.
async fn tokens(store: Store, hashes: Vec<TokenHash>) -> Vec<Found> {
    let found = async { store.read_together().await?.conn().tokens(&hashes).await };
    match found.await {
        Ok(found) => found.into_iter().map(Ok).collect(),
        Err(error) => {
            tracing::debug!(%error, "a shared look-up failed");
            hashes.iter().map(|_| Err(Failed)).collect()
        }
    }
}

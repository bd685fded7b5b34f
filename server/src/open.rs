//! From settings to a context: database, schema, keys.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use doorstep_register::{Context, Limiter, PublishableTerms, Terms, adopt_audit};
use doorstep_store::{ConnectError, Store, StoreError};

use doorstep_wire::paths;

use crate::{
    config::Settings,
    key_file::{self, KeyFileError, Keys},
    live_keys::{self, LiveKeys},
    system::{SystemClock, SystemEntropy},
};

/// Why the installation cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    #[error("the database failed")]
    Store(#[from] StoreError),
}

/// Opens the database, brings its schema up to date, and finds or makes the keys.
pub(crate) async fn open(settings: &Settings) -> Result<Context, OpenError> {
    let store = Store::connect(&settings.database.url).await?;
    store.migrate().await?;
    let rates = settings.rates.0.scaled(settings.limits.scale);
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let path = key_path(settings);
    make_keys(&store, &path, &entropy).await?;
    let (keys, seen) = live_keys::read(&store, &path).await?;
    store.open_audit(&keys.audit, &*entropy).await?;
    let Keys { pepper, seal, webhook, audit } = keys.clone();
    let context = Context {
        key_source: Arc::new(LiveKeys::new(store.clone(), path, keys, seen)),
        store,
        clock,
        entropy,
        keys: pepper,
        seal,
        webhook,
        audit,
        terms: Terms {
            default_locale: settings.accounts.default_locale.clone(),
            default_currency: settings.accounts.default_currency.clone(),
            email_domain: settings.email_domain(),
            token_seconds: settings.accounts.token_seconds,
            sign_up_token_seconds: settings.accounts.sign_up_token_seconds,
            claim_seconds: settings.accounts.claim_seconds,
            issuer: settings.public_url().to_owned(),
            token_url: format!("{}{}", settings.public_url(), paths::OAUTH_TOKEN),
            registration: settings.accounts.registration,
            publishable: settings.publishable.enabled.then_some(PublishableTerms {
                token_seconds: settings.publishable.token_seconds,
                pending_seconds: settings.publishable.pending_seconds,
                most_pending: settings.publishable.most_pending,
            }),
            users_url: format!("{}{}", settings.public_url(), paths::USERS),
        },
        limiter: Limiter::new(rates),
    };
    let adopted = adopt_audit(&context).await?;
    if adopted > 0 {
        tracing::info!(adopted, "audit rows of an older version were chained");
    }
    Ok(context)
}

/// Makes the key file, if there is none and nothing depends on one.
async fn make_keys(store: &Store, path: &Path, entropy: &SystemEntropy) -> Result<(), OpenError> {
    let exists = || path.try_exists().unwrap_or(true);
    // Another starter writes the file before the database, perhaps just now.
    if !exists() && !live_keys::any_known(store).await? {
        key_file::create(path, entropy)?;
    }
    Ok(())
}

/// The key file's place: as set, else beside a SQLite database, else here.
pub(crate) fn key_path(settings: &Settings) -> PathBuf {
    if let Some(path) = &settings.keys.file {
        return path.clone();
    }
    let folder = settings
        .database
        .url
        .strip_prefix("sqlite://")
        .and_then(|path| Path::new(path).parent())
        .unwrap_or(Path::new(""));
    folder.join("doorstep.keys")
}

//! From settings to a context: database, schema, keys.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use doorstep_accounts::SecretHash;
use doorstep_register::{Context, Limiter, Terms};
use doorstep_store::{ConnectError, Store, StoreError};

use doorstep_wire::paths;

use crate::{
    config::Settings,
    key_file::{self, KeyFileError, Keys},
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
    let entropy = Arc::new(SystemEntropy);
    let Keys { pepper, seal } = keys(&store, &key_path(settings), &entropy).await?;
    let rates = settings.rates.0.scaled(settings.limits.scale);
    Ok(Context {
        store,
        clock: Arc::new(SystemClock),
        entropy,
        keys: pepper,
        seal,
        terms: Terms {
            default_locale: settings.accounts.default_locale.clone(),
            default_currency: settings.accounts.default_currency.clone(),
            email_domain: settings.email_domain(),
            token_seconds: settings.accounts.token_seconds,
            sign_up_token_seconds: settings.accounts.sign_up_token_seconds,
            claim_seconds: settings.accounts.claim_seconds,
            users_url: format!("{}{}", settings.public_url(), paths::USERS),
        },
        limiter: Limiter::new(rates),
    })
}

/// The name under which the ring's fingerprint stands in the database.
const FINGERPRINT: &str = "pepper fingerprint";

async fn keys(store: &Store, path: &Path, entropy: &SystemEntropy) -> Result<Keys, OpenError> {
    let ring = if let Some(ring) = key_file::read(path)? {
        ring
    } else {
        let known = store.read().await?.conn().fact(FINGERPRINT).await?.is_some();
        // Another starter writes the file before the fact, perhaps just now.
        if let (true, Some(ring)) = (known, key_file::read(path)?) {
            return settle(store, path, ring).await;
        }
        if known {
            return Err(KeyFileError::Missing { path: path.to_owned() }.into());
        }
        key_file::create(path, entropy)?;
        key_file::read(path)?.ok_or_else(|| KeyFileError::Missing { path: path.to_owned() })?
    };
    settle(store, path, ring).await
}

/// Makes sure that the rings are those of this database.
async fn settle(store: &Store, path: &Path, ring: Keys) -> Result<Keys, OpenError> {
    let mut tx = store.begin().await?;
    let settled = tx.conn().settle_fact(FINGERPRINT, ring.pepper.fingerprint().as_stored()).await?;
    tx.commit().await?;
    if ring.pepper.recognises(&SecretHash::from_stored(settled)) {
        Ok(ring)
    } else {
        Err(KeyFileError::Foreign { path: path.to_owned() }.into())
    }
}

/// The key file's place: as set, else beside a SQLite database, else here.
fn key_path(settings: &Settings) -> PathBuf {
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

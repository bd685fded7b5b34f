//! From settings to a context: database, schema, keys.

use std::{
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use doorstep_accounts::{Rates, audit::Fault};
use doorstep_register::{
    Context, Limiter, LiveCatalog, Lookups, OrderingTerms, PublishableTerms, SignUps, Terms,
    Tokens, adopt_audit,
};
use doorstep_store::{ConnectError, Store, StoreError};

use doorstep_wire::paths;

use crate::{
    config::{Driver, Settings},
    key_file::{self, KeyFileError, Keys, RingName},
    live_keys::{self, LiveKeys, Stamp},
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

/// Opens the database, brings its schema up to date, finds or makes the keys, and
/// begins the audit log if it never was.
pub(crate) async fn open(settings: &Settings) -> Result<Context, OpenError> {
    open_as(settings, true).await.map(|(context, _)| context)
}

/// The same for looking at the audit log, which it leaves as it is; says whether the
/// log ever began.
pub(crate) async fn open_to_audit(settings: &Settings) -> Result<(Context, bool), OpenError> {
    open_as(settings, false).await
}

async fn open_as(settings: &Settings, is_writer: bool) -> Result<(Context, bool), OpenError> {
    let store = Store::connect(&settings.database.url).await?;
    store.migrate().await?;
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let path = key_path(settings);
    make_keys(&store, &path, &entropy).await?;
    let (keys, mut seen) = live_keys::read(&store, &path).await?;
    warn_of_readers("the key file", &path);
    if let Some(database) = settings.database.url.strip_prefix("sqlite://") {
        warn_of_readers("the database", Path::new(database));
    }
    store.open_audit(&keys.audit, &*entropy);
    // A key file may serve a database that is made anew, or several of them. One that
    // somebody has used and that has no log was robbed of it.
    let begun = keys.audit_begun && !store.read().await?.conn().is_untouched().await?;
    if begun {
        if store.read().await?.conn().audit_is_empty().await? {
            tracing::error!("{}", Fault::LogMissing);
        }
    } else if is_writer {
        seen = begin_audit(&store, &path, &keys).await?;
    }
    let Keys { pepper, seal, webhook, audit, .. } = keys.clone();
    let context = Context {
        key_source: Arc::new(LiveKeys::new(store.clone(), path, keys, seen)),
        sign_ups: SignUps::new(&store),
        tokens: Tokens::new(&store),
        lookups: Lookups::default(),
        store,
        clock,
        entropy,
        keys: pepper,
        seal,
        webhook,
        audit,
        terms: terms(settings),
        limiter: Limiter::new(rates(settings)),
        live_catalog: LiveCatalog::default(),
    };
    Ok((context, begun))
}

/// The rates of all limits.
pub(crate) fn rates(settings: &Settings) -> Rates {
    settings.rates.0.clone().scaled(settings.limits.scale)
}

/// What the operator decides about accounts.
pub(crate) fn terms(settings: &Settings) -> Terms {
    Terms {
        default_locale: settings.accounts.default_locale.clone(),
        default_currency: settings.accounts.default_currency.clone(),
        email_domain: settings.email_domain(),
        token_seconds: settings.accounts.token_seconds,
        session_seconds: settings.accounts.session_seconds,
        sign_up_token_seconds: settings.accounts.sign_up_token_seconds,
        claim_seconds: settings.accounts.claim_seconds,
        issuer: settings.public_url().to_owned(),
        token_url: format!("{}{}", settings.public_url(), paths::OAUTH_TOKEN),
        names: settings.accounts.names(),
        declared: settings.form.declared(),
        registration: settings.accounts.registration,
        publishable: settings.publishable.enabled.then_some(PublishableTerms {
            token_seconds: settings.publishable.token_seconds,
            pending_seconds: settings.publishable.pending_seconds,
            most_pending: settings.publishable.most_pending,
        }),
        ordering: (settings.provisioning.driver != Driver::None)
            .then_some(OrderingTerms { containers: settings.plan.containers }),
        confirm_seconds: settings.mail.is_on().then_some(settings.mail.confirm_seconds),
        users_url: format!("{}{}", settings.public_url(), paths::USERS),
    }
}

/// Begins the audit log with what an older version left. That it began is noted last,
/// so that a crash on the way is made good by the next start. Gives the key file's new
/// state.
async fn begin_audit(store: &Store, path: &Path, keys: &Keys) -> Result<Option<Stamp>, OpenError> {
    store.begin_audit(&keys.audit).await?;
    let adopted = adopt_audit(store, &keys.audit).await?;
    if adopted > 0 {
        tracing::info!(adopted, "audit rows of an older version were chained");
    }
    let file = path.to_owned();
    let noted = tokio::task::spawn_blocking(move || {
        key_file::change::<KeyFileError>(&file, &SystemEntropy, |keys| {
            Ok(Keys { audit_begun: true, ..keys })
        })
    });
    noted.await.map_err(|error| KeyFileError::File {
        path: path.to_owned(),
        source: std::io::Error::other(error),
    })??;
    // Somebody may have rotated it in between.
    let (now, seen) = live_keys::read(store, path).await?;
    for name in RingName::ALL {
        keys.ring(name).replace(now.ring(name));
    }
    Ok(seen)
}

/// What others may open is theirs as well.
fn warn_of_readers(what: &str, path: &Path) {
    if std::fs::metadata(path).is_ok_and(|data| data.mode() & 0o007 != 0) {
        let path = path.display();
        tracing::warn!("everybody on this machine may open {what} {path}: chmod 600 it");
    }
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

//! Keys of a running server: checked against the database, and followed when the
//! key file is rotated.
//!
//! The database notes the fingerprint of every version *before* the version is used
//! for anything, so a key file that lacks one of them is known to be an old copy,
//! and one with another key under the same number to be somebody else's.
//!
//! A rotation reaches a running server in two ways. It looks at the file's date now
//! and then (and on SIGHUP at once), so that what is new uses the new version soon;
//! and it reads the file when it meets a version that it does not know, which another
//! server on the same database may have used a moment ago. Neither needs the servers
//! to know of one another: they share the file already.

use std::{
    fs,
    future::Future,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    pin::Pin,
};

use doorstep_accounts::{Clock, SecretHash};
use doorstep_register::KeySource;
use doorstep_store::{KeyVersion, NewKeyVersion, Store, StoreError};
use tokio::sync::Mutex;

use crate::{
    http::chain,
    key_file::{self, KeyFileError, Keys, RingName},
    open::OpenError,
    system::{SystemClock, SystemEntropy},
};

/// What tells one state of the file from another: a rotation makes a new inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: u64,
    changed: (i64, i64),
}

/// The file's state; `None` if it cannot be seen.
pub(crate) fn stamp(path: &Path) -> Option<Stamp> {
    let data = fs::metadata(path).ok()?;
    Some(Stamp { inode: data.ino(), changed: (data.ctime(), data.ctime_nsec()) })
}

/// The rings of a running server.
#[derive(Debug)]
pub(crate) struct LiveKeys {
    store: Store,
    path: PathBuf,
    keys: Keys,
    seen: Mutex<Option<Stamp>>,
}

impl LiveKeys {
    /// Follows the file from the state in which it was read.
    pub(crate) fn new(store: Store, path: PathBuf, keys: Keys, seen: Option<Stamp>) -> Self {
        Self { store, path, keys, seen: Mutex::new(seen) }
    }

    async fn follow(&self) {
        // Those who wait here find that the work is done.
        let mut seen = self.seen.lock().await;
        let now = stamp(&self.path);
        if now == *seen {
            return;
        }
        match read(&self.store, &self.path).await {
            Ok((new, stamp)) => {
                for name in RingName::ALL {
                    self.keys.ring(name).replace(new.ring(name));
                }
                *seen = stamp;
                tracing::info!(keys = ?self.keys, "the key file was read again");
            }
            Err(error) => {
                tracing::error!(cause = chain(&error), "the new key file is not used");
                // A database that is away comes back; a file that is wrong stays wrong.
                if !matches!(error, OpenError::Store(_)) {
                    *seen = now;
                }
            }
        }
    }
}

impl KeySource for LiveKeys {
    fn refresh(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.follow())
    }
}

/// The name under which version 0.1 kept the pepper's fingerprint.
const FORMER_FINGERPRINT: &str = "pepper fingerprint";

/// Whether anything in the database depends on a key.
pub(crate) async fn any_known(store: &Store) -> Result<bool, StoreError> {
    let mut read = store.read().await?;
    let mut conn = read.conn();
    Ok(!conn.key_versions().await?.is_empty() || conn.fact(FORMER_FINGERPRINT).await?.is_some())
}

/// Reads the file and makes sure that it is this database's; gives the state in
/// which it was read.
pub(crate) async fn read(store: &Store, path: &Path) -> Result<(Keys, Option<Stamp>), OpenError> {
    loop {
        let seen = stamp(path);
        let file = path.to_owned();
        let read = tokio::task::spawn_blocking(move || key_file::read(&file, &SystemEntropy));
        let read = read.await.map_err(|error| KeyFileError::File {
            path: path.to_owned(),
            source: std::io::Error::other(error),
        })?;
        let keys = read?.ok_or_else(|| KeyFileError::Missing { path: path.to_owned() })?;
        match settle(store, path, &keys, &SystemClock).await {
            // Rotated since it was read: then the database is ahead of what was read.
            Err(OpenError::Keys(KeyFileError::Outdated { .. })) if stamp(path) != seen => {}
            Err(error) => return Err(error),
            // Reading a file of the version before completes it.
            Ok(()) => return Ok((keys, seen)),
        }
    }
}

/// Whether the file is this database's, without a change to either. `None`: there is no
/// file.
pub(crate) async fn inspect(store: &Store, path: &Path) -> Result<Option<()>, OpenError> {
    match key_file::inspect(path, &SystemEntropy)? {
        None => Ok(None),
        Some(keys) => compare(store, path, &keys).await.map(|_| Some(())),
    }
}

/// Makes sure that the rings are those of this database, and notes the versions
/// that are new to it.
async fn settle(
    store: &Store,
    path: &Path,
    keys: &Keys,
    clock: &dyn Clock,
) -> Result<(), OpenError> {
    let foreign = || KeyFileError::Foreign { path: path.to_owned() };
    let new = compare(store, path, keys).await?;
    if new.is_empty() {
        return Ok(());
    }
    let peppers = new.iter().filter(|(ring, _)| *ring == RingName::Pepper).count();
    if peppers == keys.pepper.versions().len()
        && let Some(former) = store.read().await?.conn().fact(FORMER_FINGERPRINT).await?
        && !keys.pepper.recognises(&SecretHash::from_stored(former))
    {
        return Err(foreign().into());
    }
    let mut tx = store.begin().await?;
    for (ring, version) in new {
        let fingerprint = keys.ring(ring).fingerprint(version).ok_or_else(foreign)?;
        let new = NewKeyVersion { ring: ring.name(), version, fingerprint: &fingerprint };
        tx.conn().note_key_version(&new, clock.now()).await?;
    }
    tx.commit().await?;
    // Another server with another file may have been faster.
    compare(store, path, keys).await.map(|_| ())
}

/// Holds the rings against what the database knows; gives the versions that are
/// new to it.
async fn compare(
    store: &Store,
    path: &Path,
    keys: &Keys,
) -> Result<Vec<(RingName, u32)>, OpenError> {
    let known = store.read().await?.conn().key_versions().await?;
    Ok(hold_against(path, keys, &known)?)
}

/// The same for what is not in a database at the moment.
pub(crate) fn hold_against(
    path: &Path,
    keys: &Keys,
    known: &[KeyVersion],
) -> Result<Vec<(RingName, u32)>, KeyFileError> {
    let mut new = Vec::new();
    for name in RingName::ALL {
        let ring = keys.ring(name);
        for version in ring.versions() {
            match known.iter().find(|it| it.ring == name.name() && it.version == version) {
                None => new.push((name, version)),
                Some(it) if ring.recognises(&it.fingerprint) => {}
                Some(_) => return Err(KeyFileError::Foreign { path: path.to_owned() }),
            }
        }
    }
    for it in known.iter().filter(|it| it.retired_at.is_none()) {
        let ring = RingName::ALL.into_iter().find(|name| name.name() == it.ring);
        if let Some(ring) = ring
            && keys.ring(ring).get(it.version).is_none()
        {
            let (path, version) = (path.to_owned(), it.version);
            return Err(KeyFileError::Outdated { path, ring, version });
        }
    }
    Ok(new)
}

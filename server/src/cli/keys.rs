//! `doorstep keys`

use std::path::Path;

use clap::{Subcommand, ValueEnum};
use doorstep_accounts::{
    KeyRing, Secret,
    webhook::{Receiver, receiver_keys},
};
use doorstep_register::{Context, note_keys};
use doorstep_store::{KeyVersion, StoreError};
use serde_json::json;

use super::{Output, moment};
use crate::{
    config::Settings,
    http::chain,
    key_file::{self, KeyFileError, Keys, RingName},
    live_keys,
    open::{OpenError, key_path},
    system::SystemEntropy,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a new version to the rings; what is new uses it, what is old keeps its own
    ///
    /// Running servers follow within seconds (at once on SIGHUP) and nothing stops
    /// working. Hashes cannot be made again without the secrets, so old versions stay
    /// until the secrets that use them have been replaced: see `keys list` and `keys
    /// retire`. Back up the key file afterwards: an older copy is refused from now on.
    Rotate {
        /// Which ring
        #[arg(long, value_enum, default_value_t = Which::All)]
        ring: Which,
    },
    /// List the rings' versions, and how much depends on each
    List,
    /// Print the keys with which your provisioner checks that a request is ours
    ///
    /// Requests are signed with the newest two (Standard Webhooks): give the receiver the
    /// newest after a rotation, before the next one.
    Webhook,
    /// Remove a version on which nothing depends any more
    Retire {
        /// The version, a number
        version: u32,
        /// Which ring
        #[arg(long, value_enum, default_value_t = RingName::Pepper)]
        ring: RingName,
    },
}

/// Which rings a command is about.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Which {
    /// Every ring
    All,
    /// Hashes of API passwords and client secrets
    Pepper,
    /// Sealed copies of passwords, for retries
    Seal,
    /// Signatures on webhooks
    Webhook,
    /// The audit log's chains
    Audit,
}

impl Which {
    fn rings(self) -> Vec<RingName> {
        match self {
            Self::All => RingName::ALL.to_vec(),
            Self::Pepper => vec![RingName::Pepper],
            Self::Seal => vec![RingName::Seal],
            Self::Webhook => vec![RingName::Webhook],
            Self::Audit => vec![RingName::Audit],
        }
    }
}

/// How long after a rotation every server works with the new version: they look
/// every two seconds, and a minute leaves room for a slow shared disk.
const FOLLOWED_SECONDS: i64 = 60;

pub(super) async fn run(settings: &Settings, command: Command) -> Result<Output, String> {
    let context = super::open(settings).await?;
    let path = key_path(settings);
    let output = match command {
        Command::Rotate { ring } => rotate(&context, &path, &ring.rings()).await,
        Command::List => list(&context, &path).await,
        Command::Webhook => webhook(&path),
        Command::Retire { version, ring } => retire(&context, &path, ring, version).await,
    };
    context.store.close().await;
    output
}

async fn rotate(context: &Context, path: &Path, rings: &[RingName]) -> Result<Output, String> {
    let failed = |error: OpenError| chain(&error);
    let keys = key_file::change::<KeyFileError>(path, &SystemEntropy, |mut keys| {
        for name in rings {
            let rotated = keys.ring(*name).with(key_file::new_key(&SystemEntropy));
            keys.set(*name, rotated);
        }
        Ok(keys)
    })
    .map_err(|error| chain(&error))?;
    // Notes the new versions in the database.
    live_keys::read(&context.store, path).await.map_err(failed)?;
    let now: Vec<_> =
        rings.iter().map(|name| (name.name(), keys.ring(*name).current().0)).collect();
    let subjects: Vec<_> = now.iter().map(|(ring, version)| subject(ring, *version)).collect();
    note_keys(context, "keys.rotate", &subjects).await.map_err(|error| chain(&error))?;
    let lines: Vec<_> =
        now.iter().map(|(ring, version)| format!("{ring:<8} now at version {version}")).collect();
    Ok(Output {
        text: format!(
            "{}\n\nRunning servers follow within seconds. Back up the key file {} now.",
            lines.join("\n"),
            path.display()
        ),
        json: json!({ "rings": now.iter().map(|(ring, version)| json!({ "ring": ring, "version": version })).collect::<Vec<_>>() }),
    })
}

async fn list(context: &Context, path: &Path) -> Result<Output, String> {
    let keys = read(path)?;
    let known = known(context).await?;
    let (mut lines, mut rings) = (Vec::new(), Vec::new());
    for name in RingName::ALL {
        let ring = keys.ring(name);
        let mut versions = Vec::new();
        for version in ring.versions() {
            let dependents = dependents(context, name, version).await?;
            let noted = known.iter().find(|it| it.ring == name.name() && it.version == version);
            let created = noted.and_then(|it| moment(it.created_at));
            let current = ring.current().0 == version;
            lines.push(format!(
                "{name:<8} {version:>3}  since {}  used by {dependents:>6} {}{}",
                created.as_deref().unwrap_or("?"),
                name.what(),
                if current { "  (what is new uses this one)" } else { "" },
            ));
            versions.push(json!({
                "version": version,
                "current": current,
                "created_at": created,
                "dependents": dependents,
            }));
        }
        rings.push(json!({ "ring": name.name(), "versions": versions }));
    }
    Ok(Output { text: lines.join("\n"), json: json!({ "rings": rings }) })
}

fn webhook(path: &Path) -> Result<Output, String> {
    Ok(shown(&receiver_keys(Receiver::Provisioner, &read(path)?.webhook)))
}

/// Keys of a receiver.
pub(super) fn shown(keys: &[(u32, Secret)]) -> Output {
    let lines: Vec<_> =
        keys.iter().map(|(version, key)| format!("{version:>3}  {}", key.expose())).collect();
    let list: Vec<_> = keys
        .iter()
        .map(|(version, key)| json!({ "version": version, "key": key.expose() }))
        .collect();
    Output { text: lines.join("\n"), json: json!({ "keys": list }) }
}

async fn retire(
    context: &Context,
    path: &Path,
    name: RingName,
    version: u32,
) -> Result<Output, String> {
    check(context, &read(path)?, name, version).await?;
    let now = context.clock.now();
    let noted = async {
        let mut tx = context.store.begin().await?;
        tx.conn().retire_key_version(name.name(), version, now).await?;
        tx.commit().await
    };
    // The database first: a version that it misses would be taken for a lost one.
    noted.await.map_err(|error: StoreError| chain(&error))?;
    key_file::change::<KeyFileError>(path, &SystemEntropy, |mut keys| {
        if let Some(rest) = keys.ring(name).without(version) {
            keys.set(name, rest);
        }
        Ok(keys)
    })
    .map_err(|error| chain(&error))?;
    let subjects = [subject(name.name(), version)];
    note_keys(context, "keys.retire", &subjects).await.map_err(|error| chain(&error))?;
    Ok(Output {
        text: format!("Version {version} of the {name} key is gone."),
        json: json!({ "ring": name.name(), "version": version, "retired": true }),
    })
}

/// Whether the version may go.
async fn check(context: &Context, keys: &Keys, name: RingName, version: u32) -> Result<(), String> {
    let ring: &KeyRing = keys.ring(name);
    let current = ring.current().0;
    if ring.get(version).is_none() {
        return Err(format!(
            "the {name} ring has no version {version}: `doorstep keys list` shows them"
        ));
    }
    if version == current {
        return Err(format!(
            "version {version} is what new secrets use: `doorstep keys rotate --ring {name}` first"
        ));
    }
    let known = known(context).await?;
    let since = known.iter().find(|it| it.ring == name.name() && it.version == current);
    let followed =
        since.is_some_and(|it| it.created_at.plus_seconds(FOLLOWED_SECONDS) <= context.clock.now());
    if !followed {
        return Err(format!(
            "the {name} ring was rotated a moment ago, and a server may still use version {version}: try again in a minute"
        ));
    }
    let dependents = dependents(context, name, version).await?;
    if dependents > 0 {
        return Err(format!(
            "version {version} of the {name} key is used by {dependents} {}: it must stay",
            name.what()
        ));
    }
    Ok(())
}

async fn dependents(context: &Context, name: RingName, version: u32) -> Result<i64, String> {
    let counted = async {
        let mut read = context.store.read().await?;
        let mut conn = read.conn();
        match name {
            RingName::Pepper => conn.hashed_with(version).await,
            RingName::Seal => conn.sealed_with(version).await,
            RingName::Audit => conn.chained_with(version).await,
            // A signature is made when a message is sent, and not kept.
            RingName::Webhook => Ok(0),
        }
    };
    counted.await.map_err(|error: StoreError| chain(&error))
}

async fn known(context: &Context) -> Result<Vec<KeyVersion>, String> {
    let known = async { context.store.read().await?.conn().key_versions().await };
    known.await.map_err(|error: StoreError| chain(&error))
}

fn read(path: &Path) -> Result<Keys, String> {
    let missing = || KeyFileError::Missing { path: path.to_owned() };
    let read = key_file::read(path, &SystemEntropy).map_err(|error| chain(&error))?;
    read.ok_or_else(|| chain(&missing()))
}

fn subject(ring: &str, version: u32) -> String {
    format!("key:{ring}:{version}")
}

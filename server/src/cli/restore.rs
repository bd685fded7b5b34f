//! `doorstep restore`

use std::path::{Path, PathBuf};

use clap::Args;
use doorstep_store::Store;
use serde_json::{Value, json};

use super::Output;
use crate::{
    backup::{self, BackupError, Filler, Part, Reader, Source, Summary},
    config::Settings,
    http::chain,
    key_file::{self, KeyFileError, Keys},
    live_keys,
    open::key_path,
    system::SystemEntropy,
};

/// Which backup, and what may happen.
///
/// The installation goes into the database and the key file that the settings name: all
/// of it or nothing. Stop the servers first. What a return to an older state means for
/// what happened since stands in the handbook's page on backups.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The backup
    file: PathBuf,
    /// The file with your age identity, for an encrypted backup
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Read it to its end and say whether it is whole; change nothing
    #[arg(long, conflicts_with = "replace")]
    check: bool,
    /// Throw away what is in the database now; a key file that does not fit is kept aside
    #[arg(long)]
    replace: bool,
}

pub(super) async fn run(settings: &Settings, arguments: &Arguments) -> Result<Output, String> {
    let key_path = key_path(settings);
    let opened = open(arguments).map_err(|error| chain(&error))?;
    if arguments.check {
        let summary = backup::examine(opened.0, &key_path).map_err(|error| chain(&error))?;
        return Ok(Output {
            text: format!(
                "The backup of {} is whole: {} users, and {} rows of an intact audit log.",
                summary.made_at,
                summary.rows("users"),
                summary.rows("audit_log"),
            ),
            json: json!({
                "whole": true,
                "made_at": summary.made_at,
                "encrypted": opened.1,
                "rows": rows(&summary),
            }),
        });
    }
    let store = Store::connect(&settings.database.url).await.map_err(|error| chain(&error))?;
    let restored = restore(&store, opened.0, &key_path, arguments.replace).await;
    crate::failpoint::at("restored");
    let migrated = match &restored {
        Ok(_) => store.migrate().await.map_err(|error| chain(&error)),
        Err(_) => Ok(()),
    };
    store.close().await;
    let (summary, kept) = restored?;
    migrated?;
    let aside = kept
        .as_ref()
        .map(|kept| format!(" The key file that was there is {} now.", kept.display()))
        .unwrap_or_default();
    Ok(Output {
        text: format!(
            "The installation is as it was at {}: {} users.{aside} `doorstep audit verify` looks at its log.",
            summary.made_at,
            summary.rows("users"),
        ),
        json: json!({
            "restored": true,
            "made_at": summary.made_at,
            "rows": rows(&summary),
            "key_file_kept": kept.map(|kept| kept.display().to_string()),
        }),
    })
}

/// The rows of each table.
pub(super) fn rows(summary: &Summary) -> Value {
    let rows = summary.tables.iter();
    rows.map(|(table, tally)| ((*table).to_owned(), Value::from(tally.rows))).collect()
}

fn open(arguments: &Arguments) -> Result<(Source, bool), BackupError> {
    let identities = arguments.identity.as_deref().map(backup::identities).transpose()?;
    backup::open(&arguments.file, identities.as_ref())
}

async fn restore(
    store: &Store,
    source: Source,
    key_path: &Path,
    replace: bool,
) -> Result<(Summary, Option<PathBuf>), String> {
    let failed = |error: BackupError| match &error {
        BackupError::Load(doorstep_store::whole::LoadError::NotEmpty { .. }) => format!(
            "{}. Name an empty database in the settings, or throw away what is there by --replace",
            chain(&error)
        ),
        _ => chain(&error),
    };
    if store.is_in_use().await.map_err(|error| chain(&error))? {
        return Err("another program works on the database: stop the servers first".to_owned());
    }
    let (mut reader, header) = Reader::begin(source).map_err(failed)?;
    let there = key_file::inspect(key_path, &SystemEntropy).map_err(|error| chain(&error));
    let there = match there {
        // It is replaced by the one of the backup, and kept.
        Err(_) if replace && header.keys.is_some() => None,
        there => there?,
    };
    let keys = match (header.keys, &there) {
        (Some(keys), _) => keys,
        (None, Some(keys)) => keys.clone(),
        (None, None) => return Err(failed(BackupError::NoKeys(key_path.to_owned()))),
    };
    let mut filler =
        Filler::begin(store, &header.migrations, replace, keys.clone()).await.map_err(failed)?;
    loop {
        match reader.next().map_err(failed)? {
            Part::Table(table, columns) => filler.table(table, columns).await.map_err(failed)?,
            Part::Row(row) => filler.row(row).await.map_err(failed)?,
            Part::End => break,
        }
    }
    let mut kept = None;
    let put_keys = async |summary: &Summary| {
        let (used, aside) = settle_keys(key_path, there, summary, replace)?;
        kept = aside;
        Ok(used)
    };
    let made_at = header.made_at;
    let done = filler.finish(store, "database.restore", key_path, made_at, put_keys).await;
    Ok((done.map_err(failed)?, kept))
}

/// The key file that goes with what was restored: the one that is there, if it has all
/// that is needed (it may have been rotated since), else the one of the backup.
fn settle_keys(
    key_path: &Path,
    there: Option<Keys>,
    summary: &Summary,
    replace: bool,
) -> Result<(Keys, Option<PathBuf>), BackupError> {
    match there {
        Some(there) if live_keys::hold_against(key_path, &there, &summary.versions).is_ok() => {
            Ok((there, None))
        }
        Some(_) if !replace => {
            Err(BackupError::Keys(KeyFileError::Foreign { path: key_path.to_owned() }))
        }
        _ => {
            let kept = key_file::put(key_path, &summary.keys)?;
            Ok((summary.keys.clone(), kept))
        }
    }
}

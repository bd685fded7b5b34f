//! `doorstep db`

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use doorstep_accounts::Clock as _;
use doorstep_store::{
    Store,
    whole::{Column, TABLES, Value},
};
use serde_json::json;

use super::Output;
use crate::{
    backup::{self, BackupError, Filler, Summary},
    config::Settings,
    http::chain,
    open::key_path,
    system::SystemClock,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Copy an installation to another database: from SQLite to PostgreSQL, or back
    ///
    /// Stop the servers first: a source that somebody works on is refused, and so is a
    /// target in which there is anything. All is copied or nothing. Every row is read
    /// again and compared, and the audit log checked. The key file stays what it is: name
    /// the new database in the settings and start the servers.
    Copy(Copy),
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("target").required(true).args(["to", "to_file"])))]
pub(super) struct Copy {
    /// The database to copy [default: the one of the settings]
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// The empty database to copy it to
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// A file with that URL: others on this machine see the command line, and a password
    /// on it
    #[arg(long, value_name = "FILE")]
    to_file: Option<PathBuf>,
}

pub(super) async fn run(settings: &Settings, command: Command) -> Result<Output, String> {
    let Command::Copy(Copy { from, to, to_file }) = command;
    let to = match (to, to_file) {
        (Some(url), _) => url,
        (None, Some(path)) => std::fs::read_to_string(&path)
            .map(|text| text.trim().to_owned())
            .map_err(|error| format!("--to-file {}: {error}", path.display()))?,
        (None, None) => return Err("name the target by --to or --to-file".to_owned()),
    };
    let from = from.unwrap_or_else(|| settings.database.url.clone());
    if let Some(path) = from.strip_prefix("sqlite://").filter(|path| !path.is_empty())
        && !std::path::Path::new(path).exists()
    {
        return Err(format!("--from: there is no database {path}"));
    }
    let connect = async |option: &str, url: &str| {
        let store = Store::connect(url).await;
        store.map_err(|error| format!("{option}: {}", chain(&error)))
    };
    let source = connect("--from", &from).await?;
    for_one(&source, "--from", "stop the servers first").await?;
    let target = connect("--to", &to).await?;
    for_one(&target, "--to", "name a database of its own").await?;
    let copied = copy(settings, &source, &target).await;
    let migrated = match &copied {
        Ok(_) => target.migrate().await.map_err(|error| chain(&error)),
        Err(_) => Ok(()),
    };
    source.close().await;
    target.close().await;
    let summary = copied.map_err(|error| chain(&error))?;
    migrated?;
    let all: u64 = summary.tables.values().map(|tally| tally.rows).sum();
    Ok(Output {
        text: format!(
            "{all} rows in {} tables were copied and compared, {} users among them. Now name the new database in the settings (database.url) and start the servers; the key file stays.",
            summary.tables.len(),
            summary.rows("users"),
        ),
        json: json!({
            "copied": true,
            "tables": summary
                .tables
                .iter()
                .map(|(table, tally)| json!({
                    "table": table, "rows": tally.rows, "digest": tally.digest(),
                }))
                .collect::<Vec<_>>(),
        }),
    })
}

async fn for_one(store: &Store, option: &str, advice: &str) -> Result<(), String> {
    match store.is_in_use().await {
        Ok(false) => Ok(()),
        Ok(true) => Err(format!("{option}: another program works on the database: {advice}")),
        Err(error) => Err(format!("{option}: {}", chain(&error))),
    }
}

async fn copy(settings: &Settings, source: &Store, target: &Store) -> Result<Summary, BackupError> {
    let now = jiff::Timestamp::from_millisecond(SystemClock.now().0).unwrap_or_default();
    let mut snapshot = source.snapshot().await?;
    let key_path = key_path(settings);
    let keys = backup::need_keys(&key_path)?;
    let migrations = backup::schema(&mut snapshot).await?;
    let mut filler = Filler::begin(target, &migrations, false, keys.clone()).await?;
    for table in TABLES {
        let columns = snapshot.columns(table).await?;
        if columns.is_empty() {
            continue;
        }
        filler.table(table, columns.clone()).await?;
        let take = async |rows: Vec<Vec<Value>>| {
            for row in rows {
                filler.row(row).await?;
            }
            Ok::<_, BackupError>(())
        };
        snapshot.rows(table, &columns, take).await?;
    }
    drop(snapshot);
    // Started in between, a server could have answered what is not in the copy.
    let unchanged = async |summary: &Summary| {
        let mut now = source.snapshot().await?;
        for table in ["counters", "audit_heads", "tokens", "jobs"] {
            let columns: Vec<Column> = now.columns(table).await?;
            if summary.tables.get(table) != Some(&now.tally(table, &columns).await?) {
                return Err(BackupError::Moved);
            }
        }
        Ok(keys)
    };
    filler.finish(target, "database.copy", &key_path, now.to_string(), unchanged).await
}

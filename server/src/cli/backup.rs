//! `doorstep backup`

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use age::x25519;
use clap::{ArgGroup, Args};
use doorstep_accounts::Clock as _;
use doorstep_store::{Store, lock_folder};
use serde_json::json;

use super::Output;
use crate::{
    backup::{self, BackupError, Keep, Summary},
    config::Settings,
    http::chain,
    open::key_path,
    system::SystemClock,
};

/// What an unfinished backup is called: hidden, and never taken for a whole one.
const UNFINISHED: &str = ".doorstep-unfinished-";

/// What to write, and what to keep.
///
/// The file holds the database as it is at the moment when the backup begins: every
/// sign-up that was answered before is in it. It is read back and checked as `restore
/// --check` does before it gets its name.
///
/// To restore, one needs the key file as well. An encrypted backup has it in it; one in
/// clear has not, so that it is of no use to a thief: keep the key file elsewhere.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("form").required(true).args(["recipients", "plain"])))]
pub(super) struct Arguments {
    /// The folder to put it into, where nobody else may write
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Encrypt it to this age public key (several may be named); `age-keygen` makes a pair
    #[arg(long = "recipient", value_name = "age1…", value_parser = backup::recipient)]
    recipients: Vec<x25519::Recipient>,
    /// Do not encrypt it, and leave the key file out
    #[arg(long)]
    plain: bool,
    /// How many of the newest backups in the folder stay: enough to notice that the last
    /// ones are no good
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    keep: u16,
    /// For how many days one of each stays as well: a mistake is noticed after a holiday
    #[arg(long, value_name = "N", default_value_t = 14)]
    keep_days: u16,
}

pub(super) async fn run(settings: &Settings, arguments: &Arguments) -> Result<Output, String> {
    if let Some(path) = settings.database.url.strip_prefix("sqlite://")
        && !Path::new(path).exists()
    {
        return Err(format!("there is no database {path}: look at database.url"));
    }
    let store = Store::connect(&settings.database.url).await.map_err(|error| chain(&error))?;
    let written = write(settings, arguments, &store).await;
    store.close().await;
    let (path, summary) = written.map_err(|error| chain(&error))?;
    let removed = rotate(arguments).map_err(|error| {
        format!(
            "the backup {} is there, and older ones could not be removed: {error}",
            path.display()
        )
    })?;
    let form = if arguments.plain {
        "in clear and without the key file: keep that one elsewhere, nothing works without it"
    } else {
        "encrypted, with the key file"
    };
    Ok(Output {
        text: format!(
            "{} holds {} users and everything else, {form}. It was read back and is whole.",
            path.display(),
            summary.rows("users"),
        ),
        json: json!({
            "file": path.display().to_string(),
            "made_at": summary.made_at,
            "encrypted": !arguments.plain,
            "rows": super::restore::rows(&summary),
            "removed": removed,
        }),
    })
}

async fn write(
    settings: &Settings,
    arguments: &Arguments,
    store: &Store,
) -> Result<(PathBuf, Summary), BackupError> {
    let folder = &arguments.to;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| BackupError::File { path, source }
    };
    // Held to the end: what is unfinished in the folder was left by somebody who is gone.
    let _turn = lock_folder(folder).map_err(|error| BackupError::File {
        path: folder.clone(),
        source: std::io::Error::other(error),
    })?;
    for name in names(folder).map_err(failed(folder))? {
        if name.starts_with(UNFINISHED) {
            fs::remove_file(folder.join(&name)).map_err(failed(&folder.join(name)))?;
        }
    }
    let now = jiff::Timestamp::from_millisecond(SystemClock.now().0).unwrap_or_default();
    let unfinished = folder.join(format!("{UNFINISHED}{}", std::process::id()));
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished);
    let leftover = Leftover(&unfinished);
    let file = BufWriter::new(file.map_err(failed(&unfinished))?);
    let key_path = key_path(settings);
    let made_at = now.to_string();
    let own = backup::own_identity();
    let mut file = if arguments.plain {
        backup::dump(store, &made_at, None, file).await?
    } else {
        let mut recipients = arguments.recipients.clone();
        recipients.push(own.to_public());
        let sealed = backup::sealed(&recipients, file)?;
        let sealed = backup::dump(store, &made_at, Some(&key_path), sealed).await?;
        sealed.finish().map_err(BackupError::Write)?
    };
    file.flush().and_then(|()| file.get_ref().sync_all()).map_err(BackupError::Write)?;
    drop(file);
    crate::failpoint::at("backup-written");
    let (source, _) = backup::open(&unfinished, Some(&vec![Box::new(own)]))?;
    let summary = backup::examine(source, &key_path)?;
    let path = folder.join(backup::file_name(now, !arguments.plain));
    // A link, unlike a renaming, replaces nothing.
    fs::hard_link(&unfinished, &path).map_err(failed(&path))?;
    drop(leftover);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))?;
    Ok((path, summary))
}

/// Removes what is unfinished, also when it fails.
struct Leftover<'a>(&'a Path);

impl Drop for Leftover<'_> {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(self.0) {
            tracing::warn!(%error, "an unfinished backup is still there");
        }
    }
}

fn rotate(arguments: &Arguments) -> std::io::Result<Vec<String>> {
    let keep = Keep { newest: arguments.keep.into(), days: arguments.keep_days.into() };
    let surplus = backup::surplus(names(&arguments.to)?, keep);
    for name in &surplus {
        fs::remove_file(arguments.to.join(name))?;
    }
    Ok(surplus)
}

/// The names in the folder that are text, as ours are.
fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
    names.filter_map(Result::transpose).collect()
}

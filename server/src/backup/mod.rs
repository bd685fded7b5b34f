//! Backups: an installation in one file, and back again. `crates/handbook/backup.md`
//! describes the file.
//!
//! One format for both databases, written and read by the program itself: no tool of
//! the database has to be there in the right version, nothing is on disk in clear on
//! the way to an encrypted file, and what SQLite wrote PostgreSQL can take over.

mod examine;
mod file;
mod fill;
mod keep;
mod seal;

use std::path::{Path, PathBuf};

use doorstep_store::{
    Store, StoreError,
    whole::{Applied, LoadError, Snapshot, TABLES, knows},
};

pub(crate) use examine::{Examiner, Summary};
pub(crate) use file::{Part, Reader, Writer};
pub(crate) use fill::Filler;
pub(crate) use keep::{Keep, file_name, surplus};
pub(crate) use seal::{Source, identities, open, own_identity, recipient, sealed};

use crate::{
    key_file::{self, KeyFileError, Keys},
    system::SystemEntropy,
};

/// Why there is no backup, or why one is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    #[error("cannot use {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the backup cannot be written")]
    Write(#[source] std::io::Error),
    #[error(
        "there is no installation in the database: look at database.url (DOORSTEP_DATABASE_URL)"
    )]
    Nothing,
    #[error("this is no backup of Doorstep")]
    Foreign,
    #[error("the backup is of a newer format ({0}): use a newer version")]
    Newer(u64),
    #[error("the backup is encrypted: name the file with your age identity by --identity FILE")]
    Sealed,
    #[error("none of the identities opens the backup: it was made for other recipients")]
    WrongIdentity,
    #[error("the identity file {} cannot be used: {why}", path.display())]
    Identity { path: PathBuf, why: String },
    #[error("the backup is damaged ({0}): use another one")]
    Damaged(&'static str),
    #[error("table {table} was not written as it was read: nothing was changed; try again")]
    NotTheSame { table: &'static str },
    #[error("a server wrote to the source while it was copied: stop all servers, and copy again")]
    Moved,
    #[error("the audit log in it is not intact: {0}")]
    Audit(String),
    #[error(
        "the counter {0} is behind the numbers that were given out: somebody changed the database"
    )]
    Counter(&'static str),
    #[error(
        "there is no key file in it, and none at {}: put the installation's key file there, or name its place in the setting keys.file",
        .0.display()
    )]
    NoKeys(PathBuf),
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("the database failed")]
    Store(#[from] StoreError),
}

impl BackupError {
    /// What went wrong while a backup was read: if it does not decrypt or end as it
    /// should, that is damage and not the disk.
    fn reading(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::InvalidData => Self::Damaged("a part does not decrypt"),
            std::io::ErrorKind::UnexpectedEof => Self::Damaged("its end is missing"),
            _ => Self::Damaged("it cannot be read to its end"),
        }
    }
}

/// Writes the whole installation as it is now. `read_keys` is asked when the moment has
/// been taken: a key is in the file before the database depends on it.
pub(crate) async fn dump<W: std::io::Write>(
    store: &Store,
    made_at: &str,
    with_keys: Option<&Path>,
    out: W,
) -> Result<W, BackupError> {
    let mut snapshot = store.snapshot().await?;
    let migrations = schema(&mut snapshot).await?;
    let keys = with_keys.map(need_keys).transpose()?;
    let mut writer = Writer::begin(out, made_at, &migrations, keys.as_ref())?;
    for table in TABLES {
        let columns = snapshot.columns(table).await?;
        if columns.is_empty() {
            continue;
        }
        writer.table(table, &columns)?;
        let write = async |rows: Vec<Vec<_>>| rows.iter().try_for_each(|row| writer.row(row));
        snapshot.rows(table, &columns, write).await?;
        writer.table_end()?;
        crate::failpoint::at("backup-table");
    }
    writer.finish()
}

/// The migrations of a schema that this version can read.
pub(crate) async fn schema(snapshot: &mut Snapshot) -> Result<Vec<Applied>, BackupError> {
    let migrations = snapshot.applied().await?;
    if migrations.is_empty() {
        return Err(BackupError::Nothing);
    }
    knows(&migrations)?;
    Ok(migrations)
}

/// The key file of the place.
pub(crate) fn need_keys(path: &Path) -> Result<Keys, BackupError> {
    let keys = key_file::inspect(path, &SystemEntropy)?;
    keys.ok_or_else(|| BackupError::NoKeys(path.to_owned()))
}

/// Reads a backup to its end and says what is in it. Changes nothing.
pub(crate) fn examine(source: Source, key_path: &Path) -> Result<Summary, BackupError> {
    let (mut reader, header) = Reader::begin(source)?;
    knows(&header.migrations)?;
    let keys = match header.keys {
        Some(keys) => keys,
        None => need_keys(key_path)?,
    };
    let mut examiner = Examiner::new(keys);
    loop {
        match reader.next()? {
            Part::Table(table, columns) => examiner.table(table, columns),
            Part::Row(row) => examiner.row(&row)?,
            Part::End => return examiner.finish(key_path, header.made_at),
        }
    }
}

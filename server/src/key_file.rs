//! The file with the key rings: made at the first start, kept apart from the
//! database so that a stolen one is useless alone.

use std::{
    collections::BTreeMap,
    fs,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorstep_accounts::{Entropy, KeyRing};
use serde::Deserialize;

/// Why there is no ring.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    /// It cannot be read or written.
    #[error("cannot use the key file {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// It does not parse.
    #[error("the key file {} is damaged: {problem}. Restore it from a backup", path.display())]
    Damaged { path: PathBuf, problem: String },
    /// It is gone, and secrets were hashed with it.
    #[error(
        "the key file {} is missing, and this database's secrets were hashed with it. Restore it from a backup, or name its place in the setting keys.file",
        path.display()
    )]
    Missing { path: PathBuf },
    /// It belongs to another database.
    #[error(
        "the key file {} is not the one that this database's secrets were hashed with. Restore the right one, or name its place in the setting keys.file",
        path.display()
    )]
    Foreign { path: PathBuf },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    pepper: BTreeMap<String, String>,
    seal: BTreeMap<String, String>,
}

/// The rings of the file.
#[derive(Debug)]
pub(crate) struct Keys {
    /// What stored secrets are hashed with.
    pub(crate) pepper: KeyRing,
    /// What replay copies are sealed with.
    pub(crate) seal: KeyRing,
}

/// Reads the rings; `None` without a file.
pub(crate) fn read(path: &Path) -> Result<Option<Keys>, KeyFileError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(KeyFileError::File { path: path.to_owned(), source }),
    };
    let damaged = |problem: &str| KeyFileError::Damaged {
        path: path.to_owned(),
        problem: problem.to_owned(),
    };
    // The parser's own message would quote the line, and with it a key.
    let document: Document =
        toml::from_str(&text).map_err(|_| damaged("it is not the expected TOML"))?;
    let ring = |keys| ring(keys).map_err(damaged);
    Ok(Some(Keys { pepper: ring(document.pepper)?, seal: ring(document.seal)? }))
}

fn ring(texts: BTreeMap<String, String>) -> Result<KeyRing, &'static str> {
    let mut keys = Vec::new();
    for (version, key) in texts {
        let version = version.parse().map_err(|_| "a version is not a number")?;
        let key = URL_SAFE_NO_PAD
            .decode(key)
            .ok()
            .and_then(|key| <[u8; 32]>::try_from(key).ok())
            .ok_or("a key is not 32 bytes in base64url")?;
        keys.push((version, key));
    }
    KeyRing::new(keys).ok_or("a ring has no key")
}

/// Makes both rings and writes them, whole or not at all, readable by its owner only.
/// If another process was faster, its file is the one.
pub(crate) fn create(path: &Path, entropy: &dyn Entropy) -> Result<(), KeyFileError> {
    let failed = |source| KeyFileError::File { path: path.to_owned(), source };
    let new_key = || {
        let mut key = [0_u8; 32];
        entropy.fill(&mut key);
        URL_SAFE_NO_PAD.encode(key)
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // A temporary file is made with mode 0600.
    let mut file =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    let text = format!(
        "# Doorstep's keys. Secrets in the database are hashed with them: without this file\n\
         # no credential works. Back it up, apart from the database, and keep it secret.\n\
         [pepper]\n1 = \"{}\"\n\n[seal]\n1 = \"{}\"\n",
        new_key(),
        new_key(),
    );
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error.error)),
    }
}

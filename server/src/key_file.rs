//! The file with the key rings: made at the first start, kept apart from the
//! database so that a stolen one is useless alone.
//!
//! The file is replaced as a whole, by renaming a finished one over it, so a crash
//! leaves the old or the new keys and never half of them. Whoever changes it holds
//! a lock file beside it (the file itself is another one after the change), so that
//! two changes at once are two changes.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    io::{ErrorKind, Write as _},
    os::unix::fs::{MetadataExt as _, fchown},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorstep_accounts::{Entropy, KeyRing};
use doorstep_store::{LockError, lock_folder};
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
    /// Another program changes it.
    #[error(transparent)]
    Lock(#[from] LockError),
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
    /// It is from before a rotation.
    #[error(
        "the key file {} is an old one: it lacks version {version} of the {ring} key, which this database uses. Restore a newer copy of the file",
        path.display()
    )]
    Outdated { path: PathBuf, ring: RingName, version: u32 },
}

/// A section of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RingName {
    /// Hashes of API passwords and client secrets.
    Pepper,
    /// Sealed copies of passwords, for retries.
    Seal,
    /// Signatures on webhooks.
    Webhook,
    /// The audit log's chains.
    Audit,
}

impl RingName {
    /// All of them, in the file's order.
    pub(crate) const ALL: [Self; 4] = [Self::Pepper, Self::Seal, Self::Webhook, Self::Audit];

    /// The section's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pepper => "pepper",
            Self::Seal => "seal",
            Self::Webhook => "webhook",
            Self::Audit => "audit",
        }
    }

    /// What depends on its versions, in the plural.
    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::Pepper => "passwords and client secrets",
            Self::Seal => "sealed copies",
            Self::Webhook => "signatures",
            Self::Audit => "audit rows",
        }
    }
}

impl std::fmt::Display for RingName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    pepper: BTreeMap<String, String>,
    seal: BTreeMap<String, String>,
    /// Files of version 0.1 have the first two only.
    webhook: Option<BTreeMap<String, String>>,
    audit: Option<BTreeMap<String, String>>,
    #[serde(default)]
    audit_log: AuditLog,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuditLog {
    begun: bool,
}

/// The rings of the file.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    /// What stored secrets are hashed with.
    pub(crate) pepper: KeyRing,
    /// What replay copies are sealed with.
    pub(crate) seal: KeyRing,
    /// What webhooks are signed with.
    pub(crate) webhook: KeyRing,
    /// What the audit log is chained with.
    pub(crate) audit: KeyRing,
    /// Whether the audit log was ever begun. It stands here because whoever has the
    /// database alone must not be able to make an empty log look like a new one.
    pub(crate) audit_begun: bool,
}

impl Keys {
    /// The ring of that name.
    pub(crate) fn ring(&self, name: RingName) -> &KeyRing {
        match name {
            RingName::Pepper => &self.pepper,
            RingName::Seal => &self.seal,
            RingName::Webhook => &self.webhook,
            RingName::Audit => &self.audit,
        }
    }

    /// Puts another ring in the place of that one.
    pub(crate) fn set(&mut self, name: RingName, ring: KeyRing) {
        *match name {
            RingName::Pepper => &mut self.pepper,
            RingName::Seal => &mut self.seal,
            RingName::Webhook => &mut self.webhook,
            RingName::Audit => &mut self.audit,
        } = ring;
    }

    /// The file's text.
    pub(crate) fn to_text(&self) -> String {
        let mut text =
            "# Doorstep's keys. Secrets in the database are hashed with them: without this file\n\
             # no credential works. Back it up, apart from the database, and keep it secret.\n\
             # `doorstep keys rotate` adds a version; the highest one is used for what is new.\n"
                .to_owned();
        for name in RingName::ALL {
            let ring = self.ring(name);
            let _ = writeln!(text, "\n[{name}]");
            for (version, key) in ring.versions().into_iter().filter_map(|it| ring.get(it)) {
                let _ = writeln!(text, "{version} = \"{}\"", URL_SAFE_NO_PAD.encode(*key));
            }
        }
        if self.audit_begun {
            text.push_str("\n[audit_log]\nbegun = true\n");
        }
        text
    }
}

/// Reads the rings; `None` without a file. A file of an older version gets the
/// rings that it lacks: nothing was made with them yet, so nothing can be lost, and
/// an operator need not know about them to start a new version.
pub(crate) fn read(path: &Path, entropy: &dyn Entropy) -> Result<Option<Keys>, KeyFileError> {
    match parse(path)? {
        None => Ok(None),
        Some(parsed) if parsed.is_whole() => Ok(Some(parsed.complete(entropy))),
        Some(_) => change(path, entropy, Ok).map(Some),
    }
}

/// Reads the rings and writes nothing; those that a file of an older version lacks are
/// made for this once.
pub(crate) fn inspect(path: &Path, entropy: &dyn Entropy) -> Result<Option<Keys>, KeyFileError> {
    Ok(parse(path)?.map(|parsed| parsed.complete(entropy)))
}

/// Changes the rings, one change at a time.
pub(crate) fn change<E: From<KeyFileError>>(
    path: &Path,
    entropy: &dyn Entropy,
    change: impl FnOnce(Keys) -> Result<Keys, E>,
) -> Result<Keys, E> {
    let _turn = lock_folder(folder(path)).map_err(KeyFileError::from)?;
    // What the lock was waited for may have changed it.
    let parsed = parse(path)?.ok_or_else(|| KeyFileError::Missing { path: path.to_owned() })?;
    let keys = change(parsed.complete(entropy))?;
    write(path, &keys)?;
    Ok(keys)
}

/// Makes all rings and writes them, readable by its owner only. If another process
/// was faster, its file is the one.
pub(crate) fn create(path: &Path, entropy: &dyn Entropy) -> Result<(), KeyFileError> {
    let _turn = lock_folder(folder(path))?;
    if path.try_exists().map_err(|source| failed(path, source))? {
        return Ok(());
    }
    let [pepper, seal, webhook, audit] = [(); 4].map(|()| new_ring(entropy));
    write(path, &Keys { pepper, seal, webhook, audit, audit_begun: false })
}

/// Puts rings from elsewhere in the place of the file, if there is one, and gives the
/// name under which that one is kept.
pub(crate) fn put(path: &Path, keys: &Keys) -> Result<Option<PathBuf>, KeyFileError> {
    let _turn = lock_folder(folder(path))?;
    let mut kept = None;
    if path.try_exists().map_err(|source| failed(path, source))? {
        let free = |number: &u32| {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".replaced-{number}"));
            let name = PathBuf::from(name);
            (!name.exists()).then_some(name)
        };
        let name = (1..=u32::MAX).find_map(|number| free(&number)).unwrap_or_default();
        fs::hard_link(path, &name).map_err(|source| failed(&name, source))?;
        kept = Some(name);
    }
    write(path, keys)?;
    Ok(kept)
}

/// 32 random bytes.
pub(crate) fn new_key(entropy: &dyn Entropy) -> [u8; 32] {
    let mut key = [0; 32];
    entropy.fill(&mut key);
    key
}

struct Parsed {
    pepper: KeyRing,
    seal: KeyRing,
    webhook: Option<KeyRing>,
    audit: Option<KeyRing>,
    audit_begun: bool,
}

impl Parsed {
    fn is_whole(&self) -> bool {
        self.webhook.is_some() && self.audit.is_some()
    }

    fn complete(self, entropy: &dyn Entropy) -> Keys {
        let Self { pepper, seal, webhook, audit, audit_begun } = self;
        Keys {
            pepper,
            seal,
            webhook: webhook.unwrap_or_else(|| new_ring(entropy)),
            audit: audit.unwrap_or_else(|| new_ring(entropy)),
            audit_begun,
        }
    }
}

fn new_ring(entropy: &dyn Entropy) -> KeyRing {
    KeyRing::new([(1, new_key(entropy))]).expect("it has a key")
}

fn failed(path: &Path, source: std::io::Error) -> KeyFileError {
    KeyFileError::File { path: path.to_owned(), source }
}

fn parse(path: &Path) -> Result<Option<Parsed>, KeyFileError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => zeroize::Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed(path, source)),
    };
    let damaged = |problem: &str| KeyFileError::Damaged {
        path: path.to_owned(),
        problem: problem.to_owned(),
    };
    parse_text(&text).map(Some).map_err(damaged)
}

/// The rings of a text that [`Keys::to_text`] made.
pub(crate) fn from_text(text: &str) -> Option<Keys> {
    let Parsed { pepper, seal, webhook, audit, audit_begun } = parse_text(text).ok()?;
    Some(Keys { pepper, seal, webhook: webhook?, audit: audit?, audit_begun })
}

fn parse_text(text: &str) -> Result<Parsed, &'static str> {
    // The parser's own message would quote the line, and with it a key.
    let document: Document = toml::from_str(text).map_err(|_| "it is not the expected TOML")?;
    Ok(Parsed {
        pepper: ring(document.pepper)?,
        seal: ring(document.seal)?,
        webhook: document.webhook.map(ring).transpose()?,
        audit: document.audit.map(ring).transpose()?,
        audit_begun: document.audit_log.begun,
    })
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

/// The folder that the file, and not a link to it, is in.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes the file whole or not at all, on disk when it returns. It keeps its owner:
/// the operator who rotates a key may be another user than the server.
fn write(path: &Path, keys: &Keys) -> Result<(), KeyFileError> {
    let failed = |source| failed(path, source);
    // A link is followed, not replaced.
    let target = match fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(failed(error)),
    };
    // A temporary file is made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder(&target)).map_err(failed)?;
    let text = zeroize::Zeroizing::new(keys.to_text());
    file.write_all(text.as_bytes()).map_err(failed)?;
    if let Ok(before) = fs::symlink_metadata(&target) {
        let own = file.as_file().metadata().map_err(failed)?;
        if (own.uid(), own.gid()) != (before.uid(), before.gid()) {
            // By its name it could be another file by now: the folder's owner need not
            // be whom this program runs as.
            fchown(file.as_file(), Some(before.uid()), Some(before.gid())).map_err(failed)?;
        }
    }
    file.as_file().sync_all().map_err(failed)?;
    still_there(&file).map_err(failed)?;
    file.persist(&target).map_err(|error| failed(error.error))?;
    File::open(folder(&target)).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// Whether the name still leads to the file that was written.
fn still_there(file: &tempfile::NamedTempFile) -> std::io::Result<()> {
    let (named, open) = (fs::symlink_metadata(file.path())?, file.as_file().metadata()?);
    if (named.dev(), named.ino()) == (open.dev(), open.ino()) {
        return Ok(());
    }
    Err(std::io::Error::other("somebody put another file in the place of the new one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_put_in_the_place_of_the_new_one_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = tempfile::NamedTempFile::new_in(folder.path()).unwrap();
        still_there(&file).unwrap();
        fs::rename(file.path(), folder.path().join("aside")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("aside"), file.path()).unwrap();
        still_there(&file).unwrap_err();
    }
}

//! A lock on a folder, for what only one program may do in it at a time.
//!
//! It is a file of its own that only its owner may open: a lock on the folder itself
//! could be held for ever by every user of the machine that may look into it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::ErrorKind,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Hidden, because it is nothing to look at, and named after who makes it.
const NAME: &str = ".doorstep.lock";
/// Long enough for a migration of a large database and for a queue of starters, short
/// enough that an operator still looks at the terminal.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is tried: a start is not noticeably later for it.
const EVERY: Duration = Duration::from_millis(10);

/// The lock is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The file cannot be used.
    #[error("cannot use the lock file {}", path.display())]
    File {
        /// The lock file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Somebody has it.
    #[error(
        "another program holds the lock file {} and does not let go: find it with `fuser`, end it, and try again",
        path.display()
    )]
    Held {
        /// The lock file.
        path: PathBuf,
    },
}

/// Waits for the folder's lock, which goes with the file that is returned. Blocks the
/// thread for up to half a minute.
pub fn lock_folder(folder: &Path) -> Result<File, LockError> {
    lock(folder, PATIENCE)
}

fn lock(folder: &Path, patience: Duration) -> Result<File, LockError> {
    let path = folder.join(NAME);
    let file =
        open(folder, &path).map_err(|source| LockError::File { path: path.clone(), source })?;
    let until = Instant::now() + patience;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(EVERY),
            Err(TryLockError::WouldBlock) => return Err(LockError::Held { path }),
            Err(TryLockError::Error(source)) => return Err(LockError::File { path, source }),
        }
    }
}

fn open(folder: &Path, path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    // Neither a link nor a pipe that somebody put there is followed or waited for.
    options.read(true).write(true).mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    match options.clone().create_new(true).open(path) {
        Ok(file) => {
            // Made by root for a service: the service must be able to open it as well.
            let (own, owner) = (file.metadata()?, folder.metadata()?);
            if own.uid() == 0 && owner.uid() != 0 {
                fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
            }
            Ok(file)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => options.open(path),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::ZERO;

    #[test]
    fn the_file_is_named_when_somebody_holds_it_and_free_when_they_let_go() {
        let folder = std::env::temp_dir().join(format!("doorstep-turn-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let first = lock(&folder, AT_ONCE).unwrap();
        assert_eq!(first.metadata().unwrap().mode() & 0o777, 0o600);
        let error = lock(&folder, AT_ONCE).unwrap_err();
        assert!(error.to_string().contains(NAME), "{error}");
        drop(first);
        drop(lock(&folder, AT_ONCE).unwrap());
        // A link leads somewhere that is not ours to lock.
        std::fs::remove_file(folder.join(NAME)).unwrap();
        std::os::unix::fs::symlink("/dev/null", folder.join(NAME)).unwrap();
        assert!(matches!(lock(&folder, AT_ONCE), Err(LockError::File { .. })));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

//! A project is a folder with a manifest: for a single host, where something else looks
//! into the folder and starts what the manifest says.
//!
//! The folder appears whole or not at all, under the order's id: names of files never
//! come from what people type. A second run finds what the first one made.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use doorstep_register::Assignment;
use serde_json::Value;
use zeroize::Zeroizing;

use super::provision::{Made, Trouble, manifest, secrets};
use crate::{config::Provisioning, failpoint, http::chain};

/// What was ordered.
const MANIFEST: &str = "manifest.json";
/// The secrets that were sent with it; there only if there are some.
const SECRETS: &str = "secrets.json";

/// The folder of projects.
#[derive(Debug)]
pub(super) struct Directory {
    root: PathBuf,
}

/// A project's files.
struct Files {
    id: String,
    manifest: Zeroizing<String>,
    secrets: Option<Zeroizing<String>>,
}

impl Directory {
    pub(super) fn new(settings: &Provisioning) -> Self {
        Self { root: settings.directory.clone() }
    }

    /// Makes the folder of a project, or finds it.
    pub(super) async fn make(self: &Arc<Self>, assignment: &Assignment) -> Result<Made, Trouble> {
        let files = Files {
            id: assignment.order.id.clone(),
            manifest: text(&manifest(assignment)),
            secrets: (!assignment.secrets.is_empty()).then(|| text(&secrets(assignment))),
        };
        let directory = Arc::clone(self);
        // A disk can be slow, and others want the thread.
        let written = tokio::task::spawn_blocking(move || directory.write(&files));
        match written.await {
            Ok(Ok(())) => Ok(Made::Done { link: None }),
            Ok(Err(error)) => {
                let root = self.root.display();
                Err(Trouble::Passing(format!("the folder {root}: {}", chain(&error))))
            }
            Err(error) => Err(Trouble::Passing(chain(&error))),
        }
    }

    fn write(&self, files: &Files) -> std::io::Result<()> {
        let place = self.root.join(&files.id);
        if is_whole(&place)? {
            return sync(&self.root);
        }
        self.clear(&files.id)?;
        // In the same file system as where it goes.
        let prefix = format!(".{}.", files.id);
        let folder = tempfile::Builder::new()
            .prefix(&prefix)
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(&self.root)?;
        create(&folder.path().join(MANIFEST), files.manifest.as_bytes())?;
        if let Some(secrets) = &files.secrets {
            create(&folder.path().join(SECRETS), secrets.as_bytes())?;
        }
        sync(folder.path())?;
        failpoint::at("written");
        match fs::rename(folder.path(), &place) {
            Ok(()) => {
                // It is no temporary folder any more.
                let _ = folder.keep();
            }
            // Somebody was faster: a worker that was taken for dead.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists
                ) && is_whole(&place)? => {}
            Err(error) => return Err(error),
        }
        failpoint::at("renamed");
        sync(&self.root)
    }

    /// Removes what runs that were killed have left of this project.
    fn clear(&self, id: &str) -> std::io::Result<()> {
        let prefix = format!(".{id}.");
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}

/// Whether the project's folder is there: it only ever appears whole.
fn is_whole(place: &Path) -> std::io::Result<bool> {
    place.join(MANIFEST).try_exists()
}

/// Writes a file that only its owner may read, to the disk.
fn create(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

fn text(value: &Value) -> Zeroizing<String> {
    Zeroizing::new(format!("{value:#}\n"))
}

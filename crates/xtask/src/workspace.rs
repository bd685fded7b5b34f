//! Where things are in the checkout.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use serde::Deserialize;

use crate::command;
use crate::screen::Screen;
use crate::widget::Mode;

/// The checkout this program was started in.
pub(crate) struct Workspace {
    root: PathBuf,
}

#[derive(Deserialize)]
struct LockFile {
    package: Vec<LockedPackage>,
}

#[derive(Deserialize)]
struct LockedPackage {
    name: String,
    version: String,
}

impl Workspace {
    /// Cargo names our manifest at run time; the compile-time path is for a binary called directly.
    pub(crate) fn find() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .ancestors()
            .find(|folder| folder.join("Cargo.lock").is_file())
            .ok_or_else(|| {
                anyhow!(
                    "no Cargo.lock above {}; call `cargo xtask` in the checkout",
                    manifest.display()
                )
            })?;
        Ok(Self { root: root.to_path_buf() })
    }

    /// A path in the checkout.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo puts what it builds. Fixed, so that `target/release/doorstep` is true everywhere.
    pub(crate) fn target(&self) -> PathBuf {
        self.path("target")
    }

    /// Logs, stamps and npm tools of this program.
    pub(crate) fn scratch(&self) -> Result<PathBuf> {
        let folder = self.path("target/xtask");
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(folder)
    }

    /// Waits until no other `cargo xtask` in this checkout does the same; the lock is held until its file is dropped.
    pub(crate) fn lock(&self, screen: &Screen, name: &str) -> Result<File> {
        let path = self.scratch()?.join(format!("{name}.lock"));
        let file =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        if file.try_lock().is_err() {
            screen.step("Waiting for another cargo xtask in this checkout", || Ok(file.lock()?))?;
        }
        Ok(file)
    }

    /// What the server embeds: the widget, packed.
    pub(crate) fn dist(&self) -> PathBuf {
        self.path("target/dist")
    }

    /// A program that cargo built in the dev profile.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.path("target/debug").join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// The version of a dependency as Cargo.lock has it.
    pub(crate) fn locked_version(&self, package: &str) -> Result<String> {
        let text = fs::read_to_string(self.path("Cargo.lock")).context("cannot read Cargo.lock")?;
        let lock: LockFile =
            toml::from_str(&text).context("Cargo.lock is not what cargo writes")?;
        lock.package
            .into_iter()
            .find(|locked| locked.name == package)
            .map(|locked| locked.version)
            .ok_or_else(|| anyhow!("Cargo.lock has no `{package}`"))
    }

    /// Builds the server and the demo panel, with the widget that lies in `target/dist`.
    pub(crate) fn build_programs(&self, screen: &Screen, mode: Mode) -> Result<()> {
        let mut cargo = command::cargo(self);
        cargo.args(["build", "--package", "doorstep-server", "--package", "doorstep-panel"]);
        if mode == Mode::Release {
            cargo.arg("--release");
        }
        screen.step("Building the server and the demo panel", || {
            command::logged(self, "programs", &mut cargo).map(drop)
        })
    }
}

//! Whether the widget must be built again: a digest of all that goes into it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;
use sha2::{Digest, Sha256};

use crate::tools::WidgetTools;
use crate::widget::compile::Compiled;
use crate::widget::{Mode, pack};
use crate::workspace::Workspace;

/// Files beside the crates' own: the entry page, versions and profiles, and the program that packs.
const SHARED: [&str; 7] = [
    "index.html",
    "Trunk.toml",
    "Cargo.toml",
    "Cargo.lock",
    "crates/xtask/src/widget",
    "crates/xtask/src/tools/compiler.rs",
    "crates/xtask/npm",
];

/// The packing's own inputs, beside what the compiler left.
const PACKING: [&str; 7] = [
    "widget/embed",
    "widget/locales",
    "crates/texts",
    "widget/style",
    "crates/xtask/Cargo.toml",
    "crates/xtask/src/widget",
    "crates/xtask/npm",
];

/// The digest of the last build's inputs, kept in a file.
pub(crate) struct Stamp {
    file: PathBuf,
}

impl Stamp {
    pub(crate) fn new(workspace: &Workspace, name: &str) -> Result<Self> {
        Ok(Self { file: workspace.scratch()?.join(format!("widget-{name}.stamp")) })
    }

    pub(crate) fn is(&self, digest: &str) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|last| last == digest)
    }

    /// To be called last: a build that broke off is not taken for a finished one.
    pub(crate) fn write(&self, digest: &str) -> Result<()> {
        fs::write(&self.file, digest)
            .with_context(|| format!("cannot write {}", self.file.display()))
    }
}

/// A digest that changes when what is packed does.
pub(crate) fn of_product(workspace: &Workspace, compiled: &Compiled) -> Result<String> {
    let mut digest = Sha256::new();
    let places = compiled.files().cloned();
    add_files(workspace, &mut digest, places.chain(PACKING.map(|place| workspace.path(place))))?;
    Ok(pack::hexadecimal(&digest.finalize()))
}

/// A digest that changes when anything the widget is compiled from does.
pub(crate) fn of_source(workspace: &Workspace, mode: Mode, tools: &WidgetTools) -> Result<String> {
    let mut digest = Sha256::new();
    digest.update(tools.compiler.name());
    digest.update(if mode == Mode::Release { "release" } else { "development" });
    let places =
        crate_folders(workspace)?.into_iter().chain(SHARED.map(|place| workspace.path(place)));
    add_files(workspace, &mut digest, places)?;
    Ok(pack::hexadecimal(&digest.finalize()))
}

fn add_files(
    workspace: &Workspace,
    digest: &mut Sha256,
    places: impl Iterator<Item = PathBuf>,
) -> Result<()> {
    let mut files = Vec::new();
    for place in places {
        collect(&place, &mut files)?;
    }
    files.sort();
    for file in files {
        let relative = file.strip_prefix(workspace.root()).unwrap_or(&file);
        let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        digest.update(relative.to_string_lossy().as_bytes());
        digest.update(content.len().to_le_bytes());
        digest.update(&content);
    }
    Ok(())
}

/// The widget's folder and those of our crates it is made of.
fn crate_folders(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace.path("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo cannot read the workspace")?;
    let mut folders: Vec<PathBuf> = Vec::new();
    let mut pending =
        ["widget", "widget/order", "crates/solver"].map(|it| workspace.path(it)).to_vec();
    while let Some(folder) = pending.pop() {
        if folders.contains(&folder) {
            continue;
        }
        let package = metadata
            .packages
            .iter()
            .find(|package| package.manifest_path.as_std_path() == folder.join("Cargo.toml"));
        for dependency in package.into_iter().flat_map(|package| &package.dependencies) {
            pending.extend(dependency.path.iter().map(|path| path.as_std_path().to_path_buf()));
        }
        folders.push(folder);
    }
    Ok(folders)
}

fn collect(place: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if place.is_file() {
        files.push(place.to_path_buf());
    } else if place.is_dir() {
        for entry in
            fs::read_dir(place).with_context(|| format!("cannot list {}", place.display()))?
        {
            collect(&entry?.path(), files)?;
        }
    }
    Ok(())
}

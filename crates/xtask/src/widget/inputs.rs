//! Whether the widget must be built again: a digest of all that goes into it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;
use sha2::{Digest, Sha256};

use crate::tools::WidgetTools;
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
    "crates/xtask/npm/package-lock.json",
];

/// One line of hexadecimal that changes when anything the widget is made of does.
pub(crate) fn stamp(workspace: &Workspace, mode: Mode, tools: &WidgetTools) -> Result<String> {
    let mut digest = Sha256::new();
    digest.update(tools.compiler.name());
    digest.update(if mode == Mode::Release { "release" } else { "development" });
    let mut files = Vec::new();
    for place in
        crate_folders(workspace)?.into_iter().chain(SHARED.map(|place| workspace.path(place)))
    {
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
    Ok(pack::hexadecimal(&digest.finalize()))
}

/// The widget's folder and those of our crates it is made of.
fn crate_folders(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace.path("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo cannot read the workspace")?;
    let mut folders: Vec<PathBuf> = Vec::new();
    let mut pending = vec![workspace.path("widget")];
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

//! trunk: from the top-level `index.html` to a wasm module and its JavaScript glue.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::command;
use crate::tools::WidgetTools;
use crate::widget::Mode;
use crate::workspace::Workspace;

/// What trunk leaves behind.
pub(crate) struct Compiled {
    pub(crate) wasm: PathBuf,
    pub(crate) glue: PathBuf,
}

pub(crate) fn trunk_build(workspace: &Workspace, mode: Mode, tools: &WidgetTools) -> Result<()> {
    let dist = dist(workspace);
    // trunk leaves files of former builds alone, and `compiled` takes the only one there is.
    if dist.exists() {
        fs::remove_dir_all(&dist).with_context(|| format!("cannot empty {}", dist.display()))?;
    }
    let mut trunk = trunk(workspace, mode, tools)?;
    // No hashes and no wasm-opt: both come later, when the glue and the loader are minified as well.
    trunk
        .arg("build")
        .args(["--color=never", "--skip-version-check"])
        .args([
            "--cargo-profile=widget",
            "--release=false",
            "--minify=false",
            "--filehash=false",
            "--no-sri=true",
        ])
        .arg("--dist")
        .arg(&dist);
    command::logged(workspace, "trunk", &mut trunk).map(drop)
}

pub(crate) fn trunk_serve(workspace: &Workspace, tools: &WidgetTools) -> Result<ExitCode> {
    let mut trunk = trunk(workspace, Mode::Development, tools)?;
    trunk.arg("serve").arg("--skip-version-check").env_remove("NO_COLOR").stdin(Stdio::inherit());
    let status = trunk.status().context("cannot start trunk")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The module and the glue in trunk's folder.
pub(crate) fn compiled(workspace: &Workspace) -> Result<Compiled> {
    let dist = dist(workspace);
    Ok(Compiled { wasm: only(&dist, "wasm")?, glue: only(&dist, "js")? })
}

fn trunk(workspace: &Workspace, mode: Mode, tools: &WidgetTools) -> Result<Command> {
    let mut trunk = command::new(&tools.trunk);
    trunk.current_dir(workspace.root());
    tools.compiler.configure(&mut trunk, workspace, mode, &[&tools.wasm_bindgen])?;
    // trunk reads any word in NO_COLOR but `true` as a mistake.
    trunk.env_remove("NO_COLOR");
    // When the compiler refuses, trunk's own stack is the least interesting part of the log.
    trunk.env("RUST_BACKTRACE", "0");
    Ok(trunk)
}

fn dist(workspace: &Workspace) -> PathBuf {
    workspace.path("target/trunk")
}

fn only(folder: &Path, extension: &str) -> Result<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| format!("trunk left no {}", folder.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|this| this == extension))
        .collect();
    match (found.pop(), found.len()) {
        (Some(path), 0) => Ok(path),
        (None, _) => bail!(
            "trunk left no .{extension} in {}: does index.html link the widget?",
            folder.display()
        ),
        (Some(_), _) => {
            bail!("trunk left several .{extension} files in {}; one is expected", folder.display())
        }
    }
}

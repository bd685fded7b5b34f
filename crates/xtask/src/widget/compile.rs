//! trunk: from the top-level `index.html` to a wasm module and its JavaScript glue.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};

use crate::command;
use crate::tools::WidgetTools;
use crate::widget::Mode;
use crate::workspace::Workspace;

/// What trunk leaves behind.
pub(crate) struct Compiled {
    pub(crate) wasm: PathBuf,
    pub(crate) glue: PathBuf,
    /// The puzzle's solver, for the pages that need it.
    pub(crate) solver_wasm: PathBuf,
    pub(crate) solver_glue: PathBuf,
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
    let file = |name: &str| -> Result<PathBuf> {
        let path = dist.join(name);
        ensure!(path.is_file(), "trunk left no {name}: does index.html link it?");
        Ok(path)
    };
    Ok(Compiled {
        wasm: file("doorstep-widget_bg.wasm")?,
        glue: file("doorstep-widget.js")?,
        solver_wasm: file("doorstep-solver_bg.wasm")?,
        solver_glue: file("doorstep-solver.js")?,
    })
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

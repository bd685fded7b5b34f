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
    pub(crate) form: Pair,
    /// What comes after a sign-up, for the pages that want it.
    pub(crate) order: Pair,
    /// The puzzle's solver, for the pages that need it.
    pub(crate) solver: Pair,
}

/// A module and the JavaScript that wasm-bindgen wrote beside it.
pub(crate) struct Pair {
    pub(crate) wasm: PathBuf,
    pub(crate) glue: PathBuf,
}

impl Compiled {
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.form, &self.order, &self.solver]
            .into_iter()
            .flat_map(|pair| [&pair.wasm, &pair.glue])
    }
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

/// The modules and their glue in trunk's folder.
pub(crate) fn compiled(workspace: &Workspace) -> Result<Compiled> {
    let dist = dist(workspace);
    let file = |name: String| -> Result<PathBuf> {
        let path = dist.join(&name);
        ensure!(path.is_file(), "trunk left no {name}: does index.html link it?");
        Ok(path)
    };
    let pair = |name: &str| -> Result<Pair> {
        Ok(Pair { wasm: file(format!("{name}_bg.wasm"))?, glue: file(format!("{name}.js"))? })
    };
    Ok(Compiled {
        form: pair("doorstep-widget")?,
        order: pair("doorstep-widget-order")?,
        solver: pair("doorstep-solver")?,
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

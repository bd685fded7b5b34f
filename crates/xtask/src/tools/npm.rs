//! Tools from npm: wasm-opt, esbuild and a DOM for the build, the browser driver for the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::screen::Screen;
use crate::tools::debian;
use crate::workspace::Workspace;

/// What esbuild and binaryen ask for.
const NODE_FOR_BUILD: u32 = 18;

/// The browser tests need the options of a newer `node --test`.
const NODE_FOR_TESTS: u32 = 20;

/// Draws the form without a browser.
const TEMPLATE: &str = "template.mjs";

/// What shrinks the widget after the compiler is done with it.
pub(crate) struct BuildTools {
    folder: PathBuf,
}

impl BuildTools {
    pub(crate) fn wasm_opt(&self) -> Command {
        self.command("wasm-opt")
    }

    pub(crate) fn esbuild(&self) -> Command {
        self.command("esbuild")
    }

    /// Node with the program that takes the form down; it lies beside its library.
    pub(crate) fn template(&self) -> Command {
        let mut node = command::new("node");
        node.arg(self.folder.join(TEMPLATE));
        node
    }

    /// Where a library is that a script calls.
    pub(crate) fn library(&self, name: &str) -> PathBuf {
        self.folder.join("node_modules").join(name)
    }

    fn command(&self, name: &str) -> Command {
        command::new(self.folder.join("node_modules/.bin").join(name))
    }
}

/// The tools of `crates/xtask/npm`, installed under `target/` so that the source folders stay clean.
pub(crate) fn build_tools(workspace: &Workspace, screen: &Screen) -> Result<BuildTools> {
    let source = workspace.path("crates/xtask/npm");
    let folder = workspace.scratch()?.join("npm");
    fs::create_dir_all(&folder)?;
    if !is_current(&source, &folder) {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(source.join(file), folder.join(file))
                .with_context(|| format!("cannot copy {file} of the build tools"))?;
        }
        ensure_node(workspace, screen, NODE_FOR_BUILD)?;
        install(workspace, screen, &folder, "wasm-opt, esbuild and linkedom")?;
    }
    fs::copy(source.join(TEMPLATE), folder.join(TEMPLATE))
        .with_context(|| format!("cannot copy {TEMPLATE}"))?;
    Ok(BuildTools { folder })
}

/// Installs what the tests in a folder of the checkout ask for, beside them.
pub(crate) fn install_in_place(
    workspace: &Workspace,
    screen: &Screen,
    relative: &str,
) -> Result<()> {
    let folder = workspace.path(relative);
    ensure_node(workspace, screen, NODE_FOR_TESTS)?;
    if is_current(&folder, &folder) {
        return Ok(());
    }
    install(workspace, screen, &folder, &format!("the node modules of {relative}"))
}

/// The lock file of the last successful installation is kept in `node_modules`; it tells whether there is work.
fn is_current(source: &Path, folder: &Path) -> bool {
    let wanted = fs::read(source.join("package-lock.json"));
    let installed = fs::read(installed_lock(folder));
    matches!((wanted, installed), (Ok(wanted), Ok(installed)) if wanted == installed)
}

fn installed_lock(folder: &Path) -> PathBuf {
    folder.join("node_modules/.doorstep-lock.json")
}

fn install(workspace: &Workspace, screen: &Screen, folder: &Path, what: &str) -> Result<()> {
    let shown = folder.strip_prefix(workspace.root()).unwrap_or(folder).display().to_string();
    screen.step(&format!("Installing {what} from npm"), || {
        let mut npm = command::new("npm");
        // No package here needs its install script, and a script could do anything.
        npm.current_dir(folder).args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
        ]);
        npm.arg("--cache").arg(workspace.scratch()?.join("npm-cache"));
        command::logged(workspace, "npm-ci", &mut npm).with_context(|| {
            format!("install by hand: npm ci --prefix {shown} --ignore-scripts")
        })?;
        fs::copy(folder.join("package-lock.json"), installed_lock(folder))?;
        Ok(())
    })
}

fn ensure_node(workspace: &Workspace, screen: &Screen, minimum: u32) -> Result<()> {
    if which::which("npm").is_err() || node_version().is_none() {
        debian::install(workspace, screen, &["nodejs", "npm"], "Node.js")?;
    }
    match node_version() {
        Some(version) if version >= minimum => Ok(()),
        found => bail!(
            "Node.js {minimum} or newer is needed and {} was found; install it by hand",
            found.map_or_else(|| "none".to_owned(), |version| format!("version {version}"))
        ),
    }
}

fn node_version() -> Option<u32> {
    let answer = command::ask(command::new("node").arg("--version"))?;
    answer.trim_start_matches('v').split('.').next()?.parse().ok()
}

//! Python packages for the tests, in an environment of their own.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::command;
use crate::screen::Screen;
use crate::tools::debian;
use crate::workspace::Workspace;

/// Where the packages are named, each with its version and the hashes of its files.
const REQUIREMENTS: &str = "tests/clients/requirements.txt";

/// Makes `target/xtask/oauth-clients`, with the packages that `tests/clients` asks for.
pub(crate) fn ensure(workspace: &Workspace, screen: &Screen) -> Result<()> {
    let folder = workspace.scratch()?.join("oauth-clients");
    let wanted = fs::read(workspace.path(REQUIREMENTS))
        .with_context(|| format!("cannot read {REQUIREMENTS}"))?;
    // Written last, so that it tells whether the environment is whole.
    let stamp = folder.join("doorstep-requirements.txt");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) && works(&folder) {
        return Ok(());
    }
    ensure_python(workspace, screen)?;
    screen.step("Installing Python packages for the tests", || {
        let mut make = command::new("python3");
        make.args(["-m", "venv", "--clear"]).arg(&folder);
        command::logged(workspace, "python-venv", &mut make)?;
        let mut pip = command::new(folder.join("bin/python"));
        // A source package would run its build script, which could do anything.
        pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input"])
            .args(["--require-hashes", "--only-binary", ":all:", "--requirement"])
            .arg(workspace.path(REQUIREMENTS))
            .arg("--cache-dir")
            .arg(workspace.scratch()?.join("pip-cache"));
        command::logged(workspace, "pip-install", &mut pip)?;
        fs::write(&stamp, &wanted).with_context(|| format!("cannot write {}", stamp.display()))
    })
}

/// Whether the interpreter is still there: the environment only links to it.
fn works(folder: &Path) -> bool {
    let mut python = command::new(folder.join("bin/python"));
    command::ask(python.args(["-c", "import aiosmtpd, authlib, openapi_spec_validator"])).is_some()
}

/// Debian has the module that makes environments in a package of its own.
fn ensure_python(workspace: &Workspace, screen: &Screen) -> Result<()> {
    let mut probe = command::new("python3");
    if command::ask(probe.args(["-c", "import ensurepip, venv"])).is_some() {
        return Ok(());
    }
    debian::install(workspace, screen, &["python3", "python3-venv"], "Python")
}

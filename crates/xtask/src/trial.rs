//! `cargo xtask crash` and its like: trials that take minutes. They are written with the tests, in
//! `tests/src`, and run by a program of theirs; here is what builds and starts it.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::command;
use crate::screen::Screen;
use crate::tools;
use crate::workspace::Workspace;

const PROGRAM: &str = "doorstep-trial";

/// Runs a trial with the person's own arguments; what it prints goes to the terminal.
pub(crate) fn run(
    workspace: &Workspace,
    screen: &Screen,
    name: &str,
    arguments: &[OsString],
) -> Result<ExitCode> {
    tools::postgres::ensure(workspace, screen)?;
    // All programs at once, as the tests' own build asks for them.
    let mut cargo = command::cargo(workspace);
    cargo.args(["build", "--workspace", "--bins"]);
    screen.step("Building the programs", || {
        command::logged(workspace, "programs", &mut cargo).map(drop)
    })?;
    let mut program = command::new(workspace.program(PROGRAM));
    program.current_dir(workspace.root()).arg(name).args(arguments);
    let status = program.status().with_context(|| format!("cannot start {PROGRAM}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

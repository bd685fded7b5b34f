//! `cargo xtask soak`: a release of the server under load for hours, and what it took.

use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::command;
use crate::screen::Screen;
use crate::tools;
use crate::widget::{self, Mode};
use crate::workspace::Workspace;

/// The load and the verdict are the tests' (`tests/src/soak`), which know how to start servers and databases.
const PROGRAM: &str = "target/release/doorstep-soak";

pub(crate) fn run(
    workspace: &Workspace,
    screen: &Screen,
    minutes: u32,
    database: &str,
    load: u8,
) -> Result<ExitCode> {
    tools::postgres::ensure(workspace, screen)?;
    // Its visitors fetch the loader.
    widget::build(workspace, screen, Mode::Release)?;
    let mut cargo = command::cargo(workspace);
    cargo.args(["build", "--release", "--workspace", "--bins"]);
    screen.step("Building the programs, optimised", || {
        command::logged(workspace, "soak-build", &mut cargo).map(drop)
    })?;
    screen.say("Every tenth visitor signs up: eight hours of SQLite on a quick machine want 20 GB below the temporary folder.");
    let mut soak = command::new(workspace.path(PROGRAM));
    soak.current_dir(workspace.root())
        .args(["--minutes", &minutes.to_string(), "--database", database])
        .args(["--load", &load.to_string()])
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit());
    let status = soak.status().with_context(|| format!("cannot start {PROGRAM}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

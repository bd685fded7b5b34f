//! `cargo xtask pictures`: how the form looks in every state, compared with what was accepted.

use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::command;
use crate::screen::Screen;
use crate::tools;
use crate::widget::{self, Mode};
use crate::workspace::Workspace;

/// The test that draws them all; it runs within `test` too.
const TEST: &str = "matrix.test.mjs";

/// Draws and compares; with `accept` what is drawn is what shall be drawn from now on.
pub(crate) fn run(workspace: &Workspace, screen: &Screen, accept: bool) -> Result<ExitCode> {
    widget::build(workspace, screen, Mode::Release)?;
    let browser = tools::browser::ensure(workspace, screen)?;
    let mut cargo = command::cargo(workspace);
    cargo.args(["build", "--workspace", "--bins"]);
    screen.step("Building the programs", || {
        command::logged(workspace, "programs", &mut cargo).map(drop)
    })?;
    let mut node = command::new("node");
    node.current_dir(workspace.path("tests/browser"))
        .args(["--test", "--test-reporter=spec", TEST])
        .env("DOORSTEP_BROWSER", browser)
        .env("DOORSTEP_BIN", workspace.program("doorstep"))
        .env("DOORSTEP_PANEL_BIN", workspace.program("doorstep-demo-panel"))
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit());
    if accept {
        node.env("DOORSTEP_ACCEPT_PICTURES", "1");
    }
    let status = node.status().context("cannot start node")?;
    screen.say("  The pictures are under target/screenshots/matrix.");
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

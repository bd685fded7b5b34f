//! `cargo xtask speed`: how soon a person can type, on a slow phone, beside two forms of others.
//!
//! The measuring itself is a script of the browser tests. The others are an npm project of their own, which nothing
//! else installs.

use anyhow::{Result, bail};

use crate::command;
use crate::screen::Screen;
use crate::tools;
use crate::widget::{self, Mode};
use crate::workspace::Workspace;

/// Where the page with the last run is that was to be kept.
const PAGE: &str = "crates/handbook/speed.md";
const PEERS: &str = "tests/peers/widgets";

/// Measures, prints the table, and with `page` writes the handbook's.
pub(crate) fn run(workspace: &Workspace, screen: &Screen, rounds: u8, page: bool) -> Result<()> {
    let tools = widget::build(workspace, screen, Mode::Release)?;
    let browser = tools::browser::program(workspace, screen)?;
    tools::npm::install_in_place(workspace, screen, "tests/browser")?;
    tools::npm::install_in_place(workspace, screen, PEERS)?;
    let mut node = command::new("node");
    node.arg(workspace.path("tests/browser/speed/measure.mjs"))
        .arg("--dist")
        .arg(workspace.dist())
        .arg("--peers")
        .arg(workspace.path(PEERS))
        .arg("--esbuild")
        .arg(tools.npm.library("esbuild"))
        .arg("--rounds")
        .arg(rounds.to_string())
        .env("DOORSTEP_BROWSER", browser);
    if page {
        node.arg("--page").arg(workspace.path(PAGE));
    }
    screen.say("  Measuring: leave the machine alone meanwhile");
    let status = node.status()?;
    if !status.success() {
        bail!("the measurement failed ({status})");
    }
    Ok(())
}

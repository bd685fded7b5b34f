//! `cargo xtask bench`: what the server reaches on this machine, beside what the machine can do.
//!
//! The measuring itself is a program of the tests, `doorstep-bench`. It needs nothing of this one but the two programs
//! in their release build, PostgreSQL with pgbench, and what others are measured with.

use std::path::Path;

use anyhow::{Result, bail};

use crate::command;
use crate::screen::Screen;
use crate::tools;
use crate::workspace::Workspace;

/// Where the page with the last whole run is.
const PAGE: &str = "crates/handbook/benchmarks.md";
/// Where the table of two databases behind a router is.
const SHARDS_PAGE: &str = "crates/handbook/sharding.md";
const PEERS: &str = "tests/peers";

/// How thorough.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    pub(crate) quick: bool,
    pub(crate) full: bool,
    /// How many million users growth is measured with, if not the usual number.
    pub(crate) millions: Option<u64>,
    /// Two databases behind a router beside one, in place of all else.
    pub(crate) shards: bool,
}

/// Measures, prints the table, and with `full` or `shards` writes the handbook's page.
pub(crate) fn run(workspace: &Workspace, screen: &Screen, choice: Choice) -> Result<()> {
    tools::postgres::ensure(workspace, screen)?;
    if choice.shards {
        tools::balancer::ensure(workspace, screen)?;
    } else {
        tools::npm::install_in_place(workspace, screen, PEERS)?;
    }
    build(workspace, screen)?;
    let release = workspace.target().join("release");
    let mut bench = command::new(release.join("doorstep-bench"));
    bench.arg("--server").arg(release.join("doorstep"));
    bench.arg("--peers").arg(workspace.path(PEERS));
    if choice.quick {
        bench.arg("--quick");
    }
    if choice.full {
        bench.arg("--full").arg("--page").arg(workspace.path(Path::new(PAGE)));
    }
    if choice.shards {
        bench.arg("--shards");
        if !choice.quick {
            bench.arg("--page").arg(workspace.path(SHARDS_PAGE));
        }
    }
    if let Some(millions) = choice.millions {
        bench.arg("--millions").arg(millions.to_string());
    }
    screen.say("  Measuring: leave the machine alone meanwhile");
    let status = bench.status()?;
    if !status.success() {
        bail!("the measurement failed ({status})");
    }
    Ok(())
}

/// As `cargo build --workspace` selects features, so that both programs share what they depend on.
fn build(workspace: &Workspace, screen: &Screen) -> Result<()> {
    let mut cargo = command::cargo(workspace);
    cargo.args([
        "build",
        "--release",
        "--workspace",
        "--bin",
        "doorstep",
        "--bin",
        "doorstep-bench",
    ]);
    screen.step("Building the server and what measures it, optimised", || {
        command::logged(workspace, "bench-build", &mut cargo).map(drop)
    })
}

//! From the widget's source to the files the server embeds.
//!
//! trunk compiles → wasm-opt and esbuild shrink → files get names by content and compressed copies → the budget is
//! checked. The result is `target/dist` with a manifest, and the server's build embeds exactly what that lists.

mod budget;
mod compile;
mod inputs;
mod pack;
mod shrink;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::screen::Screen;
use crate::tools::{self, WidgetTools};
use crate::workspace::Workspace;

/// For whom the widget is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A panic prints its message on the browser's console.
    Development,
    /// Nothing but what a visitor needs.
    Release,
}

/// Sets up the tools and brings `target/dist` up to date.
pub(crate) fn build(workspace: &Workspace, screen: &Screen, mode: Mode) -> Result<WidgetTools> {
    let tools = tools::for_widget(workspace, screen, mode)?;
    build_with(workspace, screen, mode, &tools)?;
    Ok(tools)
}

/// As [`build`], with tools that are already there.
pub(crate) fn build_with(
    workspace: &Workspace,
    screen: &Screen,
    mode: Mode,
    tools: &WidgetTools,
) -> Result<()> {
    let stamp = inputs::stamp(workspace, mode, tools)?;
    let stamp_file = workspace.scratch()?.join("widget.stamp");
    let is_current = fs::read_to_string(&stamp_file).is_ok_and(|last| last == stamp);
    if is_current && pack::is_whole(&workspace.dist()) {
        screen.say("  ok  The widget is up to date");
        return budget::check(&workspace.dist(), screen);
    }
    screen.step("Compiling the widget for wasm with trunk (minutes the first time)", || {
        compile::trunk_build(workspace, mode, tools)
    })?;
    screen.step("Shrinking and packing the widget", || {
        let shrunk = shrink::all(workspace, tools)?;
        pack::into_dist(&shrunk, &workspace.dist())
    })?;
    budget::check(&workspace.dist(), screen)?;
    // Written last: a build that broke off or is too big is not taken for a finished one.
    fs::write(&stamp_file, stamp).context("cannot write the widget's stamp")
}

/// `cargo xtask serve`.
pub(crate) fn serve(workspace: &Workspace, screen: &Screen) -> Result<ExitCode> {
    let tools = tools::for_widget(workspace, screen, Mode::Development)?;
    compile::trunk_serve(workspace, &tools)
}

//! From the widget's source to the files the server embeds.
//!
//! trunk compiles → wasm-opt and esbuild shrink → files get names by content and compressed copies → the budget is
//! checked. The result is `target/dist` with a manifest, and the server's build embeds exactly what that lists.

mod budget;
mod compile;
mod early;
mod explain;
mod glue;
mod inputs;
mod pack;
mod readme;
mod sections;
mod shrink;
mod texts;

use std::process::ExitCode;

use anyhow::Result;

use crate::screen::Screen;
use crate::tools::{self, WidgetTools};
use crate::widget::budget::Weight;
use crate::widget::inputs::Stamp;
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
    let _alone = workspace.lock(screen, "widget")?;
    let source = inputs::of_source(workspace, mode, tools)?;
    let source_stamp = Stamp::new(workspace, "source")?;
    let is_whole = pack::is_whole(&workspace.dist());
    if is_whole && source_stamp.is(&source) {
        return Ok(());
    }
    screen.step("Compiling the widget for wasm with trunk (minutes the first time)", || {
        compile::trunk_build(workspace, mode, tools)
    })?;
    let compiled = compile::compiled(workspace)?;
    let product = inputs::of_product(workspace, &compiled)?;
    let product_stamp = Stamp::new(workspace, "product")?;
    // Most changes of Cargo.lock are the server's, and leave the compiler's product as it was.
    if !is_whole || !product_stamp.is(&product) {
        screen.step("Shrinking and packing the widget", || {
            pack::into_dist(&shrink::all(workspace, tools, &compiled)?, &workspace.dist())
        })?;
        product_stamp.write(&product)?;
    }
    source_stamp.write(&source)
}

/// Says which crates the form's module is made of.
pub(crate) fn explain(workspace: &Workspace, screen: &Screen, tools: &WidgetTools) -> Result<()> {
    let _alone = workspace.lock(screen, "widget")?;
    screen.say(&explain::module(workspace, tools)?);
    Ok(())
}

/// Prints what the widget weighs, and fails when that is too much for a release: the words of its panics alone make
/// a development build ten kilobytes heavier, and nobody visits one.
pub(crate) fn weigh(workspace: &Workspace, screen: &Screen, mode: Mode) -> Result<()> {
    let weight = Weight::of(&workspace.dist())?;
    if mode == Mode::Development {
        screen.say(&weight.table());
        return Ok(());
    }
    screen.say(&weight.table_and_budget());
    weight.within_budget()?;
    readme::check(workspace, &weight)
}

/// Puts what the widget weighs into the README.
pub(crate) fn write_weight(workspace: &Workspace) -> Result<()> {
    readme::write(workspace, &Weight::of(&workspace.dist())?)
}

/// `cargo xtask serve`.
pub(crate) fn serve(workspace: &Workspace, screen: &Screen) -> Result<ExitCode> {
    let tools = tools::for_widget(workspace, screen, Mode::Development)?;
    compile::trunk_serve(workspace, &tools)
}

//! The tools the build and the tests need: looked for first, installed only when missing or of the wrong version.

pub(crate) mod balancer;
pub(crate) mod browser;
pub(crate) mod cargo_tool;
pub(crate) mod cluster;
pub(crate) mod compiler;
pub(crate) mod cplusplus;
mod debian;
pub(crate) mod engines;
pub(crate) mod fake_clock;
mod hosts;
pub(crate) mod npm;
pub(crate) mod postgres;
mod python;
pub(crate) mod shell;

use std::path::PathBuf;

use anyhow::Result;

use crate::screen::Screen;
use crate::tools::compiler::Compiler;
use crate::tools::npm::BuildTools;
use crate::widget::Mode;
use crate::workspace::Workspace;

/// What turns the widget's source into the files a browser loads.
pub(crate) struct WidgetTools {
    pub(crate) compiler: Compiler,
    pub(crate) trunk: PathBuf,
    pub(crate) wasm_bindgen: PathBuf,
    pub(crate) npm: BuildTools,
}

/// Finds or installs what the widget's build needs.
pub(crate) fn for_widget(
    workspace: &Workspace,
    screen: &Screen,
    mode: Mode,
) -> Result<WidgetTools> {
    let _alone = workspace.lock(screen, "tools")?;
    Ok(WidgetTools {
        compiler: Compiler::ensure(workspace, screen, mode)?,
        trunk: cargo_tool::trunk(workspace, screen)?,
        wasm_bindgen: cargo_tool::wasm_bindgen(workspace, screen)?,
        npm: npm::build_tools(workspace, screen)?,
    })
}

/// The libraries of others by which the tests ask for tokens.
pub(crate) fn oauth_clients(workspace: &Workspace, screen: &Screen) -> Result<()> {
    npm::install_in_place(workspace, screen, "tests/clients")?;
    python::ensure(workspace, screen)
}

/// What the npm package is used with: its tests bundle and type-check pages with it.
pub(crate) fn package_users(workspace: &Workspace, screen: &Screen) -> Result<()> {
    npm::install_in_place(workspace, screen, "tests/npm")
}

/// `cargo xtask setup`.
pub(crate) fn everything(workspace: &Workspace, screen: &Screen) -> Result<()> {
    for_widget(workspace, screen, Mode::Development)?;
    cplusplus::ensure(workspace, screen)?;
    postgres::ensure(workspace, screen)?;
    balancer::ensure(workspace, screen)?;
    fake_clock::ensure(workspace, screen)?;
    oauth_clients(workspace, screen)?;
    package_users(workspace, screen)?;
    shell::ensure(workspace, screen)?;
    browser::ensure(workspace, screen)?;
    engines::ensure(workspace, screen)?;
    Ok(())
}

//! Firefox, `WebKitGTK` and the drivers of all three engines, for the scenarios that run in each.

use std::path::PathBuf;

use anyhow::Result;

use crate::screen::Screen;
use crate::tools::{cargo_tool, debian};
use crate::workspace::Workspace;

/// A program and the Debian package that has it. The browser of `WebKitGTK` comes with its driver; it draws on a screen
/// that nobody sees.
const PROGRAMS: [(&str, &str); 4] = [
    ("firefox-esr", "firefox-esr"),
    ("WebKitWebDriver", "webkit2gtk-driver"),
    ("chromedriver", "chromium-driver"),
    ("Xvfb", "xvfb"),
];

/// Answers with Firefox' driver, which Debian does not have.
pub(crate) fn ensure(workspace: &Workspace, screen: &Screen) -> Result<PathBuf> {
    let missing: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(program, _)| which::which(program).is_err())
        .map(|(_, package)| *package)
        .collect();
    if !missing.is_empty() {
        debian::install(workspace, screen, &missing, "browsers of other engines for the tests")?;
    }
    cargo_tool::geckodriver(workspace, screen)
}

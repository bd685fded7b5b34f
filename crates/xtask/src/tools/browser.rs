//! A Chromium for the browser tests, the letters of its pictures, and the library that drives it.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::screen::Screen;
use crate::tools::{debian, hosts, npm};
use crate::workspace::Workspace;

/// Names one browser to use and no other.
const CHOICE: &str = "DOORSTEP_BROWSER";

/// Under these names distributions and Google ship a browser that our driver can drive.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// What `tests/browser/fonts.conf` names. Most browsers of Debian bring it, by way of fontconfig.
const FONT: &str = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

/// The browser's path; the driver's node modules lie in `tests/browser` afterwards, and the panels of others that the
/// tests sign up from are there.
pub(crate) fn ensure(workspace: &Workspace, screen: &Screen) -> Result<PathBuf> {
    let browser = program(workspace, screen)?;
    if !Path::new(FONT).exists() {
        let purpose = "the letters of the tests' pictures";
        debian::install(workspace, screen, &["fonts-dejavu-core"], purpose)?;
    }
    npm::install_in_place(workspace, screen, "tests/browser")?;
    hosts::ensure(workspace, screen)?;
    Ok(browser)
}

/// The browser alone.
pub(crate) fn program(workspace: &Workspace, screen: &Screen) -> Result<PathBuf> {
    if let Some(chosen) = env::var_os(CHOICE) {
        let Ok(path) = which::which(&chosen) else {
            bail!("{CHOICE} names `{}`, which is not a program", chosen.to_string_lossy());
        };
        return Ok(path);
    }
    if let Some(path) = find() {
        return Ok(path);
    }
    debian::install(workspace, screen, &["chromium"], "a browser for the tests")
        .with_context(|| format!("or name a Chromium or Chrome in {CHOICE}, or leave the browser out: cargo xtask test --fast"))?;
    find().with_context(|| format!("Chromium is installed but not on PATH; name it in {CHOICE}"))
}

fn find() -> Option<PathBuf> {
    NAMES.iter().find_map(|name| which::which(name).ok())
}

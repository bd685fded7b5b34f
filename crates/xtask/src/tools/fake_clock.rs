//! libfaketime: the tests set the clock of a server with it, from outside.

use std::fs;

use anyhow::{Result, bail};

use crate::screen::Screen;
use crate::tools::debian;
use crate::workspace::Workspace;

pub(crate) fn ensure(workspace: &Workspace, screen: &Screen) -> Result<()> {
    if find() {
        return Ok(());
    }
    debian::install(workspace, screen, &["libfaketime"], "a clock that tests can set")?;
    if find() {
        return Ok(());
    }
    bail!("libfaketime is installed but not under /usr/lib/*/faketime")
}

/// Debian keeps it where programs do not find it by themselves, in a folder per
/// architecture.
fn find() -> bool {
    fs::read_dir("/usr/lib").is_ok_and(|folders| {
        folders.flatten().any(|folder| folder.path().join("faketime/libfaketime.so.1").is_file())
    })
}

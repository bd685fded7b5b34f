//! HAProxy: the tests and a measurement put several servers behind it.

use std::path::Path;

use anyhow::{Result, bail};

use crate::screen::Screen;
use crate::tools::debian;
use crate::workspace::Workspace;

pub(crate) fn ensure(workspace: &Workspace, screen: &Screen) -> Result<()> {
    if find() {
        return Ok(());
    }
    debian::install(workspace, screen, &["haproxy"], "HAProxy, for the tests of several servers")?;
    if find() {
        return Ok(());
    }
    bail!("HAProxy is installed but `haproxy` is neither on PATH nor in /usr/sbin")
}

/// Debian keeps it where only root's shells look.
fn find() -> bool {
    which::which("haproxy").is_ok() || Path::new("/usr/sbin/haproxy").is_file()
}

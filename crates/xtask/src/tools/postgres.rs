//! PostgreSQL's own programs: the store's tests start a cluster of their own with them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::screen::Screen;
use crate::tools::debian;
use crate::workspace::Workspace;

pub(crate) fn ensure(workspace: &Workspace, screen: &Screen) -> Result<()> {
    if find() {
        return Ok(());
    }
    debian::install(workspace, screen, &["postgresql"], "PostgreSQL, for the tests of the store")?;
    if find() {
        return Ok(());
    }
    bail!(
        "PostgreSQL is installed but `initdb` is neither on PATH nor under /usr/lib/postgresql/*/bin"
    )
}

/// Debian keeps the server's programs off PATH, in one folder per major version.
fn find() -> bool {
    let on_path = which::which("initdb").is_ok() && which::which("postgres").is_ok();
    let of_debian = fs::read_dir("/usr/lib/postgresql").is_ok_and(|versions| {
        versions.flatten().any(|version| has_programs(&version.path().join("bin")))
    });
    on_path || of_debian
}

fn has_programs(folder: &Path) -> bool {
    let programs: [PathBuf; 2] = ["initdb", "postgres"].map(|name| folder.join(name));
    programs.iter().all(|program| program.is_file())
}

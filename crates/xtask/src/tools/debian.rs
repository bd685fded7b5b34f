//! Distribution packages, by `apt-get`.

use anyhow::{Context, Result, bail};

use crate::command;
use crate::screen::Screen;
use crate::workspace::Workspace;

/// Installs packages, or says that a person has to.
pub(crate) fn install(
    workspace: &Workspace,
    screen: &Screen,
    packages: &[&str],
    purpose: &str,
) -> Result<()> {
    let by_hand = format!("install by hand: apt-get install {}", packages.join(" "));
    if which::which("apt-get").is_err() {
        bail!(
            "{purpose} is missing and this machine has no apt-get; install the equivalent of Debian's {}",
            packages.join(", ")
        );
    }
    if !is_root() {
        bail!("{purpose} is missing and only root may install packages; {by_hand}");
    }
    screen.step(&format!("Installing {purpose} ({})", packages.join(", ")), || {
        // The package lists of a fresh container are empty: look once with what is there, then refresh.
        if apt_get(workspace, packages).is_ok() {
            return Ok(());
        }
        let mut update = command::new("apt-get");
        update.arg("update");
        command::logged(workspace, "apt-get-update", &mut update)
            .with_context(|| by_hand.clone())?;
        apt_get(workspace, packages).with_context(|| by_hand.clone())
    })
}

fn apt_get(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    let mut install = command::new("apt-get");
    install
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive");
    command::logged(workspace, "apt-get-install", &mut install).map(drop)
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

//! Control panels of others, in which the browser tests put our plugins.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::screen::Screen;
use crate::tools::debian;
use crate::workspace::Workspace;

/// Programs that the tests start themselves: a package's first program says whether it is there. The database without
/// the packages that would start it as a service.
const PROGRAMS: [(&str, &[&str], &str); 3] = [
    (
        "/usr/lib/cockpit/cockpit-ws",
        &["cockpit-ws", "cockpit-bridge"],
        "Cockpit, for a test of our plugin",
    ),
    ("/usr/bin/php", &["php-cli", "php-mysql"], "PHP, for a test of our plugin for WordPress"),
    (
        "/usr/sbin/mariadbd",
        &["mariadb-server-core", "mariadb-client-core"],
        "MariaDB, for a test of our plugin for WordPress",
    ),
];

/// The blog itself is unpacked and not installed: the package wants a web server that runs.
const WORDPRESS: [&str; 3] = ["wordpress", "wordpress-theme-twentytwentythree", "libjs-underscore"];

pub(crate) fn ensure(workspace: &Workspace, screen: &Screen) -> Result<()> {
    for (program, packages, purpose) in PROGRAMS {
        if Path::new(program).exists() {
            continue;
        }
        debian::install(workspace, screen, packages, purpose)?;
        if !Path::new(program).exists() {
            bail!("{} is installed and {program} is not there", packages.join(", "));
        }
    }
    let unpacked = workspace.scratch()?.join("wordpress");
    if unpacked.join("whole").exists() {
        return Ok(());
    }
    screen.step("Fetching WordPress, for a test of our plugin", || unpack(workspace, &unpacked))
}

fn unpack(workspace: &Workspace, unpacked: &Path) -> Result<()> {
    let packages = workspace.scratch()?.join("wordpress.debs");
    for folder in [unpacked, packages.as_path()] {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
    }
    let mut download = command::new("apt-get");
    download.arg("download").args(WORDPRESS).current_dir(&packages);
    command::logged(workspace, "apt-get-download", &mut download)
        .context("apt-get download finds no WordPress: call apt-get update")?;
    for package in fs::read_dir(&packages)? {
        let mut extract = command::new("dpkg-deb");
        extract.arg("--extract").arg(package?.path()).arg(unpacked);
        command::logged(workspace, "dpkg-deb", &mut extract)?;
    }
    fs::remove_dir_all(&packages)?;
    // Last: what broke off is fetched again.
    fs::write(unpacked.join("whole"), "").context("cannot write what says that all is there")
}

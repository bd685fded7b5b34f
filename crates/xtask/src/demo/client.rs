//! The demo panel's OAuth client: made once, with the operator's own command, and kept in the demo's folder.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::demo::{Demo, PROVIDER_SERVER};

/// Pages of `trunk serve`, which the widget's developer looks at, stand on this origin.
const TRUNK_ORIGIN: &str = "http://127.0.0.1:8081";

/// Makes the client when it, or the database it is in, is missing, or when the panel has moved to another origin.
pub(crate) fn ensure(demo: &Demo<'_>) -> Result<()> {
    // The panel's pages, and the server's own for the playground.
    let origins = [demo.addresses.panel_url(), demo.addresses.server_url()];
    let noted = origins.join(" ");
    let origin_file = demo.folder.join("demo-client.origin");
    let is_current = demo.client_file().is_file()
        && demo.database().is_file()
        && fs::read_to_string(&origin_file).is_ok_and(|last| last == noted);
    if is_current {
        return Ok(());
    }
    let answer = create(demo, &origins)?;
    write_private(&demo.client_file(), &answer)?;
    fs::write(&origin_file, noted).context("cannot note the demo panel's origin")
}

fn create(demo: &Demo<'_>, origins: &[String]) -> Result<Vec<u8>> {
    let output = demo
        .doorstep()
        .args(["client", "create", "--name", "Demo panel", "--scope", "public register"])
        .args(["--provider-server", PROVIDER_SERVER, "--origin", TRUNK_ORIGIN, "--json"])
        .args(origins.iter().flat_map(|origin| ["--origin", origin.as_str()]))
        .stderr(Stdio::piped())
        .output()
        .context("cannot start the server's program")?;
    if !output.status.success() {
        bail!(
            "`doorstep client create` failed; if the database is of an older version: cargo xtask run --fresh\n    {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(output.stdout)
}

/// The answer holds the client's secret.
fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file =
        options.open(path).with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(content).with_context(|| format!("cannot write {}", path.display()))
}

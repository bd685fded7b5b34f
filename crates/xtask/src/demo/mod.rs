//! `cargo xtask run`: the server on SQLite and the demo panel, side by side, until Ctrl-C.

mod address;
mod client;
mod process;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::demo::address::Addresses;
use crate::demo::process::Process;
use crate::screen::Screen;
use crate::widget::{self, Mode};
use crate::workspace::Workspace;

/// How the demo's panel is known to the server: a name that cannot exist.
const PROVIDER_SERVER: &str = "demo.panel.example";

/// SQLite, migrations and the first key take well under a second; a busy laptop may need many.
const START_DEADLINE: Duration = Duration::from_secs(30);

/// How often we look whether both still run.
const WATCH_INTERVAL: Duration = Duration::from_millis(200);

/// What the two programs are told.
struct Demo<'a> {
    workspace: &'a Workspace,
    addresses: Addresses,
    /// Database, keys, client and logs: git ignores it.
    folder: PathBuf,
}

pub(crate) fn run(workspace: &Workspace, screen: &Screen, fresh: bool) -> Result<ExitCode> {
    let addresses = Addresses::from_environment();
    // Before the minutes of a first build, not after.
    addresses.check_free()?;
    let demo = Demo { workspace, addresses, folder: workspace.path(".doorstep") };
    demo.prepare_folder(fresh)?;

    widget::build(workspace, screen, Mode::Development)?;
    workspace.build_programs(screen, Mode::Development)?;

    let (interrupt, interrupted) = mpsc::channel();
    ctrlc::set_handler(move || {
        // The receiver is gone when we are on our way out already.
        interrupt.send(()).ok();
    })
    .context("cannot listen for Ctrl-C")?;

    client::ensure(&demo)?;
    demo.import_catalog()?;
    demo.addresses.check_free()?;
    let mut server = Process::start("server", demo.server(), demo.folder.join("server.log"))?;
    server.wait_until_ready(workspace, &demo.addresses.ops, "/readyz", START_DEADLINE)?;
    let mut panel = Process::start("demo panel", demo.panel(), demo.folder.join("panel.log"))?;
    panel.wait_until_ready(workspace, &demo.addresses.panel, "/healthz", START_DEADLINE)?;
    screen.say(&demo.welcome());

    loop {
        match interrupted.recv_timeout(WATCH_INTERVAL) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                screen.say("\nStopping the demo panel and the server");
                panel.stop();
                server.stop();
                return Ok(ExitCode::SUCCESS);
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        for process in [&mut server, &mut panel] {
            if let Some(obituary) = process.obituary(workspace)? {
                bail!("{obituary}");
            }
        }
    }
}

impl Demo<'_> {
    fn prepare_folder(&self, fresh: bool) -> Result<()> {
        if fresh && self.folder.exists() {
            fs::remove_dir_all(&self.folder).context("cannot remove the demo's old data")?;
        }
        fs::create_dir_all(self.projects())
            .with_context(|| format!("cannot create {}", self.projects().display()))
    }

    /// Puts the sample catalogue in force, so that there is something to order.
    fn import_catalog(&self) -> Result<()> {
        let sample = self.workspace.path("tests/catalog/sample.toml");
        let output = self
            .doorstep()
            .args(["catalog", "import"])
            .arg(&sample)
            .stdin(Stdio::null())
            .output()
            .context("cannot start the server's program")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`doorstep catalog import {}` failed\n    {}", sample.display(), said.trim());
        }
        Ok(())
    }

    /// Where the demo's projects come up.
    fn projects(&self) -> PathBuf {
        self.folder.join("projects")
    }

    fn database(&self) -> PathBuf {
        self.folder.join("doorstep.db")
    }

    fn client_file(&self) -> PathBuf {
        self.folder.join("demo-client.json")
    }

    /// The server's program with the demo's settings; the caller adds what it shall do.
    fn doorstep(&self) -> Command {
        let mut doorstep = command::new(self.workspace.program("doorstep"));
        doorstep
            .current_dir(self.workspace.root())
            .env("DOORSTEP_DATABASE_URL", format!("sqlite://{}", self.database().display()))
            .env("DOORSTEP_KEYS__FILE", self.folder.join("doorstep.keys"))
            .env("DOORSTEP_LISTEN", &self.addresses.server)
            .env("DOORSTEP_OPS_LISTEN", &self.addresses.ops)
            // Who tries things out signs up more often than a customer does.
            .env("DOORSTEP_LIMITS__SCALE", "100")
            .env("DOORSTEP_PUBLIC_URL", self.addresses.server_url())
            .env("DOORSTEP_PLAYGROUND__ENABLED", "true")
            .env(
                "DOORSTEP_PLAYGROUND__TOKEN_URL",
                format!("{}/panel/dev-session", self.addresses.panel_url()),
            )
            .env("DOORSTEP_PROVISIONING__DRIVER", "directory")
            .env("DOORSTEP_PROVISIONING__DIRECTORY", self.projects())
            .env(
                "DOORSTEP_PROVISIONING__LINK",
                format!("{}/?project={{id}}", self.addresses.panel_url()),
            );
        doorstep
    }

    fn server(&self) -> Command {
        let mut server = self.doorstep();
        server.arg("serve");
        server
    }

    fn panel(&self) -> Command {
        let mut panel = command::new(self.workspace.program("doorstep-demo-panel"));
        panel
            .current_dir(self.workspace.root())
            .env("DOORSTEP_PANEL_LISTEN", &self.addresses.panel)
            .env("DOORSTEP_PANEL_SERVER", self.addresses.server_url())
            .env("DOORSTEP_PANEL_CLIENT_FILE", self.client_file())
            .env("DOORSTEP_PANEL_PROVIDER_SERVER", PROVIDER_SERVER);
        panel
    }

    fn welcome(&self) -> String {
        format!(
            "\n  Open the demo panel:  {}\n  Or the playground:    {}/playground\n  The server:           {}\n  \
             Its health:           http://{}/readyz\n\n  \
             Data and logs are in .doorstep/ (start anew: cargo xtask run --fresh). Ctrl-C stops both.\n",
            self.addresses.panel_url(),
            self.addresses.server_url(),
            self.addresses.server_url(),
            self.addresses.ops
        )
    }
}

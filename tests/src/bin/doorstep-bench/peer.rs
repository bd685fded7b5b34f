//! Who else issues tokens: node's oidc-provider, one process, which keeps them in memory.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use doorstep_tests::OAuthClient;

/// The peer, as long as it is measured.
pub(crate) struct Peer {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) client: OAuthClient,
    /// From its start until it listened.
    pub(crate) started_in: Duration,
}

impl Peer {
    /// Starts it from the folder into which it is installed.
    pub(crate) fn start(folder: &Path) -> Self {
        let client = OAuthClient {
            id: "bench-client".to_owned(),
            secret: "bench-secret-0123456789".to_owned(),
        };
        let began = Instant::now();
        let mut child = Command::new("node")
            .arg(folder.join("oidc_provider.mjs"))
            .args([&client.id, &client.secret])
            .env("NODE_ENV", "production")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node is needed: `cargo xtask bench` installs it");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        // It has something to say about itself before the port.
        let port = lines.by_ref().find_map(|line| line.ok()?.trim().parse::<u16>().ok());
        let started_in = began.elapsed();
        std::thread::spawn(move || lines.for_each(drop));
        let port = port.expect("it listens: is it installed in tests/peers?");
        Self { child, address: SocketAddr::from(([127, 0, 0, 1], port)), client, started_in }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

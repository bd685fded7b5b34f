//! HAProxy, with settings of the handbook.

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

/// A running HAProxy, gone when dropped.
#[derive(Debug)]
pub struct Balancer {
    child: Child,
    _folder: TempDir,
}

impl Balancer {
    /// Starts one and waits until it listens at the address.
    ///
    /// # Panics
    /// Says what to install when there is no HAProxy, and shows what it did not like.
    pub fn start(settings: &str, address: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("doorstep-ha-").tempdir().expect("a folder");
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, format!("{settings}\n")).expect("the folder is writable");
        let log = folder.path().join("log");
        let mut child = Command::new(program())
            .arg("-db")
            .arg("-f")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).expect("a log file"))
            .spawn()
            .expect("HAProxy is needed: `apt-get install haproxy`");
        while TcpStream::connect(address).is_err() {
            let ended = child.try_wait().expect("it is ours");
            let said = || std::fs::read_to_string(&log).unwrap_or_default();
            assert!(ended.is_none(), "HAProxy did not start:\n{}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, _folder: folder }
    }

    /// The number of its process.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// An address that was free a moment ago.
    pub fn free_address() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("an address").to_string()
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Debian keeps it where only root's shells look.
fn program() -> &'static str {
    if Path::new("/usr/sbin/haproxy").is_file() { "/usr/sbin/haproxy" } else { "haproxy" }
}

//! A program that runs beside us: started, asked whether it is ready, watched, stopped.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::command;
use crate::workspace::Workspace;

/// The server lets requests finish before it goes; it has ten seconds for that.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Stopped when dropped, so that no error leaves one behind.
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    pub(crate) fn start(name: &'static str, mut command: Command, log: PathBuf) -> Result<Self> {
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start the {name}"))?;
        Ok(Self { name, child, log })
    }

    /// Asks over HTTP until the answer is 200.
    pub(crate) fn wait_until_ready(
        &mut self,
        workspace: &Workspace,
        address: &str,
        path: &str,
        deadline: Duration,
    ) -> Result<()> {
        let started = Instant::now();
        while !answers(address, path) {
            if let Some(obituary) = self.obituary(workspace)? {
                bail!("{obituary}");
            }
            if started.elapsed() > deadline {
                bail!(
                    "the {} does not answer on http://{address}{path}\n{}",
                    self.name,
                    self.excerpt(workspace)
                );
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    /// What to say when it has ended by itself.
    pub(crate) fn obituary(&mut self, workspace: &Workspace) -> Result<Option<String>> {
        let ended =
            self.child.try_wait().with_context(|| format!("cannot watch the {}", self.name))?;
        Ok(ended.map(|status| {
            format!("the {} ended by itself ({status})\n{}", self.name, self.excerpt(workspace))
        }))
    }

    /// Asks it to end, and after a while insists.
    pub(crate) fn stop(&mut self) {
        if self.has_ended() {
            return;
        }
        self.ask_to_end();
        let started = Instant::now();
        while !self.has_ended() {
            if started.elapsed() > STOP_DEADLINE {
                self.child.kill().ok();
                self.child.wait().ok();
                return;
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    #[cfg(unix)]
    fn ask_to_end(&mut self) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).ok();
    }

    #[cfg(not(unix))]
    fn ask_to_end(&mut self) {
        self.child.kill().ok();
    }

    fn excerpt(&self, workspace: &Workspace) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        command::excerpt(workspace, &self.log, &String::from_utf8_lossy(&text))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether a GET is answered with 200.
fn answers(address: &str, path: &str) -> bool {
    get(address, path).is_some_and(|answer| {
        answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.0 200")
    })
}

fn get(address: &str, path: &str) -> Option<String> {
    let patience = Duration::from_secs(2);
    let mut stream =
        TcpStream::connect_timeout(&address.to_socket_addrs().ok()?.next()?, patience).ok()?;
    stream.set_read_timeout(Some(patience)).ok()?;
    stream.set_write_timeout(Some(patience)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).ok()?;
    Some(String::from_utf8_lossy(&status).into_owned())
}

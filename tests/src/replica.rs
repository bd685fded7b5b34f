//! More processes of one installation: servers behind a load balancer, and workers.

use std::{
    path::PathBuf,
    process::{Child, Command},
};

use reqwest::{Method, RequestBuilder};

use crate::{Site, server::spawn};

/// A process that works off jobs.
#[derive(Debug)]
pub struct Worker {
    pub(crate) child: Child,
}

impl Worker {
    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is ours").is_some()
    }

    /// `kill -9`, at once.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A second server on another's database.
#[derive(Debug)]
pub struct Replica {
    child: Child,
    site: Site,
    ops: String,
    program: PathBuf,
    settings: Vec<(String, String)>,
    folder: PathBuf,
}

impl Replica {
    /// Starts one; it writes into the folder's log.
    pub(crate) fn start(
        program: PathBuf,
        settings: Vec<(String, String)>,
        folder: PathBuf,
        near: &Site,
    ) -> Self {
        let (child, url, ops) = spawn(&program, &settings, &folder);
        Self { child, site: near.at(&url), ops, program, settings, folder }
    }

    /// Where it takes requests.
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// The URL of its operations listener.
    pub fn ops(&self) -> &str {
        &self.ops
    }

    /// A request to be completed by the test.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.site.request(method, path)
    }

    /// `kill -9`, at once.
    pub fn kill(&mut self) {
        self.child.kill().expect("the server was running");
        self.child.wait().expect("it ends");
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(status.is_ok_and(|status| status.success()));
    }

    /// Starts it again on the same addresses.
    pub fn restart(&mut self) {
        for (name, url) in [("DOORSTEP_LISTEN", &self.site.url), ("DOORSTEP_OPS_LISTEN", &self.ops)]
        {
            let address = url.trim_start_matches("http://").to_owned();
            self.settings.retain(|(known, _)| known != name);
            self.settings.push((name.to_owned(), address));
        }
        (self.child, self.site.url, self.ops) = spawn(&self.program, &self.settings, &self.folder);
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! One of the three: etcd, Patroni and the PostgreSQL that it runs.

use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use doorstep_handbook::replicas;
use reqwest::Method;
use serde_json::Value;

use super::network;
use crate::{Site, postgres};

/// What Patroni is asked is answered at once, or by nobody.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Node {
    pub(super) number: usize,
    folder: PathBuf,
    etcd: Vec<String>,
    rest: Site,
    children: Vec<Child>,
}

impl Node {
    /// Prepares one in its own namespace, by the handbook's settings.
    pub(super) fn new(number: usize, folder: &Path) -> Self {
        network::add(number);
        let folder = folder.join(format!("n{number}"));
        fs::create_dir(&folder).expect("the folder is writable");
        let own = |line: &str| {
            line.replace("n1", &format!("n{number}"))
                .replace("10.0.1.11", &format!("10.0.1.1{number}"))
        };
        let page = |language| replicas::settings(language).next().expect("the page");
        let mut etcd = Vec::new();
        for line in page("etcd").lines() {
            // The list of all is everybody's.
            let line =
                if line.starts_with("--initial-cluster ") { line.to_owned() } else { own(line) };
            let line =
                line.replace("/var/lib/etcd/doorstep", &format!("{}/etcd", folder.display()));
            etcd.extend(line.split_whitespace().map(str::to_owned));
        }
        let mut patroni = String::new();
        for line in page("yaml").lines() {
            let is_own = line.starts_with("name:") || line.contains("connect_address:");
            patroni.push_str(&if is_own { own(line) } else { line.to_owned() });
            patroni.push('\n');
        }
        for (at, here) in [
            ("/var/lib/postgresql/doorstep", folder.join("data")),
            ("/usr/lib/postgresql/15/bin", postgres::programs()),
        ] {
            assert!(patroni.contains(at), "the handbook no longer says {at}");
            patroni = patroni.replace(at, &here.display().to_string());
        }
        fs::write(folder.join("patroni.yml"), patroni).expect("the folder is writable");
        let give = Command::new("chown").args(["-R", "postgres"]).arg(&folder).status();
        assert!(give.is_ok_and(|status| status.success()), "there is no user postgres");
        let rest = Site::new(&format!("http://10.0.0.1{number}:8008"));
        Self { number, folder, etcd, rest, children: Vec::new() }
    }

    /// Starts what is to run there, which finds what it left.
    pub(super) fn start(&mut self) {
        let etcd = self.etcd.clone();
        let settings = self.folder.join("patroni.yml").display().to_string();
        for (program, arguments) in [("etcd", etcd), ("patroni", vec![settings])] {
            let log = self.log(program);
            let child = Command::new("ip")
                .args(["netns", "exec", &format!("n{}", self.number), "setpriv"])
                .args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", program])
                .args(arguments)
                .current_dir(&self.folder)
                // Patroni keeps a password file there.
                .env("HOME", &self.folder)
                .stdin(Stdio::null())
                .stdout(log.try_clone().expect("a log file"))
                .stderr(log)
                .spawn()
                .expect("ip runs");
            self.children.push(child);
        }
    }

    fn log(&self, program: &str) -> File {
        let path = self.folder.join(format!("{program}.log"));
        OpenOptions::new().create(true).append(true).open(path).expect("a log file")
    }

    /// The end of what was logged there, for whoever looks for the reason.
    pub(super) fn last_words(&self) -> String {
        let mut words = String::new();
        for program in ["etcd", "patroni"] {
            let log = fs::read_to_string(self.folder.join(format!("{program}.log")));
            let log = log.unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            let tail = lines[lines.len().saturating_sub(15)..].join("\n  ");
            let _ = writeln!(words, "n{} {program}:\n  {tail}", self.number);
        }
        words
    }

    /// Sends a signal to all that runs there.
    pub(super) fn signal(&mut self, name: &str) {
        let _ = Command::new("kill")
            .arg(format!("-{name}"))
            .args(network::processes(self.number))
            .stderr(Stdio::null())
            .status();
        if name == "KILL" {
            for mut child in self.children.drain(..) {
                let _ = child.wait();
            }
        }
    }

    async fn ask(&self, path: &str) -> Option<(u16, Value)> {
        let answer = async {
            let answer = self.rest.request(Method::GET, path).send().await.ok()?;
            let status = answer.status().as_u16();
            let text = answer.text().await.ok()?;
            Some((status, serde_json::from_str(&text).unwrap_or_default()))
        };
        tokio::time::timeout(PATIENCE, answer).await.ok()?
    }

    /// Whether it is the primary, and says so.
    pub(super) async fn is_primary(&self) -> bool {
        self.ask("/primary").await.is_some_and(|(status, _)| status == 200)
    }

    /// Whether all three are there as it sees them: a primary, two that follow it, one of
    /// these synchronously.
    pub(super) async fn sees_all(&self) -> bool {
        let Some((_, cluster)) = self.ask("/cluster").await else { return false };
        let members = cluster["members"].as_array().cloned().unwrap_or_default();
        let follows = |member: &Value| {
            ["running", "streaming"].contains(&member["state"].as_str().unwrap_or_default())
        };
        let role = |wanted: &str| members.iter().filter(|it| it["role"] == wanted).count();
        let timelines = members.iter().all(|it| it["timeline"] == members[0]["timeline"]);
        members.len() == 3
            && members.iter().all(follows)
            && timelines
            && role("leader") == 1
            && role("sync_standby") == 1
    }
}

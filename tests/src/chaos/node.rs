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
use serde_json::{Value, json};

use super::network;
use crate::{Site, postgres};

/// What Patroni is asked is answered at once, or by nobody.
const PATIENCE: Duration = Duration::from_secs(1);

/// The handbook's, for changes by Patroni's REST interface.
const PASSWORD: &str = "change-this-3";

#[derive(Debug)]
pub(super) struct Node {
    pub(super) number: usize,
    folder: PathBuf,
    etcd: Vec<(String, String)>,
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
            let is_own = !line.starts_with("ETCD_INITIAL_CLUSTER=");
            let line = if is_own { own(line) } else { line.to_owned() };
            let (name, value) = line.split_once('=').expect("a variable");
            let here = format!("{}/etcd", folder.display());
            etcd.push((name.to_owned(), value.replace("/var/lib/etcd/doorstep", &here)));
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
        let settings = self.folder.join("patroni.yml").display().to_string();
        for (program, arguments) in [("etcd", None), ("patroni", Some(settings))] {
            let log = self.log(program);
            let child = Command::new("ip")
                .args(["netns", "exec", &format!("n{}", self.number), "setpriv"])
                .args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", program])
                .args(arguments)
                .current_dir(&self.folder)
                .envs(self.etcd.iter().cloned())
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

    pub(super) fn name(&self) -> String {
        format!("n{}", self.number)
    }

    /// Where its PostgreSQL listens, for clients.
    pub(super) fn postgres(&self) -> String {
        format!("10.0.0.1{}:5432", self.number)
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

    /// Leaves what was logged there in a folder.
    pub(super) fn leave_logs(&self, folder: &Path) {
        for program in ["etcd", "patroni"] {
            let to = folder.join(format!("n{}-{program}.log", self.number));
            // There is none of a node that was never started.
            let _ = fs::copy(self.folder.join(format!("{program}.log")), to);
        }
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

    /// Makes another one the primary, as `patronictl switchover` does: by its REST interface.
    pub(super) async fn switch_over(&self) -> Result<(), String> {
        let order = json!({ "leader": self.name() });
        let request = self.rest.request(Method::POST, "/switchover").json(&order);
        let request = request.basic_auth("patroni", Some(PASSWORD));
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let (status, said) = (answer.status(), answer.text().await.unwrap_or_default());
        if status.is_success() { Ok(()) } else { Err(format!("no switchover: {status} {said}")) }
    }

    /// Whether all three are there as it sees them: a primary, two that follow it, one of
    /// these synchronously. That one's name.
    pub(super) async fn sees_all(&self) -> Option<String> {
        let (_, cluster) = self.ask("/cluster").await?;
        let members = cluster["members"].as_array()?;
        let with = |wanted: &str| members.iter().filter(|it| it["role"] == wanted).count();
        let timelines = members.iter().all(|it| it["timeline"] == members[0]["timeline"]);
        // What a member said of itself is believed until its lease ends; so PostgreSQL is
        // asked who follows it.
        let (_, own) = self.ask("/patroni").await?;
        let followers = own["replication"].as_array()?;
        let streams = followers.iter().filter(|it| it["state"] == "streaming").count();
        let are_all = members.len() == 3
            && timelines
            && streams == 2
            && with("leader") == 1
            && with("sync_standby") == 1;
        let standby = members.iter().find(|it| it["role"] == "sync_standby")?;
        are_all.then(|| standby["name"].as_str().map(str::to_owned))?
    }
}

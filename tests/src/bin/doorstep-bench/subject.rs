//! The server that is measured.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use doorstep_tests::{OAuthClient, run_cli};
use http::Request;
use http_body_util::Full;
use serde_json::Value;
use tempfile::TempDir;

use crate::{cpu, load, requests};

/// The server in its release build, on an empty database.
pub(crate) struct Subject {
    child: Child,
    program: PathBuf,
    settings: Vec<(String, String)>,
    folder: TempDir,
    /// The OAuth client of all requests.
    pub(crate) client: OAuthClient,
    pub(crate) address: SocketAddr,
}

impl Subject {
    /// Starts one on the database; without a URL on a SQLite file of its own.
    pub(crate) fn start(program: &Path, folder: &Path, url: Option<&str>) -> Self {
        Self::start_with(program, folder, url, &[])
    }

    /// With more settings.
    pub(crate) fn start_with(
        program: &Path,
        folder: &Path,
        url: Option<&str>,
        more: &[(&str, &str)],
    ) -> Self {
        let folder = tempfile::tempdir_in(folder).expect("the folder is writable");
        let own = format!("sqlite://{}", folder.path().join("doorstep.db").display());
        let keys = folder.path().join("keys").display().to_string();
        let settings = [
            ("DOORSTEP_LISTEN", "127.0.0.1:0"),
            ("DOORSTEP_OPS_LISTEN", "127.0.0.1:0"),
            ("DOORSTEP_DATABASE_URL", url.unwrap_or(&own)),
            ("DOORSTEP_KEYS__FILE", &keys),
            // Every limit is counted and none is reached.
            ("DOORSTEP_LIMITS__SCALE", "1000000"),
        ];
        let settings = settings.iter().chain(more);
        let settings: Vec<_> =
            settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (child, address, _) = spawn(program, &settings, folder.path());
        let client = new_client(program, &settings, folder.path(), &[requests::SERVER]);
        Self { child, program: program.to_owned(), settings, folder, client, address }
    }

    /// Another client, for these provider servers.
    pub(crate) fn client_for(&self, servers: &[&str]) -> OAuthClient {
        new_client(&self.program, &self.settings, self.folder.path(), servers)
    }

    /// The processor's time that it has used.
    pub(crate) fn cpu(&self) -> f64 {
        cpu::millis(self.child.id())
    }

    /// Its SQLite file.
    pub(crate) fn file(&self) -> String {
        self.folder.path().join("doorstep.db").display().to_string()
    }

    /// Stops it and starts it again on what it wrote; how long it took until it said that
    /// it listens.
    pub(crate) fn restart(&mut self) -> Duration {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
        let took;
        (self.child, self.address, took) = spawn(&self.program, &self.settings, self.folder.path());
        took
    }

    /// An access token of the scope `register`.
    pub(crate) async fn token(&self) -> String {
        let requests = requests::tokens(self.address, &self.client);
        let answers = load::collect(self.address, requests, 1, 1).await;
        token_of(&answers[0])
    }

    /// Signs somebody up; the credential's name and password.
    pub(crate) async fn credential(&self, token: &str) -> (String, String) {
        let requests = requests::sign_ups(self.address, token, "first", true);
        let answers = load::collect(self.address, requests, 1, 1).await;
        let user: Value = serde_json::from_slice(&answers[0]).expect("JSON");
        let text = |name: &str| user["user"]["api"][name].as_str().expect(name).to_owned();
        (text("username"), text("password"))
    }

    /// So many sign-up tokens, each for a person of its own.
    pub(crate) async fn sign_up_tokens(&self, run: &str, count: u64) -> Arc<Vec<String>> {
        let requests = requests::bound_tokens(self.address, &self.client, run);
        let answers = load::collect(self.address, requests, 64, count).await;
        Arc::new(answers.iter().map(token_of).collect())
    }

    /// Resident memory, in mebibytes.
    pub(crate) fn resident(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let kibibytes = status.lines().find_map(|line| {
            line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<f64>().ok()
        });
        kibibytes.unwrap_or_default() / 1_024.0
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn new_client(
    program: &Path,
    settings: &[(String, String)],
    folder: &Path,
    servers: &[&str],
) -> OAuthClient {
    let mut arguments = vec!["client", "create", "--name", "Bench", "--scope", "register"];
    for server in servers {
        arguments.extend(["--provider-server", server]);
    }
    let made = run_cli(program, settings, folder, &arguments, "").expect("a client is made");
    let text = |name: &str| made[name].as_str().expect(name).to_owned();
    OAuthClient { id: text("client_id"), secret: text("client_secret") }
}

pub(crate) fn token_of(answer: &Bytes) -> String {
    let answer: Value = serde_json::from_slice(answer).expect("JSON");
    answer["access_token"].as_str().expect("a token").to_owned()
}

fn spawn(
    program: &Path,
    settings: &[(String, String)],
    folder: &Path,
) -> (Child, SocketAddr, Duration) {
    let log = std::fs::File::options().create(true).append(true).open(folder.join("log"));
    let began = Instant::now();
    let mut child = Command::new(program)
        .args(["serve", "--json"])
        .envs(settings.iter().cloned())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log.expect("a log file"))
        .spawn()
        .expect("the server starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("text");
    let took = began.elapsed();
    let said: Value = serde_json::from_str(&line).unwrap_or_default();
    let address =
        said["listening"].as_str().and_then(|url| url.strip_prefix("http://")?.parse().ok());
    let Some(address) = address else {
        let _ = child.kill();
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        panic!("the server did not start:\n{log}");
    };
    (child, address, took)
}

/// A request with a body, or none.
pub(crate) fn request(
    method: &str,
    to: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(path).header("host", to.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(Bytes::from(body))).expect("a request")
}

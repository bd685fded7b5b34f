//! A server process and what a test says to it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    Answer, Database, Kind, Replica, Site, Worker,
    balancer::Balancer,
    cli::{cli_output, run_cli},
    fleet::Fleet,
    leaks::{self, Place, Report},
    person,
    program::{faulty_program, program},
    send,
};

/// A running server on an empty database.
#[derive(Debug)]
pub struct Server {
    child: Child,
    program: PathBuf,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// The same of the operations listener.
    pub ops: String,
    /// Its database.
    pub database: Database,
    folder: TempDir,
    settings: Vec<(String, String)>,
    site: Site,
    /// Where it listens itself, which is not `url` when something stands in front.
    own_url: String,
    fleet: Option<Fleet>,
    is_searched: bool,
}

/// An OAuth client's credentials.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    /// The `client_id`.
    pub id: String,
    /// The `client_secret`.
    pub secret: String,
}

/// How long the metrics may take: a test can have halted the server.
const METRICS_PATIENCE: Duration = Duration::from_secs(5);

impl Server {
    /// Starts one.
    pub async fn start(kind: Kind) -> Self {
        Self::start_with(kind, &[]).await
    }

    /// Starts one with settings, as environment variables.
    pub async fn start_with(kind: Kind, settings: &[(&str, &str)]) -> Self {
        Self::start_program(program(), kind, settings, "").await
    }

    /// Starts one with a settings file, for what no variable can say.
    pub async fn start_with_file(kind: Kind, file: &str, settings: &[(&str, &str)]) -> Self {
        Self::start_program(program(), kind, settings, file).await
    }

    /// Starts one that panics at `POST /panic`, with what it was sent as the text.
    pub async fn start_faulty(kind: Kind) -> Self {
        Self::start_program(faulty_program(), kind, &[], "").await
    }

    async fn start_program(
        program: PathBuf,
        kind: Kind,
        settings: &[(&str, &str)],
        file: &str,
    ) -> Self {
        let folder = tempfile::Builder::new().prefix("doorstep-").tempdir().expect("a folder");
        if !file.is_empty() {
            std::fs::write(folder.path().join("doorstep.toml"), file).expect("a settings file");
        }
        let database = Database::create(kind, folder.path()).await;
        let mut all = vec![
            ("DOORSTEP_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("DOORSTEP_OPS_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("DOORSTEP_DATABASE_URL".to_owned(), database.url.clone()),
            ("DOORSTEP_KEYS__FILE".to_owned(), folder.path().join("keys").display().to_string()),
            ("DOORSTEP_LOG__FORMAT".to_owned(), "json".to_owned()),
            // Everything that can be logged is, so that it can be searched for secrets.
            ("DOORSTEP_LOG__FILTER".to_owned(), "trace".to_owned()),
            // Tests of something else are not throttled; those of limits set their own.
            ("DOORSTEP_LIMITS__SCALE".to_owned(), "1000".to_owned()),
        ];
        let front = (kind == Kind::Replicas).then(Balancer::free_address);
        if let Some(address) = &front {
            all.push(("DOORSTEP_PUBLIC_URL".to_owned(), format!("http://{address}")));
            all.push(("DOORSTEP_SERVER__TRUSTED_PROXIES".to_owned(), "127.0.0.0/8".to_owned()));
        }
        for (name, value) in settings {
            all.retain(|(known, _)| known != name);
            // An empty one takes the harness's own away.
            if !value.is_empty() {
                all.push(((*name).to_owned(), (*value).to_owned()));
            }
        }
        let (child, url, ops) = spawn(&program, &all, folder.path());
        let mut server = Self {
            site: Site::new(&url),
            own_url: url.clone(),
            child,
            program,
            url,
            ops,
            database,
            folder,
            settings: all,
            fleet: None,
            is_searched: false,
        };
        if let Some(address) = front {
            server.put_behind(&address);
        }
        server
    }

    /// Starts two more on its database, and HAProxy in front of the three: from now on that
    /// is its address, which is also what its settings must say.
    pub(crate) fn put_behind(&mut self, address: &str) {
        let replicas = vec![self.replica(), self.replica()];
        let first = (self.own_url.as_str(), self.ops.as_str());
        self.fleet = Some(Fleet::start(address, first, replicas));
        self.url = format!("http://{address}");
    }

    /// `kill -9`, at once.
    pub fn kill(&mut self) {
        self.child.kill().expect("the server was running");
        self.child.wait().expect("it ends");
    }

    /// Waits until it has ended and gives its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }

    /// The number of its process.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(status.is_ok_and(|status| status.success()));
    }

    /// Changes a setting for the next start.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Starts it again on the same database and port.
    pub fn restart(&mut self) {
        let mut settings = self.settings.clone();
        settings.push(("DOORSTEP_LISTEN".to_owned(), address_of(&self.own_url)));
        if self.fleet.is_some() {
            // HAProxy asks there whether it is ready.
            settings.push(("DOORSTEP_OPS_LISTEN".to_owned(), address_of(&self.ops)));
        }
        (self.child, self.own_url, self.ops) = spawn(&self.program, &settings, self.folder.path());
        if self.fleet.is_none() {
            self.url.clone_from(&self.own_url);
        }
    }

    /// Those beside the first one, of [`Kind::Replicas`].
    pub fn replicas(&mut self) -> &mut [Replica] {
        self.fleet.as_mut().map(|fleet| fleet.replicas.as_mut_slice()).unwrap_or_default()
    }

    /// Where the first one listens itself, behind what stands in front.
    pub fn own_site(&self) -> Site {
        self.site.at(&self.own_url)
    }

    /// Another server on the same database, as behind a load balancer.
    pub fn replica(&self) -> Replica {
        let mut settings = self.settings.clone();
        settings.retain(|(name, _)| name != "DOORSTEP_LISTEN");
        settings.push(("DOORSTEP_LISTEN".to_owned(), "127.0.0.1:0".to_owned()));
        Replica::start(self.program.clone(), settings, self.folder.path().into(), &self.site)
    }

    /// A process that works off the jobs of the same database, with more settings.
    pub fn worker(&self, more: &[(&str, &str)]) -> Worker {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .expect("a log file");
        let child = Command::new(program())
            .args(["work", "--json"])
            .envs(self.settings.iter().cloned())
            .env("DOORSTEP_PUBLIC_URL", &self.url)
            .envs(more.iter().copied())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the worker starts");
        Worker { child }
    }

    /// Its settings, for a command that needs others as well.
    pub fn settings_with(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = self.settings.iter().cloned();
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        own.chain(more).collect()
    }

    /// Everything that it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Its working folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command of the same installation; its JSON, or its error text.
    pub fn cli(&self, arguments: &[&str], input: &str) -> Result<Value, String> {
        run_cli(&self.program, &self.settings, self.folder.path(), arguments, input)
    }

    /// Runs a command of the same installation; all that it printed, and how it ended.
    pub fn cli_output(&self, arguments: &[&str], input: &str) -> std::process::Output {
        cli_output(&program(), &self.settings, self.folder.path(), arguments, input)
    }

    /// Creates an OAuth client.
    pub fn client(&self, scope: &str, servers: &[&str], origins: &[&str]) -> OAuthClient {
        let mut arguments = vec!["client", "create", "--name", "Test", "--scope", scope];
        for server in servers {
            arguments.extend(["--provider-server", server]);
        }
        for origin in origins {
            arguments.extend(["--origin", origin]);
        }
        let created = self.cli(&arguments, "").expect("a client is created");
        let text = |name: &str| created[name].as_str().expect(name).to_owned();
        OAuthClient { id: text("client_id"), secret: text("client_secret") }
    }

    /// Stops it, and says what was looked for and found where no secret may stand. A
    /// server that is only dropped fails its test for a leak.
    pub fn end(mut self) -> Report {
        let report = self.stop();
        // Said once is enough.
        self.is_searched = true;
        report
    }

    fn stop(&mut self) -> Report {
        let metrics = self.metrics();
        let _ = self.child.kill();
        let _ = self.child.wait();
        let mut seen = leaks::seen();
        let setting = |wanted: &str| {
            let found = self.settings.iter().rev().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.as_str())
        };
        let keys = setting("DOORSTEP_KEYS__FILE")
            .map_or_else(|| self.folder.path().join("keys"), Into::into);
        seen.note_key_file(&keys);
        seen.note_database(&self.database.url);
        let mut places = self.database.everything();
        let log = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        places.push(Place { name: "the log".to_owned(), content: log });
        places.extend(metrics.map(|content| Place { name: "the metrics".to_owned(), content }));
        places.extend_from_slice(seen.said());
        leaks::search(&seen, &places)
    }

    /// What the metrics say, unless the test has stopped the server.
    fn metrics(&mut self) -> Option<Vec<u8>> {
        if self.child.try_wait().ok()?.is_some() {
            return None;
        }
        let mut stream = TcpStream::connect(self.ops.trim_start_matches("http://")).ok()?;
        stream.set_read_timeout(Some(METRICS_PATIENCE)).ok()?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ok()?;
        let mut said = Vec::new();
        stream.read_to_end(&mut said).ok()?;
        Some(said)
    }

    /// A request to be completed by the test.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.site().request(method, path)
    }

    /// Where it takes requests, for somebody who asks while it is not there.
    pub fn site(&self) -> Site {
        self.site.at(&self.url)
    }

    /// A token for the scopes.
    pub async fn token(&self, client: &OAuthClient, scope: &str) -> String {
        let request = self
            .request(Method::POST, "/api/oauth/token")
            .basic_auth(&client.id, Some(&client.secret))
            .form(&[("grant_type", "client_credentials"), ("scope", scope)]);
        let answer = send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }

    /// Asks for a sign-up token; `details` is the one object of `authorization_details`.
    pub async fn mint(&self, client: &OAuthClient, details: &Value) -> Answer {
        let request = self
            .request(Method::POST, "/api/oauth/token")
            .basic_auth(&client.id, Some(&client.secret))
            .form(&[
                ("grant_type", "client_credentials"),
                ("scope", "register"),
                ("authorization_details", &json!([details]).to_string()),
            ]);
        send(request).await
    }

    /// A sign-up token for a person at `srv.example`, for all the client's pages.
    pub async fn sign_up_token(&self, client: &OAuthClient, username: &str) -> String {
        let details = json!({
            "type": "user_registration",
            "provider_server": "srv.example",
            "provider_username": username,
        });
        let answer = self.mint(client, &details).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }

    /// Signs somebody up.
    pub async fn sign_up(&self, token: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, "/api/users").bearer_auth(token).json(body)).await
    }

    /// Signs somebody up by the shortest body, and gives username and password.
    pub async fn new_user(&self, token: &str, server: &str, username: &str) -> (String, String) {
        let answer = self.sign_up(token, &person(server, username)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let api = &answer.json()["user"]["api"];
        let text = |name: &str| api[name].as_str().expect(name).to_owned();
        (text("username"), text("password"))
    }

    /// `GET` without credentials.
    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// `GET` on the operations listener.
    pub async fn get_ops(&self, path: &str) -> Answer {
        send(self.site.at(&self.ops).request(Method::GET, path)).await
    }
}

fn address_of(url: &str) -> String {
    url.trim_start_matches("http://").to_owned()
}

/// Starts a server, and waits until it says where it listens.
pub(crate) fn spawn(
    program: &Path,
    settings: &[(String, String)],
    folder: &Path,
) -> (Child, String, String) {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .expect("a log file");
    let mut child = Command::new(program)
        .args(["serve", "--json"])
        .envs(settings.iter().cloned())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .expect("the server starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("text");
    let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
        let _ = child.kill();
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        panic!("the server did not start:\n{log}")
    });
    let text = |name: &str| said[name].as_str().expect(name).to_owned();
    (child, text("listening"), text("ops"))
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.is_searched || std::thread::panicking() {
            let _ = self.child.kill();
            let _ = self.child.wait();
            return;
        }
        let Report { secrets, bytes, leaks, .. } = self.stop();
        assert!(secrets > 0 && bytes > 0, "{secrets} secrets were looked for in {bytes} bytes");
        assert!(
            leaks.is_empty(),
            "a secret stands where none may:\n  {}",
            leaks.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
        );
    }
}

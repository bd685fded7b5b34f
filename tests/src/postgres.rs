//! A PostgreSQL cluster in a temporary folder, on a port of its own.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use ring::rand::{SecureRandom as _, SystemRandom};
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use crate::hexadecimal;

/// Names the cluster that tests share, when somebody started one for them.
pub(crate) const SHARED: &str = "DOORSTEP_TEST_POSTGRES_URL";

/// A running cluster, stopped and deleted when dropped.
#[derive(Debug)]
pub struct Postgres {
    child: Child,
    /// `postgres://…` without a database's name.
    pub url: String,
    port: u16,
    folder: TempDir,
    durable: bool,
}

impl Postgres {
    /// The URL of the shared cluster, or of a new one of the caller's own.
    pub fn shared_or_own() -> (String, Option<Self>) {
        #[expect(clippy::disallowed_methods, reason = "how the runner tells its tests")]
        let shared = std::env::var(SHARED);
        if let Ok(url) = shared {
            return (url, None);
        }
        let cluster = Self::start();
        (cluster.url.clone(), Some(cluster))
    }

    /// Starts a cluster.
    ///
    /// # Panics
    /// Says what to install when there is no PostgreSQL.
    pub fn start() -> Self {
        Self::start_with(|_| Vec::new())
    }

    /// Starts a cluster with more settings, as lines of `postgresql.conf`; they may name
    /// files in the folder of the cluster, which is theirs.
    pub fn start_with(settings: impl FnOnce(&Path) -> Vec<String>) -> Self {
        Self::start_as(settings, false)
    }

    /// Starts a cluster that keeps what it says is committed, for measurements: with
    /// PostgreSQL's defaults, and room for a minute's load between two checkpoints.
    pub fn start_durable() -> Self {
        let settings =
            ["shared_buffers = '512MB'", "max_wal_size = '8GB'", "checkpoint_timeout = '30min'"];
        Self::start_as(|_| settings.map(str::to_owned).into(), true)
    }

    fn start_as(settings: impl FnOnce(&Path) -> Vec<String>, durable: bool) -> Self {
        let folder = tempfile::Builder::new().prefix("doorstep-pg-").tempdir().expect("a folder");
        let data = folder.path().join("data");
        give_away(folder.path());
        // In clear on the wire and in the URL, so that a log that shows either is caught.
        let password = random_hexadecimal();
        let file = folder.path().join("password");
        std::fs::write(&file, &password).expect("the folder is writable");
        give_away(&file);
        run(command("initdb").arg("-D").arg(&data).arg("--pwfile").arg(&file).args([
            "--username=doorstep",
            "--auth=password",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]));
        configure(&data, &settings(folder.path()));
        // A port that was free a moment ago. Taken in between, the start fails
        // and says so.
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let url = format!("postgres://doorstep:{password}@127.0.0.1:{port}");
        Self { child: launch(&data, port, durable), url, port, folder, durable }
    }

    /// Copies the running cluster, for [`Postgres::recover`].
    pub fn base_backup(&self) {
        let copy = self.folder.path().join("base");
        run(command("pg_basebackup").arg("-d").arg(&self.url).arg("-D").arg(copy).args([
            "-X",
            "none",
            "-c",
            "fast",
            "--no-sync",
        ]));
    }

    /// Stops the cluster and starts its copy, with settings that say how to go on from
    /// there.
    pub fn recover(&mut self, settings: impl FnOnce(&Path) -> Vec<String>) {
        self.stop();
        let copy = self.folder.path().join("base");
        configure(&copy, &settings(self.folder.path()));
        let signal = copy.join("recovery.signal");
        std::fs::write(&signal, "").expect("the folder is writable");
        give_away(&signal);
        self.child = launch(&copy, self.port, self.durable);
    }

    /// Starts it again where it was stopped.
    pub fn start_again(&mut self) {
        self.child = launch(&self.folder.path().join("data"), self.port, self.durable);
    }

    /// Halts all of its processes, which then neither answer nor hang up, or lets them
    /// go on.
    pub fn halt(&self, halt: bool) {
        let own = self.child.id().to_string();
        let signal = |process: &str| {
            let signal = if halt { "-STOP" } else { "-CONT" };
            // One that has just ended is no concern.
            let _ = Command::new("kill").args([signal, process]).stderr(Stdio::null()).status();
        };
        // The first makes the others: once it is halted there are no more.
        signal(&own);
        let children = format!("/proc/{own}/task/{own}/children");
        let children = std::fs::read_to_string(children).expect("it runs");
        children.split_whitespace().for_each(signal);
    }

    /// The number of its first process, which makes all others.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Runs a statement that is not about one database.
    pub async fn execute(&self, sql: String) {
        let mut connection = PgConnection::connect(&format!("{}/postgres", self.url))
            .await
            .expect("the cluster answers");
        let done = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await;
        done.expect("the statement runs");
    }

    /// Stops it. What is connected is cut off.
    pub fn stop(&mut self) {
        // SIGINT is a fast shutdown; its children go with it.
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }

    /// Makes a database and gives its URL.
    pub async fn new_database(server: &str) -> String {
        // By chance: a count or a process's id comes again, in the next run on the same
        // cluster or beside this one.
        let name = format!("t_{}", random_hexadecimal());
        let mut connection = PgConnection::connect(&format!("{server}/postgres"))
            .await
            .expect("the cluster answers");
        let create = format!("CREATE DATABASE {name}");
        sqlx::query(sqlx::AssertSqlSafe(create))
            .execute(&mut connection)
            .await
            .expect("a database is made");
        format!("{server}/{name}")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts what is in a data folder, and waits until it takes connections.
fn launch(data: &Path, port: u16, durable: bool) -> Child {
    // The tests check what we write, not whether the disk keeps it.
    let kept: &[_] = if durable { &[] } else { &["-c", "fsync=off", "-c", "full_page_writes=off"] };
    let mut child = command("postgres")
        .arg("-D")
        .arg(data)
        .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
        .args(["-c", "unix_socket_directories=", "-c", "max_connections=200"])
        .args(kept)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("postgres starts");
    let mut log = BufReader::new(child.stderr.take().expect("a piped log"));
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        let length = log.read_line(&mut line).expect("the log is text");
        seen.push_str(&line);
        assert!(length > 0, "PostgreSQL did not start:\n{seen}");
        // While it recovers it may already be read.
        if line.contains("database system is ready to accept connections") {
            break;
        }
    }
    // Its pipe must not fill up.
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    child
}

/// Adds lines to the settings of a data folder.
fn configure(data: &Path, lines: &[String]) {
    let path = data.join("postgresql.auto.conf");
    let mut text = std::fs::read_to_string(&path).unwrap_or_default();
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    std::fs::write(&path, text).expect("the folder is writable");
}

/// PostgreSQL refuses to run as root: Debian's package brings a user for it.
fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

fn give_away(path: &Path) {
    if is_root() {
        run(Command::new("chown").arg("postgres").arg(path));
    }
}

/// One of PostgreSQL's programs.
fn command(program: &str) -> Command {
    let program = programs().join(program);
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

fn random_hexadecimal() -> String {
    let mut random = [0; 16];
    SystemRandom::new().fill(&mut random).expect("the system has chance");
    hexadecimal(&random)
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("the program runs");
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The folder with `initdb` and `postgres`: the newest that Debian installed, or
/// one on the path.
pub(crate) fn programs() -> PathBuf {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    #[expect(clippy::disallowed_methods, reason = "to look for programs as a shell does")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    let found = folders.into_iter().find(|folder| has(folder, "initdb") && has(folder, "postgres"));
    found.expect("PostgreSQL is needed: `apt-get install postgresql`, or put initdb on the path")
}

fn has(folder: &Path, program: &str) -> bool {
    folder.join(program).is_file()
}

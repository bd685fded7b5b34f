//! A mail server on a port of its own (aiosmtpd, by `tests/clients/mail_server.py`), and
//! the mails that came.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::keep_secret;

/// A mail as its receiver reads it.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Of the envelope.
    pub from: String,
    /// Of the envelope.
    pub to: Vec<String>,
    /// What the sender says that it is.
    pub hello: String,
    /// Whether it came by TLS.
    pub encrypted: bool,
    /// Names and decoded values, as they stand.
    pub headers: Vec<(String, String)>,
    /// The head as it came.
    pub raw_headers: String,
    /// The media type.
    pub kind: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

impl Mail {
    /// A header; empty without one.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The link in the text part.
    pub fn link(&self) -> &str {
        let start = self.text.find("http").expect("a link");
        self.text[start..].split_whitespace().next().expect("a link")
    }

    /// The code in the link.
    pub fn code(&self) -> &str {
        self.link().split_once("code=").expect("a code").1
    }

    fn read(said: &Value) -> Self {
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            from: text("from"),
            to: list(&said["to"]).iter().map(word).collect(),
            hello: text("hello"),
            encrypted: said["encrypted"] == true,
            headers: list(&said["headers"])
                .iter()
                .map(|pair| (word(&pair[0]), word(&pair[1])))
                .collect(),
            raw_headers: text("raw_headers"),
            kind: text("kind"),
            text: text("text"),
            html: text("html"),
        }
    }
}

/// How long a mail may take before a test is told that it hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// The mail server; gone when dropped, and when the test is.
#[derive(Debug)]
pub struct MailServer {
    child: Child,
    /// Held open: it ends when this does.
    _input: ChildStdin,
    port: u16,
    options: Value,
    mails: Arc<Mutex<Vec<Mail>>>,
    folder: Arc<TempDir>,
}

impl MailServer {
    /// Starts one without encryption.
    pub fn start() -> Self {
        Self::start_with(json!({}))
    }

    /// Starts one with the options of the program.
    pub fn start_with(options: Value) -> Self {
        let folder = tempfile::Builder::new().prefix("doorstep-mail-").tempdir().expect("a folder");
        Self::at(Arc::new(folder), options, Arc::default())
    }

    fn at(folder: Arc<TempDir>, mut options: Value, mails: Arc<Mutex<Vec<Mail>>>) -> Self {
        options["folder"] = folder.path().display().to_string().into();
        if let Some(password) = options["password"].as_str() {
            keep_secret("mail password", password);
            std::fs::write(folder.path().join("password"), password).expect("a file");
        }
        let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
        let python = clients.join("../../target/xtask/oauth-clients/bin/python");
        let mut child = Command::new(&python)
            .arg("mail_server.py")
            .current_dir(clients)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "{} does not start ({error}): `cargo xtask setup` installs it",
                    python.display()
                )
            });
        let mut input = child.stdin.take().expect("a pipe");
        writeln!(input, "{options}").expect("the mail server reads");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let port = listening(&mut output).expect("the mail server said on stderr why not");
        let kept = Arc::clone(&mails);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let mail = Mail::read(&serde_json::from_str(&line).expect("a mail as JSON"));
                if mail.text.contains("code=") {
                    keep_secret("confirmation code", mail.code());
                }
                kept.lock().expect("no test panics in it").push(mail);
            }
        });
        Self { child, _input: input, port, options, mails, folder }
    }

    /// The settings by which a server sends mails to it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("DOORSTEP_MAIL__HOST", "127.0.0.1".to_owned()),
            ("DOORSTEP_MAIL__PORT", self.port.to_string()),
            ("DOORSTEP_MAIL__FROM", "Example Cloud <noreply@cloud.example>".to_owned()),
            ("DOORSTEP_MAIL__TLS", self.options["tls"].as_str().unwrap_or("none").to_owned()),
        ];
        if self.options["tls"].is_string() {
            settings.push(("DOORSTEP_MAIL__CA_FILE", self.file("ca.pem")));
        }
        if let Some(user) = self.options["user"].as_str() {
            settings.push(("DOORSTEP_MAIL__USER", user.to_owned()));
            settings.push(("DOORSTEP_MAIL__PASSWORD_FILE", self.file("password")));
        }
        settings
    }

    /// One of its files: `ca.pem`, `password`.
    pub fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// What came so far.
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().expect("no test panics in it").clone()
    }

    /// Waits until so many have come, and gives all that did.
    pub async fn wait_for(&self, count: usize) -> Vec<Mail> {
        let arrived = async {
            while self.mails().len() < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let came = tokio::time::timeout(PATIENCE, arrived).await;
        assert!(came.is_ok(), "{} of {count} mails came", self.mails().len());
        self.mails()
    }

    /// Ends it: nobody listens at its port any more.
    pub fn stop(mut self) -> StoppedMailServer {
        self.end();
        let mut options = self.options.clone();
        options["port"] = self.port.into();
        let (mails, folder) = (Arc::clone(&self.mails), Arc::clone(&self.folder));
        StoppedMailServer { options, mails, folder }
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// What is known of a mail server that was stopped.
#[derive(Debug)]
pub struct StoppedMailServer {
    options: Value,
    mails: Arc<Mutex<Vec<Mail>>>,
    folder: Arc<TempDir>,
}

impl StoppedMailServer {
    /// Starts it again at its port, with the mails that it had.
    pub fn start(self) -> MailServer {
        MailServer::at(self.folder, self.options, self.mails)
    }
}

/// The port, once it listens.
fn listening(output: &mut BufReader<ChildStdout>) -> Option<u16> {
    let mut line = String::new();
    output.read_line(&mut line).ok()?;
    let said: Value = serde_json::from_str(&line).ok()?;
    said["port"].as_u64().and_then(|port| u16::try_from(port).ok())
}

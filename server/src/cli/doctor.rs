//! `doorstep doctor`: looks at everything that a server needs, and changes nothing.

use std::{fmt, os::unix::fs::MetadataExt as _, path::Path, process::ExitCode};

use doorstep_accounts::Clock as _;
use doorstep_store::{Schema, Store};
use serde_json::{Value, json};

use crate::{
    config::Settings, http, jobs::answer::sentence, live_keys, mail::MailServer, open,
    system::SystemClock,
};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Ok,
    /// It works, and the operator should know.
    Warn,
    /// Something does not work.
    Fail,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}

/// One check's answer: what was found, and what to do if it is not well.
#[derive(Debug)]
struct Line {
    check: &'static str,
    status: Status,
    found: String,
    advice: Option<String>,
}

/// Everything that was found so far.
#[derive(Debug, Default)]
struct Report(Vec<Line>);

impl Report {
    fn ok(&mut self, check: &'static str, found: impl Into<String>) {
        self.0.push(Line { check, status: Status::Ok, found: found.into(), advice: None });
    }

    fn warn(&mut self, check: &'static str, found: impl Into<String>, advice: impl Into<String>) {
        let (found, advice) = (found.into(), Some(advice.into()));
        self.0.push(Line { check, status: Status::Warn, found, advice });
    }

    fn fail(&mut self, check: &'static str, found: impl Into<String>, advice: impl Into<String>) {
        let (found, advice) = (found.into(), Some(advice.into()));
        self.0.push(Line { check, status: Status::Fail, found, advice });
    }

    fn is_well(&self) -> bool {
        self.0.iter().all(|line| line.status != Status::Fail)
    }

    fn json(&self) -> Value {
        let checks: Vec<_> = self
            .0
            .iter()
            .map(|line| {
                json!({
                    "check": line.check,
                    "status": line.status.to_string(),
                    "found": line.found,
                    "advice": line.advice,
                })
            })
            .collect();
        json!({ "ok": self.is_well(), "checks": checks })
    }

    fn text(&self) -> String {
        let lines: Vec<_> = self
            .0
            .iter()
            .map(|line| {
                let advice = line
                    .advice
                    .as_ref()
                    .map(|advice| format!("\n{:18}{advice}", ""))
                    .unwrap_or_default();
                format!("{:<5} {:<11} {}{advice}", line.status, line.check, line.found)
            })
            .collect();
        lines.join("\n")
    }
}

/// Settings that cannot be read are a finding as well, so they are read here.
pub(super) fn run(file: Option<&Path>, json: bool) -> ExitCode {
    let mut report = Report::default();
    match Settings::load(file) {
        Err(error) => {
            report.fail("settings", error.to_string(), "Correct it; nothing else was looked at.");
        }
        Ok(settings) => match tokio::runtime::Runtime::new() {
            Err(error) => report.fail(
                "system",
                format!("the asynchronous runtime cannot start: {error}"),
                "Look at the limits of processes and open files (ulimit -a).",
            ),
            Ok(runtime) => runtime.block_on(examine(&settings, &mut report)),
        },
    }
    let text = if json { report.json().to_string() } else { report.text() };
    match super::print(&text) {
        ExitCode::SUCCESS if report.is_well() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

async fn examine(settings: &Settings, report: &mut Report) {
    if settings.warnings.is_empty() {
        report.ok("settings", "they can be read");
    }
    for warning in &settings.warnings {
        report.warn("settings", warning.clone(), "A secret is for its owner only.");
    }
    if !settings.form.custom.is_empty() {
        report.ok("form", format!("it asks as well: {}", settings.form.declaration()));
    }
    public_url(settings, report);
    mail(settings, report).await;
    if http::widget_is_built() {
        report.ok("widget", "the form is built in");
    } else {
        report.fail("widget", "the form is not built in", http::WIDGET_NOT_BUILT);
    }
    let key_path = open::key_path(settings);
    permissions("the key file", &key_path, report);
    if let Some(path) = settings.database.url.strip_prefix("sqlite://") {
        permissions("the database", Path::new(path), report);
        if !Path::new(path).exists() {
            let advice =
                "`doorstep serve` makes it and the key file; a lost one is restored from a backup.";
            report.warn("database", format!("there is no file {path} yet"), advice);
            return;
        }
    }
    match Store::connect(&settings.database.url).await {
        Err(error) => report.fail(
            "database",
            http::chain(&error),
            "Look at database.url (DOORSTEP_DATABASE_URL) and whether the database runs.",
        ),
        Ok(store) => {
            database(&store, &key_path, report).await;
            store.close().await;
        }
    }
}

fn public_url(settings: &Settings, report: &mut Report) {
    let url = settings.public_url();
    let set =
        "Set server.public_url (DOORSTEP_PUBLIC_URL) to the https URL that people and panels use.";
    if url.is_empty() {
        report.warn("public URL", "it is not set: the server takes its listener's", set);
    } else if settings.public_url_is_local() {
        report.warn("public URL", format!("{url} is reached from this machine only"), set);
    } else if url.starts_with("http://") {
        report.warn("public URL", format!("{url} is not encrypted: tokens pass in clear"), set);
    } else {
        report.ok("public URL", url);
    }
}

/// Goes as far as one can without a mail.
async fn mail(settings: &Settings, report: &mut Report) {
    if !settings.mail.is_on() {
        return;
    }
    let server = MailServer::new(settings);
    match server.connect().await {
        Ok(mut connection) => {
            connection.abort().await;
            let login = if settings.mail.user.is_some() { " and takes our login" } else { "" };
            report.ok("mail", format!("{} answers{login}", server.place()));
        }
        Err(why) => {
            let advice = "Look at the settings of [mail]; until it works, mails wait.";
            report.fail("mail", sentence(&why), advice);
        }
    }
}

/// What others may open is theirs as well.
fn permissions(what: &str, path: &Path, report: &mut Report) {
    // What is not there is told of where it is missed.
    let Ok(data) = std::fs::metadata(path) else { return };
    let path = path.display();
    if data.mode() & 0o007 != 0 {
        let found = format!("everybody on this machine may open {what} {path}");
        report.warn("permissions", found, format!("chmod 600 {path}"));
    } else {
        report.ok("permissions", format!("{what} {path} is closed to others"));
    }
}

async fn database(store: &Store, key_path: &Path, report: &mut Report) {
    match store.schema().await {
        Err(error) => {
            let advice = "Look at the database's own log.";
            return report.fail("database", http::chain(&error), advice);
        }
        Ok(Schema::Newer { version }) => {
            let found = format!("a newer version of this program made it (migration {version})");
            let advice = "Install that version, or restore a backup from before.";
            report.ok("database", "it answers");
            return report.fail("schema", found, advice);
        }
        Ok(Schema::Behind { missing }) => {
            let found = format!("it lacks {missing} migration(s)");
            report.ok("database", "it answers");
            report.warn("schema", found, "`doorstep migrate`, or the next start, adds them.");
            return;
        }
        Ok(Schema::Current) => {
            report.ok("database", "it answers");
            report.ok("schema", "it is up to date");
        }
    }
    match live_keys::inspect(store, key_path).await {
        Err(error) => {
            report.fail("key file", http::chain(&error), "Without it no credential works.");
        }
        Ok(None) => match live_keys::any_known(store).await {
            Ok(false) => report.warn(
                "key file",
                format!("there is no {} yet", key_path.display()),
                "`doorstep serve` makes it.",
            ),
            _ => report.fail(
                "key file",
                format!("{} is missing, and this database depends on it", key_path.display()),
                "Restore it from a backup, or name its place in the setting keys.file.",
            ),
        },
        Ok(Some(())) => report.ok("key file", format!("{} fits the database", key_path.display())),
    }
    if let Err(error) = clock(store, report).await {
        report.fail("clock", http::chain(&error), "Look at the database's own log.");
    }
    if let Err(error) = people(store, report).await {
        report.fail("accounts", http::chain(&error), "Look at the database's own log.");
    }
    if let Err(error) = webhooks(store, report).await {
        report.fail("webhooks", http::chain(&error), "Look at the database's own log.");
    }
}

/// A clock that is off by more lets tokens live too long or end too soon.
const CLOCK_SECONDS: i64 = 60;

async fn clock(store: &Store, report: &mut Report) -> Result<(), doorstep_store::StoreError> {
    let mut read = store.read().await?;
    let text = read.conn().clock_text().await?;
    let now = SystemClock.now().0;
    let behind = read.conn().last_event_at().await?.unwrap_or(now) - now;
    let off = database_time(&text).map(|there| (there - now) / 1_000);
    let advice = "Let the machines keep time by NTP (`timedatectl set-ntp true`).";
    if behind > CLOCK_SECONDS * 1_000 {
        let found = format!("the last event is {} seconds in the future", behind / 1_000);
        report.fail("clock", found, advice);
    } else if let Some(off) = off.filter(|off| off.abs() > CLOCK_SECONDS) {
        let found = format!("the database's clock differs from this machine's by {off} seconds");
        report.fail("clock", found, advice);
    } else {
        report.ok("clock", "it agrees with the database");
    }
    Ok(())
}

/// Milliseconds of what a database says is the time.
fn database_time(text: &str) -> Option<i64> {
    let (civil, offset) = match text.get(10..)?.find(['+', '-']) {
        Some(at) => text.split_at(10 + at),
        None => (text, "+00"),
    };
    let offset = match offset.len() {
        3 => format!("{offset}:00"),
        _ => offset.to_owned(),
    };
    let time: jiff::Timestamp = format!("{}{offset}", civil.replace(' ', "T")).parse().ok()?;
    Some(time.as_millisecond())
}

async fn people(store: &Store, report: &mut Report) -> Result<(), doorstep_store::StoreError> {
    let mut read = store.read().await?;
    let clients = read.conn().clients().await?;
    let works = clients.iter().filter(|client| client.disabled_at.is_none()).count();
    if works == 0 {
        let advice = "Create one for each provider: `doorstep client create --help`.";
        report.warn(
            "clients",
            "there is no OAuth client that works, so nobody can sign up",
            advice,
        );
    } else {
        report.ok("clients", format!("{works} OAuth client(s) work"));
    }
    // Nobody has the number 0, so all are others.
    match read.conn().other_administrators(0).await? {
        0 => report.warn(
            "admins",
            "there is no administrator, so nobody can use /api/admin",
            "If you want one: `doorstep admin create --help`.",
        ),
        count => report.ok("admins", format!("{count} administrator(s)")),
    }
    Ok(())
}

/// Events are tried again for a day; what waits for so long will not all arrive by itself.
const BACKLOG_SECONDS: i64 = 3_600;

async fn webhooks(store: &Store, report: &mut Report) -> Result<(), doorstep_store::StoreError> {
    let endpoints = store.read().await?.conn().endpoints().await?;
    let long_ago = SystemClock.now().plus_seconds(-BACKLOG_SECONDS);
    let mut faults = Vec::new();
    for endpoint in &endpoints {
        let id = &endpoint.id;
        if let Some(reason) = &endpoint.disabled_reason {
            faults.push(format!("{id} was disabled: {reason}"));
        } else if endpoint.disabled_at.is_none()
            && endpoint.oldest_at.is_some_and(|oldest| oldest < long_ago)
        {
            let pending = endpoint.pending;
            faults.push(format!("{id} has {pending} event(s) to be sent, some for over an hour"));
        }
        if endpoint.dead > 0 {
            faults.push(format!("{} event(s) to {id} were given up", endpoint.dead));
        }
    }
    if faults.is_empty() {
        let told = endpoints.iter().filter(|endpoint| endpoint.disabled_at.is_none()).count();
        report.ok("webhooks", format!("{told} endpoint(s) are told of events"));
    } else {
        let advice = "`doorstep webhook list` and `doorstep webhook dead` say more; `doorstep webhook replay` sends again.";
        report.warn("webhooks", faults.join("; "), advice);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_times_are_understood() {
        for (text, expected) in [
            ("1970-01-02 00:00:00", 86_400_000),
            ("1970-01-02 00:00:00.25+00", 86_400_250),
            ("1970-01-02 05:30:00.000001+05:30", 86_400_000),
            ("1970-01-01 19:00:00-05", 86_400_000),
        ] {
            assert_eq!(database_time(text), Some(expected), "{text}");
        }
        assert_eq!(database_time("noon"), None);
    }
}

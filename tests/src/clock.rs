//! A clock that a test sets, for servers that know nothing of it.
//!
//! The program has no way to be told another time than the machine's, and needs none:
//! libfaketime stands between it and the C library. Only the wall clock is set. The
//! monotonic one, by which timers and timeouts run, goes on as it does, and so do the
//! clocks of the tests and of PostgreSQL.

use std::path::{Path, PathBuf};

use doorstep_accounts::Limit;
use tempfile::TempDir;

use crate::{Kind, Server, now};

/// Stands still until it is set.
#[derive(Debug)]
pub struct TestClock {
    folder: TempDir,
    library: PathBuf,
    millis: std::cell::Cell<i64>,
}

impl TestClock {
    /// At the machine's time, in whole seconds.
    ///
    /// # Panics
    /// Says what to install when there is no libfaketime.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("doorstep-clock-").tempdir();
        let clock = Self {
            folder: folder.expect("a folder"),
            library: library(),
            millis: std::cell::Cell::default(),
        };
        clock.set(now() * 1_000);
        clock
    }

    /// The time, in milliseconds since the Unix epoch.
    pub fn millis(&self) -> i64 {
        self.millis.get()
    }

    /// The time, in seconds since the Unix epoch.
    pub fn seconds(&self) -> i64 {
        self.millis().div_euclid(1_000)
    }

    /// Sets it, for every process that has it, at once.
    pub fn set(&self, millis: i64) {
        // Half a millisecond more, for the fraction is read as a floating point number.
        let text = format!("{}.{:03}5\n", millis.div_euclid(1_000), millis.rem_euclid(1_000));
        // Never a file that is half written: it would be passed over.
        let new = self.folder.path().join("new");
        std::fs::write(&new, text).expect("the folder is writable");
        std::fs::rename(new, self.file()).expect("the folder is writable");
        self.millis.set(millis);
    }

    /// Sets it forward, or back.
    pub fn go(&self, seconds: i64) {
        self.set(self.millis() + seconds * 1_000);
    }

    /// Starts a server that has it, as have its commands, workers and replicas. Limits
    /// are off unless they are set: while time stands still, none ever gives way.
    pub async fn server(&self, kind: Kind, settings: &[(&str, &str)]) -> Server {
        let off = Limit::ALL.iter().map(|limit| {
            (format!("DOORSTEP_RATES__{}", limit.name().to_uppercase()), "off".to_owned())
        });
        let own: Vec<_> = off.chain(self.settings()).collect();
        let own = own.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<_> = own.chain(settings.iter().copied()).collect();
        Server::start_with(kind, &all).await
    }

    /// The environment of a process that has it.
    pub fn settings(&self) -> Vec<(String, String)> {
        let variables = [
            ("LD_PRELOAD", self.library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file().display().to_string()),
            ("FAKETIME_FMT", "%s".to_owned()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            // A process that is killed would leave its shared memory behind.
            ("FAKETIME_DISABLE_SHM", "1".to_owned()),
            ("NO_FAKE_STAT", "1".to_owned()),
        ];
        variables.map(|(name, value)| (name.to_owned(), value)).into()
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("time")
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

/// Debian's, in the folder of this architecture.
fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut found = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    let found = found.find(|path| Path::is_file(path));
    found.expect("libfaketime is needed: `apt-get install libfaketime`")
}

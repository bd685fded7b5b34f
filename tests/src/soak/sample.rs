//! What a server takes, at one moment: as the kernel and the file system count it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{Kind, Server};

/// The most that SQLite's log of changes may be: what is kept of it (8 MiB) and what
/// comes in while a checkpoint waits for readers.
const SQLITE_LOG: u64 = 32 << 20;
/// What PostgreSQL's log may have over its `max_wal_size`, which is a soft limit: some
/// segments of 16 MiB.
const POSTGRES_LOG_MORE: u64 = 8 * (16 << 20);

/// One look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// How long the load had lasted.
    pub at: Duration,
    /// Answers until then.
    pub requests: u64,
    /// Of a hundred answers since the last look, the slowest but one.
    pub p99: Duration,
    /// Resident memory, in bytes.
    pub memory: u64,
    /// Open files and connections.
    pub files: u64,
    /// Threads.
    pub threads: u64,
    /// The database's log of changes, in bytes.
    pub wal: u64,
    /// All that the server had logged, in bytes.
    pub log: u64,
}

/// Where to look.
pub(super) struct Looks<'a> {
    server: &'a Server,
    process: PathBuf,
    kind: Kind,
}

impl<'a> Looks<'a> {
    pub(super) fn at(server: &'a Server, kind: Kind) -> Self {
        Self { server, process: Path::new("/proc").join(server.process_id().to_string()), kind }
    }

    pub(super) async fn take(&self, at: Duration, requests: u64, p99: Duration) -> Sample {
        let status = fs::read_to_string(self.process.join("status")).expect("the server runs");
        let field = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|rest| rest.split_whitespace().next());
            number.and_then(|number| number.parse().ok()).expect("the kernel says it")
        };
        let files = fs::read_dir(self.process.join("fd")).expect("the server runs").count();
        Sample {
            at,
            requests,
            p99,
            memory: field("VmRSS:") * 1_024,
            files: files as u64,
            threads: field("Threads:"),
            wal: self.wal().await,
            log: size(&self.server.folder().join("log")),
        }
    }

    async fn wal(&self) -> u64 {
        match self.kind {
            Kind::Sqlite => size(&self.server.folder().join("doorstep.db-wal")),
            Kind::Postgres | Kind::Replicas => {
                self.ask("SELECT COALESCE(SUM(size), 0)::BIGINT FROM pg_ls_waldir()").await
            }
        }
    }

    /// The most that the log of changes may be.
    pub(super) async fn wal_bound(&self) -> u64 {
        match self.kind {
            Kind::Sqlite => SQLITE_LOG,
            Kind::Postgres | Kind::Replicas => {
                let megabytes =
                    "SELECT setting::BIGINT FROM pg_settings WHERE name = 'max_wal_size'";
                (self.ask(megabytes).await << 20) + POSTGRES_LOG_MORE
            }
        }
    }

    async fn ask(&self, sql: &'static str) -> u64 {
        u64::try_from(self.server.database.count(sql).await).expect("a size")
    }
}

/// Of a file; none where there is none.
fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |data| data.len())
}

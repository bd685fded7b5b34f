//! What the server reaches on this machine, beside what the machine can do: each figure
//! is a part of a reference that ran just before and just after it.
#![expect(clippy::print_stdout, reason = "this is a terminal program")]

mod ceiling;
mod cpu;
mod figures;
mod growth;
mod load;
mod on_postgres;
mod on_sqlite;
mod one_by_one;
mod page;
mod peer;
mod pgbench;
mod pressure;
mod reading;
mod requests;
mod resources;
mod shards;
mod shards_page;
mod subject;
mod table;
mod tokens;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use clap::Parser;
use figures::Round;
use load::{Load, Requests};
use subject::Subject;
use table::Table;

/// Measures a server.
#[derive(Parser)]
#[command(disable_version_flag = true)]
struct Arguments {
    /// The server's program, in its release build
    #[arg(long)]
    server: PathBuf,
    /// Where the databases are; the system's folder for what is temporary, if none is named
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Where others are installed to be measured with
    #[arg(long)]
    peers: Option<PathBuf>,
    /// Two seconds for each figure, in place of eight
    #[arg(long)]
    quick: bool,
    /// Memory, starts and growth as well
    #[arg(long)]
    full: bool,
    /// How many million users growth is measured with at last
    #[arg(long, default_value_t = 10)]
    millions: u64,
    /// Two databases behind a router beside one, and nothing else
    #[arg(long, conflicts_with_all = ["full", "only"])]
    shards: bool,
    /// Where to write the handbook's page
    #[arg(long)]
    page: Option<PathBuf>,
    /// One part alone
    #[arg(long, value_enum)]
    only: Option<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    Postgres,
    Sqlite,
    Reading,
    Tokens,
    Resources,
    Growth,
}

/// What every measurement needs.
struct Bench {
    server: PathBuf,
    folder: PathBuf,
    peers: Option<PathBuf>,
    warm_up: Duration,
    measured: Duration,
    table: Table,
    /// How many have been; names are made of it.
    rounds: AtomicU64,
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(ceiling::ARGUMENT) {
        ceiling::serve();
        return ExitCode::SUCCESS;
    }
    let Arguments { server, folder, peers, quick, full, millions, shards, page, only } =
        Arguments::parse();
    let seconds = |long, short| Duration::from_secs(if quick { short } else { long });
    let mut bench = Bench {
        server,
        folder: folder.unwrap_or_else(std::env::temp_dir),
        peers,
        warm_up: seconds(2, 1),
        measured: seconds(8, 2),
        table: Table::default(),
        rounds: AtomicU64::new(0),
    };
    // Thousands of connections are as many files.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    // The load shares two processors with what is measured: one thread is enough for it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    if shards {
        let table = runtime.block_on(shards::measure(&bench));
        println!("\n{table}");
        if let Some(page) = page {
            shards_page::write(&page, &table, bench.measured);
            println!("written to {}", page.display());
        }
        return ExitCode::SUCCESS;
    }
    runtime.block_on(async {
        let wanted = |part| only.is_none_or(|only| only == part);
        if wanted(Part::Sqlite) {
            on_sqlite::measure(&mut bench).await;
        }
        if wanted(Part::Postgres) {
            on_postgres::measure(&mut bench).await;
        }
        if wanted(Part::Tokens) {
            tokens::measure(&mut bench).await;
        }
        if wanted(Part::Reading) {
            reading::measure(&mut bench).await;
        }
        if full || only == Some(Part::Resources) {
            resources::measure(&mut bench).await;
        }
        if full || only == Some(Part::Growth) {
            growth::measure(&mut bench, millions).await;
        }
    });
    println!("\n{}", bench.table);
    if let Some(page) = page {
        let text = page::write(&bench.table, bench.measured);
        std::fs::write(&page, text).expect("the handbook is writable");
        println!("written to {}", page.display());
    }
    ExitCode::SUCCESS
}

/// Sign-ups, by whom and with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SignUps {
    /// As the widget sends them: a token for one person, an address, a key.
    Widget,
    /// By a back end with a token for many, an address and a key.
    WithAddress,
    /// The same without an address.
    WithoutAddress,
}

impl SignUps {
    const ALL: [Self; 3] = [Self::Widget, Self::WithAddress, Self::WithoutAddress];

    const fn name(self) -> &'static str {
        match self {
            Self::Widget => "sign-ups as the widget sends them (own token, e-mail, key)",
            Self::WithAddress => "sign-ups by a back end (e-mail, key)",
            Self::WithoutAddress => "sign-ups by a back end (no e-mail, key)",
        }
    }
}

impl Bench {
    /// What the names of a round begin with.
    fn new_run(&self) -> String {
        format!("r{}x", self.rounds.fetch_add(1, Ordering::Relaxed))
    }

    fn subject(&self, url: Option<&str>) -> Subject {
        Subject::start(&self.server, &self.folder, url)
    }

    async fn load(&self, subject: &Subject, requests: Requests, connections: usize) -> Round {
        let (warm_up, measured) = (self.warm_up, self.measured);
        let to = subject.address;
        Load { to, requests, connections, warm_up, measured, rate: None }.run().await
    }

    /// Sign-ups of a kind. `most` is how many there can be in a second.
    async fn sign_ups(
        &self,
        subject: &Subject,
        kind: SignUps,
        connections: usize,
        most: f64,
    ) -> Round {
        let run = self.new_run();
        let to = subject.address;
        let requests = match kind {
            SignUps::Widget => {
                let seconds = (self.warm_up + self.measured).as_secs_f64();
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a number of requests"
                )]
                let count = (most * seconds) as u64;
                let tokens = subject.sign_up_tokens(&run, count).await;
                requests::by_widget(to, tokens, &run)
            }
            SignUps::WithAddress | SignUps::WithoutAddress => {
                let token = subject.token().await;
                requests::sign_ups(to, &token, &run, kind == SignUps::WithAddress)
            }
        };
        self.load(subject, requests, connections).await
    }
}

/// Says what is under way.
fn say(what: &str, round: &impl std::fmt::Display) {
    println!("{what:<72} {round}");
}

fn scratch(folder: &Path) -> tempfile::TempDir {
    tempfile::Builder::new().prefix("doorstep-bench-").tempdir_in(folder).expect("it is writable")
}

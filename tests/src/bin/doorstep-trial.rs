//! The long trials, as commands: `cargo xtask crash` calls this program.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand, ValueEnum};
use doorstep_tests::{Chance, CrashOutcome, CrashPlan, Kind};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    trial: Trial,
}

#[derive(Subcommand)]
enum Trial {
    /// Kill the server again and again while people sign up, and count what is there afterwards
    Crash(Crash),
}

#[derive(Args)]
struct Crash {
    /// How often the server is killed, on each database
    #[arg(long, default_value_t = 200, value_name = "N")]
    kills: usize,
    /// How many people sign up, on each database
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    sign_ups: usize,
    /// How many of them ask at a time
    #[arg(long, default_value_t = 32, value_name = "N")]
    at_once: usize,
    /// On which
    #[arg(long, value_enum, default_value_t = Which::Both)]
    database: Which,
    /// Decides when the server is killed; by chance, if none is given
    #[arg(long)]
    seed: Option<u64>,
    /// A file to write the report to as well: crates/handbook/crash.md is such a one
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    Sqlite,
    Postgres,
    Both,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let Trial::Crash(crash) = Arguments::parse().trial;
    let (report, faults) = runtime.block_on(crash.run());
    println(&report);
    for fault in &faults {
        println(&format!("FAULT: {fault}"));
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Crash {
    async fn run(&self) -> (String, Vec<String>) {
        let plan = CrashPlan {
            kills: self.kills,
            sign_ups: self.sign_ups,
            at_once: self.at_once,
            seed: self.seed.unwrap_or_else(Chance::new_seed),
        };
        println(&format!("seed {}", plan.seed));
        let mut columns: Vec<(&str, CrashOutcome)> = Vec::new();
        for (which, kind, name) in [
            (Which::Sqlite, Kind::Sqlite, "SQLite"),
            (Which::Postgres, Kind::Postgres, "PostgreSQL"),
        ] {
            if [which, Which::Both].contains(&self.database) {
                // At `trace` most of the work would be its own log.
                let outcome = plan.run(kind, &[("DOORSTEP_LOG__FILTER", "info")]).await;
                columns.push((name, outcome));
            }
        }
        let report = page(&plan, &columns);
        let faults: Vec<_> = columns.into_iter().flat_map(|(_, outcome)| outcome.faults).collect();
        if let Some(path) = self.report.as_ref().filter(|_| faults.is_empty()) {
            std::fs::write(path, &report).expect("the report can be written");
        }
        (report, faults)
    }
}

/// The report, as the handbook shows it.
fn page(plan: &CrashPlan, columns: &[(&str, CrashOutcome)]) -> String {
    use std::fmt::Write as _;
    let mut page = format!(
        "# Killed while people sign up\n\n\
         Written by `cargo xtask crash --report crates/handbook/crash.md`; do not edit it by hand.\n\n\
         One server, {} people at a time, each with an `Idempotency-Key` and as many attempts as it takes; every fourth by a sign-up token of one use.\n\
         The server is ended by `kill -9` {} times, at moments that chance chooses (seed {}), and started again each time.\n\n",
        plan.at_once, plan.kills, plan.seed
    );
    let mut row = |first: &str, cells: Vec<&str>| {
        // Writing into a String cannot fail.
        let _ = writeln!(page, "| {first} | {} |", cells.join(" | "));
    };
    row("", columns.iter().map(|(name, _)| *name).collect());
    row("---", columns.iter().map(|_| "---:").collect());
    let lines = columns.first().map(|(_, outcome)| outcome.lines.as_slice()).unwrap_or_default();
    for (at, (what, _)) in lines.iter().enumerate() {
        let cells = columns.iter().map(|(_, outcome)| {
            outcome.lines.get(at).map(|(_, cell)| cell.as_str()).unwrap_or_default()
        });
        row(what, cells.collect());
    }
    page.push_str(
        "\nWhat it shows: nothing that was acknowledged is lost, and nothing is there twice or by half, when the *process* ends.\n\
         What it does not show: a power cut. Then it is the disk's turn, and the settings for it are `synchronous=FULL` on SQLite, which the server sets, and `fsync` and `synchronous_commit` on PostgreSQL, which are on unless somebody switched them off.\n",
    );
    page
}

#[expect(clippy::print_stdout, reason = "what the program is for")]
fn println(text: &str) {
    println!("{text}");
}

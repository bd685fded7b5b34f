//! The long trials, as commands: `cargo xtask crash` calls this program.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand, ValueEnum};
use doorstep_tests::{
    Chance, ChaosFault, ChaosOutcome, ChaosPlan, CrashOutcome, CrashPlan, Kind, run_apart,
};

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
    /// Kill, cut off and freeze the primary of a PostgreSQL that fails over, while people sign up (as root)
    Chaos(Chaos),
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

#[derive(Args)]
struct Chaos {
    /// How many people ask at a time
    #[arg(long, default_value_t = 8, value_name = "N")]
    at_once: usize,
    /// What happens, if not all of it
    #[arg(long, value_enum, value_name = "FAULT")]
    fault: Vec<ChaosFault>,
    /// Each fault so many times
    #[arg(long, default_value_t = 1, value_name = "N")]
    rounds: usize,
    /// Decides which server is killed, and when; by chance, if none is given
    #[arg(long)]
    seed: Option<u64>,
    /// A folder to leave what the nodes and the servers logged
    #[arg(long, value_name = "FOLDER")]
    logs: Option<PathBuf>,
    /// A file to write the report to as well: crates/handbook/chaos.md is such a one
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Set by the command itself, in the namespaces that it made
    #[arg(long, hide = true)]
    apart: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    Sqlite,
    Postgres,
    Both,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (report, faults) = match Arguments::parse().trial {
        Trial::Crash(crash) => runtime.block_on(crash.run()),
        Trial::Chaos(chaos) if chaos.apart => runtime.block_on(chaos.run()),
        Trial::Chaos(_) => {
            let own = std::env::args().skip(1).chain(["--apart".to_owned()]);
            return match run_apart(&own.collect::<Vec<_>>()) {
                Ok(code) => code.into(),
                Err(error) => {
                    println(&format!("error: {error}"));
                    ExitCode::FAILURE
                }
            };
        }
    };
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

impl Chaos {
    async fn run(&self) -> (String, Vec<String>) {
        let all = ChaosFault::ALL.to_vec();
        let plan = ChaosPlan {
            faults: if self.fault.is_empty() { all } else { self.fault.clone() },
            rounds: self.rounds,
            at_once: self.at_once,
            seed: self.seed.unwrap_or_else(Chance::new_seed),
            logs: self.logs.clone(),
        };
        println(&format!("seed {}", plan.seed));
        let mut outcome = tokio::select! {
            outcome = plan.run() => outcome,
            // All that was started goes with us: we are the first process of our own.
            _ = tokio::signal::ctrl_c() => std::process::exit(130),
        };
        let report = chaos_page(&plan, &outcome);
        let faults = std::mem::take(&mut outcome.faults);
        if let Some(path) = self.report.as_ref().filter(|_| faults.is_empty()) {
            std::fs::write(path, &report).expect("the report can be written");
        }
        (report, faults)
    }
}

/// The report, as the handbook shows it.
fn chaos_page(plan: &ChaosPlan, outcome: &ChaosOutcome) -> String {
    use std::fmt::Write as _;
    let mut page = format!(
        "# When the primary goes\n\n\
         Written by `cargo xtask chaos --report crates/handbook/chaos.md`; do not edit it by hand.\n\n\
         PostgreSQL on three nodes with Patroni and etcd, each node a network namespace, and three servers outside, behind HAProxy; all of it with the settings of [replicas.md](replicas.md), as they stand there.\n\
         {} people at a time sign up, each with an `Idempotency-Key` and as many attempts as it takes; every fourth by a sign-up token of one use.\n\
         With each fault of the database one of the three servers, chosen by chance (seed {}), is killed as well, within ten seconds; it is started again when sign-ups go on, and so is the node.\n\n\
         | What happens | without a sign-up, at most | and while it comes back |\n\
         | --- | ---: | ---: |\n",
        plan.at_once, plan.seed
    );
    // Writing into a String cannot fail.
    for (what, until, after) in &outcome.gaps {
        let _ = writeln!(page, "| {what} | {until:.1} s | {after:.1} s |");
    }
    page.push_str("\nAt the end, all faults together:\n\n| | |\n| --- | ---: |\n");
    for (what, number) in &outcome.counts {
        let _ = writeln!(page, "| {what} | {number} |");
    }
    page.push_str(
        "\nWhat it shows: in each of these nothing that was acknowledged is lost or there twice, nobody was told anything but to come again, and nobody had to do anything.\n\
         What it does not show: disks, for the nodes keep their data in memory, or the speed of a real network, for all of it runs on one machine.\n\n\
         ## The timeline\n\n\
         A node that is cut off loses every packet and is told of none. The seconds are those since the beginning.\n\n\
         ```text\n",
    );
    for (at, what) in &outcome.timeline {
        let _ = writeln!(page, "{at:6.1}  {}", what.replace('`', ""));
    }
    page.push_str("```\n");
    page
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

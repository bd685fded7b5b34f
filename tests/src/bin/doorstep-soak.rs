//! A server under load for as long as somebody likes, and what it took: `cargo xtask soak`.

#![expect(clippy::print_stdout, reason = "this is a terminal program")]

use std::{process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use doorstep_tests::{
    Kind,
    soak::{self, Plan, Sample},
};

/// How long the capacity is measured: long enough for a checkpoint or two.
const CAPACITY: Duration = Duration::from_secs(20);
/// From here on the times of the answers count: what else a machine does evens out.
const LONG: Duration = Duration::from_hours(1);
/// Looks at the server: enough for slopes, few enough to read.
const SAMPLES: u32 = 96;

#[derive(Parser)]
#[command(about = "Load a server for a long time, and judge what it takes")]
struct Arguments {
    /// How long
    #[arg(long, default_value_t = 480, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=10_080))]
    minutes: u32,
    /// On which database
    #[arg(long, value_enum, default_value_t = Store::Sqlite)]
    database: Store,
    /// The load, in hundredths of what the server can do here
    #[arg(long, default_value_t = 50, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
    load: u8,
}

#[derive(Clone, Copy, ValueEnum)]
enum Store {
    Sqlite,
    Postgres,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let length = Duration::from_mins(arguments.minutes.into());
    let plan = Plan {
        kind: match arguments.database {
            Store::Sqlite => Kind::Sqlite,
            Store::Postgres => Kind::Postgres,
        },
        length,
        capacity: CAPACITY,
        share: f64::from(arguments.load) / 100.0,
        samples: SAMPLES,
        judges_times: length >= LONG,
        // Hours of secrets are not kept: the suite searches for them.
        note: |_, _| {},
    };
    println!("  minute   requests   p99 ms  memory MiB  files  threads  changes MiB   log MiB");
    let outcome = soak::run(&plan, print).await;
    println!("{:.0} visits/s were possible, {:.0} were asked for.", outcome.capacity, outcome.rate);
    for line in &outcome.verdict.lines {
        println!("  {line}");
    }
    let faults = outcome.faults();
    for fault in &faults {
        println!("fault: {fault}");
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print(sample: &Sample) {
    let mebibytes = |bytes: u64| bytes >> 20;
    println!(
        "{:>8.1} {:>10} {:>8.1} {:>11} {:>6} {:>8} {:>12} {:>9}",
        sample.at.as_secs_f64() / 60.0,
        sample.requests,
        sample.p99.as_secs_f64() * 1_000.0,
        mebibytes(sample.memory),
        sample.files,
        sample.threads,
        mebibytes(sample.wal),
        mebibytes(sample.log),
    );
}

//! Runs a command with a PostgreSQL cluster that its tests share:
//! `with-postgres cargo nextest run`. The cluster is gone when the command ends.

use std::process::{Command, ExitCode};

use doorstep_tests::Postgres;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(program) = arguments.next() else { return ExitCode::from(2) };
    let cluster = Postgres::start();
    let status = Command::new(program)
        .args(arguments)
        .env("DOORSTEP_TEST_POSTGRES_URL", &cluster.url)
        .status();
    drop(cluster);
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

//! The handbook's page with the last whole run.

use std::{process::Command, time::Duration};

use crate::table::Table;

/// The page: what was measured, where and when, and how to do it again.
pub(crate) fn write(table: &Table, measured: Duration) -> String {
    let seconds = measured.as_secs();
    let date = output("date", &["+%-d %B %Y"]);
    let machine = machine();
    let postgres = output("pgbench", &["--version"]);
    format!(
        "# Benchmarks

What the server reaches on one machine, beside what that machine can do by itself. `cargo xtask bench --full` measures it
and writes this page; without `--full` it prints the table alone. `--quick` takes two seconds for each figure in place of eight.

Server, database and load share the machine, and each figure stands beside a reference that ran just before and just after it.
So the ratios say something; the bare numbers are this machine's. One run proves nothing below a quarter: the references
themselves move by that much here.

Everything that the product writes is in: the idempotency record, the use of the token, the user with identity and
credential, the event, the audit log, what is left of each limit; one transaction, and the answer after the disk has it
(`fsync` and `synchronous_commit` on, `synchronous = FULL`). The reference writes three rows.

Measured on {date}, {seconds} seconds for each figure: {machine}; {postgres}.

{table}
A `no` is a target that this machine does not show to be reached.
"
    )
}

pub(crate) fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let of = |name: &str| {
        let line = processors.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(": ")).map(|(_, value)| value.trim().to_owned())
    };
    let cores = processors.lines().filter(|line| line.starts_with("processor")).count();
    let memory = read("/proc/meminfo")
        .lines()
        .next()
        .and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    format!(
        "{cores} processors ({}), {} GiB, {}",
        of("model name").unwrap_or_default(),
        memory.unwrap_or_default() / (1 << 20),
        output("uname", &["-sr"]),
    )
}

pub(crate) fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").output();
    output
        .map_or_else(|_| String::new(), |it| String::from_utf8_lossy(&it.stdout).trim().to_owned())
}

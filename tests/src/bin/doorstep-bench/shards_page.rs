//! What two installations behind a router cost, as a part of the handbook's page.

use std::{fmt, path::Path, time::Duration};

use crate::{
    figures::{median, precise, thousands},
    page::{machine, output},
};

/// The part stands between these.
const BEGIN: &str = "<!-- measured: written by `cargo xtask bench --shards` -->\n";
const END: &str = "<!-- /measured -->\n";

/// How requests come to their installation.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    Direct,
    RoutedToOne,
    RoutedToTwo,
}

impl Way {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Direct => "one installation",
            Self::RoutedToOne => "one installation behind the router",
            Self::RoutedToTwo => "two installations behind the router",
        }
    }
}

/// What came of one round.
#[derive(Debug)]
pub(crate) struct Costs {
    /// Sign-ups a second.
    pub(crate) rate: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Milliseconds of the processor for one sign-up: servers, PostgreSQL, router.
    pub(crate) cpu: [f64; 3],
    /// Sign-ups for one wait for the disk.
    pub(crate) together: f64,
}

/// All rounds, and who is where.
#[derive(Debug)]
pub(crate) struct Table {
    /// The first is what the others stand beside.
    pub(crate) rows: Vec<(Way, Vec<Costs>)>,
    /// On each of the two installations.
    pub(crate) accounts: [usize; 2],
    /// Usernames that are on both.
    pub(crate) in_both: usize,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| what | sign-ups /s | ratio | p50 / p99 ms | CPU ms for one: servers + PostgreSQL + router | ratio | sign-ups for one `fsync` |"
        )?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- | --- |")?;
        let middle = |costs: &[Costs], figure: fn(&Costs) -> f64| {
            median(&costs.iter().map(figure).collect::<Vec<_>>())
        };
        let (_, one) = &self.rows[0];
        // Within a round: the machine is not as fast in each.
        let ratio = |costs: &[Costs], figure: fn(&Costs) -> f64| {
            let pairs = costs.iter().zip(one);
            median(&pairs.map(|(it, one)| figure(it) / figure(one)).collect::<Vec<_>>())
        };
        for (way, costs) in &self.rows {
            writeln!(
                f,
                "| {} | {} | {:.2} | {:.1} / {:.1} | {:.3} + {:.3} + {:.3} | {:.2} | {:.1} |",
                way.name(),
                thousands(middle(costs, |it| it.rate)),
                ratio(costs, |it| it.rate),
                middle(costs, |it| it.p50),
                middle(costs, |it| it.p99),
                middle(costs, |it| it.cpu[0]),
                middle(costs, |it| it.cpu[1]),
                middle(costs, |it| it.cpu[2]),
                ratio(costs, |it| it.cpu.iter().sum()),
                middle(costs, |it| it.together),
            )?;
        }
        let [first, second] = self.accounts.map(|count| thousands(precise(count)));
        writeln!(
            f,
            "\nOf the two installations one has {first} accounts and the other {second}: exactly those that it \
             acknowledged, and none of the other's. {} usernames are on both, as two accounts each.",
            thousands(precise(self.in_both))
        )
    }
}

/// Puts it into the page.
pub(crate) fn write(page: &Path, table: &Table, measured: Duration) {
    let text = std::fs::read_to_string(page).expect("the page can be read");
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) = parts.expect("the page has the two marks");
    let (_, rounds) = &table.rows[0];
    let part = format!(
        "Measured on {}, medians of {} rounds of {} seconds each, in turn, with ratios within a round: {}; {}; {}.\n\n{table}",
        output("date", &["+%-d %B %Y"]),
        rounds.len(),
        measured.as_secs(),
        machine(),
        output("pgbench", &["--version"]),
        router(),
    );
    std::fs::write(page, [before, BEGIN, &part, END, after].concat()).expect("it is writable");
}

/// HAProxy's name and version.
fn router() -> String {
    let said = output("sh", &["-c", "PATH=$PATH:/usr/sbin haproxy -v"]);
    said.split_whitespace().filter(|word| *word != "version").take(2).collect::<Vec<_>>().join(" ")
}

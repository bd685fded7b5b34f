//! The table of all figures.

use std::fmt;

use crate::figures::{Round, thousands};

/// What a ratio should be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    AtLeast(f64),
    Below(f64),
}

/// A figure beside its reference.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) round: Round,
    pub(crate) reference: String,
    pub(crate) ratio: f64,
    pub(crate) target: Option<Target>,
}

/// A figure that is no load.
#[derive(Debug)]
pub(crate) struct Fact {
    pub(crate) what: String,
    pub(crate) figure: String,
    pub(crate) beside: String,
    /// What the target is about.
    pub(crate) value: f64,
    pub(crate) target: Target,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
    facts: Vec<Fact>,
}

impl Table {
    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(crate) fn note(&mut self, fact: Fact) {
        self.facts.push(fact);
    }
}

impl Target {
    fn judge(self, value: f64) -> String {
        format!("{self}: {}", if self.is_met(value) { "yes" } else { "**no**" })
    }

    fn is_met(self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(least) => ratio >= least,
            Self::Below(bound) => ratio < bound,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "at least {least}"),
            Self::Below(bound) => write!(f, "below {bound}"),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | /s | p50 / p99 ms | beside | ratio | wanted |")?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- |")?;
        for Row { what, round, reference, ratio, target } in &self.rows {
            let wanted = target.map_or_else(String::new, |target| target.judge(*ratio));
            writeln!(
                f,
                "| {what} | {} | {:.1} / {:.1} | {reference} | {ratio:.2} | {wanted} |",
                thousands(round.rate()),
                round.within(0.5),
                round.within(0.99),
            )?;
        }
        if self.facts.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n| what | measured | beside | ratio or value | wanted |")?;
        writeln!(f, "| --- | --- | --- | --- | --- |")?;
        for Fact { what, figure, beside, value, target } in &self.facts {
            let wanted = target.judge(*value);
            writeln!(f, "| {what} | {figure} | {beside} | {value:.2} | {wanted} |")?;
        }
        Ok(())
    }
}

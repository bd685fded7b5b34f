//! How much a page has to download, and the most we allow.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::widget::pack::{self, Entry};

/// The loader stands in the way of nothing (it is async), but it is fetched again every few minutes and decides how
/// soon the rest can start: 3 kB fits into the first round trip of a connection, with room for headers.
const LOADER_BUDGET: u64 = 3_000;

/// All that is downloaded before a person sees the form. An empty Leptos form with one request is 50 kB, and 75 kB is
/// 0.8 seconds on a slow 3G line (750 kbit/s); a feature that does not fit must be worth that time to everybody.
const TOTAL_BUDGET: u64 = 75_000;

/// What pages without a back end load besides, while the person types: of comparable solvers one is 14 kB, another 21.
const PROVER_BUDGET: u64 = 15_000;

/// What comes after a sign-up, while the person looks at the credential: less than the form, for Leptos is in it again.
const ORDER_BUDGET: u64 = 70_000;

/// The packed files' sizes.
pub(crate) struct Weight {
    rows: Vec<Row>,
}

struct Row {
    path: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
}

impl Row {
    /// Whether only pages without a back end load it.
    fn is_prover(&self) -> bool {
        self.path.starts_with(pack::PROVER)
    }

    /// Whether it is loaded after a sign-up, by pages that want it.
    fn is_order(&self) -> bool {
        self.path.starts_with(pack::ORDER)
    }
}

impl Weight {
    pub(crate) fn of(dist: &Path) -> Result<Self> {
        let size = |path: &str| -> Result<u64> {
            let file = dist.join(path);
            Ok(fs::metadata(&file).with_context(|| format!("{} is missing", file.display()))?.len())
        };
        let row = |entry: Entry| {
            Ok(Row {
                raw: size(&entry.path)?,
                gzip: size(&format!("{}.gz", entry.path))?,
                brotli: size(&format!("{}.br", entry.path))?,
                path: entry.path,
            })
        };
        Ok(Self { rows: pack::entries(dist)?.into_iter().map(row).collect::<Result<_>>()? })
    }

    pub(crate) fn within_budget(&self) -> Result<()> {
        let faults = self.faults();
        if faults.is_empty() {
            return Ok(());
        }
        bail!(
            "the widget is over its size budget: {}; see what was added, or argue for a new budget in \
             crates/xtask/src/widget/budget.rs",
            faults.join("; ")
        )
    }

    pub(crate) fn table(&self) -> String {
        let line = |row: &Row| {
            format!("      {:<36} {:>9} {:>9} {:>9}", row.path, row.raw, row.gzip, row.brotli)
        };
        let mut lines = vec![format!(
            "      {:<36} {:>9} {:>9} {:>9}",
            "file (bytes)", "raw", "gzip", "brotli"
        )];
        lines.extend(self.rows.iter().map(line));
        lines.push(line(&self.total()));
        lines.join("\n")
    }

    pub(crate) fn table_and_budget(&self) -> String {
        let allowed =
            |budget: u64| format!("      {:<36} {:>9} {:>9} {budget:>9}", "allowed", "", "");
        let prover = format!("{} (pages without a back end alone)", allowed(PROVER_BUDGET));
        let order = format!("{} (order steps, after a sign-up)", allowed(ORDER_BUDGET));
        [self.table(), allowed(TOTAL_BUDGET), prover, order].join("\n")
    }

    fn faults(&self) -> Vec<String> {
        let loader: u64 =
            self.rows.iter().filter(|row| row.path == pack::LOADER).map(|row| row.brotli).sum();
        let total = self.total().brotli;
        let prover: u64 =
            self.rows.iter().filter(|row| row.is_prover()).map(|row| row.brotli).sum();
        let order: u64 = self.rows.iter().filter(|row| row.is_order()).map(|row| row.brotli).sum();
        let mut faults = Vec::new();
        if loader > LOADER_BUDGET {
            faults.push(format!(
                "the loader is {loader} bytes of brotli, {LOADER_BUDGET} are allowed"
            ));
        }
        if total > TOTAL_BUDGET {
            faults
                .push(format!("the whole is {total} bytes of brotli, {TOTAL_BUDGET} are allowed"));
        }
        if prover > PROVER_BUDGET {
            faults.push(format!(
                "the prover is {prover} bytes of brotli, {PROVER_BUDGET} are allowed"
            ));
        }
        if order > ORDER_BUDGET {
            faults.push(format!(
                "the order steps are {order} bytes of brotli, {ORDER_BUDGET} are allowed"
            ));
        }
        faults
    }

    /// What every page loads.
    fn total(&self) -> Row {
        let sum = |column: fn(&Row) -> u64| {
            self.rows.iter().filter(|row| !row.is_prover() && !row.is_order()).map(column).sum()
        };
        Row {
            path: "together".to_owned(),
            raw: sum(|row| row.raw),
            gzip: sum(|row| row.gzip),
            brotli: sum(|row| row.brotli),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, Weight};
    use crate::widget::pack;

    fn row(path: &str, brotli: u64) -> Row {
        Row { path: path.to_owned(), raw: 0, gzip: 0, brotli }
    }

    #[test]
    fn the_budget_holds_to_the_byte() {
        let check = |loader, wasm, expected| {
            let rows = vec![
                row(pack::LOADER, loader),
                row("assets/doorstep-0.wasm", wasm),
                row("assets/prover-0.wasm", 15_000),
                row("assets/order-0.wasm", 70_000),
            ];
            assert_eq!(Weight { rows }.faults().len(), expected);
        };
        check(3_000, 72_000, 0);
        check(3_001, 70_000, 1);
        check(3_000, 72_001, 1);
        check(3_001, 72_000, 2);
    }
}

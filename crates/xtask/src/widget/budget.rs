//! How much a page has to download, and the most we allow.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::screen::Screen;
use crate::widget::pack;

/// The loader stands in the way of nothing (it is async), but it is fetched again every few minutes and decides how
/// soon the rest can start: 3 kB fits into the first round trip of a connection, with room for headers.
const LOADER_BUDGET: u64 = 3_000;

/// All that is downloaded before a person sees the form. An empty Leptos form with one request is 50 kB, and 90 kB is
/// one second on a slow 3G line (750 kbit/s); a feature that does not fit must be worth that second to everybody.
const TOTAL_BUDGET: u64 = 90_000;

struct Row {
    path: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
}

/// Prints what each file weighs and fails when it is too much.
pub(crate) fn check(dist: &Path, screen: &Screen) -> Result<()> {
    let rows = measure(dist)?;
    screen.say(&table(&rows));
    let faults = faults(&rows);
    if faults.is_empty() {
        return Ok(());
    }
    bail!(
        "the widget is over its size budget: {}; see what was added, or argue for a new budget in crates/xtask/src/widget/budget.rs",
        faults.join("; ")
    )
}

fn measure(dist: &Path) -> Result<Vec<Row>> {
    let size = |path: &str| -> Result<u64> {
        let file = dist.join(path);
        Ok(fs::metadata(&file).with_context(|| format!("{} is missing", file.display()))?.len())
    };
    pack::entries(dist)?
        .into_iter()
        .map(|entry| {
            Ok(Row {
                raw: size(&entry.path)?,
                gzip: size(&format!("{}.gz", entry.path))?,
                brotli: size(&format!("{}.br", entry.path))?,
                path: entry.path,
            })
        })
        .collect()
}

fn faults(rows: &[Row]) -> Vec<String> {
    let loader =
        rows.iter().filter(|row| row.path == pack::LOADER).map(|row| row.brotli).sum::<u64>();
    let total = total(rows).brotli;
    let mut faults = Vec::new();
    if loader > LOADER_BUDGET {
        faults.push(format!("the loader is {loader} bytes of brotli, {LOADER_BUDGET} are allowed"));
    }
    if total > TOTAL_BUDGET {
        faults.push(format!("the whole is {total} bytes of brotli, {TOTAL_BUDGET} are allowed"));
    }
    faults
}

fn total(rows: &[Row]) -> Row {
    let sum = |column: fn(&Row) -> u64| rows.iter().map(column).sum();
    Row {
        path: "together".to_owned(),
        raw: sum(|row| row.raw),
        gzip: sum(|row| row.gzip),
        brotli: sum(|row| row.brotli),
    }
}

fn table(rows: &[Row]) -> String {
    let line = |row: &Row| {
        format!("      {:<36} {:>9} {:>9} {:>9}", row.path, row.raw, row.gzip, row.brotli)
    };
    let mut lines =
        vec![format!("      {:<36} {:>9} {:>9} {:>9}", "file (bytes)", "raw", "gzip", "brotli")];
    lines.extend(rows.iter().map(line));
    lines.push(line(&total(rows)));
    lines.push(format!("      {:<36} {:>9} {:>9} {TOTAL_BUDGET:>9}", "allowed", "", ""));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Row, faults};
    use crate::widget::pack;

    fn row(path: &str, brotli: u64) -> Row {
        Row { path: path.to_owned(), raw: 0, gzip: 0, brotli }
    }

    #[test]
    fn the_budget_holds_to_the_byte() {
        let check = |loader, wasm, expected| {
            assert_eq!(
                faults(&[row(pack::LOADER, loader), row("assets/doorstep-0.wasm", wasm)]).len(),
                expected
            );
        };
        check(3_000, 87_000, 0);
        check(3_001, 80_000, 1);
        check(3_000, 87_001, 1);
        check(3_001, 87_000, 2);
    }
}

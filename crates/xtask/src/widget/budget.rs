//! How much a page has to download, and the most we allow.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::widget::pack::{self, Entry};
use crate::widget::readme;

/// The loader stands in the way of nothing (it is async), but it is fetched again every few minutes and decides how
/// soon the rest can start: it fits into the first round trip of a connection, with room for headers. A tenth of it chooses
/// the language, which must be known before anything is asked for; another draws the early form and takes the module's in.
const LOADER_BUDGET: u64 = 3_500;

/// What is downloaded before a person can type: the loader, the form without its module, its style and one language. Of
/// comparable widgets the lightest needs 38 kB for it. A cellular connection's first two round trips carry as much.
const EARLY_BUDGET: u64 = 15_000;

/// All that is downloaded for a form that works. An empty Leptos form with one request is 50 kB, and 80 kB is
/// 0.9 seconds on a slow 3G line (750 kbit/s), in which a person types already; 3 kB of it keep what was typed and send it
/// again by itself; a feature that does not fit must be worth that time to everybody.
const TOTAL_BUDGET: u64 = 80_000;

/// What `mode="frame"` loads besides: the frame's page, and a script on either side of it.
const FRAME_BUDGET: u64 = 3_500;

/// What pages without a back end load besides, while the person types: of comparable solvers one is 14 kB, another 21.
const PROVER_BUDGET: u64 = 15_000;

/// What comes after a sign-up, while the person looks at the credential: less than the form, for Leptos is in it again. Its texts in
/// one language are in it, and what it takes to go on in another.
const ORDER_BUDGET: u64 = 71_500;

/// One language, the form's texts and those of the order steps: of comparable widgets the lightest needs 3.7 kB.
/// Pages load one; English is in the sums above.
const LANGUAGE_BUDGET: u64 = 4_000;
const COUNTED: &str = "en";

/// The packed files' sizes.
pub(crate) struct Weight {
    rows: Vec<Row>,
}

#[derive(Clone)]
struct Row {
    path: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
}

impl Row {
    /// Whether a person waits for it before they can type.
    fn is_early(&self) -> bool {
        let is_style = self.path.strip_suffix(".css").is_some() && !self.is_order();
        let is_text = !self.is_order() && self.language() == Some(COUNTED);
        self.path == pack::LOADER || self.path.starts_with(pack::EARLY) || is_style || is_text
    }

    /// Whether only the isolated form loads it.
    fn is_frame(&self) -> bool {
        self.path.starts_with(pack::FRAME) || self.path == pack::FRAME_PAGE
    }

    /// Whether only pages without a back end load it.
    fn is_prover(&self) -> bool {
        self.path.starts_with(pack::PROVER)
    }

    /// Whether it is loaded after a sign-up, by pages that want it.
    fn is_order(&self) -> bool {
        self.path.starts_with(pack::ORDER)
    }

    /// Whether only pages load it that cannot have the form.
    fn is_hosted(&self) -> bool {
        self.path.starts_with(pack::HOSTED)
    }

    /// The language whose texts it is: `assets/text-de-0123456789abcdef.json`.
    fn language(&self) -> Option<&str> {
        let name = self.path.strip_suffix(".json")?;
        Some(name.split_once('-')?.1.rsplit_once('-')?.0)
    }

    /// Whether it is in the sums: of the languages a page loads one.
    fn is_counted(&self) -> bool {
        self.language().is_none_or(|language| language == COUNTED)
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
        lines.extend(self.rows.iter().filter(|row| row.is_counted()).map(line));
        lines.push(line(&self.early()));
        lines.push(line(&self.total()));
        lines.extend(
            self.languages()
                .iter()
                .filter(|(language, _)| **language != COUNTED)
                .map(|(language, rows)| line(&sum(format!("texts in {language}"), rows))),
        );
        lines.join("\n")
    }

    pub(crate) fn table_and_budget(&self) -> String {
        let allowed =
            |budget: u64| format!("      {:<36} {:>9} {:>9} {budget:>9}", "allowed", "", "");
        let frame = format!("{} (mode=\"frame\" besides)", allowed(FRAME_BUDGET));
        let prover = format!("{} (pages without a back end alone)", allowed(PROVER_BUDGET));
        let order = format!("{} (order steps, after a sign-up)", allowed(ORDER_BUDGET));
        let language = format!("{} (texts of one language)", allowed(LANGUAGE_BUDGET));
        let early = format!("{} (until a person can type)", allowed(EARLY_BUDGET));
        let beside = |what: &str, bytes| format!("      {what}: {}", readme::ratios(bytes));
        let early_beside = beside("until a person can type", self.early().brotli);
        let beside = beside("together", self.total().brotli);
        let table = self.table();
        [table, early, allowed(TOTAL_BUDGET), frame, prover, order, language, early_beside, beside]
            .join("\n")
    }

    /// What pages download when, in bytes of brotli, and whether others have the like.
    pub(crate) fn summary(&self) -> Vec<(&'static str, u64, bool)> {
        let of = |is: fn(&Row) -> bool| -> u64 {
            self.rows.iter().filter(|row| is(row) && row.is_counted()).map(|row| row.brotli).sum()
        };
        let languages = self.languages();
        let language = languages.values().map(|rows| sum(String::new(), rows).brotli).max();
        vec![
            ("until a person can type", self.early().brotli, true),
            ("the whole form, in one language", self.total().brotli, true),
            ("after a sign-up, where the page asks for an order", of(Row::is_order), false),
            ("the puzzle, on pages without a back end", of(Row::is_prover), false),
            ("`mode=\"frame\"` besides", of(Row::is_frame), false),
            ("the largest language", language.unwrap_or_default(), false),
        ]
    }

    fn faults(&self) -> Vec<String> {
        let loader: u64 =
            self.rows.iter().filter(|row| row.path == pack::LOADER).map(|row| row.brotli).sum();
        let (early, total) = (self.early().brotli, self.total().brotli);
        let prover: u64 =
            self.rows.iter().filter(|row| row.is_prover()).map(|row| row.brotli).sum();
        let frame: u64 = self.rows.iter().filter(|row| row.is_frame()).map(|row| row.brotli).sum();
        let order: u64 = self
            .rows
            .iter()
            .filter(|row| row.is_order() && row.is_counted())
            .map(|row| row.brotli)
            .sum();
        let mut faults = Vec::new();
        if loader > LOADER_BUDGET {
            faults.push(format!(
                "the loader is {loader} bytes of brotli, {LOADER_BUDGET} are allowed"
            ));
        }
        if early > EARLY_BUDGET {
            faults.push(format!(
                "what it takes to type is {early} bytes of brotli, {EARLY_BUDGET} are allowed"
            ));
        }
        if total > TOTAL_BUDGET {
            faults
                .push(format!("the whole is {total} bytes of brotli, {TOTAL_BUDGET} are allowed"));
        }
        if frame > FRAME_BUDGET {
            faults
                .push(format!("the frame is {frame} bytes of brotli, {FRAME_BUDGET} are allowed"));
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
        for (language, rows) in self.languages() {
            let texts = sum(String::new(), &rows).brotli;
            if texts > LANGUAGE_BUDGET {
                faults.push(format!(
                    "the texts in {language} are {texts} bytes of brotli, {LANGUAGE_BUDGET} are allowed"
                ));
            }
        }
        faults
    }

    /// What a person waits for who wants to type.
    fn early(&self) -> Row {
        let rows: Vec<&Row> = self.rows.iter().filter(|row| row.is_early()).collect();
        sum("until a person can type".to_owned(), &rows)
    }

    /// What every page loads.
    fn total(&self) -> Row {
        let rows: Vec<&Row> = self
            .rows
            .iter()
            .filter(|row| {
                let is_extra = row.is_prover() || row.is_order() || row.is_hosted();
                !is_extra && !row.is_frame() && row.is_counted()
            })
            .collect();
        sum("together".to_owned(), &rows)
    }

    /// Each language's texts.
    fn languages(&self) -> BTreeMap<&str, Vec<&Row>> {
        let mut languages: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in &self.rows {
            if let Some(language) = row.language() {
                languages.entry(language).or_default().push(row);
            }
        }
        languages
    }
}

/// Several files as one.
fn sum(path: String, rows: &[&Row]) -> Row {
    let sum = |column: fn(&Row) -> u64| rows.iter().map(|row| column(row)).sum();
    Row { path, raw: sum(|row| row.raw), gzip: sum(|row| row.gzip), brotli: sum(|row| row.brotli) }
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
                row("assets/frame-0.js", 3_000),
                row("frame.html", 500),
                row("assets/order-0.wasm", 71_500),
            ];
            assert_eq!(Weight { rows }.faults().len(), expected);
        };
        check(3_500, 76_500, 0);
        check(3_501, 70_000, 1);
        check(3_500, 76_501, 1);
        check(3_501, 76_500, 2);
    }

    #[test]
    fn what_it_takes_to_type_is_loader_form_style_and_one_language() {
        let rows = vec![
            row(pack::LOADER, 3_000),
            row("assets/early-0.js", 8_000),
            row("assets/doorstep-0.css", 3_000),
            row("assets/text-en-0.json", 1_001),
            row("assets/text-de-0.json", 2_000),
            row("assets/order-0.css", 1_000),
            row("assets/order-en-0.json", 1_000),
            row("assets/doorstep-0.wasm", 60_000),
        ];
        let weight = Weight { rows };
        assert_eq!(weight.early().brotli, 15_001);
        let faults = weight.faults();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with("what it takes to type is 15001"), "{faults:?}");
    }

    #[test]
    fn of_the_languages_one_counts_and_each_has_its_budget() {
        let text = |language, form, order| {
            [
                row(&format!("assets/text-{language}-0123456789abcdef.json"), form),
                row(&format!("assets/order-{language}-0123456789abcdef.json"), order),
            ]
        };
        let rows = [text("en", 1_000, 500), text("zh-Hant", 2_000, 2_001)].concat();
        let weight = Weight { rows };
        assert_eq!(weight.total().brotli, 1_000);
        let faults = weight.faults();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with("the texts in zh-Hant are 4001 bytes"), "{faults:?}");
    }
}

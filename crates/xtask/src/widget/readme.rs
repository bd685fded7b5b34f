//! The README's table of what a page downloads, beside what comparable widgets need.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::widget::budget::Weight;
use crate::workspace::Workspace;

/// The table stands between these.
const BEGIN: &str = "<!-- weight: written by `cargo xtask weight --release --write` -->\n";
const END: &str = "<!-- /weight -->\n";

/// How far a figure may be from the truth before the README is a lie: what the next small change moves.
const SLACK: u64 = 500;

/// What a page downloads to show a sign-up form that works, in bytes of brotli 11: everything that each of them needs
/// for it, in English, from its npm package (November 2026).
pub(super) const PEERS: [(&str, u64); 5] = [
    ("Hanko elements 2.7", 38_067),
    ("Stytch vanilla-js 6.3", 81_288),
    ("SuperTokens auth-react 0.51", 100_688),
    ("Auth0 Lock 14.3", 254_947),
    ("Clerk 6.40", 324_283),
];

/// Ours divided by each of theirs.
pub(super) fn ratios(bytes: u64) -> String {
    let ratio = |(name, theirs): &(&str, u64)| {
        let hundredths = (bytes * 100 + theirs / 2) / theirs;
        format!("{}.{:02} × {name}", hundredths / 100, hundredths % 100)
    };
    PEERS.iter().map(ratio).collect::<Vec<_>>().join(", ")
}

/// Writes the table into the README.
pub(super) fn write(workspace: &Workspace, weight: &Weight) -> Result<()> {
    let (path, readme) = read(workspace)?;
    let (before, _, after) = parts(&readme)?;
    fs::write(&path, [before, BEGIN, &table(weight), END, after].concat())
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Fails where the README says something else than what was built.
pub(super) fn check(workspace: &Workspace, weight: &Weight) -> Result<()> {
    let (_, readme) = read(workspace)?;
    let (_, said, _) = parts(&readme)?;
    ensure!(
        is_true(said, &weight.summary()),
        "README.md says something else about what a page downloads: run cargo xtask weight --release --write"
    );
    Ok(())
}

fn read(workspace: &Workspace) -> Result<(PathBuf, String)> {
    let path = workspace.path("README.md");
    let readme = fs::read_to_string(&path).context("README.md cannot be read")?;
    Ok((path, readme))
}

/// What is before the table, the table, and what is after it.
fn parts(readme: &str) -> Result<(&str, &str, &str)> {
    let found = readme.split_once(BEGIN).and_then(|(before, rest)| {
        let (table, after) = rest.split_once(END)?;
        Some((before, table, after))
    });
    found.context("README.md has no place for the table of what a page downloads")
}

fn table(weight: &Weight) -> String {
    let head = "| what a page downloads | kB (brotli) | beside others |\n|---|--:|---|\n";
    let row = |(what, bytes, is_compared): (&str, u64, bool)| {
        let beside = if is_compared { ratios(bytes) } else { String::new() };
        format!("| {what} | {} | {beside} |\n", tenths(bytes))
    };
    std::iter::once(head.to_owned()).chain(weight.summary().into_iter().map(row)).collect()
}

fn tenths(bytes: u64) -> String {
    let tenths = (bytes + 50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn is_true(said: &str, summary: &[(&str, u64, bool)]) -> bool {
    let rows: Vec<_> = said.lines().skip(2).collect();
    rows.len() == summary.len()
        && rows.iter().zip(summary).all(|(row, (what, bytes, _))| {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            let [_, name, figure, ..] = cells[..] else { return false };
            let figure = figure.replace('.', "").parse::<u64>().map(|tenths| tenths * 100);
            name == *what && figure.is_ok_and(|figure| figure.abs_diff(*bytes) <= SLACK)
        })
}

#[cfg(test)]
mod tests {
    use super::{is_true, ratios, tenths};

    #[test]
    fn the_table_is_held_to_the_build() {
        let said =
            "| a | b | c |\n|---|--:|---|\n| all of it | 78.0 | 2.05 × x |\n| else | 8.1 |  |\n";
        let summary = |all, other| [("all of it", all, true), ("else", other, false)];
        assert!(is_true(said, &summary(77_987, 8_105)));
        assert!(is_true(said, &summary(78_500, 7_600)));
        assert!(!is_true(said, &summary(78_501, 8_105)));
        assert!(!is_true(said, &summary(77_987, 7_599)));
        assert!(!is_true(said, &[("all of it", 77_987, true)]));
        assert!(!is_true("", &summary(77_987, 8_105)));
    }

    #[test]
    fn figures_are_rounded() {
        assert_eq!(
            (tenths(77_949), tenths(77_950), tenths(40)),
            ("77.9".into(), "78.0".into(), "0.0".into())
        );
        assert!(ratios(77_987).starts_with("2.05 × Hanko elements 2.7, 0.96 × Stytch"));
    }
}

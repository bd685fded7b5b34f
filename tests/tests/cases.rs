//! Keeps `tests/CASES.md` true: each row names tests that exist, and each case that a
//! test mentions has its row.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The cases that no test shows yet. A row moves up in `CASES.md` when its test is
/// there, and its id goes from here: this list should only ever shrink.
const NOT_SHOWN: &[&str] = &[];

/// All rows together. A case can be added, and none can be dropped in silence.
const CASES: usize = 114;

/// The heading above the rows that name no test.
const HEADING: &str = "## Not shown yet";

#[test]
fn each_case_names_tests_that_exist() {
    let mut faults = Vec::new();
    for (case, proof) in shown(&document()) {
        let tests = quoted(&proof, '`').map(rust_test).chain(quoted(&proof, '*').map(browser_test));
        let outcomes: Vec<_> = tests.collect();
        if outcomes.is_empty() {
            faults.push(format!("{case} names no test: write one, or move the row to {HEADING:?}"));
        }
        faults.extend(outcomes.into_iter().filter_map(|it| Some(format!("{case}: {}", it.err()?))));
    }
    none(&faults);
}

#[test]
fn what_is_not_shown_is_said_and_only_shrinks() {
    let document = document();
    let (_, rest) = document.split_once(HEADING).expect("the heading");
    let said: BTreeSet<_> = rows(rest).map(|row| row.0).collect();
    let known: BTreeSet<_> = NOT_SHOWN.iter().map(|case| (*case).to_owned()).collect();
    assert_eq!(said, known, "`NOT_SHOWN` in this file and the last table of CASES.md differ");
    let all: Vec<_> = rows(&document).map(|row| row.0).collect();
    let distinct: BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "a case has two rows in CASES.md");
    assert_eq!(all.len(), CASES, "CASES.md has lost or gained a row: say so in `CASES`");
}

#[test]
fn each_case_that_a_test_mentions_has_a_row() {
    let known: BTreeMap<_, _> = shown(&document()).collect();
    let mut faults = Vec::new();
    let mut seen = 0;
    for path in sources(&root().join("tests/tests")) {
        if path.file_name().is_some_and(|name| name == "cases.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a test can be read");
        for (at, _) in text.match_indices("T-") {
            let Some(case) = text.get(at..at + 5).filter(|case| is_case(case)) else { continue };
            seen += 1;
            if !known.contains_key(case) {
                faults.push(format!(
                    "{} mentions {case}, which CASES.md does not show: give it its row",
                    path.display()
                ));
            }
        }
    }
    assert!(seen > 0, "no test mentions a case: the rule has lost its subject");
    none(&faults);
}

fn is_case(text: &str) -> bool {
    let digits = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix("T-").or_else(|| text.strip_prefix("R-")).is_some_and(digits)
}

/// The rows of tables about cases: id, and the last cell.
fn rows(document: &str) -> impl Iterator<Item = (String, String)> + '_ {
    document.lines().filter_map(|line| {
        let cells = line.strip_prefix('|')?.strip_suffix('|')?;
        let mut cells = cells.split('|').map(str::trim);
        let case = cells.next().filter(|case| is_case(case))?;
        let proof = cells.nth(1).unwrap_or_default();
        Some((case.to_owned(), proof.to_owned()))
    })
}

/// The rows that must name tests.
fn shown(document: &str) -> impl Iterator<Item = (String, String)> + '_ {
    rows(document.split_once(HEADING).map_or(document, |(shown, _)| shown))
}

/// What stands between two of the marks.
fn quoted(text: &str, mark: char) -> impl Iterator<Item = &str> {
    text.split(mark).skip(1).step_by(2)
}

/// A Rust test by `module::name` or `path/of/file.rs::name`: that the function is there
/// and is run.
fn rust_test(named: &str) -> Result<(), String> {
    let (file, name) = named
        .split_once("::")
        .ok_or_else(|| format!("`{named}` is neither `module::name` nor `path.rs::name`"))?;
    // A module's name has no folder in front.
    let path = if file.contains('/') { file.into() } else { format!("tests/tests/http/{file}.rs") };
    let text =
        fs::read_to_string(root().join(&path)).map_err(|_| format!("there is no file {path}"))?;
    let definition = format!("fn {name}(");
    let at = text.find(&definition).ok_or_else(|| format!("{path} has no test {name}"))?;
    // `on_both!` runs it on each database; else an attribute stands above it.
    let on_both = text.split("on_both!(").skip(1).any(|list| {
        let list = list.split(");").next().unwrap_or_default();
        list.split(',').any(|listed| listed.trim() == name)
    });
    let above = text[..at].trim_end().lines().next_back().unwrap_or_default();
    let by_attribute = above.contains("#[test]")
        || above.contains("#[tokio::test")
        || text[..at].trim_end().ends_with("async") && {
            let before = text[..at].trim_end().trim_end_matches("async").trim_end();
            before.lines().next_back().is_some_and(|line| line.contains("#[tokio::test"))
        };
    if on_both || by_attribute {
        Ok(())
    } else {
        Err(format!("{path} has a function {name} that no runner runs"))
    }
}

/// A browser test by `file: title`.
fn browser_test(named: &str) -> Result<(), String> {
    let (file, title) = named
        .split_once(": ")
        .ok_or_else(|| format!("*{named}* is not of the form *file: title*"))?;
    let path = format!("tests/browser/{file}");
    let text =
        fs::read_to_string(root().join(&path)).map_err(|_| format!("there is no file {path}"))?;
    let title = title.replace('\'', "\\'");
    if text.contains(&format!("scenario('{title}'")) || text.contains(&format!("test('{title}'")) {
        Ok(())
    } else {
        Err(format!("{path} has no test with the title {title:?}"))
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the tests can be listed");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

fn document() -> String {
    fs::read_to_string(root().join("tests/CASES.md")).expect("tests/CASES.md is there")
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n  {}\n", faults.join("\n  "));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate is in the checkout")
        .to_path_buf()
}

//! How many tests passed and failed, read from what the test programs print.

use std::fmt;
use std::ops::AddAssign;

/// The closing line of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// `Summary [ 1.2s] 12 tests run: 9 passed (1 slow), 1 failed, 1 timed out, 1 exec failed, 0 skipped`.
pub(crate) fn nextest(log: &str) -> Option<Tally> {
    let summary = log.lines().rev().find(|line| line.trim_start().starts_with("Summary ["))?;
    let (_, counts) = summary.split_once(" run: ")?;
    let mut tally = Tally::default();
    for part in without_remarks(counts).split(", ") {
        let (number, word) = part.trim().split_once(' ')?;
        let number: u64 = number.parse().ok()?;
        match word.trim() {
            "passed" => tally.passed += number,
            "skipped" => {}
            _ => tally.failed += number,
        }
    }
    Some(tally)
}

/// `test result: FAILED. 9 passed; 1 failed; 0 ignored; …`, once for each test program.
pub(crate) fn libtest(log: &str) -> Option<Tally> {
    let mut total = None;
    for line in log.lines().filter(|line| line.starts_with("test result: ")) {
        let (_, counts) = line.split_once(". ")?;
        let tally =
            Tally { passed: before(counts, " passed")?, failed: before(counts, " failed")? };
        *total.get_or_insert_with(Tally::default) += tally;
    }
    total
}

/// `# pass 9` and `# fail 1` in TAP, `ℹ pass 9` and `ℹ fail 1` in node's own form; the last ones are the totals.
pub(crate) fn node(log: &str) -> Option<Tally> {
    let last = |word: &str| {
        log.lines().rev().find_map(|line| {
            let rest = line.trim_start_matches(['#', 'ℹ']).trim_start();
            (rest.len() < line.len()).then(|| rest.strip_prefix(word))??.trim().parse::<u64>().ok()
        })
    };
    Some(Tally { passed: last("pass ")?, failed: last("fail ")? + last("cancelled ").unwrap_or(0) })
}

/// The number in front of `word`.
fn before(counts: &str, word: &str) -> Option<u64> {
    let end = counts.find(word)?;
    counts[..end].rsplit([' ', ';']).next()?.parse().ok()
}

/// Without `(1 slow, 1 flaky)`.
fn without_remarks(counts: &str) -> String {
    let mut depth = 0_u32;
    let mut kept = String::new();
    for character in counts.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(character),
            _ => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::{Tally, libtest, nextest, node};

    #[expect(clippy::unnecessary_wraps, reason = "it is compared with what the readers return")]
    const fn tally(passed: u64, failed: u64) -> Option<Tally> {
        Some(Tally { passed, failed })
    }

    #[test]
    fn nextest_summaries() {
        let check = |line: &str, expected| assert_eq!(nextest(line), expected, "{line}");
        check("     Summary [   0.010s] 3 tests run: 3 passed, 0 skipped", tally(3, 0));
        check("     Summary [   1.100s] 1 test run: 0 passed, 1 failed, 0 skipped", tally(0, 1));
        check(
            "     Summary [  61.100s] 9 tests run: 6 passed (2 slow, 1 leaky), 1 failed, 2 timed out, 4 skipped",
            tally(6, 3),
        );
        check(
            "     Summary [   1.100s] 2/9 tests run: 1 passed, 1 exec failed, 0 skipped",
            tally(1, 1),
        );
        check("error: could not compile `doorstep-wire`", None);
    }

    #[test]
    fn libtest_summaries_add_up() {
        let one = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        let two = "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(libtest(one), tally(12, 0));
        assert_eq!(libtest(&format!("{one}{two}")), tally(13, 2));
        assert_eq!(libtest("error: could not compile"), None);
    }

    #[test]
    fn node_summaries_in_both_forms() {
        assert_eq!(node("# tests 3\n# pass 2\n# fail 1\n# cancelled 0\n"), tally(2, 1));
        assert_eq!(node("ℹ tests 3\nℹ pass 2\nℹ fail 0\nℹ cancelled 1\n"), tally(2, 1));
        assert_eq!(node("pass 3\nfail 1\n"), None);
    }
}

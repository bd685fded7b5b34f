//! What the person at the terminal sees: one line per step, and a spinner where the terminal can show one.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// The terminal, or the log of a machine that has none.
pub(crate) struct Screen {
    interactive: bool,
}

impl Screen {
    pub(crate) fn detect() -> Self {
        Self { interactive: io::stderr().is_terminal() }
    }

    /// Runs `work` under a title and says how long it took.
    pub(crate) fn step<T>(&self, title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let started = Instant::now();
        let spinner = self.interactive.then(|| spinner(title));
        if !self.interactive {
            eprintln!("  ... {title}");
        }
        let outcome = work();
        if let Some(spinner) = spinner {
            spinner.finish_and_clear();
        }
        let mark = if outcome.is_ok() { "ok " } else { "FAILED" };
        eprintln!("  {mark} {title} ({})", spell(started.elapsed()));
        outcome
    }

    /// A line that stays.
    #[expect(clippy::unused_self, reason = "so that whoever prints has been handed the screen")]
    pub(crate) fn say(&self, line: &str) {
        eprintln!("{line}");
    }
}

fn spinner(title: &str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(title.to_owned());
    if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg} ({elapsed})") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}

fn spell(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..10 => format!("{seconds}.{} s", time.subsec_millis() / 100),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::spell;

    #[test]
    fn times_read_well() {
        let check = |milliseconds, expected: &str| {
            assert_eq!(spell(Duration::from_millis(milliseconds)), expected);
        };
        check(0, "0.0 s");
        check(9_940, "9.9 s");
        check(59_999, "59 s");
        check(61_000, "1 min 01 s");
    }
}

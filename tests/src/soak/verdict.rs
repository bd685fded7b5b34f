//! Whether a server takes more and more, judged by what was seen of it.

use std::time::Duration;

use super::Sample;

/// How much of the memory may have come since the server had warmed up: the page caches of
/// SQLite's readers go on filling with the file, by a mebibyte or two; over eight hours no
/// more than that.
const MEMORY_SHARE: f64 = 0.08;
/// Files and threads that may have come: a connection of the pool more or less.
const MORE: u64 = 8;
/// How much more a request may log at the end, and how much longer it may take.
const DRIFT: f64 = 0.1;

/// What is judged beside what the samples themselves say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// The database's log of changes, in bytes.
    pub(super) wal: u64,
    /// Whether the times of the answers count.
    pub(super) judges_times: bool,
}

/// What became of each figure, and what is wrong.
#[derive(Debug, Default)]
pub struct Verdict {
    /// A line for each figure.
    pub lines: Vec<String>,
    /// The lines that are faults.
    pub faults: Vec<String>,
}

impl Verdict {
    /// Judges what was seen after the first quarter, in which caches fill.
    pub(super) fn of(samples: &[Sample], bounds: Bounds) -> Self {
        let settled = &samples[samples.len() / 4..];
        let third = settled.len() / 3;
        let mut verdict = Self::default();
        if third == 0 {
            verdict.say(false, "there are too few samples to judge by".to_owned());
            return verdict;
        }
        let (first, last) = (&settled[..third], &settled[settled.len() - third..]);

        let usual = median(settled.iter().map(|it| count(it.memory)));
        let grown = growth(settled, |it| count(it.memory));
        verdict.say(
            grown <= usual * MEMORY_SHARE,
            format!(
                "memory: {:.1} MiB usually, {:+.2} MiB by its slope since the first quarter ({:.2} MiB are allowed)",
                mebibytes(usual), mebibytes(grown), mebibytes(usual * MEMORY_SHARE)
            ),
        );
        for (what, figure) in
            [("open files", (|it| it.files) as fn(&Sample) -> u64), ("threads", |it| it.threads)]
        {
            // What is not closed is still open at the quietest moment. The others are those of
            // whoever came by: a second without an answer brings as many as it likes.
            let (before, after) = (least(first, figure), least(last, figure));
            verdict.say(
                after <= before + MORE,
                format!(
                    "{what}: {before} at least early on, {after} late ({MORE} more are allowed)"
                ),
            );
        }
        let wal = most(samples, |it| it.wal);
        verdict.say(
            wal <= bounds.wal,
            format!(
                "log of changes: {:.1} MiB at most ({:.0} MiB are allowed)",
                mebibytes(count(wal)),
                mebibytes(count(bounds.wal))
            ),
        );
        let middle = settled.len() / 2;
        let (before, after) = (logged(&settled[..=middle]), logged(&settled[middle..]));
        verdict.say(
            after <= before * (1.0 + DRIFT),
            format!("logged for each request: {before:.0} bytes early on, {after:.0} late"),
        );
        let time = |samples: &[Sample]| median(samples.iter().map(|it| it.p99.as_secs_f64()));
        let (before, after) = (time(first), time(last));
        verdict.say(
            !bounds.judges_times || after <= before * (1.0 + DRIFT),
            format!(
                "p99: {:.1?} early on, {:.1?} late{}",
                Duration::from_secs_f64(before),
                Duration::from_secs_f64(after),
                if bounds.judges_times { "" } else { " (not judged)" }
            ),
        );
        verdict
    }

    fn say(&mut self, is_good: bool, line: String) {
        if !is_good {
            self.faults.push(line.clone());
        }
        self.lines.push(line);
    }
}

/// What was added from the first sample to the last, by the median of the slopes between
/// all pairs (Theil and Sen): one odd sample moves it little, and a slow leak does.
fn growth(samples: &[Sample], figure: impl Fn(&Sample) -> f64) -> f64 {
    let slopes = samples.iter().enumerate().flat_map(|(at, one)| {
        let figure = &figure;
        samples[at + 1..].iter().filter_map(move |other| {
            let span = other.at.as_secs_f64() - one.at.as_secs_f64();
            (span > 0.0).then(|| (figure(other) - figure(one)) / span)
        })
    });
    let (first, last) = (samples[0], samples[samples.len() - 1]);
    median(slopes) * (last.at.as_secs_f64() - first.at.as_secs_f64())
}

/// Bytes of log for each answer.
fn logged(samples: &[Sample]) -> f64 {
    let (first, last) = (samples[0], samples[samples.len() - 1]);
    count(last.log - first.log) / count((last.requests - first.requests).max(1))
}

fn least(samples: &[Sample], figure: impl Fn(&Sample) -> u64) -> u64 {
    samples.iter().map(figure).min().unwrap_or_default()
}

fn most(samples: &[Sample], figure: impl Fn(&Sample) -> u64) -> u64 {
    samples.iter().map(figure).max().unwrap_or_default()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn mebibytes(bytes: f64) -> f64 {
    bytes / f64::from(1 << 20)
}

#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^52")]
fn count(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Bounds, Verdict};
    use crate::soak::Sample;

    const BOUNDS: Bounds = Bounds { wal: 32 << 20, judges_times: true };

    /// Forty looks at a server that only wobbles, each changed by `change`.
    fn verdict(change: impl Fn(u64, &mut Sample)) -> Vec<String> {
        let samples: Vec<_> = (1..=40_u64)
            .map(|at| {
                let wobble = at * 7 % 5;
                let mut sample = Sample {
                    at: Duration::from_mins(at),
                    requests: at * 10_000,
                    p99: Duration::from_micros(5_000 + 50 * wobble),
                    memory: (60 << 20) + (wobble << 17),
                    files: 40 + wobble,
                    threads: 6,
                    wal: (4 + wobble) << 20,
                    log: at * 10_000 * 300,
                };
                change(at, &mut sample);
                sample
            })
            .collect();
        Verdict::of(&samples, BOUNDS).faults
    }

    fn check(about: &str, change: impl Fn(u64, &mut Sample)) {
        let faults = verdict(change);
        assert!(faults.len() == 1 && faults[0].starts_with(about), "{about}: {faults:?}");
    }

    #[test]
    fn what_only_wobbles_is_good() {
        assert_eq!(verdict(|_, _| {}), Vec::<String>::new());
    }

    #[test]
    fn what_grows_while_it_warms_up_is_good() {
        let warm = |at: u64, it: &mut Sample| it.memory -= (10_u64.saturating_sub(at)) << 21;
        assert_eq!(verdict(warm), Vec::<String>::new());
    }

    #[test]
    fn one_odd_look_is_good() {
        let odd = |at, it: &mut Sample| {
            it.memory += u64::from(at == 39) * (50 << 20);
            it.files += u64::from(at == 39) * 100;
        };
        assert_eq!(verdict(odd), Vec::<String>::new());
    }

    #[test]
    fn each_leak_is_found() {
        check("memory", |at, it| it.memory += at << 18);
        check("open files", |at, it| it.files += at);
        check("threads", |at, it| it.threads += at / 2);
        check("log of changes", |at, it| it.wal += at << 20);
        check("logged", |at, it| it.log += at * at * 10_000 * 5);
        check("p99", |at, it| it.p99 += Duration::from_micros(40 * at));
    }

    #[test]
    fn times_count_only_where_they_are_to() {
        let samples: Vec<_> = (1..=8_u64)
            .map(|at| Sample {
                at: Duration::from_secs(at),
                requests: at,
                p99: Duration::from_secs(at),
                memory: 1,
                files: 1,
                threads: 1,
                wal: 0,
                log: at,
            })
            .collect();
        let judge = |judges_times| Verdict::of(&samples, Bounds { judges_times, ..BOUNDS }).faults;
        assert_eq!(judge(false), Vec::<String>::new());
        assert_eq!(judge(true).len(), 1);
    }

    #[test]
    fn too_little_is_no_verdict() {
        assert_eq!(Verdict::of(&[], BOUNDS).faults.len(), 1);
    }
}

//! What was measured, and how it compares.

use std::{collections::BTreeMap, fmt, time::Duration};

/// What came of a load.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    took: Duration,
    /// Of those that went well; in order once all are there.
    micros: Vec<u32>,
    /// How often what else came.
    pub(crate) others: BTreeMap<String, u64>,
    /// The numbers of all requests that went well, also before and after the measured time.
    pub(crate) acknowledged: Vec<u64>,
    /// How many did not, in all of that time.
    pub(crate) failed: u64,
}

impl Round {
    pub(crate) const fn new(took: Duration) -> Self {
        Self {
            took,
            micros: Vec::new(),
            others: BTreeMap::new(),
            acknowledged: Vec::new(),
            failed: 0,
        }
    }

    pub(crate) fn add(&mut self, micros: Vec<u32>, others: BTreeMap<String, u64>) {
        self.micros.extend(micros);
        for (what, count) in others {
            *self.others.entry(what).or_default() += count;
        }
    }

    pub(crate) fn finish(mut self) -> Self {
        self.micros.sort_unstable();
        self
    }

    /// How many went well in a second.
    pub(crate) fn rate(&self) -> f64 {
        precise(self.micros.len()) / self.took.as_secs_f64()
    }

    /// Within how many milliseconds this part was answered.
    pub(crate) fn within(&self, part: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in the list"
        )]
        let at = (precise(self.micros.len()) * part) as usize;
        let at = at.min(self.micros.len().saturating_sub(1));
        self.micros.get(at).map_or(0.0, |micros| f64::from(*micros) / 1_000.0)
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>8} /s   p50 {:>7.2} ms   p99 {:>7.2} ms",
            thousands(self.rate()),
            self.within(0.5),
            self.within(0.99)
        )?;
        for (what, count) in &self.others {
            write!(f, "   {what}: {count}")?;
        }
        Ok(())
    }
}

/// Whole, with commas.
pub(crate) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "there are millions at the most")]
pub(crate) fn precise(count: usize) -> f64 {
    count as f64
}

/// The middle one, or the mean of the two there.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut figures = figures.to_vec();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => figures[middle],
        _ => f64::midpoint(figures[middle - 1], figures[middle]),
    }
}

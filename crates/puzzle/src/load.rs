//! What a puzzle costs: more while many are solved.

use std::time::Duration;

/// How the cost follows the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// The largest number while little happens.
    pub base: u32,
    /// The largest number at all: what an honest person's phone must still bear.
    pub most: u32,
    /// Sign-ups a minute that double the cost.
    pub busy: u32,
}

impl Cost {
    /// The largest number at a load.
    pub fn at(&self, per_minute: f64) -> u32 {
        let factor = 1.0 + per_minute.max(0.0) / f64::from(self.busy.max(1));
        let number = f64::from(self.base) * factor;
        if number >= f64::from(self.most) { self.most } else { whole(number).max(self.base) }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the caller has compared it with a `u32`"
)]
const fn whole(number: f64) -> u32 {
    number as u32
}

/// How much happens: what happened weighs half after [`HALF_LIFE`], so that a burst
/// counts at once and is forgotten gradually. No list of times, and so no memory
/// that an attacker can fill.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Load {
    weight: f64,
    at: Duration,
}

/// Long enough that pausing between bursts gains nothing, short enough that the
/// next person pays for a flood for minutes, not for hours.
const HALF_LIFE: Duration = Duration::from_mins(1);

impl Load {
    /// Notes one event at a time since any fixed moment.
    pub fn add(&mut self, now: Duration) {
        self.weight = self.left(now) + 1.0;
        self.at = self.at.max(now);
    }

    /// Events a minute: of a steady stream exactly that.
    pub fn per_minute(&self, now: Duration) -> f64 {
        self.left(now) * std::f64::consts::LN_2
    }

    fn left(&self, now: Duration) -> f64 {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.weight * (-passed / HALF_LIFE.as_secs_f64()).exp2()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_stream_is_measured_and_forgotten() {
        let mut load = Load::default();
        let mut now = Duration::from_secs(1_000);
        assert!(load.per_minute(now) < f64::EPSILON);
        for _ in 0..1_200 {
            load.add(now);
            now += Duration::from_secs(1);
        }
        assert!((load.per_minute(now) - 60.0).abs() < 1.0, "{}", load.per_minute(now));
        let later = now + Duration::from_mins(10);
        assert!(load.per_minute(later) < 0.1);
        // A clock that is asked out of order takes nothing back.
        load.add(Duration::ZERO);
        assert!(load.per_minute(now) > 60.0);
    }

    #[test]
    fn the_cost_rises_with_the_load_up_to_its_bound() {
        let cost = Cost { base: 100_000, most: 1_000_000, busy: 30 };
        assert_eq!(cost.at(0.0), 100_000);
        assert_eq!(cost.at(30.0), 200_000);
        assert_eq!(cost.at(60.0), 300_000);
        assert_eq!(cost.at(1e12), 1_000_000);
        assert_eq!(cost.at(f64::NAN), 100_000);
        assert_eq!(Cost { base: 10, most: 5, busy: 0 }.at(0.0), 5);
    }
}

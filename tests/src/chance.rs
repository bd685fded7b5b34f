//! Chance that comes again: a run that failed is played again by its seed.

use std::{ops::Range, time::Duration};

use ring::rand::{SecureRandom as _, SystemRandom};

/// Numbers by a seed (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// Always the same numbers for one seed.
    pub const fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed that nobody has chosen.
    pub fn new_seed() -> u64 {
        let mut random = [0; 4];
        SystemRandom::new().fill(&mut random).expect("the system has chance");
        u64::from(u32::from_le_bytes(random))
    }

    /// The next number in the range.
    pub fn within(&mut self, range: Range<usize>) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let length = u64::try_from(range.len()).expect("a range of numbers");
        range.start + usize::try_from(mixed % length.max(1)).expect("within the range")
    }

    /// A pause of up to so many milliseconds.
    pub fn pause(&mut self, most_millis: usize) -> Duration {
        let micros = self.within(0..most_millis * 1_000 + 1);
        Duration::from_micros(u64::try_from(micros).expect("a pause"))
    }
}

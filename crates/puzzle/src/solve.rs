//! Finding the number, in slices of any length.

use sha2::{Digest as _, Sha256};

/// Numbers above this are never asked for: more than anybody should wait for.
pub const NUMBER_MAX: u32 = 10_000_000;

/// A search that can be interrupted: a page looks for a few milliseconds at a time.
#[derive(Debug, Clone)]
pub struct Search {
    /// The salt, hashed: what is common to all tries is done once.
    salted: Sha256,
    target: [u8; 32],
    next: u32,
    last: u32,
}

impl Search {
    /// Starts looking for a number up to `maxnumber`. `None` when the challenge is
    /// not 64 hex digits, or asks for more than [`NUMBER_MAX`] tries.
    ///
    /// ```
    /// use doorstep_puzzle::{Bound, Challenge, Key, Search};
    /// let bound = Bound { client: "cli_1", origin: "https://panel.example" };
    /// let key = Key { version: 1, bytes: &[7; 32] };
    /// let puzzle = Challenge::issue(bound, 1_700_000_000, 1_000, key, [3; 20]);
    /// let mut search = Search::new(&puzzle.salt, &puzzle.challenge, puzzle.maxnumber).unwrap();
    /// assert!(search.advance(2_000).is_some());
    /// ```
    pub fn new(salt: &str, challenge: &str, maxnumber: u32) -> Option<Self> {
        if maxnumber > NUMBER_MAX {
            return None;
        }
        let target = unhex(challenge)?;
        Some(Self { salted: Sha256::new().chain_update(salt), target, next: 0, last: maxnumber })
    }

    /// Tries the next `tries` numbers; the number if it is among them.
    pub fn advance(&mut self, tries: u32) -> Option<u32> {
        let mut digits = Decimal::from(self.next);
        for _ in 0..tries {
            if self.is_over() {
                return None;
            }
            let hash = self.salted.clone().chain_update(digits.text()).finalize();
            if hash.as_slice() == self.target {
                return Some(self.next);
            }
            self.next += 1;
            digits.increment();
        }
        None
    }

    /// Whether all numbers were tried: then the challenge was not ours.
    pub const fn is_over(&self) -> bool {
        self.next > self.last
    }
}

/// A number in decimal that is counted up in place: writing it anew for each try
/// would cost a fifth of the time.
struct Decimal {
    digits: [u8; 10],
    start: usize,
}

impl From<u32> for Decimal {
    fn from(number: u32) -> Self {
        let mut this = Self { digits: [b'0'; 10], start: 10 };
        let mut rest = number;
        loop {
            this.start -= 1;
            this.digits[this.start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                return this;
            }
        }
    }
}

impl Decimal {
    fn text(&self) -> &[u8] {
        &self.digits[self.start..]
    }

    fn increment(&mut self) {
        for at in (0..10).rev() {
            if self.digits[at] < b'9' {
                self.digits[at] += 1;
                self.start = self.start.min(at);
                return;
            }
            self.digits[at] = b'0';
        }
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let nibble = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = u8::try_from(nibble(*high)? << 4 | nibble(*low)?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_counted_as_they_are_written() {
        let mut digits = Decimal::from(0);
        for number in 0..12_345_u32 {
            assert_eq!(digits.text(), number.to_string().as_bytes());
            assert_eq!(Decimal::from(number).text(), digits.text());
            digits.increment();
        }
        assert_eq!(Decimal::from(u32::MAX).text(), u32::MAX.to_string().as_bytes());
    }

    #[test]
    fn slices_find_what_a_whole_search_finds_and_end() {
        // Its own hash, so that the number is known.
        let challenge = crate::challenge::digest("salt&", 4_321);
        let mut whole = Search::new("salt&", &challenge, 10_000).unwrap();
        assert_eq!(whole.advance(u32::MAX), Some(4_321));
        let mut search = Search::new("salt&", &challenge, 10_000).unwrap();
        let found = std::iter::from_fn(|| Some(search.advance(100))).take(44).flatten().next();
        assert_eq!(found, Some(4_321));
        let mut short = Search::new("salt&", &challenge, 4_320).unwrap();
        assert_eq!(short.advance(u32::MAX), None);
        assert!(short.is_over());
    }

    #[test]
    fn what_is_no_challenge_is_refused() {
        for (challenge, maxnumber) in [
            ("", 1),
            ("abc", 1),
            (&"g".repeat(64) as &str, 1),
            (&"é".repeat(32), 1),
            (&"a".repeat(65), 1),
            (&"a".repeat(64), NUMBER_MAX + 1),
        ] {
            assert!(Search::new("s", challenge, maxnumber).is_none(), "{challenge}");
        }
    }
}

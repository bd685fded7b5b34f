//! Solutions of puzzles in ALTCHA's form: none but the right one, unchanged, is taken.
//!
//! Input: the text that a solver sent; and the same as lines that replace the members of a right solution, where a
//! line is not blank: algorithm, challenge, number, salt, signature.

use std::sync::OnceLock;

use doorstep_puzzle::{Bound, Challenge, Flaw, Key, Search, Solution, verify};

const BOUND: Bound<'_> = Bound { client: "cli_1", origin: "https://panel.example:2083" };
const KEY: Key<'_> = Key { version: 3, bytes: &[7; 32] };
const EXPIRES: i64 = 1_700_000_120;

/// Holds an input to it.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    sent(text);
    let Some([algorithm, challenge, number, salt, signature]) = crate::lines(data) else { return };
    let right = right();
    let or = |line: &str, member: &str| if line.is_empty() { member } else { line }.to_owned();
    let changed = Solution {
        algorithm: or(algorithm, &right.algorithm),
        challenge: or(challenge, &right.challenge),
        number: number.parse().unwrap_or(right.number),
        salt: or(salt, &right.salt),
        signature: or(signature, &right.signature),
    };
    sent(&changed.encode());
}

fn sent(text: &str) {
    let at = |bound, now| verify(text, bound, now, |it| (it == KEY.version).then_some(KEY.bytes));
    let parsed = Solution::parse(text);
    let taken = at(BOUND, EXPIRES - 1);
    match &parsed {
        None => assert_eq!(taken, Err(Flaw::Malformed)),
        Some(solution) => {
            let written = solution.encode();
            if written.len() <= 2_048 {
                assert_eq!(Solution::parse(&written).as_ref(), Some(solution));
            }
            assert_eq!(taken.is_ok(), solution == right(), "{solution:?}");
        }
    }
    let Ok(solved) = taken else { return };
    assert_eq!((solved.challenge.as_str(), solved.expires), (&*right().challenge, EXPIRES));
    assert_eq!(at(BOUND, EXPIRES), Err(Flaw::Expired));
    assert_eq!(at(Bound { client: "cli_2", ..BOUND }, 0), Err(Flaw::Elsewhere));
    assert_eq!(at(Bound { origin: "https://panel.example", ..BOUND }, 0), Err(Flaw::Elsewhere));
    let none: Option<&[u8; 32]> = None;
    assert_eq!(verify(text, BOUND, 0, |_| none), Err(Flaw::Wrong));
}

fn right() -> &'static Solution {
    static RIGHT: OnceLock<Solution> = OnceLock::new();
    RIGHT.get_or_init(|| {
        let challenge = Challenge::issue(BOUND, EXPIRES, 50, KEY, [9; 20]);
        let search = Search::new(&challenge.salt, &challenge.challenge, challenge.maxnumber);
        let number = search.and_then(|mut search| search.advance(51)).expect("there is a number");
        Solution::new(challenge, number)
    })
}

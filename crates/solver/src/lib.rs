//! The puzzle's solver for a page's worker. A module of its own, so that only pages
//! that solve puzzles load it; `widget/embed/prover.js` drives it.

use doorstep_puzzle::Search;
use wasm_bindgen::prelude::*;

/// A search for a puzzle's number.
#[wasm_bindgen]
pub struct Solver(Search);

#[wasm_bindgen]
impl Solver {
    /// Starts one; nothing if the challenge is none.
    pub fn start(salt: &str, challenge: &str, maxnumber: u32) -> Option<Solver> {
        Search::new(salt, challenge, maxnumber).map(Self)
    }

    /// Tries the next numbers; the one, if it is among them.
    pub fn advance(&mut self, tries: u32) -> Option<u32> {
        self.0.advance(tries)
    }

    /// Whether there are no more numbers to try.
    pub fn is_over(&self) -> bool {
        self.0.is_over()
    }
}

//! Proof of work in ALTCHA's protocol, version 1 with SHA-256: issue, solve, verify.
//!
//! A challenge is the hash of a salt and a secret number; solving is finding the
//! number, verifying is one hash and one HMAC. Any solver of the protocol works:
//! ours in the browser, ALTCHA's widget, or the libraries it has for other languages.
//!
//! What it is good for: a sign-up costs its sender some computing, so that a flood
//! of them costs a flood of it. What it is not: whoever has a graphics card pays
//! next to nothing, and a solved puzzle says nothing about who solved it.
//!
//! Why own code. `altcha-lib-rs` 0.3.3 speaks this version and rebuilds the salt's
//! parameters from a hash map, so that with more than one of them most right
//! solutions are refused; it reads the system's clock and compares signatures with
//! `!=`. ALTCHA's own `altcha` 1.1 speaks version 2 only, reads the clock too, and
//! brings a second generation of the hash crates along.
//!
//! Invariants: pure; no clock, no chance, no I/O; compiles for wasm and native; no
//! text that anybody sends makes it panic or work for longer than two short hashes.

mod challenge;
mod load;
mod solution;
mod solve;

pub use challenge::{Bound, Challenge, Key};
pub use load::{Cost, Load};
pub use solution::{Flaw, Solution, Solved, verify};
pub use solve::{NUMBER_MAX, Search};

/// The only algorithm here, as ALTCHA names it.
pub const ALGORITHM: &str = "SHA-256";

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}

//! What a person can be asked, and the one rule that checks each answer; pure, wasm.

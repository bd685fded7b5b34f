//! Set up, build, run and test: `cargo xtask`.
fn main() {}

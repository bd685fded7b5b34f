//! Finding the program under test.

use std::path::PathBuf;

/// The server's path. Cargo builds it with the tests, for it is a binary of the
/// same package.
pub fn program() -> PathBuf {
    beside("doorstep-under-test")
}

/// The path of the server that has a route which panics.
pub(crate) fn faulty_program() -> PathBuf {
    beside("doorstep-faulty")
}

fn beside(name: &str) -> PathBuf {
    // target/debug/deps/<test> is running now.
    let test = std::env::current_exe().expect("a test knows its own path");
    let profile = test.ancestors().find(|folder| folder.join("deps").is_dir());
    profile.expect("tests run below the target folder").join(name)
}

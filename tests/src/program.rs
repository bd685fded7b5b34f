//! Finding and building the programs under test.

use std::{path::PathBuf, process::Command, sync::OnceLock};

/// The folder that cargo builds into.
pub fn target_dir() -> PathBuf {
    // target/debug/deps/<test> is running now.
    let test = std::env::current_exe().expect("a test knows its own path");
    let profile = test.ancestors().find(|folder| folder.join("deps").is_dir());
    profile.expect("tests run below the target folder").to_owned()
}

/// The server's path. Built once, so that a test never checks an old one.
pub fn build_server() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let status = Command::new(env!("CARGO"))
                .args(["build", "--quiet", "--package", "doorstep-server", "--bin", "doorstep"])
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .status()
                .expect("cargo runs");
            assert!(status.success(), "the server does not build");
            target_dir().join("doorstep")
        })
        .clone()
}

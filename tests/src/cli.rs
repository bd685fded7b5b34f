//! The program as an operator calls it.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::leaks;

/// Runs the program with settings.
pub fn run_cli(
    program: &Path,
    settings: &[(String, String)],
    folder: &Path,
    arguments: &[&str],
    input: &str,
) -> Result<Value, String> {
    let output = cli_output(program, settings, folder, arguments, input);
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).expect("one JSON object"))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Runs the program with settings; all that it printed, and how it ended.
pub fn cli_output(
    program: &Path,
    settings: &[(String, String)],
    folder: &Path,
    arguments: &[&str],
    input: &str,
) -> std::process::Output {
    let mut child = Command::new(program)
        .args(arguments)
        .arg("--json")
        .envs(settings.iter().cloned())
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    // A command that reads nothing may be gone already.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    leaks::printed(arguments, input, &output.stdout, &output.stderr);
    output
}

//! Starting other programs: with a clean environment, no standard input, and their output in a log file.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// How much of a log is shown when a step fails: enough for a compiler error or a failed test with its neighbours.
const TAIL_LINES: usize = 60;

/// What a finished program printed.
pub(crate) struct Log {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) status: ExitStatus,
}

/// A command that inherits nothing from the `cargo run` around us.
///
/// Cargo tells us our own package's name and version in variables. Build scripts such as ring's watch these, so
/// passing them on would rebuild half the tree each time a person changes between `cargo xtask` and plain `cargo`.
pub(crate) fn new(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let name_text = name.to_string_lossy();
        let ours = matches!(
            &*name_text,
            "CARGO"
                | "CARGO_MANIFEST_DIR"
                | "CARGO_MANIFEST_PATH"
                | "CARGO_CRATE_NAME"
                | "CARGO_PRIMARY_PACKAGE"
                | "OUT_DIR"
        ) || name_text.starts_with("CARGO_PKG_")
            || name_text.starts_with("CARGO_BIN_");
        if ours {
            command.env_remove(&name);
        }
    }
    command.stdin(Stdio::null()).env("CARGO_TERM_COLOR", "never").env("NO_COLOR", "1");
    command
}

/// The cargo the person uses, in this checkout.
pub(crate) fn cargo(workspace: &Workspace) -> Command {
    let mut command = new("cargo");
    command.current_dir(workspace.root()).env("CARGO_TARGET_DIR", workspace.target());
    command
}

/// The same surroundings for a program of ours that starts cargo.
pub(crate) fn cargo_under(workspace: &Workspace, program: &str) -> Command {
    let mut command = new(workspace.program(program));
    command.current_dir(workspace.root()).env("CARGO_TARGET_DIR", workspace.target());
    command
}

/// Runs to the end, with all output in `target/xtask/<name>.log`; the caller judges the exit status.
pub(crate) fn run(workspace: &Workspace, name: &str, command: &mut Command) -> Result<Log> {
    let path = workspace.scratch()?.join(format!("{name}.log"));
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .stdout(file.try_clone()?)
        .stderr(file)
        .status()
        .with_context(|| format!("cannot start `{program}`"))?;
    let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
    Ok(Log { path, text, status })
}

/// As [`run`], and a failure is an error that shows the end of the log.
pub(crate) fn logged(workspace: &Workspace, name: &str, command: &mut Command) -> Result<Log> {
    let log = run(workspace, name, command)?;
    if log.status.success() {
        return Ok(log);
    }
    bail!("`{}` failed ({})\n{}", spell(command), log.status, log.excerpt(workspace));
}

/// What a program prints on standard output, or nothing when it is not there or fails.
pub(crate) fn ask(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

impl Log {
    /// The end of the log and where the rest is.
    pub(crate) fn excerpt(&self, workspace: &Workspace) -> String {
        excerpt(workspace, &self.path, &self.text)
    }
}

/// The last lines of `text`, and where the whole is.
pub(crate) fn excerpt(workspace: &Workspace, path: &Path, text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n    ");
    let shown = path.strip_prefix(workspace.root()).unwrap_or(path);
    format!("    {tail}\n  the whole log: {}", shown.display())
}

fn spell(command: &Command) -> String {
    let mut words = vec![
        Path::new(command.get_program())
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
    ];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy().into_owned()));
    words.join(" ")
}

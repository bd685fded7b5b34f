//! The network of the three nodes: a namespace each, and two bridges. All of it is in a
//! namespace of the trial's own, and gone with its last process.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Runs a program again in namespaces of its own, where it is root over the network, the
/// mounts and the processes: when it ends, however it ends, so do they. Gives its exit
/// code, or says why that cannot be.
pub fn run_apart(arguments: &[String]) -> Result<u8, String> {
    let root = std::fs::metadata("/proc/self");
    if !root.is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0) {
        return Err("only root may make network namespaces: run it as root".to_owned());
    }
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = tempfile::Builder::new().prefix("doorstep-chaos-").tempdir();
    let folder = folder.map_err(|error| error.to_string())?;
    // `unshare` dies with us, and what it started with it.
    let status = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--", "unshare", "--net", "--mount", "--pid", "--fork"])
        .args(["--kill-child", "--mount-proc", "--"])
        // The first process has to bury the dead that nobody else waits for: Patroni takes a
        // PostgreSQL that was killed with its parent for one that still runs.
        .args(["bash", "-c", "\"$@\" & wait $!", "bash"])
        .arg(own)
        .args(arguments)
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("cannot start unshare: {error}"))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Where clients are.
const OUTER: &str = "front";
/// Between the nodes.
pub(super) const INNER: &str = "inner";
/// Both, in the order of a node's addresses.
pub(super) const BRIDGES: [&str; 2] = [OUTER, INNER];

/// Sets up the trial's own side: its addresses, and places for files that go with it.
pub(super) fn open(temporary: &Path) {
    run(Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(temporary));
    run(Command::new("mount").args(["-t", "tmpfs", "tmpfs", "/run"]));
    ip("link set lo up");
    for bridge in BRIDGES {
        ip(&format!("link add {bridge} type bridge"));
        ip(&format!("link set {bridge} up"));
        if bridge == OUTER {
            ip(&format!("addr add 10.0.0.1/24 dev {bridge}"));
        }
    }
}

/// Adds a node: `10.0.0.10` and its number for clients, `10.0.1.10` and it for the others.
pub(super) fn add(number: usize) {
    ip(&format!("netns add n{number}"));
    for (at, bridge) in BRIDGES.iter().enumerate() {
        let (here, there) = (format!("{bridge}{number}"), format!("eth{at}"));
        ip(&format!("link add {here} type veth peer name {there} netns n{number}"));
        ip(&format!("link set {here} master {bridge}"));
        ip(&format!("link set {here} up"));
        ip(&format!("-n n{number} addr add 10.0.{at}.1{number}/24 dev {there}"));
        ip(&format!("-n n{number} link set {there} up"));
    }
    ip(&format!("-n n{number} link set lo up"));
}

/// Cuts a node off: its own side sees a cable that is in, and no packet goes anywhere. Nobody
/// is told, which is harder than a cable that is out.
pub(super) fn cut(number: usize, bridges: &[&str]) {
    for bridge in bridges {
        ip(&format!("link set {bridge}{number} nomaster"));
    }
}

/// Takes a node's cables out: it sees that at once.
pub(super) fn unplug(number: usize) {
    for bridge in BRIDGES {
        ip(&format!("link set {bridge}{number} down"));
    }
}

/// Undoes both.
pub(super) fn mend(number: usize) {
    for bridge in BRIDGES {
        ip(&format!("link set {bridge}{number} master {bridge} up"));
    }
}

/// What runs in a node's namespace.
pub(super) fn processes(number: usize) -> Vec<String> {
    let node = format!("n{number}");
    let output = Command::new("ip").args(["netns", "pids", &node]).output();
    let output = output.expect("ip runs");
    String::from_utf8_lossy(&output.stdout).split_whitespace().map(str::to_owned).collect()
}

fn ip(arguments: &str) {
    run(Command::new("ip").args(arguments.split_whitespace()));
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {said}");
}

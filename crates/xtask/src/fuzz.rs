//! `cargo xtask fuzz`: the parsers against whatever anybody could send, by libFuzzer.
//!
//! The targets are an ordinary crate, `tests/fuzz`, compiled with what libFuzzer needs to see where an input got.
//! Those flags are stable ones: the address sanitizer would need a nightly compiler, and has nothing to find in
//! crates that forbid `unsafe`. `cargo fuzz run --fuzz-dir tests/fuzz --sanitizer none TARGET` builds the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use crate::command::{self, Log};
use crate::screen::Screen;
use crate::tools;
use crate::workspace::Workspace;

const PACKAGE: &str = "doorstep-fuzz";
const FOLDER: &str = "tests/fuzz";

/// Coverage as libFuzzer reads it, and the values that the code compares its input with.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module \
-Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Optimised as little as pays: twice as fast to compile as a release, and to run as an unoptimised build many times.
const OPT_LEVEL: &str = "1";

/// Inputs of a short run, for each target: a few seconds for all of them.
const SHORT_RUNS: u32 = 20_000;
/// Seconds after which an input counts as one that hangs. The slowest honest one takes a millisecond.
const TIMEOUT_SECONDS: u32 = 10;
/// Megabytes; no input is longer than a few kilobytes.
const MEMORY: u32 = 1_024;

/// The targets' programs, built.
pub(crate) struct Targets {
    programs: PathBuf,
    names: Vec<String>,
}

impl Targets {
    /// Builds all of them.
    pub(crate) fn build(workspace: &Workspace, screen: &Screen) -> Result<Self> {
        tools::cplusplus::ensure(workspace, screen)?;
        let names = names(&workspace.path(FOLDER).join("fuzz_targets"))?;
        let triple = host()?;
        let mut cargo = command::cargo(workspace);
        // With a target named, build scripts and macros are compiled without the flags: those of the other builds.
        cargo
            .args(["build", "--package", PACKAGE, "--bins", "--target", &triple])
            .env("RUSTFLAGS", FLAGS)
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", OPT_LEVEL);
        screen.step("Building the fuzz targets", || {
            command::logged(workspace, "fuzz-build", &mut cargo).map(drop)
        })?;
        Ok(Self { programs: workspace.target().join(triple).join("debug"), names })
    }

    /// The names, in alphabetical order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// A run that is the same every time: the seeds that git keeps, and then a number of inputs.
    pub(crate) fn run_shortly(&self, workspace: &Workspace, name: &str) -> Result<()> {
        let scratch = workspace.scratch()?.join("fuzz").join(name);
        fs::remove_dir_all(&scratch).ok();
        // What earlier runs found lies beside the seeds, and would make this one another.
        let (found, seeds) = (scratch.join("found"), scratch.join("seeds"));
        for folder in [&found, &seeds] {
            fs::create_dir_all(folder)?;
        }
        for seed in files(&corpus(workspace, name))? {
            if let (true, Some(file)) = (is_seed(&seed), seed.file_name()) {
                fs::copy(&seed, seeds.join(file))?;
            }
        }
        let mut fuzzer = self.fuzzer(workspace, name)?;
        fuzzer.args([&found, &seeds]).arg(format!("-runs={SHORT_RUNS}")).arg("-seed=1");
        run(workspace, name, &mut fuzzer).map(drop)
    }

    /// A run for as long as it takes, which begins where the last one ended.
    fn run_for(&self, workspace: &Workspace, name: &str, seconds: u64) -> Result<String> {
        let mut fuzzer = self.fuzzer(workspace, name)?;
        fuzzer.arg(corpus(workspace, name)).arg(format!("-max_total_time={seconds}"));
        let log = run(workspace, name, &mut fuzzer)?;
        let inputs = statistic(&log.text, "number_of_executed_units").unwrap_or_default();
        let new = statistic(&log.text, "new_units_added").unwrap_or_default();
        Ok(format!("{name}: {inputs} inputs hold; {new} of them got somewhere new"))
    }

    fn fuzzer(&self, workspace: &Workspace, name: &str) -> Result<Command> {
        let artifacts = workspace.path(FOLDER).join("artifacts").join(name);
        fs::create_dir_all(&artifacts)
            .with_context(|| format!("cannot create {}", artifacts.display()))?;
        let mut fuzzer = command::new(self.programs.join(name));
        fuzzer
            .current_dir(workspace.root())
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .arg(format!("-timeout={TIMEOUT_SECONDS}"))
            .arg(format!("-rss_limit_mb={MEMORY}"))
            .arg("-print_final_stats=1");
        Ok(fuzzer)
    }
}

/// `cargo xtask fuzz`: one target or all of them, one after the other.
pub(crate) fn run_long(
    workspace: &Workspace,
    screen: &Screen,
    target: Option<&str>,
    seconds: u64,
) -> Result<()> {
    let targets = Targets::build(workspace, screen)?;
    let chosen: Vec<_> =
        targets.names().filter(|name| target.is_none_or(|target| target == *name)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = targets.names().collect();
        bail!("there is no target {}; there are {}", target.unwrap_or_default(), names.join(", "));
    }
    for name in chosen {
        let title = format!("Fuzzing {name} for {seconds} s");
        let summary = screen.step(&title, || targets.run_for(workspace, name, seconds))?;
        screen.say(&format!("      {summary}"));
    }
    Ok(())
}

/// A failure shows the end of the log, in which libFuzzer names the input, and says what to do with it.
fn run(workspace: &Workspace, name: &str, fuzzer: &mut Command) -> Result<Log> {
    let log = command::run(workspace, &format!("fuzz-{name}"), fuzzer)?;
    if log.status.success() {
        return Ok(log);
    }
    let excerpt = log.excerpt(workspace);
    let root = workspace.root().display().to_string();
    let input = log.text.lines().rev().find_map(|line| line.split_once("Test unit written to "));
    let input = input.map_or("FILE", |(_, path)| path.trim());
    let input = input.strip_prefix(&root).unwrap_or(input).trim_start_matches('/');
    Err(anyhow!(
        "{name} does not hold for an input\n{excerpt}\n  again: cargo run --package {PACKAGE} --bin {name} -- {input}\n  \
         when it is mended, keep the input: cp {input} {FOLDER}/corpus/{name}/what-it-was.seed"
    ))
}

fn corpus(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.path(FOLDER).join("corpus").join(name)
}

/// What has a name was put there by a person; the fuzzer's own have none but a hash.
fn is_seed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "seed")
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let stems = files(folder)?.into_iter();
    let mut names: Vec<_> =
        stems.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed = || format!("cannot list {}", folder.display());
    let entries = fs::read_dir(folder).with_context(listed)?;
    entries.map(|entry| Ok(entry.with_context(listed)?.path())).collect()
}

fn host() -> Result<String> {
    let version = command::ask(command::new("rustc").arg("-vV"));
    let version = version.context("`rustc -vV` does not answer")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

/// `stat::number_of_executed_units: 20000`.
fn statistic(log: &str, name: &str) -> Option<u64> {
    let mut lines = log.lines().rev();
    lines.find_map(|line| {
        let rest = line.strip_prefix("stat::")?.strip_prefix(name)?;
        rest.strip_prefix(':')?.trim().parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::statistic;

    #[test]
    fn the_final_statistics_are_read() {
        let log = "Done 20000 runs in 3 second(s)\nstat::number_of_executed_units: 20000\nstat::new_units_added:         12\n";
        assert_eq!(statistic(log, "number_of_executed_units"), Some(20_000));
        assert_eq!(statistic(log, "new_units_added"), Some(12));
        assert_eq!(statistic(log, "new_units"), None);
    }
}

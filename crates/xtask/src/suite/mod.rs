//! `cargo xtask test`: every check and test in order, and one closing line.

mod tally;

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Error, Result};

use crate::command::{self, Log};
use crate::fuzz::Targets;
use crate::screen::Screen;
use crate::suite::tally::{Tally, libtest, nextest, node};
use crate::tools::{self, WidgetTools};
use crate::widget::{self, Mode};
use crate::workspace::Workspace;

/// The crates that check a form in the browser and a request on the server: they must compile for both.
const PURE_CRATES: [&str; 2] = ["doorstep-fields", "doorstep-wire"];

/// The tests meet the widget that visitors get, panics without words included: it alone has a budget to keep.
const WIDGET: Mode = Mode::Release;

/// One run of the suite: what has passed so far.
struct Suite<'a> {
    workspace: &'a Workspace,
    screen: &'a Screen,
    tally: Tally,
}

/// Everything; `fast` leaves the browser out.
pub(crate) fn test(workspace: &Workspace, screen: &Screen, fast: bool) -> ExitCode {
    conclude(workspace, screen, |suite| suite.everything(fast))
}

/// What is quick enough to run after each edit.
pub(crate) fn check(workspace: &Workspace, screen: &Screen) -> ExitCode {
    conclude(workspace, screen, |suite| {
        suite.format()?;
        suite.clippy()?;
        suite.native_tests(&["--workspace", "--lib", "--bins"], command::cargo(workspace))
    })
}

#[expect(clippy::print_stdout, reason = "the closing line is the program's answer")]
fn conclude(
    workspace: &Workspace,
    screen: &Screen,
    steps: impl FnOnce(&mut Suite<'_>) -> Result<()>,
) -> ExitCode {
    let mut suite = Suite { workspace, screen, tally: Tally::default() };
    if let Err(error) = workspace.lock(screen, "suite").and_then(|_alone| steps(&mut suite)) {
        // A step that failed without a failed test is one itself.
        suite.tally.failed = suite.tally.failed.max(1);
        screen.say(&format!("error: {error:#}"));
    }
    println!("{}", suite.tally);
    if suite.tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Suite<'_> {
    fn everything(&mut self, fast: bool) -> Result<()> {
        let tools = tools::for_widget(self.workspace, self.screen, WIDGET)?;
        tools::postgres::ensure(self.workspace, self.screen)?;
        tools::balancer::ensure(self.workspace, self.screen)?;
        tools::fake_clock::ensure(self.workspace, self.screen)?;
        tools::oauth_clients(self.workspace, self.screen)?;
        tools::package_users(self.workspace, self.screen)?;
        tools::shell::ensure(self.workspace, self.screen)?;
        let browsers = if fast {
            None
        } else {
            let browser = tools::browser::ensure(self.workspace, self.screen)?;
            Some((browser, tools::engines::ensure(self.workspace, self.screen)?))
        };

        self.format()?;
        self.clippy()?;
        self.package_tests()?;
        self.wasm_check(&tools)?;
        self.widget(&tools)?;
        self.programs()?;
        // One PostgreSQL for all: nextest runs each test in a process of its own.
        let mut with_postgres = command::cargo_under(self.workspace, "with-postgres");
        with_postgres.arg("cargo");
        self.native_tests(&["--workspace"], with_postgres)?;
        self.doc_tests()?;
        self.fuzz_shortly()?;
        browsers.map_or(Ok(()), |(browser, geckodriver)| self.browser_tests(&browser, &geckodriver))
    }

    fn format(&mut self) -> Result<()> {
        let mut cargo = command::cargo(self.workspace);
        cargo.args(["fmt", "--all", "--check"]);
        self.one("Format (repair: cargo fmt --all)", "fmt", &mut cargo)
    }

    fn clippy(&mut self) -> Result<()> {
        let mut cargo = command::cargo(self.workspace);
        cargo.args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]);
        self.one("Clippy, warnings denied", "clippy", &mut cargo)
    }

    fn wasm_check(&mut self, tools: &WidgetTools) -> Result<()> {
        let mut cargo = tools.compiler.cargo(self.workspace, WIDGET)?;
        // The widget's own profile, so that its build finds what is compiled here.
        cargo.args(["build", "--profile", "widget", "--target", tools::compiler::TARGET]);
        for package in PURE_CRATES {
            cargo.args(["--package", package]);
        }
        self.one("The pure crates compile for wasm", "wasm-check", &mut cargo)
    }

    fn widget(&mut self, tools: &WidgetTools) -> Result<()> {
        widget::build_with(self.workspace, self.screen, WIDGET, tools)?;
        self.tally.passed += 1;
        widget::weigh(self.workspace, self.screen, WIDGET)?;
        self.tally.passed += 1;
        Ok(())
    }

    /// All programs at once, as the tests' own build will ask for them: a build of
    /// some packages would unite other features, and compile the dependencies twice.
    fn programs(&mut self) -> Result<()> {
        let mut cargo = command::cargo(self.workspace);
        cargo.args(["build", "--workspace", "--bins"]);
        self.one("Building the programs", "programs", &mut cargo)
    }

    fn native_tests(&mut self, selection: &[&str], mut cargo: Command) -> Result<()> {
        if which::which("cargo-nextest").is_ok() {
            cargo.args(["nextest", "run", "--no-fail-fast", "--color=never"]).args(selection);
            return self.counted("Unit and integration tests", "nextest", &mut cargo, nextest);
        }
        // Documentation tests have a step of their own.
        cargo.args(["test", "--no-fail-fast", "--lib", "--bins", "--tests"]).args(selection);
        self.counted("Unit and integration tests", "tests", &mut cargo, libtest)
    }

    fn doc_tests(&mut self) -> Result<()> {
        let mut cargo = command::cargo(self.workspace);
        cargo.args(["test", "--doc", "--workspace", "--no-fail-fast"]);
        // Its examples are in other languages. Its manifest says so, which cargo passes over where
        // `--doc` is asked for.
        cargo.args(["--exclude", "doorstep-handbook"]);
        self.counted("Documentation tests", "doc-tests", &mut cargo, libtest)
    }

    /// Each target is a test. One that fails does not keep the others from being run.
    fn fuzz_shortly(&mut self) -> Result<()> {
        let targets = Targets::build(self.workspace, self.screen)?;
        let mut counted = Tally::default();
        let result = self.screen.step("Fuzzing the parsers, shortly", || {
            let mut failures = Vec::new();
            for name in targets.names() {
                match targets.run_shortly(self.workspace, name) {
                    Ok(()) => counted.passed += 1,
                    Err(error) => failures.push(format!("{error:#}")),
                }
            }
            counted.failed = failures.len() as u64;
            if failures.is_empty() { Ok(()) } else { Err(Error::msg(failures.join("\n"))) }
        });
        self.tally += counted;
        result
    }

    /// What is made from the widget's description, and the npm package as it would be published.
    fn package_tests(&mut self) -> Result<()> {
        let mut npm = command::new("npm");
        npm.current_dir(self.workspace.path("tests/npm")).arg("test");
        self.counted("The npm package", "npm", &mut npm, node)
    }

    fn browser_tests(&mut self, browser: &Path, geckodriver: &Path) -> Result<()> {
        let mut npm = command::new("npm");
        npm.current_dir(self.workspace.path("tests/browser"))
            .arg("test")
            .env("DOORSTEP_BROWSER", browser)
            .env("DOORSTEP_GECKODRIVER", geckodriver)
            .env("DOORSTEP_BIN", self.workspace.program("doorstep"))
            .env("DOORSTEP_PANEL_BIN", self.workspace.program("doorstep-demo-panel"));
        self.counted("Browser tests", "browser", &mut npm, node)
    }

    /// A step that is one test itself.
    fn one(&mut self, title: &str, name: &str, command: &mut Command) -> Result<()> {
        self.screen.step(title, || command::logged(self.workspace, name, command))?;
        self.tally.passed += 1;
        Ok(())
    }

    /// A step that says how many tests it ran.
    fn counted(
        &mut self,
        title: &str,
        name: &str,
        command: &mut Command,
        count: fn(&str) -> Option<Tally>,
    ) -> Result<()> {
        let mut counted = Tally::default();
        let result = self.screen.step(title, || {
            let log = command::run(self.workspace, name, command)?;
            let outcome;
            (counted, outcome) = judge(self.workspace, &log, count(&log.text));
            outcome
        });
        self.tally += counted;
        result
    }
}

/// A program's exit status and its summary must agree; where they do not, something else went wrong.
fn judge(workspace: &Workspace, log: &Log, summary: Option<Tally>) -> (Tally, Result<()>) {
    let failure = |what: &str| Error::msg(format!("{what}\n{}", log.excerpt(workspace)));
    match summary {
        Some(tally) if log.status.success() && tally.failed == 0 => (tally, Ok(())),
        Some(tally) if tally.failed > 0 => {
            (tally, Err(failure(&format!("{} tests failed", tally.failed))))
        }
        Some(tally) => (tally, Err(failure("no test failed, but the program that runs them did"))),
        None => (Tally::default(), Err(failure("the tests did not run to their end"))),
    }
}

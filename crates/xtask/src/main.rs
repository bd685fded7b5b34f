//! `cargo xtask`: sets up, builds, runs and tests Doorstep.
//!
//! A fresh machine needs Rust and this checkout; what else is missing is installed here, in cargo's own home,
//! as distribution packages, or under `target/`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a terminal program")]

mod bench;
mod command;
mod demo;
mod fuzz;
mod pictures;
mod screen;
mod soak;
mod speed;
mod suite;
mod tools;
mod trial;
mod widget;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::screen::Screen;
use crate::workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_version_flag = true)]
#[command(about = "Set up, build, run and test Doorstep")]
#[command(
    after_help = "Each command first installs what it needs and does not find: wasm compiler, trunk, wasm-bindgen, \
wasm-opt, esbuild, and for `test` a browser, PostgreSQL and two OAuth clients. Logs of the single steps are under target/xtask/."
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Start the server on SQLite and the demo panel, and print the URLs to open
    Run {
        /// Throw away the demo's database, keys and client first
        #[arg(long)]
        fresh: bool,
    },
    /// Run every check and test; the last line reads `N passed, N failed`
    Test {
        /// Leave out the browser tests (and do not install a browser)
        #[arg(long)]
        fast: bool,
    },
    /// Format check, clippy, and the tests of the libraries: seconds, for use while editing
    Check,
    /// Throw made-up input at the parsers for as long as you like; `test` does it for a few seconds
    Fuzz {
        /// Which one; all of them, if none is named
        target: Option<String>,
        /// How long, for each target
        #[arg(long, default_value_t = 300, value_name = "N")]
        seconds: u64,
    },
    /// Load a server for hours, and judge whether it takes more and more; `test` does it for half a minute
    Soak {
        /// How long; from an hour on the times of the answers are judged too
        #[arg(long, default_value_t = 480, value_name = "MINUTES")]
        minutes: u32,
        /// On which database: `sqlite` or `postgres`
        #[arg(long, default_value = "sqlite")]
        database: String,
        /// The load, in hundredths of what the server can do on this machine
        #[arg(long, default_value_t = 50, value_name = "PERCENT")]
        load: u8,
    },
    /// Kill the server 200 times while 20,000 people sign up, on both databases; `-h` has the numbers
    #[command(disable_help_flag = true)]
    Crash {
        /// Handed on to the trial
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
        options: Vec<OsString>,
    },
    /// Measure the server in its release build beside what this machine can do, and print a table of ratios
    Bench {
        /// Two seconds for each figure: to see what a change does, not for a record
        #[arg(long)]
        quick: bool,
        /// Memory, starts and growth as well, and write the handbook's page
        #[arg(long)]
        full: bool,
        /// How many million users growth is measured with at last; 10, if it is not said: 13 GB of disk. Needs `--full`
        #[arg(long, requires = "full", value_parser = clap::value_parser!(u64).range(1..=100))]
        millions: Option<u64>,
        /// Two databases behind a router beside one, and nothing else; without `--quick` it writes the handbook's table
        #[arg(long, conflicts_with = "full")]
        shards: bool,
    },
    /// Measure how soon a person can type, on a slow phone, beside two forms of others, and print a table of ratios
    Speed {
        /// How often each form is opened, with an empty profile and again
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=20))]
        rounds: u8,
        /// Write the handbook's page as well
        #[arg(long)]
        page: bool,
    },
    /// Draw every state of the form in every sight, and compare with what was accepted
    Pictures {
        /// What is drawn now is what shall be drawn: look at it, and commit it
        #[arg(long)]
        accept: bool,
    },
    /// Kill, cut off and freeze the primary of a PostgreSQL that fails over, while people sign up (as root; `-h` has more)
    #[command(disable_help_flag = true)]
    Chaos {
        /// Handed on to the trial
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
        options: Vec<OsString>,
    },
    /// Build the widget and the programs that embed it
    Build {
        /// Optimise, and leave target/release/doorstep with the widget inside
        #[arg(long)]
        release: bool,
    },
    /// Build the widget alone, and print what a page downloads
    Weight {
        /// As visitors and the tests get it, held to the budget
        #[arg(long)]
        release: bool,
        /// Say besides which crates the form's module is made of, and its largest functions
        #[arg(long)]
        explain: bool,
        /// Put the figures into the README, which is held to them
        #[arg(long, requires = "release")]
        write: bool,
    },
    /// Install what the other commands need, and nothing else
    Setup,
    /// Live-reload the widget with trunk, against a server that `cargo xtask run` started
    Serve,
}

fn main() -> ExitCode {
    let task = Arguments::parse().task;
    let screen = Screen::detect();
    match perform(&task, &screen) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: &Task, screen: &Screen) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    match task {
        Task::Run { fresh } => demo::run(&workspace, screen, *fresh),
        Task::Test { fast } => Ok(suite::test(&workspace, screen, *fast)),
        Task::Check => Ok(suite::check(&workspace, screen)),
        Task::Fuzz { target, seconds } => {
            fuzz::run_long(&workspace, screen, target.as_deref(), *seconds)?;
            Ok(ExitCode::SUCCESS)
        }
        Task::Soak { minutes, database, load } => {
            soak::run(&workspace, screen, *minutes, database, *load)
        }
        Task::Crash { options } => trial::run(&workspace, screen, "crash", options),
        Task::Bench { quick, full, millions, shards } => {
            let (quick, full, shards) = (*quick, *full, *shards);
            let choice = bench::Choice { quick, full, millions: *millions, shards };
            bench::run(&workspace, screen, choice)?;
            Ok(ExitCode::SUCCESS)
        }
        Task::Speed { rounds, page } => {
            speed::run(&workspace, screen, *rounds, *page)?;
            Ok(ExitCode::SUCCESS)
        }
        Task::Pictures { accept } => pictures::run(&workspace, screen, *accept),
        Task::Chaos { options } => {
            tools::cluster::ensure(&workspace, screen)?;
            trial::run(&workspace, screen, "chaos", options)
        }
        Task::Build { release } => {
            let mode = mode(*release);
            widget::build(&workspace, screen, mode)?;
            widget::weigh(&workspace, screen, mode)?;
            workspace.build_programs(screen, mode)?;
            Ok(ExitCode::SUCCESS)
        }
        Task::Weight { release, explain, write } => {
            let mode = mode(*release);
            let tools = widget::build(&workspace, screen, mode)?;
            if *explain {
                widget::explain(&workspace, screen, &tools)?;
            }
            if *write {
                widget::write_weight(&workspace)?;
            }
            widget::weigh(&workspace, screen, mode)?;
            Ok(ExitCode::SUCCESS)
        }
        Task::Setup => {
            tools::everything(&workspace, screen)?;
            println!("Everything is in place. Next: cargo xtask run");
            Ok(ExitCode::SUCCESS)
        }
        Task::Serve => widget::serve(&workspace, screen),
    }
}

fn mode(release: bool) -> widget::Mode {
    if release { widget::Mode::Release } else { widget::Mode::Development }
}

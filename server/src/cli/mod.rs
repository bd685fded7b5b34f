//! The command line. Every command takes `--config` and `--json`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is where the program speaks")]

mod admin;
mod audit;
mod backup;
mod catalog;
mod client;
mod db;
mod doctor;
mod embed;
mod keys;
mod migrate;
mod openapi;
mod registration;
mod restore;
mod serve;
mod signups;
mod terminal;
mod token;
mod user;
mod webhook;
mod work;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use axum::Router;
use clap::{Parser, Subcommand};
use doorstep_accounts::Timestamp;
use serde_json::{Value, json};

use crate::{
    config::Settings,
    http::{self, App},
    reload::Reload,
    telemetry,
};

/// The command line, as clap reads it.
#[derive(Debug, Parser)]
#[command(
    name = "doorstep",
    version,
    about = "Sign-up for hosting platforms, at the place where people already are",
    arg_required_else_help = true
)]
struct Arguments {
    /// The settings file [default: doorstep.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer in JSON, one object on one line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve,
    /// Work off the jobs in the background, apart from the server (`jobs.in_serve = false`)
    Work,
    /// Manage OAuth clients: one for each provider that embeds the sign-up
    #[command(subcommand)]
    Client(client::Command),
    /// Manage administrators
    #[command(subcommand)]
    Admin(admin::Command),
    /// Manage the catalogue: what you offer and ask for
    #[command(subcommand)]
    Catalog(catalog::Command),
    /// List, show, export and erase users
    #[command(subcommand)]
    User(user::Command),
    /// End access tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Rotate, list and retire the keys of the key file
    #[command(subcommand)]
    Keys(keys::Command),
    /// Check and export the log of who did what
    #[command(subcommand)]
    Audit(audit::Command),
    /// Tell endpoints of yours what happens to users, and see what they were told
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// Decide about sign-ups that wait: those from pages without a back end
    #[command(subcommand)]
    Signups(signups::Command),
    /// Switch registration off and on, for a client or a provider server
    #[command(subcommand)]
    Registration(registration::Command),
    /// Bring the database up to date (serve does this too)
    Migrate,
    /// Write the whole installation into a file, while servers go on
    Backup(backup::Arguments),
    /// Bring an installation back from a backup, or check one
    Restore(restore::Arguments),
    /// Move an installation to another database
    #[command(subcommand)]
    Db(db::Command),
    /// Look at the installation, change nothing, and say what is wrong; fails if something is
    Doctor,
    /// Print the tag that puts the form into a page, and what the page's policy must allow
    Embed(embed::Arguments),
    /// Print the OpenAPI document: every route, what it takes and what it answers
    Openapi,
}

/// What a command prints: for programs and for people.
struct Output {
    json: Value,
    text: String,
}

/// Runs the program.
pub fn run() -> ExitCode {
    run_with(Router::new())
}

/// Runs the program with other routes beside its own: for tests of what surrounds
/// every route, whatever happens in it.
pub fn run_with(others: Router<App>) -> ExitCode {
    let arguments = Arguments::parse();
    let json = arguments.json;
    if let Command::Doctor = arguments.command {
        return doctor::run(arguments.config.as_deref(), json);
    }
    match execute(arguments, others) {
        Ok(Some(output)) if json => print(&output.json.to_string()),
        Ok(Some(output)) => print(&output.text),
        Ok(None) => ExitCode::SUCCESS,
        Err(error) if json => {
            eprintln!("{}", json!({ "error": error }));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints, and says so when nobody reads: what was printed may have been a secret
/// that is not shown again.
fn print(text: &str) -> ExitCode {
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the answer could not be written: {error}");
            ExitCode::FAILURE
        }
    }
}

fn execute(arguments: Arguments, others: Router<App>) -> Result<Option<Output>, String> {
    let settings =
        Settings::load(arguments.config.as_deref()).map_err(|error| error.to_string())?;
    let filter = telemetry::start(&settings.log)?;
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| format!("the asynchronous runtime cannot start: {error}"))?;
    runtime.block_on(async {
        match arguments.command {
            Command::Serve => {
                let reload = Reload::new(arguments.config, &settings, filter, others);
                serve::run(settings, arguments.json, reload).await.map(|()| None)
            }
            Command::Work => work::run(settings, arguments.json).await.map(|()| None),
            Command::Client(command) => client::run(&settings, command).await.map(Some),
            Command::Admin(command) => admin::run(&settings, command).await.map(Some),
            Command::Catalog(command) => catalog::run(&settings, command).await.map(Some),
            Command::User(command) => user::run(&settings, command).await.map(Some),
            Command::Token(command) => token::run(&settings, command).await.map(Some),
            Command::Keys(command) => keys::run(&settings, command).await.map(Some),
            Command::Audit(command) => audit::run(&settings, command).await,
            Command::Webhook(command) => webhook::run(&settings, command).await.map(Some),
            Command::Signups(command) => signups::run(&settings, command).await.map(Some),
            Command::Registration(command) => registration::run(&settings, command).await.map(Some),
            Command::Embed(arguments) => embed::run(&settings, &arguments).map(Some),
            Command::Openapi => openapi::run(&settings).map(Some),
            Command::Migrate => migrate::run(&settings).await.map(Some),
            Command::Backup(arguments) => backup::run(&settings, &arguments).await.map(Some),
            Command::Restore(arguments) => restore::run(&settings, &arguments).await.map(Some),
            Command::Db(command) => db::run(&settings, command).await.map(Some),
            // Answered before: settings that cannot be read are a finding.
            Command::Doctor => Ok(None),
        }
    })
}

/// Opens the installation for a command.
async fn open(settings: &Settings) -> Result<doorstep_register::Context, String> {
    crate::open::open(settings).await.map_err(|error| http::chain(&error))
}

/// A time as people and programs read it.
fn moment(at: Timestamp) -> Option<String> {
    jiff::Timestamp::from_millisecond(at.0).ok().map(|at| at.to_string())
}

//! `doorstep admin`

use std::io::BufRead as _;

use clap::Subcommand;
use doorstep_accounts::Secret;
use doorstep_register::create_admin;
use serde_json::json;

use super::Output;
use crate::{config::Settings, http::chain};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create an administrator; prints an API credential, this once
    Create {
        /// The e-mail address
        #[arg(long)]
        email: String,
        /// Read the password from the first line of standard input (a password in
        /// an argument would stand in the process list)
        #[arg(long, required = true)]
        password_stdin: bool,
    },
}

pub(super) async fn run(settings: &Settings, command: Command) -> Result<Output, String> {
    let Command::Create { email, password_stdin: _ } = command;
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| format!("the password cannot be read from standard input: {error}"))?;
    let password = Secret::new(line.trim_end_matches(['\r', '\n']));
    let context = super::open(settings).await?;
    let created = create_admin(&context, &email, &password).await.map_err(|error| chain(&error))?;
    context.store.close().await;
    let api_password = created.api_password.expose();
    Ok(Output {
        text: format!(
            "id            {}\napi.username  {}\napi.password  {api_password}\n\nThe API password is not shown again.",
            created.id, created.api_username
        ),
        json: json!({
            "id": created.id,
            "api": { "username": created.api_username, "password": api_password },
        }),
    })
}

//! `doorstep registration`

use clap::{Args, Subcommand};
use doorstep_register::set_registration;
use serde_json::json;

use super::Output;
use crate::{config::Settings, http::chain};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Switch it off: whoever would be signed up is refused, those who are notice nothing
    Close(Whose),
    /// Switch it on again
    Open(Whose),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Whose {
    /// For this client
    #[arg(long, value_name = "CLIENT_ID")]
    client: Option<String>,
    /// For this provider server, whichever client registers its users
    #[arg(long)]
    server: Option<String>,
}

pub(super) async fn run(settings: &Settings, command: Command) -> Result<Output, String> {
    let (is_open, whose) = match command {
        Command::Close(whose) => (false, whose),
        Command::Open(whose) => (true, whose),
    };
    let context = super::open(settings).await?;
    let (client, server) = (whose.client.as_deref(), whose.server.as_deref());
    let subject =
        set_registration(&context, is_open, client, server).await.map_err(|error| chain(&error))?;
    context.store.close().await;
    let state = if is_open { "on" } else { "off" };
    Ok(Output {
        text: format!("Registration is switched {state} for {subject}."),
        json: json!({ "subject": subject, "open": is_open }),
    })
}

//! `doorstep token`

use std::io::BufRead as _;

use clap::{Args, Subcommand};
use doorstep_accounts::PlainToken;
use doorstep_register::{TokenChoice, revoke_tokens};
use serde_json::json;
use zeroize::Zeroizing;

use super::Output;
use crate::{config::Settings, http::chain};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// End access tokens at once: one, or all of a client or a user
    ///
    /// Clients and users can get new ones. To stop that, switch the client off
    /// (`doorstep client disable`), or suspend the user.
    Revoke(Which),
}

/// One of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// The token's id, `tok_…`: the `jti` of its introspection
    id: Option<String>,
    /// Read the token itself from the first line of standard input (in an argument it
    /// would stand in the process list)
    #[arg(long)]
    token_stdin: bool,
    /// All that this OAuth client obtained
    #[arg(long, value_name = "CLIENT_ID")]
    client: Option<String>,
    /// All that the API credentials of this user obtained, and the user's sessions
    #[arg(long, value_name = "NUMBER")]
    user: Option<i64>,
}

pub(super) async fn run(settings: &Settings, command: Command) -> Result<Output, String> {
    let Command::Revoke(which) = command;
    let choice = match which {
        Which { token_stdin: true, .. } => TokenChoice::Hash(read()?.hash()),
        Which { client: Some(id), .. } => TokenChoice::Client(id),
        Which { user: Some(id), .. } => TokenChoice::User(id),
        Which { id, .. } => TokenChoice::Id(id.unwrap_or_default()),
    };
    let context = super::open(settings).await?;
    let revoked = revoke_tokens(&context, &choice).await.map_err(|error| chain(&error))?;
    context.store.close().await;
    Ok(Output {
        text: format!("{revoked} access token(s) ended."),
        json: json!({ "revoked": revoked }),
    })
}

fn read() -> Result<PlainToken, String> {
    let mut line = Zeroizing::new(String::new());
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| format!("the token cannot be read from standard input: {error}"))?;
    let token = line.trim();
    PlainToken::parse(token)
        .or_else(|_| PlainToken::parse_session(token))
        .map_err(|_| "--token-stdin: this is no access token of this server".to_owned())
}

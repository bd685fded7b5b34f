//! `doorstep client`

use clap::Subcommand;
use doorstep_accounts::Client;
use doorstep_register::{NewClientRequest, create_client, disable_client, list_clients};
use serde_json::{Value, json};

use super::Output;
use crate::{config::Settings, http::chain};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create a client; prints its secret, this once
    Create {
        /// What you call it
        #[arg(long)]
        name: String,
        /// The most that its tokens can hold, with spaces between
        #[arg(long, default_value = "public register")]
        scope: String,
        /// A server whose users it registers; may be repeated. Without any: every
        /// server that is not assigned to another client
        #[arg(long, value_name = "SERVER", num_args = 1..)]
        provider_server: Vec<String>,
        /// An origin whose pages embed the sign-up, as `https://host[:port]`; may be repeated
        #[arg(long, num_args = 1..)]
        origin: Vec<String>,
    },
    /// List all clients
    List,
    /// Switch a client off: its secret and its tokens stop working
    Disable {
        /// The `client_id`
        client_id: String,
    },
}

pub(super) async fn run(settings: &Settings, command: Command) -> Result<Output, String> {
    let context = super::open(settings).await?;
    let output = match command {
        Command::Create { name, scope, provider_server, origin } => {
            let request = NewClientRequest {
                name,
                scope,
                provider_servers: provider_server,
                origins: origin,
            };
            let created = create_client(&context, request).await.map_err(|error| chain(&error))?;
            let secret = created.secret.expose();
            let mut json = describe(&created.client);
            json["client_secret"] = secret.into();
            Output {
                text: format!(
                    "client_id      {}\nclient_secret  {secret}\n\nThe secret is not shown again. Keep it in the panel's back end, never in a page.",
                    created.client.id
                ),
                json,
            }
        }
        Command::List => {
            let clients = list_clients(&context).await.map_err(|error| chain(&error))?;
            let lines: Vec<_> = clients.iter().map(line).collect();
            Output {
                text: if lines.is_empty() {
                    "There is no client yet: `doorstep client create --help`".to_owned()
                } else {
                    lines.join("\n")
                },
                json: json!({ "clients": clients.iter().map(describe).collect::<Vec<_>>() }),
            }
        }
        Command::Disable { client_id } => {
            disable_client(&context, &client_id).await.map_err(|error| chain(&error))?;
            Output {
                text: format!("{client_id} is switched off."),
                json: json!({ "client_id": client_id, "active": false }),
            }
        }
    };
    context.store.close().await;
    Ok(output)
}

fn describe(client: &Client) -> Value {
    json!({
        "client_id": client.id,
        "name": client.name,
        "scope": client.scopes.to_string(),
        "provider_servers": client.provider_servers,
        "origins": client.origins,
        "active": client.disabled_at.is_none(),
    })
}

fn line(client: &Client) -> String {
    let state = if client.disabled_at.is_none() { "on " } else { "off" };
    format!(
        "{state} {}  {:?}  {}  servers: {}  origins: {}",
        client.id,
        client.name,
        client.scopes,
        listed(&client.provider_servers),
        listed(&client.origins),
    )
}

fn listed(items: &[String]) -> String {
    if items.is_empty() { "-".to_owned() } else { items.join(" ") }
}

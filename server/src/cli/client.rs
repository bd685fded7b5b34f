//! `doorstep client`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use doorstep_accounts::{Client, JwkSet, Secret, Timestamp};
use doorstep_register::{
    NewClientRequest, create_client, disable_client, list_clients, rotate_secret, set_keys,
};
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
        #[arg(
            long,
            default_value = "public register",
            default_value_if("publishable", "true", "register")
        )]
        scope: String,
        /// A server whose users it registers; may be repeated. Without any: every
        /// server that is not assigned to another client
        #[arg(long, value_name = "SERVER", num_args = 1..)]
        provider_server: Vec<String>,
        /// An origin whose pages embed the sign-up, as `https://host[:port]`; may be repeated
        #[arg(long, num_args = 1..)]
        origin: Vec<String>,
        /// A file with the public keys that it authenticates with (`private_key_jwt`): a
        /// JWK Set or one JWK, for ES256, EdDSA or PS256
        #[arg(long, value_name = "FILE")]
        jwks: Option<PathBuf>,
        /// Make no secret: the client has its keys only
        #[arg(long, requires = "jwks")]
        no_secret: bool,
        /// For pages without a back end: no secret, one server, puzzles instead, and
        /// every sign-up waits for a yes (`doorstep signups`). Works while the setting
        /// publishable.enabled is on
        #[arg(long, conflicts_with_all = ["jwks", "no_secret"])]
        publishable: bool,
    },
    /// List all clients
    List,
    /// Give a client a new secret; prints it, this once
    Rotate {
        /// The `client_id`
        client_id: String,
        /// How long the old secret works yet: seconds, or a number with m, h or d. 0 ends
        /// it at once
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
        grace: i64,
    },
    /// Replace a client's public keys. Keys are never fetched from a URL: the server
    /// calls no address that somebody else chose
    Keys {
        /// The `client_id`
        client_id: String,
        /// A JWK Set or one JWK
        #[arg(long, value_name = "FILE")]
        jwks: PathBuf,
    },
    /// Switch a client off: its secret and its tokens stop working
    Disable {
        /// The `client_id`
        client_id: String,
    },
}

pub(super) async fn run(settings: &Settings, command: Command) -> Result<Output, String> {
    let context = super::open(settings).await?;
    let output = match command {
        Command::Create { name, scope, provider_server, origin, jwks, no_secret, publishable } => {
            let request = NewClientRequest {
                name,
                scope,
                provider_servers: provider_server,
                origins: origin,
                keys: jwks.as_deref().map(read_keys).transpose()?.unwrap_or_default(),
                with_secret: !no_secret && !publishable,
                publishable,
            };
            let created = create_client(&context, request).await.map_err(|error| chain(&error))?;
            let mut json = describe(&created.client);
            let mut text = format!("client_id      {}", created.client.id);
            if let Some(secret) = &created.secret {
                json["client_secret"] = secret.expose().into();
                text.push_str(&shown_once(secret));
            }
            if publishable {
                text.push_str("\n\nIt has no secret: it may stand in a page. Its sign-ups wait for a yes: `doorstep signups list`.");
            }
            if publishable && !settings.publishable.enabled {
                text.push_str(
                    "\nPublishable clients are switched off: set publishable.enabled = true.",
                );
            }
            Output { json, text }
        }
        Command::Rotate { client_id, grace } => {
            let rotated =
                rotate_secret(&context, &client_id, grace).await.map_err(|error| chain(&error))?;
            let old_until = rotated.old_until.seconds();
            Output {
                text: format!(
                    "client_id      {client_id}{}\nThe old secret works for {grace} seconds more.",
                    shown_once(&rotated.secret)
                ),
                json: json!({
                    "client_id": client_id,
                    "client_secret": rotated.secret.expose(),
                    "old_secret_expires_at": old_until,
                }),
            }
        }
        Command::Keys { client_id, jwks } => {
            let keys = read_keys(&jwks)?;
            set_keys(&context, &client_id, &keys).await.map_err(|error| chain(&error))?;
            Output {
                text: format!("{client_id} has {} key(s) now.", keys.keys().len()),
                json: json!({ "client_id": client_id, "jwks": keys.to_json() }),
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

fn shown_once(secret: &Secret) -> String {
    format!(
        "\nclient_secret  {}\n\nThe secret is not shown again. Keep it in the panel's back end, never in a page.",
        secret.expose()
    )
}

fn read_keys(path: &Path) -> Result<JwkSet, String> {
    let refuse = |why: String| format!("--jwks {}: {why}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    JwkSet::parse(&text).map_err(|error| refuse(error.to_string()))
}

/// Seconds, or a number with a unit.
fn duration(text: &str) -> Result<i64, String> {
    let (number, unit) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 60 * 60),
        Some((at, 'd')) => (&text[..at], 24 * 60 * 60),
        _ => (text, 1),
    };
    let number: Option<u32> = number.parse().ok();
    number
        .map(|number| i64::from(number) * unit)
        .ok_or_else(|| "write it as seconds, or like 90m, 24h or 7d".to_owned())
}

fn describe(client: &Client) -> Value {
    let secrets: Vec<_> = client
        .secrets
        .iter()
        .map(|secret| {
            json!({
                "created_at": secret.created_at.seconds(),
                "expires_at": secret.expires_at.map(Timestamp::seconds),
            })
        })
        .collect();
    json!({
        "secrets": secrets,
        "jwks": client.keys.to_json(),
        "client_id": client.id,
        "name": client.name,
        "scope": client.scopes.to_string(),
        "provider_servers": client.provider_servers,
        "origins": client.origins,
        "publishable": client.publishable,
        "active": client.disabled_at.is_none(),
    })
}

fn line(client: &Client) -> String {
    let state = if client.disabled_at.is_none() { "on " } else { "off" };
    let kind = if client.publishable { "  publishable" } else { "" };
    format!(
        "{state} {}  {:?}  {}{kind}  servers: {}  origins: {}",
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

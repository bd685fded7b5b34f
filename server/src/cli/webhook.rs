//! `doorstep webhook`

use clap::{Args, Subcommand};
use doorstep_accounts::{
    Timestamp,
    webhook::{Receiver, receiver_keys},
};
use doorstep_register::{
    Context, OperatorError, add_endpoint, disable_endpoint, enable_endpoint, list_dead,
    list_endpoints, remove_endpoint, replay_events,
};
use doorstep_store::{DeadDelivery, Endpoint, ReplayChoice, StoreError};
use serde_json::{Value, json};

use super::{Output, keys, moment};
use crate::{config::Settings, http::chain, webhooks::outbound};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Tell an endpoint what happens from now on; prints the key that it checks requests with
    ///
    /// Requests are signed by the Standard Webhooks specification. The handbook's page
    /// webhooks.md says what is sent and how to check it.
    Add {
        /// Where it is: an `https` URL whose host has a public address, unless the setting
        /// `webhooks.allow_private` is on
        #[arg(long)]
        url: String,
        /// What it is told about: `user.created`, `order.*`, or `*` for everything
        #[arg(long, value_name = "EVENT", num_args = 1.., default_value = "*")]
        events: Vec<String>,
    },
    /// List the endpoints, and what each is still to be told
    List,
    /// Send nothing more to an endpoint, for now
    Disable {
        /// The `whe_…`
        id: String,
    },
    /// Send to it again: what is left of the time before, and what happens from now on
    Enable {
        /// The `whe_…`
        id: String,
    },
    /// Forget an endpoint, and what it was still to be told
    Remove {
        /// The `whe_…`
        id: String,
    },
    /// Print the keys with which an endpoint checks that a request is ours
    ///
    /// Requests are signed with the newest two: give the receiver the newest after a
    /// rotation (`doorstep keys rotate --ring webhook`), before the next one.
    Keys {
        /// The `whe_…`
        id: String,
    },
    /// Send events once more
    Replay {
        /// The `whe_…`
        id: String,
        #[command(flatten)]
        which: Which,
    },
    /// List the events that were given up, newest first
    Dead {
        /// The `whe_…`; without it, those of all endpoints
        id: Option<String>,
    },
}

/// One of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// All that were given up
    #[arg(long)]
    dead: bool,
    /// This one, whether it was sent or not
    #[arg(long, value_name = "ID")]
    event: Option<String>,
    /// All of its kinds that happened since, as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,
}

pub(super) async fn run(settings: &Settings, command: Command) -> Result<Output, String> {
    let context = super::open(settings).await?;
    let said = |error: OperatorError| chain(&error);
    let output = match command {
        Command::Add { url, events } => add(&context, settings, &url, &events).await?,
        Command::List => list(&list_endpoints(&context).await.map_err(failed)?),
        Command::Disable { id } => {
            disable_endpoint(&context, &id).await.map_err(said)?;
            state(&id, "disabled")
        }
        Command::Enable { id } => {
            enable_endpoint(&context, &id).await.map_err(said)?;
            state(&id, "enabled")
        }
        Command::Remove { id } => {
            remove_endpoint(&context, &id).await.map_err(said)?;
            state(&id, "removed")
        }
        Command::Keys { id } => {
            let known = list_endpoints(&context).await.map_err(failed)?;
            if known.iter().all(|endpoint| endpoint.id != id) {
                return Err(format!(
                    "there is no webhook {id:?}: `doorstep webhook list` shows them"
                ));
            }
            keys::shown(&receiver_keys(Receiver::Endpoint(&id), &context.webhook))
        }
        Command::Replay { id, which } => {
            let choice = match which {
                Which { event: Some(event), .. } => ReplayChoice::Event(event),
                Which { since: Some(at), .. } => ReplayChoice::Since(at),
                Which { .. } => ReplayChoice::Dead,
            };
            let count = replay_events(&context, &id, &choice).await.map_err(said)?;
            Output {
                text: format!("{count} event(s) are sent once more to {id}."),
                json: json!({ "id": id, "events": count }),
            }
        }
        Command::Dead { id } => dead(&list_dead(&context, id.as_deref()).await.map_err(said)?),
    };
    context.store.close().await;
    Ok(output)
}

async fn add(
    context: &Context,
    settings: &Settings,
    url: &str,
    events: &[String],
) -> Result<Output, String> {
    let looked_up = outbound(&settings.webhooks).looked_up("--url", url).await?;
    let warning = looked_up.err();
    let id = add_endpoint(context, url, events).await.map_err(|error| chain(&error))?;
    let keys = receiver_keys(Receiver::Endpoint(&id), &context.webhook);
    let key = keys.first().map(|(_, key)| key.expose()).unwrap_or_default();
    let noted =
        warning.as_ref().map(|warning| format!("\n\nIt was added all the same: {warning}."));
    Ok(Output {
        text: format!("id   {id}\nkey  {key}{}", noted.unwrap_or_default()),
        json: json!({ "id": id, "key": key, "events": events, "warning": warning }),
    })
}

fn list(endpoints: &[Endpoint]) -> Output {
    let status = |endpoint: &Endpoint| match (&endpoint.disabled_at, &endpoint.disabled_reason) {
        (None, _) => "active".to_owned(),
        (Some(_), None) => "disabled".to_owned(),
        (Some(_), Some(reason)) => format!("disabled ({reason})"),
    };
    let lines: Vec<_> = endpoints
        .iter()
        .map(|endpoint| {
            let oldest = endpoint.oldest_at.and_then(moment);
            let oldest = oldest.map(|oldest| format!(", the oldest of {oldest}"));
            format!(
                "{}  {}  {}\n    {}  pending {}{}, given up {}",
                endpoint.id,
                status(endpoint),
                endpoint.url,
                endpoint.topics.join(" "),
                endpoint.pending,
                oldest.unwrap_or_default(),
                endpoint.dead,
            )
        })
        .collect();
    let list: Vec<Value> = endpoints
        .iter()
        .map(|endpoint| {
            json!({
                "id": endpoint.id,
                "url": endpoint.url,
                "events": endpoint.topics,
                "active": endpoint.disabled_at.is_none(),
                "created_at": moment(endpoint.created_at),
                "disabled_at": endpoint.disabled_at.and_then(moment),
                "disabled_reason": endpoint.disabled_reason,
                "pending": endpoint.pending,
                "oldest_at": endpoint.oldest_at.and_then(moment),
                "dead": endpoint.dead,
            })
        })
        .collect();
    let text = if lines.is_empty() { "There are none.".to_owned() } else { lines.join("\n") };
    Output { text, json: json!({ "webhooks": list }) }
}

fn dead(dead: &[DeadDelivery]) -> Output {
    let lines: Vec<_> = dead
        .iter()
        .map(|it| {
            format!(
                "{}  {}  {}  user {}  {} tries until {}: {}",
                it.event_id,
                it.endpoint_id,
                it.kind,
                it.user_id,
                it.attempts,
                moment(Timestamp(it.died_at)).unwrap_or_default(),
                it.reason.as_deref().unwrap_or("-"),
            )
        })
        .collect();
    let list: Vec<Value> = dead
        .iter()
        .map(|it| {
            json!({
                "event": it.event_id,
                "webhook": it.endpoint_id,
                "type": it.kind,
                "user_id": it.user_id,
                "attempts": it.attempts,
                "reason": it.reason,
                "died_at": moment(Timestamp(it.died_at)),
            })
        })
        .collect();
    let text = if lines.is_empty() { "There are none.".to_owned() } else { lines.join("\n") };
    Output { text, json: json!({ "dead": list }) }
}

fn state(id: &str, status: &str) -> Output {
    Output { text: format!("{id} is {status}."), json: json!({ "id": id, "status": status }) }
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn failed(error: StoreError) -> String {
    chain(&error)
}

/// Reads a time.
fn time(text: &str) -> Result<Timestamp, String> {
    let time: jiff::Timestamp =
        text.parse().map_err(|_| "write it as 2026-01-31T12:00:00Z".to_owned())?;
    Ok(Timestamp(time.as_millisecond()))
}

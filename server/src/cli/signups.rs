//! `doorstep signups`

use std::net::{IpAddr, Ipv4Addr};

use clap::Subcommand;
use doorstep_accounts::Handover;
use doorstep_dialects::native::{encode_created, encode_pending};
use doorstep_register::{Decider, Error, Meter, confirm_sign_up, list_sign_ups, reject_sign_up};
use serde_json::json;

use super::Output;
use crate::{config::Settings, http::chain};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List those that wait, oldest first, a hundred at a time
    List {
        /// `pending`, `confirmed` or `rejected`
        #[arg(long, default_value = "pending")]
        status: String,
        /// Those after this id
        #[arg(long, default_value = "")]
        after: String,
    },
    /// Make the account; prints an API credential, this once
    Confirm {
        /// The `sup_…`
        id: String,
    },
    /// Decide that there will be none
    Reject {
        /// The `sup_…`
        id: String,
    },
}

pub(super) async fn run(settings: &Settings, command: Command) -> Result<Output, String> {
    let context = super::open(settings).await?;
    let said = |error: Error| match error {
        Error::Refused(refusal) => refusal.detail(),
        failed @ Error::Failed(_) => chain(&failed),
    };
    let operator = Decider::Operator;
    let output = match command {
        Command::List { status, after } => {
            let page = list_sign_ups(&context, &operator, &status, &after).await.map_err(said)?;
            let list = encode_pending(&page.sign_ups, page.more);
            let lines: Vec<_> = list
                .sign_ups
                .iter()
                .map(|it| {
                    let name = |field| it.user.get(field).and_then(|it| it.as_str()).unwrap_or("-");
                    format!(
                        "{}  {}  {} on {} ({})  {} {}  {}",
                        it.id,
                        it.created_at,
                        it.provider_username,
                        it.provider_server,
                        it.provider,
                        name("fname"),
                        name("lname"),
                        name("email"),
                    )
                })
                .collect();
            let text =
                if lines.is_empty() { "There are none.".to_owned() } else { lines.join("\n") };
            Output { text, json: json!(list) }
        }
        Command::Confirm { id } => {
            // The operator is held to no limit, and comes from nowhere.
            let meter = Meter::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED).into());
            let created =
                confirm_sign_up(&context, &meter, &operator, &id, None).await.map_err(said)?;
            let json = json!(encode_created(&created));
            let password = match &created.handover {
                Handover::Password(password) => password.expose(),
                Handover::Claim { .. } | Handover::Delivered => "-",
            };
            Output {
                text: format!(
                    "id            {}\napi.username  {}\napi.password  {password}\n\nThe API password is not shown again. Nobody has checked whose the username is but you.",
                    created.user.id, created.api_username
                ),
                json,
            }
        }
        Command::Reject { id } => {
            reject_sign_up(&context, &operator, &id).await.map_err(said)?;
            Output {
                text: format!("{id} is rejected."),
                json: json!({ "id": id, "status": "rejected" }),
            }
        }
    };
    context.store.close().await;
    Ok(output)
}

//! `doorstep user`

use std::{io::Write as _, path::PathBuf};

use clap::{Args, Subcommand};
use doorstep_accounts::{Lookup, ManagedUser};
use doorstep_dialects::{
    compute_stacks_admin::{encode_user, encode_users},
    user_export::encode_export,
};
use doorstep_register::{Context, Eraser, Error, erase_user, export_user, find_user, list_users};
use serde_json::{Value, json};

use super::{
    Output,
    terminal::{own_file, printable},
};
use crate::{config::Settings, http::chain};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List users by number, a page at a time
    List {
        /// Which page
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..=1_000_000_000))]
        page: i64,
        /// Users on a page
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=1_000))]
        per_page: i64,
    },
    /// Show a user as administrators see one
    Show(Who),
    /// Write everything that is known of a user, and no secret, as one JSON document
    Export {
        #[command(flatten)]
        who: Who,
        /// Where to; the file is its owner's only [default: standard output]
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Erase a user's personal data for good; the account and all that opens it end
    ///
    /// What stays is the number, the username at the provider (so that whoever gets it
    /// next is not taken for the same person), and the audit log, which names people by
    /// number only.
    Erase(Who),
}

/// One of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Who {
    /// The user's number
    id: Option<i64>,
    /// The e-mail address, in any case
    #[arg(long)]
    email: Option<String>,
    /// The name that another system of yours has for the user
    #[arg(long)]
    external_id: Option<String>,
}

impl Who {
    fn lookup(self) -> Lookup {
        match self {
            Self { email: Some(email), .. } => Lookup::Email(email),
            Self { external_id: Some(id), .. } => Lookup::ExternalId(id),
            Self { id, .. } => Lookup::Id(id.unwrap_or_default()),
        }
    }
}

pub(super) async fn run(settings: &Settings, command: Command) -> Result<Output, String> {
    let context = super::open(settings).await?;
    let output = match command {
        Command::List { page, per_page } => list(&context, page, per_page).await,
        Command::Show(who) => show(&context, who).await,
        Command::Export { who, output } => export(&context, who, output).await,
        Command::Erase(who) => erase(&context, who).await,
    };
    context.store.close().await;
    output
}

async fn list(context: &Context, page: i64, per_page: i64) -> Result<Output, String> {
    let offset = (page - 1).saturating_mul(per_page);
    let (users, total) = list_users(context, offset, per_page).await.map_err(said)?;
    let mut lines: Vec<_> = users.iter().map(line).collect();
    let pages = ((total + per_page - 1) / per_page).max(1);
    lines.push(format!("Page {page} of {pages}; {total} user(s) in all."));
    let mut json = encode_users(&users, false);
    json["page"] = page.into();
    json["per_page"] = per_page.into();
    json["total"] = total.into();
    Ok(Output { text: lines.join("\n"), json })
}

async fn show(context: &Context, who: Who) -> Result<Output, String> {
    let found = find(context, who).await?;
    let json = encode_user(&found, None);
    let members = json["user"].as_object().into_iter().flatten();
    let lines: Vec<_> = members
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{name:<20}{}", printable(&text))
        })
        .collect();
    Ok(Output { text: lines.join("\n"), json })
}

async fn export(context: &Context, who: Who, output: Option<PathBuf>) -> Result<Output, String> {
    let id = find(context, who).await?.user.id;
    let (now, parts) = export_user(context, id).await.map_err(said)?;
    let document = encode_export(id, now, parts);
    let text = serde_json::to_string_pretty(&document)
        .map_err(|error| format!("the export cannot be written: {error}"))?;
    let Some(path) = output else {
        // In a string of JSON nothing else stands for a control character.
        let text: Vec<_> = text.lines().map(printable).collect();
        return Ok(Output { text: text.join("\n"), json: document });
    };
    own_file(&path)
        .and_then(|mut file| writeln!(file, "{text}").and_then(|()| file.sync_all()))
        .map_err(|error| format!("--output {}: {error}", path.display()))?;
    Ok(Output {
        text: format!("What is known of user {id} is in {}.", path.display()),
        json: json!({ "id": id, "output": path.display().to_string() }),
    })
}

async fn erase(context: &Context, who: Who) -> Result<Output, String> {
    let id = find(context, who).await?.user.id;
    erase_user(context, Eraser::Operator, id).await.map_err(said)?;
    Ok(Output {
        text: format!("User {id} is erased. Its username at the provider stays taken."),
        json: json!({ "id": id, "erased": true }),
    })
}

async fn find(context: &Context, who: Who) -> Result<ManagedUser, String> {
    let lookup = who.lookup();
    find_user(context, &lookup).await.map_err(|error| match (error, lookup) {
        // Its text speaks of numbers.
        (Error::Refused(_), Lookup::Email(email)) => {
            format!("no user has the e-mail address {email:?}")
        }
        (Error::Refused(_), Lookup::ExternalId(id)) => {
            format!("no user has the external id {id:?}")
        }
        (error, _) => said(error),
    })
}

fn said(error: Error) -> String {
    match error {
        Error::Refused(refusal) => refusal.detail(),
        failed @ Error::Failed(_) => chain(&failed),
    }
}

fn line(managed: &ManagedUser) -> String {
    let user = &managed.user;
    let state = match (user.active, managed.confirmed_at) {
        (false, _) => "suspended",
        (true, None) => "unconfirmed",
        (true, Some(_)) => "confirmed",
    };
    let role = if user.is_admin { "  administrator" } else { "" };
    let name = |field| user.profile.get(field).and_then(Value::as_str).unwrap_or("-");
    let text = format!(
        "{:>6}  {}  {} {}  {state}{role}",
        user.id,
        user.email,
        name("fname"),
        name("lname")
    );
    printable(&text)
}

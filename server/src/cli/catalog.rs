//! `doorstep catalog`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use doorstep_accounts::Catalog;
use doorstep_register::{check_catalog, import_catalog, show_catalog};
use serde_json::{Map, Value, json};

use super::Output;
use crate::{config::Settings, http::chain};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Put a catalogue in force; running servers follow at once
    Import {
        /// The document, in TOML
        file: PathBuf,
        /// Say what is wrong with it, and import nothing
        #[arg(long)]
        check: bool,
    },
    /// Print the catalogue in force, as it was imported
    Show,
}

pub(super) async fn run(settings: &Settings, command: Command) -> Result<Output, String> {
    match command {
        Command::Import { file, check: true } => {
            let catalog = check_catalog(&read(&file)?).map_err(|error| named(&file, &error))?;
            Ok(Output {
                text: format!("{} is a catalogue: {}.", file.display(), described(&catalog)),
                json: json!({ "valid": true, "counts": counts(&catalog) }),
            })
        }
        Command::Import { file, check: false } => import(settings, &file).await,
        Command::Show => show(settings).await,
    }
}

async fn import(settings: &Settings, file: &Path) -> Result<Output, String> {
    let document = read(file)?;
    let context = super::open(settings).await?;
    let imported = import_catalog(&context, &document).await.map_err(|error| named(file, &error));
    context.store.close().await;
    let imported = imported?;
    let (version, catalog) = (imported.version, &imported.catalog);
    let state = if imported.is_new { "is in force" } else { "was in force already" };
    Ok(Output {
        text: format!("Version {version} {state}: {}.", described(catalog)),
        json: json!({
            "version": version,
            "changed": imported.is_new,
            "counts": counts(catalog),
        }),
    })
}

async fn show(settings: &Settings) -> Result<Output, String> {
    let context = super::open(settings).await?;
    let found = show_catalog(&context).await.map_err(|error| chain(&error));
    context.store.close().await;
    Ok(match found? {
        Some(found) => Output {
            text: found.document.trim_end().to_owned(),
            json: json!({
                "version": found.version,
                "imported_at": found.imported_at.seconds(),
                "document": found.document,
            }),
        },
        None => Output {
            text: "# There is no catalogue yet: `doorstep catalog import FILE`".to_owned(),
            json: json!({ "version": 0, "imported_at": null, "document": "" }),
        },
    })
}

fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| named(file, &error))
}

fn named(file: &Path, error: &dyn std::error::Error) -> String {
    format!("{}: {}", file.display(), chain(error))
}

/// How many there are of each kind.
fn tally(catalog: &Catalog) -> [(&'static str, usize); 9] {
    let apiculus = &catalog.apiculus;
    [
        ("currencies", catalog.currencies.len()),
        ("regions", apiculus.regions.len()),
        ("tax categories", apiculus.tax_categories.len()),
        ("tax types", apiculus.tax_types.len()),
        ("resellers", apiculus.resellers.len()),
        ("locations", catalog.locations.len()),
        ("products", catalog.products.len()),
        ("images", catalog.images.len()),
        ("groups", catalog.groups.len()),
    ]
}

fn described(catalog: &Catalog) -> String {
    let parts: Vec<_> =
        tally(catalog).iter().map(|(name, count)| format!("{name} {count}")).collect();
    parts.join(", ")
}

fn counts(catalog: &Catalog) -> Value {
    let counts = tally(catalog).map(|(name, count)| (name.replace(' ', "_"), count.into()));
    Value::Object(Map::from_iter(counts))
}

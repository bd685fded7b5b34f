//! `doorstep migrate`

use doorstep_store::Store;
use serde_json::json;

use super::Output;
use crate::{config::Settings, http::chain};

pub(super) async fn run(settings: &Settings) -> Result<Output, String> {
    let store = Store::connect(&settings.database.url).await.map_err(|error| chain(&error))?;
    store.migrate().await.map_err(|error| chain(&error))?;
    store.close().await;
    Ok(Output { text: "The database is up to date.".to_owned(), json: json!({ "migrated": true }) })
}

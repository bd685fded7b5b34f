//! `doorstep openapi`

use serde_json::json;

use super::Output;
use crate::{config::Settings, openapi};

/// The document is the answer in both forms: for people it is indented.
pub(super) fn run(settings: &Settings) -> Result<Output, String> {
    let document = openapi::document(settings.public_url());
    // From the document itself: as a value it would lose the order in which we wrote it.
    let text = serde_json::to_string_pretty(&document)
        .map_err(|error| format!("the document cannot be written: {error}"))?;
    Ok(Output { text, json: json!(document) })
}

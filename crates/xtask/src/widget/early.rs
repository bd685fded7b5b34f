//! The form before its module is there: a template of what the module itself draws.
//!
//! The finished module is run in a DOM without a browser, and what it draws is taken down. Rendering the components for
//! a server instead would compile all of them a second time, for another target and with other features, and what it
//! writes would be meant for hydration; so there is one way to draw the form, and it is the one that visitors get.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use doorstep_texts::{Catalogue, LANGUAGES, Part};
use serde_json::{Value, json};

use crate::command;
use crate::tools::WidgetTools;
use crate::workspace::Workspace;

/// The script's source has the template under this name.
const PLACEHOLDER: &str = "__DOORSTEP_TEMPLATE__";

/// Runs the module, and answers with JSON.
pub(crate) fn template(
    workspace: &Workspace,
    tools: &WidgetTools,
    folder: &Path,
    glue: &[u8],
    wasm: &[u8],
) -> Result<String> {
    // Node takes the ending for the kind of script that it is.
    let (glue_file, wasm_file) = (folder.join("drawn.mjs"), folder.join("drawn.wasm"));
    fs::write(&glue_file, glue)?;
    fs::write(&wasm_file, wasm)?;
    let mut node = tools.npm.template();
    node.arg(glue_file).arg(wasm_file).arg(asked()?.to_string());
    let drawn = command::logged(workspace, "template", &mut node)?.text;
    let template: Value = serde_json::from_str(&drawn).context("the template is no JSON")?;
    let rows = |of: &str| template[of].as_object().map_or(0, serde_json::Map::len);
    let (drawn_rows, named) = (rows("rows"), names().count());
    ensure!(drawn_rows == named, "the module draws {drawn_rows} fields of {named}");
    Ok(drawn)
}

/// The script with the template in it.
pub(crate) fn with(script: &[u8], template: &str) -> Result<Vec<u8>> {
    let source = std::str::from_utf8(script).context("early.js is not UTF-8")?;
    ensure!(source.contains(PLACEHOLDER), "widget/embed/early.js does not contain {PLACEHOLDER}");
    Ok(source.replacen(PLACEHOLDER, template, 1).into_bytes())
}

/// What the program must know of the texts, of which the module has none.
fn asked() -> Result<Value> {
    let english = Catalogue::english();
    let sending = english.keys(Part::Form).position(|key| key == ("form", "sending"));
    let fields: Vec<String> = names().collect();
    Ok(json!({
        "texts": english.keys(Part::Form).count(),
        "sending": sending.context("there is no text for a form that sends")?,
        "fields": fields.join(" "),
        "languages": LANGUAGES.iter().map(|language| language.tag).collect::<Vec<_>>(),
    }))
}

/// Of all fields there are: each has a label.
fn names() -> impl Iterator<Item = String> {
    let english = Catalogue::english();
    let keys: Vec<String> = english
        .keys(Part::Form)
        .filter(|(section, _)| *section == "field")
        .map(|(_, name)| name.to_owned())
        .collect();
    keys.into_iter()
}

#[cfg(test)]
mod tests {
    use super::{asked, with};

    #[test]
    fn the_script_gets_its_template() {
        assert_eq!(with(b"const a=__DOORSTEP_TEMPLATE__;", "{}").unwrap(), b"const a={};");
        assert!(with(b"const a={};", "{}").unwrap_err().to_string().contains("__DOORSTEP_TEMP"));
    }

    #[test]
    fn all_fields_and_languages_are_asked_for() {
        let asked = asked().unwrap();
        assert!(asked["fields"].as_str().unwrap().starts_with("fname lname email "));
        assert!(asked["languages"].as_array().unwrap().len() > 20);
        assert!(asked["sending"].as_u64().unwrap() < asked["texts"].as_u64().unwrap());
    }
}

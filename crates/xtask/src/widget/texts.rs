//! The catalogues: every language's texts, whole or not at all.

use std::fs;

use anyhow::{Context, Result, ensure};
use doorstep_texts::{Catalogue, LANGUAGES, Language, Part};

use crate::workspace::Workspace;

/// A language as pages download it.
pub(crate) struct Spoken {
    pub(crate) tag: &'static str,
    /// JSON, of each [`Part::ALL`].
    pub(crate) parts: [String; Part::ALL.len()],
}

/// Reads all of them. What is missing in one fails the build.
pub(crate) fn all(workspace: &Workspace) -> Result<Vec<Spoken>> {
    LANGUAGES.iter().map(|language| read(workspace, language)).collect()
}

fn read(workspace: &Workspace, language: &Language) -> Result<Spoken> {
    let file = workspace.path("widget/locales").join(format!("{}.json", language.tag));
    let name = file.display();
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {name}"))?;
    let catalogue = Catalogue::read(&text).map_err(anyhow::Error::msg).context(name.to_string())?;
    let faults = catalogue.faults(language, &Catalogue::english());
    ensure!(faults.is_empty(), "{name} is not whole:\n  {}", faults.join("\n  "));
    Ok(Spoken { tag: language.tag, parts: Part::ALL.map(|part| catalogue.packed(part)) })
}

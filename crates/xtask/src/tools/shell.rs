//! What the handbook's commands call: the tests run them as they stand there.

use anyhow::Result;

use crate::screen::Screen;
use crate::tools::debian;
use crate::workspace::Workspace;

const PROGRAMS: [&str; 2] = ["curl", "jq"];

pub(crate) fn ensure(workspace: &Workspace, screen: &Screen) -> Result<()> {
    let missing: Vec<_> =
        PROGRAMS.into_iter().filter(|program| which::which(program).is_err()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    debian::install(workspace, screen, &missing, "what the handbook's commands call")
}

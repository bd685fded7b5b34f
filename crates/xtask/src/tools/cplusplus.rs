//! A C++ compiler: libFuzzer's runtime is C++, and compiled here.

use anyhow::Result;

use crate::screen::Screen;
use crate::tools::debian;
use crate::workspace::Workspace;

pub(crate) fn ensure(workspace: &Workspace, screen: &Screen) -> Result<()> {
    // The names that the `cc` crate tries.
    if std::env::var_os("CXX").is_some() || which::which("c++").is_ok() {
        return Ok(());
    }
    debian::install(workspace, screen, &["g++"], "a C++ compiler, for libFuzzer")
}

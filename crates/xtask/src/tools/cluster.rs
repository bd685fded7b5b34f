//! What a PostgreSQL that fails over is made of: Patroni, etcd, HAProxy, and `ip` for its network.

use anyhow::Result;

use crate::screen::Screen;
use crate::tools::{balancer, debian};
use crate::workspace::Workspace;

/// Programs and the packages that have them.
const PROGRAMS: [(&str, &str); 3] =
    [("patroni", "patroni"), ("etcd", "etcd-server"), ("ip", "iproute2")];

pub(crate) fn ensure(workspace: &Workspace, screen: &Screen) -> Result<()> {
    balancer::ensure(workspace, screen)?;
    let missing = PROGRAMS.into_iter().filter(|(program, _)| which::which(program).is_err());
    let missing: Vec<_> = missing.map(|(_, package)| package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    debian::install(workspace, screen, &missing, "a PostgreSQL that fails over")
}

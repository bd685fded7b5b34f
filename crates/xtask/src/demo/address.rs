//! Where server and panel listen, and whether they can.

use std::env;
use std::net::TcpListener;

use anyhow::{Result, bail};

/// `host:port` of each listener.
pub(crate) struct Addresses {
    pub(crate) server: String,
    pub(crate) ops: String,
    pub(crate) panel: String,
}

const SERVER_SETTING: &str = "DOORSTEP_LISTEN";
const OPS_SETTING: &str = "DOORSTEP_OPS_LISTEN";
const PANEL_SETTING: &str = "DOORSTEP_PANEL_LISTEN";

impl Addresses {
    /// The documented addresses, or those a person asked for.
    pub(crate) fn from_environment() -> Self {
        let setting = |name, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
        Self {
            server: setting(SERVER_SETTING, "127.0.0.1:8080"),
            ops: setting(OPS_SETTING, "127.0.0.1:8090"),
            panel: setting(PANEL_SETTING, "127.0.0.1:8088"),
        }
    }

    pub(crate) fn server_url(&self) -> String {
        format!("http://{}", self.server)
    }

    pub(crate) fn panel_url(&self) -> String {
        format!("http://{}", self.panel)
    }

    /// Says which address is taken, and how to choose another.
    pub(crate) fn check_free(&self) -> Result<()> {
        let listeners = [
            ("the server", &self.server, SERVER_SETTING),
            ("the server's health and metrics", &self.ops, OPS_SETTING),
            ("the demo panel", &self.panel, PANEL_SETTING),
        ];
        for (who, address, setting) in listeners {
            if let Err(error) = TcpListener::bind(address.as_str()) {
                bail!(
                    "{who} cannot listen on {address} ({error}); stop what does, or choose another: {setting}=127.0.0.1:PORT cargo xtask run"
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::Addresses;

    #[test]
    fn a_taken_port_is_named_with_its_setting() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let free = || "127.0.0.1:0".to_owned();
        let addresses = Addresses { server: free(), ops: free(), panel: address.clone() };
        let message = addresses.check_free().unwrap_err().to_string();
        assert!(
            message.contains(&address) && message.contains("DOORSTEP_PANEL_LISTEN"),
            "{message}"
        );
    }
}

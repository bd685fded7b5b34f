//! What the environment says.

use std::{net::SocketAddr, path::PathBuf};

use serde::Deserialize;

/// The demo panel's settings.
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) server: String,
    pub(crate) provider_server: String,
    pub(crate) client: ClientFile,
}

/// What `doorstep client create … --json` prints, as far as it is needed here.
#[derive(Deserialize)]
pub(crate) struct ClientFile {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

impl Settings {
    /// Reads them, or says which one to set and how.
    pub(crate) fn from_environment() -> Result<Self, String> {
        let listen = read("DOORSTEP_PANEL_LISTEN").unwrap_or_else(|| "127.0.0.1:8088".to_owned());
        let listen = listen
            .parse()
            .map_err(|_| format!("DOORSTEP_PANEL_LISTEN={listen}: write it like 127.0.0.1:8088"))?;
        let file = read("DOORSTEP_PANEL_CLIENT_FILE").map(PathBuf::from).ok_or(
            "set DOORSTEP_PANEL_CLIENT_FILE to a file with what \
             `doorstep client create --name demo --scope \"public register\" \
             --provider-server demo.panel.example --origin http://127.0.0.1:8088 --json` printed",
        )?;
        let client = std::fs::read(&file)
            .map_err(|error| format!("{}: {error}", file.display()))
            .and_then(|text| {
            serde_json::from_slice(&text)
                .map_err(|_| format!("{}: it has no client_id and client_secret", file.display()))
        })?;
        Ok(Self {
            listen,
            server: read("DOORSTEP_PANEL_SERVER")
                .unwrap_or_else(|| "http://127.0.0.1:8080".to_owned()),
            provider_server: read("DOORSTEP_PANEL_PROVIDER_SERVER")
                .unwrap_or_else(|| "demo.panel.example".to_owned()),
            client,
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is where the demo panel reads its settings, once; it shares none with the server"
)]
fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

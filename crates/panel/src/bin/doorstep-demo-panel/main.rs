//! The demo panel: a hosting panel as a customer knows it, with the sign-up
//! form on one of its cards and on an origin of its own.

mod customer;
mod headers;
mod page;
mod routes;
mod settings;
mod state;

use std::{
    error::Error,
    io::{IsTerminal, Write},
    process::ExitCode,
};

use tokio::net::TcpListener;
use tracing::{error, info};

use crate::{settings::Settings, state::Demo};

#[tokio::main]
async fn main() -> ExitCode {
    // Standard output carries the one line that programs read.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_environment()?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| format!("DOORSTEP_PANEL_LISTEN={}: {error}", settings.listen))?;
    let listening = format!("http://{}", listener.local_addr()?);
    let demo = Demo::new(&settings, listening.clone())?;
    let line = serde_json::json!({ "listening": listening }).to_string() + "\n";
    std::io::stdout().write_all(line.as_bytes())?;
    info!("the demo panel is at {listening}, signed in as ada");
    tokio::select! {
        // It keeps nothing, so open pages need not be waited for.
        stopped = stop_asked() => Ok(stopped?),
        served = axum::serve(listener, routes::app(demo)) => Ok(served?),
    }
}

#[cfg(unix)]
async fn stop_asked() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn stop_asked() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

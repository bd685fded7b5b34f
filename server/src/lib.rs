//! What runs: HTTP, the command line, settings, the clock.
//!
//! [`http::app`] makes the router from the table in [`http::routes`];
//! [`cli::run`] is the whole program. Only this crate (and the demo panel, a
//! program of its own) knows axum; only [`config`] reads the environment.

mod backup;
pub mod cli;
pub mod config;
pub mod http;
mod jobs;
mod key_file;
mod live_keys;
mod mail;
mod open;
mod openapi;
mod outbound;
mod public_addresses;
mod reload;
mod system;
mod telemetry;
mod webhooks;

pub use doorstep_store::failpoint;

/// Of the server, and of the tests' own builds of it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

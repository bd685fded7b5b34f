//! Logs: one line per event, to standard error, as text or JSON.

use std::fmt;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// What decides what is logged; it can be replaced while the program runs.
pub(crate) struct LogFilter(Box<Replace>);

type Replace = dyn Fn(EnvFilter) -> Result<(), String> + Send + Sync;

impl fmt::Debug for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogFilter").finish_non_exhaustive()
    }
}

impl LogFilter {
    /// Logs by another filter from now on.
    pub(crate) fn replace(&self, filter: EnvFilter) -> Result<(), String> {
        (self.0)(filter)
    }
}

/// The filter that the settings name.
pub(crate) fn filter(settings: &Log) -> Result<EnvFilter, String> {
    EnvFilter::try_new(&settings.filter)
        .map_err(|error| format!("log.filter {:?} cannot be used: {error}", settings.filter))
}

/// Starts logging. Called once.
pub(crate) fn start(settings: &Log) -> Result<LogFilter, String> {
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter(settings)?).with_writer(std::io::stderr);
    let (started, filter) = match settings.format {
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_filter_reloading();
            let handle = lines.reload_handle();
            let replace: Box<Replace> = Box::new(move |filter| told(handle.reload(filter)));
            (lines.try_init(), LogFilter(replace))
        }
        LogFormat::Text => {
            let lines = lines
                .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
                .with_filter_reloading();
            let handle = lines.reload_handle();
            let replace: Box<Replace> = Box::new(move |filter| told(handle.reload(filter)));
            (lines.try_init(), LogFilter(replace))
        }
    };
    started.map_err(|error| format!("logging cannot start: {error}"))?;
    log_panics();
    Ok(filter)
}

fn told(done: Result<(), tracing_subscriber::reload::Error>) -> Result<(), String> {
    done.map_err(|error| format!("the log's filter cannot be replaced: {error}"))
}

/// Makes a panic one line of the log, with its place and without its text. The text
/// could hold anything that a caller sent, a secret too, and in lines of its own.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic, which is a fault of ours: report it with its place");
    }));
}

//! New settings for a running server, on SIGHUP.
//!
//! Settings are read again, all of them or none: a broken file leaves everything as
//! it was. What can be changed is changed for the next request, whatever connection
//! it comes by; requests at work end by the settings with which they began.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use axum::Router;

use crate::{
    config::Settings,
    http::{self, App, listen::Door},
    telemetry::{self, LogFilter},
};

/// What it takes to read the settings again.
#[derive(Debug)]
pub(crate) struct Reload {
    file: Option<PathBuf>,
    /// As they were read last.
    read: Mutex<Settings>,
    filter: LogFilter,
    others: Router<App>,
}

impl Reload {
    /// For settings that were read from there.
    pub(crate) fn new(
        file: Option<PathBuf>,
        read: &Settings,
        filter: LogFilter,
        others: Router<App>,
    ) -> Self {
        Self { file, read: Mutex::new(read.clone()), filter, others }
    }

    /// The router by an app's settings.
    pub(crate) fn router(&self, app: App) -> Router {
        http::app_beside(app, self.others.clone())
    }

    /// Reads the settings again and serves by them.
    pub(crate) fn run(&self, app: &mut App, door: &Door) {
        match self.replace(app, door) {
            Ok(waiting) if waiting.is_empty() => tracing::info!("the settings were read again"),
            Ok(waiting) => tracing::warn!(
                settings = waiting.join(", "),
                "the settings were read again; these are used after a restart only"
            ),
            Err(cause) => tracing::error!(cause, "the new settings are not used"),
        }
    }

    /// Gives the names of changed settings that wait for a restart.
    fn replace(&self, app: &mut App, door: &Door) -> Result<Vec<&'static str>, String> {
        let read = Settings::load(self.file.as_deref()).map_err(|error| error.to_string())?;
        let filter = telemetry::filter(&read.log)?;
        self.filter.replace(filter)?;
        for warning in &read.warnings {
            tracing::warn!("{warning}");
        }
        let mut before = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = before.fixed_differences(&read);
        let mut settings = read.clone();
        settings.keep_fixed(&app.settings);
        *before = read;
        *app = app.with_settings(settings);
        door.replace(self.router(app.clone()), app.settings.limits.clone());
        Ok(waiting)
    }
}

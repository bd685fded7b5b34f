//! Health and metrics, on a listener of their own.

use std::time::Duration;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use doorstep_store::{Store, StoreError};
use doorstep_wire::paths;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use super::reject::chain;
use crate::config as settings;

/// How long whoever asks waits for the database: as long as a sign-up waits for its turn
/// to write.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often what was measured is summed up when nobody reads it: a few thousand numbers
/// on a busy server.
const SUM_UP_EVERY: Duration = Duration::from_secs(5);

/// Keeps the metrics small: each measured time is a number of its own until it is summed
/// up, which otherwise happens only when somebody reads them.
pub(crate) async fn sum_up(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(SUM_UP_EVERY).await;
        metrics.run_upkeep();
        tracing::trace!("the metrics are summed up");
    }
}

#[derive(Clone)]
struct Ops {
    store: Store,
    /// Bytes that must be free for a SQLite database.
    floor: u64,
    stopping: CancellationToken,
    metrics: PrometheusHandle,
}

/// The operations router.
pub(crate) fn router(
    store: Store,
    settings: &settings::Ops,
    stopping: CancellationToken,
    metrics: PrometheusHandle,
) -> Router {
    let floor = settings.free_mib.saturating_mul(1024 * 1024);
    Router::new()
        // Never touches the database: a restart would not mend it.
        .route(paths::LIVEZ, get(async || "ok\n"))
        .route(paths::READYZ, get(ready))
        .route(paths::METRICS, get(metrics_text))
        .with_state(Ops { store, floor, stopping, metrics })
}

async fn ready(State(ops): State<Ops>) -> Response {
    if ops.stopping.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    match unreadiness(&ops).await {
        None => "ok\n".into_response(),
        Some((said, cause)) => {
            tracing::warn!(cause, "not ready: {said}");
            (StatusCode::SERVICE_UNAVAILABLE, format!("{said}\n")).into_response()
        }
    }
}

/// Why a sign-up would fail, for whoever asks and for the log: one has to be written.
async fn unreadiness(ops: &Ops) -> Option<(&'static str, String)> {
    match ops.store.free_bytes() {
        Ok(Some(free)) if free < ops.floor => {
            return Some(("the disk is nearly full", format!("{free} bytes are free")));
        }
        Ok(_) => {}
        Err(error) => return Some(("the disk cannot be looked at", error.to_string())),
    }
    match tokio::time::timeout(PATIENCE, ops.store.try_to_write()).await {
        Ok(Ok(())) => None,
        Ok(Err(error @ StoreError::Full(_))) => Some(("the disk is full", chain(&error))),
        Ok(Err(error)) => Some(("the database takes no writes", chain(&error))),
        Err(_) => {
            let cause = format!("it took more than {} seconds", PATIENCE.as_secs());
            Some(("the database does not answer", cause))
        }
    }
}

async fn metrics_text(State(ops): State<Ops>) -> Response {
    ops.metrics.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], ops.metrics.render()).into_response()
}

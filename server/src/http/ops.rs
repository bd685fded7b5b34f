//! Health and metrics, on a listener of their own.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use doorstep_store::Store;
use doorstep_wire::paths;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use super::reject::chain;

#[derive(Clone)]
struct Ops {
    store: Store,
    stopping: CancellationToken,
    metrics: PrometheusHandle,
}

/// The operations router.
pub(crate) fn router(
    store: Store,
    stopping: CancellationToken,
    metrics: PrometheusHandle,
) -> Router {
    Router::new()
        // Never touches the database: a restart would not mend it.
        .route(paths::LIVEZ, get(async || "ok\n"))
        .route(paths::READYZ, get(ready))
        .route(paths::METRICS, get(metrics_text))
        .with_state(Ops { store, stopping, metrics })
}

async fn ready(State(ops): State<Ops>) -> Response {
    if ops.stopping.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    let answer = async { ops.store.read().await?.conn().ping().await };
    match answer.await {
        Ok(()) => "ok\n".into_response(),
        Err(error) => {
            tracing::warn!(cause = chain(&error), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

async fn metrics_text(State(ops): State<Ops>) -> Response {
    ops.metrics.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], ops.metrics.render()).into_response()
}

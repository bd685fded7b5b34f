//! What the metrics say of events that are still to be sent.

use std::time::Duration;

use doorstep_register::{Context, list_endpoints};

use crate::http::chain;

/// Counts every so often, for as long as the server runs.
pub(crate) async fn watch(context: Context, every: Duration) {
    loop {
        match list_endpoints(&context).await {
            Ok(endpoints) => {
                let now = context.clock.now();
                // What is disabled waits for the operator, and for nobody else.
                let active = || endpoints.iter().filter(|it| it.disabled_at.is_none());
                let pending: i64 = active().map(|it| it.pending).sum();
                let oldest = active().filter_map(|it| it.oldest_at).min().unwrap_or(now);
                let dead: i64 = endpoints.iter().map(|it| it.dead).sum();
                metrics::gauge!("doorstep_webhooks_pending").set(number(pending));
                metrics::gauge!("doorstep_webhooks_oldest_seconds")
                    .set(number(now.seconds() - oldest.seconds()));
                metrics::gauge!("doorstep_webhooks_dead").set(number(dead));
            }
            Err(error) => {
                tracing::warn!(cause = chain(&error), "what is to be sent cannot be counted");
            }
        }
        tokio::time::sleep(every).await;
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody reads the sixteenth digit of a gauge")]
const fn number(count: i64) -> f64 {
    count as f64
}

//! How many requests are worked on at a time. One more is told to come again:
//! a queue would only make everybody in it wait until nobody is there any more.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    extract::Request,
    http::{Extensions, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use doorstep_wire::Code;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{App, extract::discard, reject::Reject};

/// A request's place among those that are worked on.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    places: Arc<Semaphore>,
    held: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

impl Place {
    /// Gives the place up while the sender is awaited: a slow one must not keep
    /// others out. [`Self::take`] takes one again.
    pub(crate) fn leave(extensions: &Extensions) -> Option<Self> {
        let place = extensions.get::<Self>()?.clone();
        place.hold(None);
        Some(place)
    }

    /// Takes a place, if there is one.
    pub(crate) fn take(&self) -> Result<(), Reject> {
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            metrics::counter!("doorstep_shed_total").increment(1);
            Reject::new(Code::Unavailable, "there are too many requests at once: try again")
                .with(header::RETRY_AFTER, HeaderValue::from_static("1"))
        })?;
        self.hold(Some(permit));
        Ok(())
    }

    fn hold(&self, permit: Option<OwnedSemaphorePermit>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = permit;
    }
}

/// Gives each request a place, or refuses it.
pub(crate) async fn admit(app: &App, mut request: Request, next: Next) -> Response {
    let place = Place { places: Arc::clone(&app.places), held: Arc::default() };
    if let Err(reject) = place.take() {
        discard(request.into_body(), app.settings.limits.body_deadline()).await;
        return reject.into_response();
    }
    request.extensions_mut().insert(place.clone());
    let response = next.run(request).await;
    // What is left is sending.
    place.hold(None);
    response
}

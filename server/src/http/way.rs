//! What requests to a path go through before its handlers. It is one layer: each layer of
//! a router is a future of its own on the heap, and a copy of all that are inside it.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::cors::CorsLayer;

use super::{App, cors, metered, negotiate::negotiate};

/// The way to the handlers of a path.
#[derive(Debug)]
pub(crate) struct Way {
    app: App,
    negotiates: bool,
    cors: Option<CorsLayer>,
}

impl Way {
    /// To a path that speaks JSON, if it `negotiates`, and which pages of other origins
    /// may call, if it `is_cross_origin`.
    pub(crate) fn new(app: &App, negotiates: bool, is_cross_origin: bool) -> Arc<Self> {
        let cors = is_cross_origin.then(|| cors::layer(app));
        Arc::new(Self { app: app.clone(), negotiates, cors })
    }
}

/// Metered first: a preflight and the frame ask the database as well.
pub(crate) async fn go(State(way): State<Arc<Way>>, request: Request, next: Next) -> Response {
    metered::meter(&way.app, request, async |request| way.share(request, next).await).await
}

impl Way {
    /// Answers what comes from a page of another origin, or asks whether it may.
    async fn share(&self, request: Request, next: Next) -> Response {
        let Some(layer) = &self.cors else { return self.negotiate(request, next).await };
        let is_of_a_page = request.headers().contains_key(header::ORIGIN);
        if !is_of_a_page && request.method() != Method::OPTIONS {
            let mut response = self.negotiate(request, next).await;
            // What is kept of an answer to somebody else is not for a page.
            response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
            return response;
        }
        let inner = service_fn(|request| async {
            Ok::<_, Infallible>(self.negotiate(request, next.clone()).await)
        });
        let Ok(response) = layer.layer(inner).oneshot(request).await;
        cors::no_content(response.into_response())
    }

    async fn negotiate(&self, request: Request, next: Next) -> Response {
        if self.negotiates { negotiate(request, next).await } else { next.run(request).await }
    }
}

//! The HTTP side: from connections to use-cases and back.

mod admin_users;
mod apiculus;
mod assets;
mod cached;
mod caller;
mod client_address;
mod confirm;
mod cors;
mod credentials;
mod docs;
mod doors;
mod everlytic;
mod extract;
mod frame;
mod in_flight;
mod layers;
pub(crate) mod listen;
mod metadata;
mod metered;
mod negotiate;
mod oauth;
mod offers;
pub(crate) mod ops;
mod order_events;
mod orders;
pub(crate) mod paging;
mod playground;
mod provisioning;
mod puzzles;
mod reject;
pub mod routes;
mod signup;
mod signups;
mod tally;
mod users;
mod way;

use std::sync::{Arc, OnceLock};

use axum::Router;
use doorstep_dialects::Plan;
use doorstep_register::Context;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::Settings;

pub(crate) use self::{
    assets::{NOT_BUILT as WIDGET_NOT_BUILT, is_built as widget_is_built, pinned as pinned_loader},
    reject::chain,
};

/// What every handler works with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App(Arc<AppState>);

/// The parts of [`App`].
#[derive(Debug)]
pub struct AppState {
    /// What use-cases work with.
    pub context: Context,
    /// Settings.
    pub settings: Settings,
    /// The plan that accounts are on.
    pub plan: Plan,
    puzzles: puzzles::Puzzles,
    watchers: Arc<order_events::Watchers>,
    /// The OpenAPI document, once somebody has asked for it.
    openapi: OnceLock<cached::Cached>,
    /// Ends streams, which would hold up a stop.
    stopping: CancellationToken,
    /// Places for requests that are worked on.
    places: Arc<Semaphore>,
    tallies: tally::Tallies,
}

impl App {
    /// Puts the parts together. Streams end with `stopping`.
    pub fn new(context: Context, settings: Settings, stopping: CancellationToken) -> Self {
        let places = Arc::new(Semaphore::new(settings.limits.requests));
        Self::with(context, settings, places, Arc::default(), stopping)
    }

    /// The same with other settings, on the same database and with what was counted
    /// so far.
    pub(crate) fn with_settings(&self, settings: Settings) -> Self {
        let terms = crate::open::terms(&settings);
        let limiter = self.context.limiter.with_rates(crate::open::rates(&settings));
        let context = Context { terms, limiter, ..self.context.clone() };
        let places = if settings.limits.requests == self.settings.limits.requests {
            Arc::clone(&self.places)
        } else {
            Arc::new(Semaphore::new(settings.limits.requests))
        };
        Self::with(context, settings, places, Arc::clone(&self.watchers), self.stopping.clone())
    }

    fn with(
        context: Context,
        settings: Settings,
        places: Arc<Semaphore>,
        watchers: Arc<order_events::Watchers>,
        stopping: CancellationToken,
    ) -> Self {
        let plan = Plan {
            id: settings.plan.id,
            name: settings.plan.name.clone(),
            quotas: doorstep_dialects::Quotas {
                containers: settings.plan.containers,
                cr: settings.plan.container_registries,
                dns_zones: settings.plan.dns_zones,
            },
        };
        let puzzles = puzzles::Puzzles::new(&settings.publishable);
        let openapi = OnceLock::new();
        Self(Arc::new(AppState {
            context,
            settings,
            plan,
            puzzles,
            watchers,
            openapi,
            stopping,
            places,
            tallies: tally::Tallies::default(),
        }))
    }
}

impl App {
    /// Where people and panels reach the server, without a slash at the end; also
    /// the issuer (RFC 8414 §2) and the audience of its tokens.
    pub(crate) fn public_url(&self) -> &str {
        self.settings.public_url()
    }

    /// Our own origin, as browsers write it (RFC 6454 §6.2).
    pub(crate) fn public_origin(&self) -> String {
        url::Url::parse(self.public_url())
            .map(|url| url.origin().ascii_serialization())
            .unwrap_or_default()
    }
}

impl std::ops::Deref for App {
    type Target = AppState;

    fn deref(&self) -> &AppState {
        &self.0
    }
}

/// The whole public router.
pub fn app(app: App) -> Router {
    app_beside(app, Router::new())
}

/// The same with other routes beside ours.
pub(crate) fn app_beside(app: App, others: Router<App>) -> Router {
    layers::around(routes::router(&app).merge(others), app)
}

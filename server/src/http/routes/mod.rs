//! The whole URL map, and who may call each route.

mod confirmation;
mod pages;
mod table;

use axum::{
    Router,
    http::Method,
    middleware::from_fn_with_state,
    routing::{MethodFilter, MethodRouter, on},
};
use doorstep_accounts::Scope;
use doorstep_dialects::DIALECTS;
use doorstep_wire::paths;

use self::table::ROUTES;
use super::{
    App, caller, doors, layers,
    way::{self, Way},
};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody; what the route needs, it checks itself (the token endpoint
    /// authenticates clients) or it needs nothing (files, pages).
    Open,
    /// Callers whose credentials hold one of the scopes. Users may also send their
    /// API credential by Basic.
    Needs(&'static [Scope]),
}

/// A route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    handler: fn() -> MethodRouter<App>,
}

/// Paths that pages of other origins may call.
const CROSS_ORIGIN: &[&str] = &[
    paths::USERS,
    paths::WIDGET_SESSION,
    paths::WIDGET_FORM,
    paths::WIDGET_CHALLENGE,
    paths::WIDGET_TOKEN,
];

/// Paths that such pages may call with a user's own API credential as well: what the
/// widget goes on to after a sign-up. The page must be one of the client that made the
/// user. It has the credential anyway, for the person got it there; what it can do with
/// it by way of the browser is this and no more.
const ORDERING: &[&str] = &[
    paths::PRODUCTS,
    paths::LOCATIONS,
    paths::IMAGES,
    paths::IMAGE,
    paths::ORDERS,
    paths::ORDER,
    paths::ORDER_EVENTS,
    paths::ORDER_CANCEL,
    paths::ORDER_RETRY,
];

/// Whether pages of other origins may call the path.
pub(crate) fn is_cross_origin(path: &str) -> bool {
    CROSS_ORIGIN.iter().chain(ORDERING).any(|pattern| matches(pattern, path))
}

/// Whether they may do so with a user's own API credential.
pub(crate) fn is_for_ordering(path: &str) -> bool {
    ORDERING.iter().any(|pattern| matches(pattern, path))
}

/// Every route: those of the tables, and where each dialect makes users. A test refuses
/// a guarded one that has no refusal test.
pub fn routes() -> impl Iterator<Item = Route> {
    let create = |path| Route {
        method: "POST",
        path,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::POST, doors::create),
    };
    let creates =
        DIALECTS.iter().flat_map(move |dialect| dialect.create.iter().copied().map(create));
    ROUTES.iter().chain(confirmation::ROUTES).chain(pages::ROUTES).copied().chain(creates)
}

/// Makes the router from the routes.
pub(crate) fn router(app: &App) -> Router<App> {
    let mut paths: Vec<&str> = routes().map(|route| route.path).collect();
    paths.sort_unstable();
    paths.dedup();
    let mut router = Router::new();
    for path in paths {
        let mut methods = MethodRouter::new();
        for route in routes().filter(|route| route.path == path) {
            let mut handler = (route.handler)();
            if let Access::Needs(scopes) = route.access {
                let state = (app.clone(), scopes);
                handler = handler.route_layer(from_fn_with_state(state, caller::guard));
            }
            methods = methods.merge(handler);
        }
        methods = methods.fallback(layers::method_not_allowed);
        let is_api = path.starts_with("/api/") || path == paths::PRODUCTS_ALIAS;
        let is_page = [paths::FRAME, paths::CONFIRM, paths::SIGN_UP_PAGE].contains(&path);
        let crosses = is_cross_origin(path);
        if is_api || is_page || crosses || doorstep_dialects::at(path).is_some() {
            let way = Way::new(app, is_api, crosses);
            methods = methods.layer(from_fn_with_state(way, way::go));
        }
        router = router.route(path, methods);
    }
    router.fallback(layers::not_found)
}

/// The methods that a path takes, for `Allow`.
pub(crate) fn allowed(path: &str) -> Vec<&'static str> {
    routes().filter(|route| matches(route.path, path)).map(|route| route.method).collect()
}

/// Whether a path is the route's, segment by segment.
fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == found => {}
            (Some(wanted), Some(found)) if wanted.starts_with('{') && !found.is_empty() => {}
            _ => return false,
        }
    }
}

/// Methods that other origins may use.
pub(crate) const CROSS_ORIGIN_METHODS: [Method; 3] = [Method::GET, Method::POST, Method::PATCH];

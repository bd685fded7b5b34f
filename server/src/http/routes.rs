//! The whole URL map, and who may call each route.

use axum::{
    Router,
    http::Method,
    middleware::{from_fn, from_fn_with_state, map_response},
    routing::{MethodFilter, MethodRouter, on},
};
use doorstep_accounts::Scope;
use doorstep_dialects::DIALECTS;
use doorstep_wire::paths;

use super::{
    App, admin_users, assets, caller, cors, credentials, docs, doors, frame, layers, metadata,
    metered, negotiate, oauth, offers, order_events, orders, provisioning, signups, users,
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

/// Prices are for everybody who has a token at all: before a sign-up that is a client's
/// `public` one, or the sign-up token that a page has. The other scope is the one that
/// the documented contract asks for.
const PRODUCT_READERS: Access =
    Access::Needs(&[Scope::Public, Scope::ProfileRead, Scope::Register]);
/// As for products.
const LOCATION_READERS: Access =
    Access::Needs(&[Scope::Public, Scope::ProjectRead, Scope::Register]);
/// As for products.
const IMAGE_READERS: Access = Access::Needs(&[Scope::Public, Scope::ImagesRead, Scope::Register]);
const ORDER_READERS: Access = Access::Needs(&[Scope::OrderRead]);
const ORDER_WRITERS: Access = Access::Needs(&[Scope::OrderWrite]);

/// The table, but for where dialects make users: see [`routes`].
static ROUTES: &[Route] = &[
    // Panels and their users.
    Route {
        method: "POST",
        path: paths::USERS,
        access: Access::Needs(&[Scope::Register]),
        handler: || on(MethodFilter::POST, users::sign_up),
    },
    Route {
        method: "GET",
        path: paths::USERS,
        access: Access::Needs(&[Scope::ProfileRead]),
        handler: || on(MethodFilter::GET, users::show),
    },
    Route {
        method: "PATCH",
        path: paths::USERS,
        access: Access::Needs(&[Scope::ProfileUpdate]),
        handler: || on(MethodFilter::PATCH, users::change),
    },
    Route {
        method: "GET",
        path: paths::WIDGET_SESSION,
        access: Access::Needs(&[Scope::Register]),
        handler: || on(MethodFilter::GET, users::session),
    },
    Route {
        method: "POST",
        path: paths::WIDGET_CHALLENGE,
        access: Access::Open,
        handler: || on(MethodFilter::POST, oauth::challenge),
    },
    Route {
        method: "POST",
        path: paths::WIDGET_TOKEN,
        access: Access::Open,
        handler: || on(MethodFilter::POST, oauth::widget_token),
    },
    // Back ends and administrators, about sign-ups that wait.
    Route {
        method: "GET",
        path: paths::PENDING_SIGN_UPS,
        access: Access::Needs(&[Scope::Register, Scope::AdminRead]),
        handler: || on(MethodFilter::GET, signups::list),
    },
    Route {
        method: "POST",
        path: paths::PENDING_SIGN_UP_CONFIRM,
        access: Access::Needs(&[Scope::Register, Scope::AdminWrite]),
        handler: || on(MethodFilter::POST, signups::confirm),
    },
    Route {
        method: "DELETE",
        path: paths::PENDING_SIGN_UP,
        access: Access::Needs(&[Scope::Register, Scope::AdminWrite]),
        handler: || on(MethodFilter::DELETE, signups::reject),
    },
    // Users and administrators, about API credentials.
    Route {
        method: "GET",
        path: paths::OWN_CREDENTIALS,
        access: Access::Needs(&[Scope::CredentialRead]),
        handler: || on(MethodFilter::GET, credentials::list_own),
    },
    Route {
        method: "POST",
        path: paths::OWN_CREDENTIALS,
        access: Access::Needs(&[Scope::CredentialWrite]),
        handler: || on(MethodFilter::POST, credentials::add_own),
    },
    Route {
        method: "GET",
        path: paths::OWN_CREDENTIAL,
        access: Access::Needs(&[Scope::CredentialRead]),
        handler: || on(MethodFilter::GET, credentials::show_own),
    },
    Route {
        method: "PATCH",
        path: paths::OWN_CREDENTIAL,
        access: Access::Needs(&[Scope::CredentialWrite]),
        handler: || on(MethodFilter::PATCH, credentials::change_own),
    },
    Route {
        method: "DELETE",
        path: paths::OWN_CREDENTIAL,
        access: Access::Needs(&[Scope::CredentialWrite]),
        handler: || on(MethodFilter::DELETE, credentials::revoke_own),
    },
    Route {
        method: "POST",
        path: paths::OWN_CREDENTIAL_ROTATE,
        access: Access::Needs(&[Scope::CredentialWrite]),
        handler: || on(MethodFilter::POST, credentials::rotate_own),
    },
    Route {
        method: "GET",
        path: paths::CREDENTIALS,
        access: Access::Needs(&[Scope::AdminRead]),
        handler: || on(MethodFilter::GET, credentials::list_of),
    },
    Route {
        method: "POST",
        path: paths::CREDENTIALS,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::POST, credentials::add_for),
    },
    Route {
        method: "GET",
        path: paths::CREDENTIAL,
        access: Access::Needs(&[Scope::AdminRead]),
        handler: || on(MethodFilter::GET, credentials::show_of),
    },
    Route {
        method: "PATCH",
        path: paths::CREDENTIAL,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::PATCH, credentials::change_of),
    },
    Route {
        method: "DELETE",
        path: paths::CREDENTIAL,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::DELETE, credentials::revoke_of),
    },
    Route {
        method: "POST",
        path: paths::CREDENTIAL_ROTATE,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::POST, credentials::rotate_of),
    },
    Route {
        method: "POST",
        path: paths::CREDENTIALS_ALIAS,
        access: Access::Needs(&[Scope::AdminWrite, Scope::Reissue]),
        handler: || on(MethodFilter::POST, credentials::add_for),
    },
    // Administrators, about users.
    Route {
        method: "GET",
        path: paths::ADMIN_USERS,
        access: Access::Needs(&[Scope::AdminRead]),
        handler: || on(MethodFilter::GET, admin_users::list),
    },
    Route {
        method: "GET",
        path: paths::ADMIN_USER,
        access: Access::Needs(&[Scope::AdminRead]),
        handler: || on(MethodFilter::GET, admin_users::show),
    },
    Route {
        method: "PATCH",
        path: paths::ADMIN_USER,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::PATCH, admin_users::change),
    },
    Route {
        method: "PUT",
        path: paths::ADMIN_USER,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::PUT, admin_users::change),
    },
    Route {
        method: "DELETE",
        path: paths::ADMIN_USER,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::DELETE, admin_users::erase),
    },
    Route {
        method: "POST",
        path: paths::SUSPENSION,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::POST, admin_users::suspend),
    },
    Route {
        method: "DELETE",
        path: paths::SUSPENSION,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::DELETE, admin_users::unsuspend),
    },
    // Those who want to have something, and those who may sign up for it.
    Route {
        method: "GET",
        path: paths::PRODUCTS,
        access: PRODUCT_READERS,
        handler: || on(MethodFilter::GET, offers::products),
    },
    Route {
        method: "GET",
        path: paths::PRODUCTS_ALIAS,
        access: PRODUCT_READERS,
        handler: || on(MethodFilter::GET, offers::products),
    },
    Route {
        method: "GET",
        path: paths::LOCATIONS,
        access: LOCATION_READERS,
        handler: || on(MethodFilter::GET, offers::locations),
    },
    Route {
        method: "GET",
        path: paths::IMAGES,
        access: IMAGE_READERS,
        handler: || on(MethodFilter::GET, offers::images),
    },
    Route {
        method: "GET",
        path: paths::IMAGE,
        access: IMAGE_READERS,
        handler: || on(MethodFilter::GET, offers::image),
    },
    Route {
        method: "GET",
        path: paths::ORDERS,
        access: ORDER_READERS,
        handler: || on(MethodFilter::GET, orders::list),
    },
    Route {
        method: "POST",
        path: paths::ORDERS,
        access: ORDER_WRITERS,
        handler: || on(MethodFilter::POST, orders::place),
    },
    Route {
        method: "GET",
        path: paths::ORDER,
        access: ORDER_READERS,
        handler: || on(MethodFilter::GET, orders::show),
    },
    Route {
        method: "GET",
        path: paths::ORDER_EVENTS,
        access: ORDER_READERS,
        handler: || on(MethodFilter::GET, order_events::events),
    },
    Route {
        method: "POST",
        path: paths::ORDER_CANCEL,
        access: ORDER_WRITERS,
        handler: || on(MethodFilter::POST, orders::cancel),
    },
    Route {
        method: "POST",
        path: paths::ORDER_RETRY,
        access: ORDER_WRITERS,
        handler: || on(MethodFilter::POST, orders::retry),
    },
    Route {
        method: "GET",
        path: paths::ORDERS_ALIAS,
        access: ORDER_READERS,
        handler: || on(MethodFilter::GET, orders::list),
    },
    Route {
        method: "POST",
        path: paths::ORDERS_ALIAS,
        access: ORDER_WRITERS,
        handler: || on(MethodFilter::POST, orders::place),
    },
    Route {
        method: "GET",
        path: paths::ORDER_ALIAS,
        access: ORDER_READERS,
        handler: || on(MethodFilter::GET, orders::show),
    },
    Route {
        method: "POST",
        path: paths::PROVISIONING_CALLBACK,
        access: Access::Open,
        handler: || on(MethodFilter::POST, provisioning::callback),
    },
    // OAuth clients.
    Route {
        method: "POST",
        path: paths::CLAIM,
        access: Access::Open,
        handler: || on(MethodFilter::POST, oauth::claim),
    },
    Route {
        method: "POST",
        path: paths::OAUTH_TOKEN,
        access: Access::Open,
        handler: || on(MethodFilter::POST, oauth::token),
    },
    Route {
        method: "POST",
        path: paths::OAUTH_REVOKE,
        access: Access::Open,
        handler: || on(MethodFilter::POST, oauth::revoke),
    },
    Route {
        method: "POST",
        path: paths::OAUTH_INTROSPECT,
        access: Access::Open,
        handler: || on(MethodFilter::POST, oauth::introspect),
    },
    Route {
        method: "GET",
        path: paths::AUTHORIZATION_SERVER,
        access: Access::Open,
        handler: || on(MethodFilter::GET, metadata::authorization_server),
    },
    Route {
        method: "GET",
        path: paths::PROTECTED_RESOURCE,
        access: Access::Open,
        handler: || on(MethodFilter::GET, metadata::protected_resource),
    },
    // Pages that embed the widget.
    Route {
        method: "GET",
        path: paths::LOADER,
        access: Access::Open,
        handler: || on(MethodFilter::GET, assets::loader),
    },
    Route {
        method: "GET",
        path: paths::ASSETS,
        access: Access::Open,
        handler: || on(MethodFilter::GET, assets::asset),
    },
    Route {
        method: "GET",
        path: paths::FRAME,
        access: Access::Open,
        handler: || on(MethodFilter::GET, frame::page),
    },
    // Readers.
    Route {
        method: "GET",
        path: paths::ERRORS_PAGE,
        access: Access::Open,
        handler: || on(MethodFilter::GET, docs::errors),
    },
];

/// Paths that pages of other origins may call.
const CROSS_ORIGIN: &[&str] =
    &[paths::USERS, paths::WIDGET_SESSION, paths::WIDGET_CHALLENGE, paths::WIDGET_TOKEN];

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

/// Every route: those of the table, and where each dialect makes users. A test refuses
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
    ROUTES.iter().copied().chain(creates)
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
        if is_api {
            methods = methods.layer(from_fn(negotiate::negotiate));
        }
        if is_cross_origin(path) {
            methods = methods.layer(cors::layer(app)).layer(map_response(cors::no_content));
        }
        // Outermost: a preflight and the frame ask the database as well.
        if is_api || path == paths::FRAME || doorstep_dialects::at(path).is_some() {
            methods = methods.layer(from_fn_with_state(app.clone(), metered::meter));
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

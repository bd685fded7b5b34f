//! The routes for pages that embed the form, and for browsers that show it.

use axum::routing::{MethodFilter, on};
use doorstep_wire::paths;

use super::{Access, Route};
use crate::http::{assets, frame, playground, signup};

/// What browsers load; tokens are checked where they come in.
pub(super) static ROUTES: &[Route] = &[
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
        path: paths::PINNED_LOADER,
        access: Access::Open,
        handler: || on(MethodFilter::GET, assets::pinned_loader),
    },
    Route {
        method: "GET",
        path: paths::PINNED_ASSETS,
        access: Access::Open,
        handler: || on(MethodFilter::GET, assets::pinned_asset),
    },
    Route {
        method: "GET",
        path: paths::FRAME,
        access: Access::Open,
        handler: || on(MethodFilter::GET, frame::page),
    },
    Route {
        method: "GET",
        path: paths::SIGN_UP_PAGE,
        access: Access::Open,
        handler: || on(MethodFilter::GET, signup::start),
    },
    Route {
        method: "POST",
        path: paths::SIGN_UP_PAGE,
        access: Access::Open,
        handler: || on(MethodFilter::POST, signup::send),
    },
    Route {
        method: "GET",
        path: paths::PLAYGROUND,
        access: Access::Open,
        handler: || on(MethodFilter::GET, playground::page),
    },
    Route {
        method: "GET",
        path: paths::PLAYGROUND_FILE,
        access: Access::Open,
        handler: || on(MethodFilter::GET, playground::file),
    },
];

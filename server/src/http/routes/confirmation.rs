//! The routes by which an address is confirmed.

use axum::routing::{MethodFilter, on};
use doorstep_accounts::Scope;
use doorstep_wire::paths;

use super::{Access, Route};
use crate::http::{admin_users, confirm, users};

/// Those who were asked by mail, and those who want the mail again.
pub(super) static ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: paths::CONFIRM,
        access: Access::Open,
        handler: || on(MethodFilter::GET, confirm::page),
    },
    Route {
        method: "POST",
        path: paths::CONFIRM,
        access: Access::Open,
        handler: || on(MethodFilter::POST, confirm::press),
    },
    Route {
        method: "POST",
        path: paths::OWN_CONFIRMATION,
        access: Access::Needs(&[Scope::ProfileUpdate]),
        handler: || on(MethodFilter::POST, users::ask_again),
    },
    Route {
        method: "POST",
        path: paths::CONFIRMATION,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::POST, admin_users::ask_again),
    },
];

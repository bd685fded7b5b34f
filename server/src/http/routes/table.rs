//! The table of routes.

use axum::routing::{MethodFilter, on};
use doorstep_accounts::Scope;
use doorstep_wire::paths;

use super::{Access, Route};
use crate::http::{
    admin_users, apiculus, credentials, docs, everlytic, metadata, oauth, offers, order_events,
    orders, provisioning, signups, users,
};

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

/// All but where dialects make users: see [`routes`](super::routes).
pub(super) static ROUTES: &[Route] = &[
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
        method: "GET",
        path: paths::WIDGET_FORM,
        access: Access::Open,
        handler: || on(MethodFilter::GET, users::form),
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
    // Administrators, by the Everlytic API.
    Route {
        method: "GET",
        path: paths::EVERLYTIC,
        access: Access::Needs(&[Scope::AdminRead]),
        handler: || on(MethodFilter::GET, everlytic::home),
    },
    Route {
        method: "GET",
        path: paths::EVERLYTIC_HOME,
        access: Access::Needs(&[Scope::AdminRead]),
        handler: || on(MethodFilter::GET, everlytic::home),
    },
    Route {
        method: "GET",
        path: paths::EVERLYTIC_USERS,
        access: Access::Needs(&[Scope::AdminRead]),
        handler: || on(MethodFilter::GET, everlytic::users),
    },
    Route {
        method: "GET",
        path: paths::EVERLYTIC_USERS_SLASH,
        access: Access::Needs(&[Scope::AdminRead]),
        handler: || on(MethodFilter::GET, everlytic::users),
    },
    Route {
        method: "GET",
        path: paths::EVERLYTIC_USER,
        access: Access::Needs(&[Scope::AdminRead]),
        handler: || on(MethodFilter::GET, everlytic::user),
    },
    Route {
        method: "PUT",
        path: paths::EVERLYTIC_USER,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::PUT, everlytic::change_user),
    },
    Route {
        method: "DELETE",
        path: paths::EVERLYTIC_USER,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::DELETE, everlytic::delete_user),
    },
    Route {
        method: "GET",
        path: paths::EVERLYTIC_CUSTOMERS,
        access: Access::Needs(&[Scope::AdminRead]),
        handler: || on(MethodFilter::GET, everlytic::customers),
    },
    Route {
        method: "GET",
        path: paths::EVERLYTIC_CUSTOMERS_SLASH,
        access: Access::Needs(&[Scope::AdminRead]),
        handler: || on(MethodFilter::GET, everlytic::customers),
    },
    Route {
        method: "POST",
        path: paths::EVERLYTIC_CUSTOMERS,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::POST, everlytic::create_customer),
    },
    Route {
        method: "POST",
        path: paths::EVERLYTIC_CUSTOMERS_SLASH,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::POST, everlytic::create_customer),
    },
    Route {
        method: "GET",
        path: paths::EVERLYTIC_CUSTOMER,
        access: Access::Needs(&[Scope::AdminRead]),
        handler: || on(MethodFilter::GET, everlytic::customer),
    },
    Route {
        method: "PUT",
        path: paths::EVERLYTIC_CUSTOMER,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::PUT, everlytic::change_customer),
    },
    Route {
        method: "DELETE",
        path: paths::EVERLYTIC_CUSTOMER,
        access: Access::Needs(&[Scope::AdminWrite]),
        handler: || on(MethodFilter::DELETE, everlytic::delete_customer),
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
    // Clients of the Apiculus API.
    Route {
        method: "POST",
        path: paths::APICULUS_LOGIN,
        access: Access::Open,
        handler: || on(MethodFilter::POST, apiculus::login),
    },
    Route {
        method: "POST",
        path: paths::APICULUS_LOGOUT,
        access: Access::Needs(&[Scope::ProfileRead]),
        handler: || on(MethodFilter::POST, apiculus::logout),
    },
    Route {
        method: "GET",
        path: paths::APICULUS_HELPER,
        access: Access::Needs(&[Scope::AdminRead]),
        handler: || on(MethodFilter::GET, apiculus::helper),
    },
    Route {
        method: "GET",
        path: paths::APICULUS_COUNTRIES,
        access: Access::Open,
        handler: || on(MethodFilter::GET, apiculus::countries),
    },
    Route {
        method: "GET",
        path: paths::APICULUS_STATES,
        access: Access::Open,
        handler: || on(MethodFilter::GET, apiculus::states),
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
    // Readers.
    Route {
        method: "GET",
        path: paths::OPENAPI,
        access: Access::Open,
        handler: || on(MethodFilter::GET, docs::document),
    },
    Route {
        method: "GET",
        path: paths::ERRORS_PAGE,
        access: Access::Open,
        handler: || on(MethodFilter::GET, docs::errors),
    },
    Route {
        method: "GET",
        path: paths::DOCS,
        access: Access::Open,
        handler: || on(MethodFilter::GET, docs::start),
    },
    Route {
        method: "GET",
        path: paths::DOCS_PAGE,
        access: Access::Open,
        handler: || on(MethodFilter::GET, docs::page),
    },
];

//! Every path, once. The server mounts them, the widget and the tests call them.

/// The user API: sign-up (`POST`), own account (`GET`, `PATCH`).
pub const USERS: &str = "/api/users";
/// One's own API credentials.
pub const OWN_CREDENTIALS: &str = "/api/users/api_credentials";
/// One of them.
pub const OWN_CREDENTIAL: &str = "/api/users/api_credentials/{credential}";
/// Its password, to be replaced.
pub const OWN_CREDENTIAL_ROTATE: &str = "/api/users/api_credentials/{credential}/rotate";
/// Asks again by mail whether one's own address is one's own.
pub const OWN_CONFIRMATION: &str = "/api/users/confirmation";
/// Users, for administrators.
pub const ADMIN_USERS: &str = "/api/admin/users";
/// One of them.
pub const ADMIN_USER: &str = "/api/admin/users/{user}";
/// Whether the user may use the account.
pub const SUSPENSION: &str = "/api/admin/users/{user}/suspension";
/// Asks a user again by mail whether the address is the user's.
pub const CONFIRMATION: &str = "/api/admin/users/{user}/confirmation";
/// A user's API credentials, for administrators.
pub const CREDENTIALS: &str = "/api/admin/users/{user}/api_credentials";
/// One of them.
pub const CREDENTIAL: &str = "/api/admin/users/{user}/api_credentials/{credential}";
/// Its password, to be replaced.
pub const CREDENTIAL_ROTATE: &str = "/api/admin/users/{user}/api_credentials/{credential}/rotate";
/// Where the documented contract has them; also for the client that registered the user.
pub const CREDENTIALS_ALIAS: &str = "/api/users/{user}/api_credentials";
/// Where the links of the Everlytic API begin.
pub const EVERLYTIC: &str = "/api/2.0";
/// The same, as its documentation writes it.
pub const EVERLYTIC_HOME: &str = "/api/2.0/";
/// Users of customers.
pub const EVERLYTIC_USERS: &str = "/api/2.0/users";
/// The same, as its documentation writes it.
pub const EVERLYTIC_USERS_SLASH: &str = "/api/2.0/users/";
/// One of them.
pub const EVERLYTIC_USER: &str = "/api/2.0/users/{user}";
/// Customers.
pub const EVERLYTIC_CUSTOMERS: &str = "/api/2.0/customers";
/// The same, as its documentation writes it.
pub const EVERLYTIC_CUSTOMERS_SLASH: &str = "/api/2.0/customers/";
/// One of them.
pub const EVERLYTIC_CUSTOMER: &str = "/api/2.0/customers/{customer}";
/// What the widget learns from its sign-up token alone.
pub const WIDGET_SESSION: &str = "/api/widget/session";
/// What the form asks, for pages that have no token until it is sent.
pub const WIDGET_FORM: &str = "/api/widget/form";
/// Where a page without a back end gets a puzzle.
pub const WIDGET_CHALLENGE: &str = "/api/widget/challenge";
/// Where it exchanges the solution for a sign-up token.
pub const WIDGET_TOKEN: &str = "/api/widget/token";
/// Sign-ups that wait for a yes.
pub const PENDING_SIGN_UPS: &str = "/api/signups";
/// One of them, to be rejected.
pub const PENDING_SIGN_UP: &str = "/api/signups/{sign_up}";
/// One of them, to be confirmed.
pub const PENDING_SIGN_UP_CONFIRM: &str = "/api/signups/{sign_up}/confirm";
/// Sizes of containers, and what they cost.
pub const PRODUCTS: &str = "/api/products";
/// The same, where the documentation has it.
pub const PRODUCTS_ALIAS: &str = "/products";
/// Where projects can be.
pub const LOCATIONS: &str = "/api/locations";
/// What can run in a container.
pub const IMAGES: &str = "/api/container_images";
/// One of them.
pub const IMAGE: &str = "/api/container_images/{image}";
/// One's own orders.
pub const ORDERS: &str = "/api/orders";
/// One of them.
pub const ORDER: &str = "/api/orders/{order}";
/// What happens to it, as it happens.
pub const ORDER_EVENTS: &str = "/api/orders/{order}/events";
/// Takes it back.
pub const ORDER_CANCEL: &str = "/api/orders/{order}/cancel";
/// Tries it again.
pub const ORDER_RETRY: &str = "/api/orders/{order}/retry";
/// One's own orders, where the documentation has them.
pub const ORDERS_ALIAS: &str = "/api/order";
/// One of them, there.
pub const ORDER_ALIAS: &str = "/api/order/{order}";
/// Where the operator's provisioner says what became of an order.
pub const PROVISIONING_CALLBACK: &str = "/api/provisioning/{order}/callback";
/// Where users of the Apiculus API log in with address and password.
pub const APICULUS_LOGIN: &str = "/auth/login";
/// Where they end their session.
pub const APICULUS_LOGOUT: &str = "/auth/logout";
/// What new accounts there can choose from.
pub const APICULUS_HELPER: &str = "/api/pass/signUpHelper";
/// Where its administrators make users.
pub const APICULUS_CREATE: &str = "/api/pass/createNewUser";
/// Countries with their dial codes.
pub const APICULUS_COUNTRIES: &str = "/api/v1/countryList";
/// The subdivisions of one.
pub const APICULUS_STATES: &str = "/api/v1/stateList";
/// Where a panel's back end exchanges a claim code for a password.
pub const CLAIM: &str = "/api/credentials/claim";
/// The token endpoint (RFC 6749 §3.2).
pub const OAUTH_TOKEN: &str = "/api/oauth/token";
/// The revocation endpoint (RFC 7009).
pub const OAUTH_REVOKE: &str = "/api/oauth/revoke";
/// The introspection endpoint (RFC 7662).
pub const OAUTH_INTROSPECT: &str = "/api/oauth/introspect";
/// Authorization server metadata (RFC 8414).
pub const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";
/// Protected resource metadata (RFC 9728).
pub const PROTECTED_RESOURCE: &str = "/.well-known/oauth-protected-resource";
/// The embed loader, under a stable name.
pub const LOADER: &str = "/v1/doorstep.js";
/// The files that the loader names, by content hash.
pub const ASSETS: &str = "/v1/assets/{file}";
/// The form as a page of our own, for the frames of other pages.
pub const FRAME: &str = "/v1/frame";
/// The loader under a name that says its content, for pages that pin it.
pub const PINNED_LOADER: &str = "/v1/{pin}/doorstep.js";
/// What that loader loads.
pub const PINNED_ASSETS: &str = "/v1/{pin}/assets/{file}";
/// The form as a page of its own, which works without a script.
pub const SIGN_UP_PAGE: &str = "/signup";
/// Where the link in a mail leads: a page with a button, and what the button does.
pub const CONFIRM: &str = "/confirm";
/// The form with every option to try.
pub const PLAYGROUND: &str = "/playground";
/// What that page loads.
pub const PLAYGROUND_FILE: &str = "/playground/{file}";
/// The OpenAPI document.
pub const OPENAPI: &str = "/openapi.json";
/// The handbook.
pub const DOCS: &str = "/docs";
/// A page of it.
pub const DOCS_PAGE: &str = "/docs/{page}";
/// What each error code means.
pub const ERRORS_PAGE: &str = "/docs/errors";
/// Whether the process runs; on the operations listener.
pub const LIVEZ: &str = "/livez";
/// Whether it can serve; on the operations listener.
pub const READYZ: &str = "/readyz";
/// Prometheus text; on the operations listener.
pub const METRICS: &str = "/metrics";

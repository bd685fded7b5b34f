//! What this server is and can do, for programs (RFC 8414, RFC 9728).

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use doorstep_accounts::{Scope, jwk};
use doorstep_register::publishable_terms;
use doorstep_wire::paths;
use serde_json::{Value, json};

use super::{App, oauth::WIDGET_GRANT, reject::json as reply};

/// `GET /.well-known/oauth-authorization-server`
pub(crate) async fn authorization_server(State(app): State<App>) -> Response {
    let issuer = app.public_url();
    let methods = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
    let mut grants = vec!["client_credentials"];
    if publishable_terms(&app.context).is_ok() {
        grants.push(WIDGET_GRANT);
    }
    public(&json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}{}", paths::OAUTH_TOKEN),
        "revocation_endpoint": format!("{issuer}{}", paths::OAUTH_REVOKE),
        "introspection_endpoint": format!("{issuer}{}", paths::OAUTH_INTROSPECT),
        "grant_types_supported": grants,
        // There is no authorization endpoint. The member is required all the same (RFC 8414
        // §2) and may not be empty (§3.2), which some clients hold servers to.
        "response_types_supported": ["none"],
        "authorization_details_types_supported": [doorstep_accounts::binding::TYPE],
        "scopes_supported": Scope::ALL.map(Scope::name),
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": jwk::ALGORITHMS,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": jwk::ALGORITHMS,
        "introspection_endpoint_auth_methods_supported": methods,
        // Ours: where a back end claims credentials, and how its challenge is made.
        "credential_claim_endpoint": format!("{issuer}{}", paths::CLAIM),
        "code_challenge_methods_supported": ["S256"],
        "introspection_endpoint_auth_signing_alg_values_supported": jwk::ALGORITHMS,
        "dpop_signing_alg_values_supported": jwk::ALGORITHMS,
        "service_documentation": format!("{issuer}{}", paths::ERRORS_PAGE),
    }))
}

/// `GET /.well-known/oauth-protected-resource`
pub(crate) async fn protected_resource(State(app): State<App>) -> Response {
    let resource = app.public_url();
    public(&json!({
        "resource": resource,
        "authorization_servers": [resource],
        "scopes_supported": Scope::ALL.map(Scope::name),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": jwk::ALGORITHMS,
        "resource_documentation": format!("{resource}{}", paths::ERRORS_PAGE),
    }))
}

/// Anybody may read it, from any page.
fn public(body: &Value) -> Response {
    let mut response = reply(StatusCode::OK, body);
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    // It changes with a new version or a new public URL.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

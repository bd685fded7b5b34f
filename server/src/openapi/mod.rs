//! The OpenAPI document: what the routes are and who may call them as the table of routes
//! has it, fields as the catalogue has them, bodies as the wire types are, refusals by the
//! table of codes. What these do not say is written down in [`operations`].

mod answers;
mod fields;
mod operation;
mod operations;
mod parts;
mod requests;

use std::collections::BTreeMap;

use doorstep_wire::{Code, paths};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Paths, RefOr, Schema,
    ServerBuilder, path::HttpMethod, tag::TagBuilder,
};

use self::{
    operation::Operation,
    operations::SECTIONS,
    parts::{headers, refusals, security_schemes},
};
use crate::http::routes::{Route, routes};

/// What a reader has to know before everything else.
const ABOUT: &str = "\
Sign-up for hosting platforms, at the place where people already are.

- **Who calls.** Panels and programs get an access token at `/api/oauth/token` and send it as `Authorization: Bearer`, or \
as `DPoP` with a proof (RFC 9449). Users may send an API credential by Basic instead.
- **Refusals** are problems (RFC 9457) with a stable `code`, and carry the flat `errors` array of older clients as well. \
`/docs/errors` explains each code. The OAuth endpoints answer as RFC 6749 has it; the doors for clients of other APIs in \
those APIs' words.
- **Retries** are safe with an `Idempotency-Key`.
- **Limits.** `RateLimit` and `RateLimit-Policy` say what is left; with 429 and 503, `Retry-After` says when to try again.
- **`X-Request-Id`** in every answer finds the request in the server's log.
- **Members** of a body that mean nothing here are passed over, and named in the answer's `ignored`.";

/// The document, for a server that is reached at `public_url`; without one, for whichever
/// server it is read from.
pub(crate) fn document(public_url: &str) -> OpenApi {
    let server = if public_url.is_empty() { "/" } else { public_url };
    let mut schemas = Vec::new();
    let mut paths = Paths::new();
    for (section, operation, route) in described() {
        let built = parts::operation(section, operation, &route, &mut schemas);
        if let Some(method) = method(route.method) {
            paths.add_path_operation(route.path, vec![method], built);
        }
    }
    let mut components = ComponentsBuilder::new();
    for (name, response) in refusals(&mut schemas) {
        components = components.response(name, response);
    }
    for (name, header) in headers() {
        components = components.header(name, header);
    }
    for (name, scheme) in security_schemes() {
        components = components.security_scheme(name, scheme);
    }
    schemas.push(fields::country());
    let components = components.schemas_from_iter(distinct(schemas)).build();
    let licence = LicenseBuilder::new().name("MIT OR Apache-2.0").build();
    let info = InfoBuilder::new()
        .title("Doorstep")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(licence))
        .build();
    let tags = SECTIONS.iter().map(|section| {
        TagBuilder::new().name(section.name).description(Some(section.description)).build()
    });
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url(server).build()]))
        .tags(Some(tags))
        .paths(paths)
        .components(Some(components))
        .build()
}

/// Each route with the operation that describes it, in the order of the operations. One
/// that nobody describes is missing, which a test notices.
fn described() -> impl Iterator<Item = (&'static str, &'static Operation, Route)> {
    SECTIONS.iter().flat_map(|section| {
        section.operations.iter().flat_map(move |operation| {
            places(operation)
                .filter_map(|place| routes().find(|it| (it.method, it.path) == place))
                .map(move |route| (section.name, operation, route))
        })
    })
}

/// Where an operation can be had, by method and path.
fn places(operation: &Operation) -> impl Iterator<Item = (&'static str, &'static str)> {
    std::iter::once((operation.method, operation.path)).chain(operation.also.iter().copied())
}

fn method(name: &str) -> Option<HttpMethod> {
    match name {
        "GET" => Some(HttpMethod::Get),
        "POST" => Some(HttpMethod::Post),
        "PUT" => Some(HttpMethod::Put),
        "PATCH" => Some(HttpMethod::Patch),
        "DELETE" => Some(HttpMethod::Delete),
        _ => None,
    }
}

/// Schemas by name, each once.
fn distinct(schemas: Vec<(String, RefOr<Schema>)>) -> BTreeMap<String, RefOr<Schema>> {
    schemas.into_iter().collect()
}

/// Where a code is explained.
fn explained(code: Code) -> String {
    format!("{}#{}", paths::ERRORS_PAGE, code.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_an_operation_and_every_operation_a_route() {
        let written: Vec<_> =
            SECTIONS.iter().flat_map(|section| section.operations).flat_map(places).collect();
        for Route { method, path, .. } in routes() {
            let times = written.iter().filter(|place| **place == (method, path)).count();
            assert_eq!(
                times, 1,
                "{method} {path} stands in {times} operations: write it down once, in openapi/operations"
            );
        }
        for (method, path) in written {
            assert!(
                routes().any(|route| (route.method, route.path) == (method, path)),
                "{method} {path} is in openapi/operations and is no route: take it out"
            );
        }
    }

    #[test]
    fn every_route_is_in_the_document() {
        let document = serde_json::to_value(document("https://signup.example")).unwrap();
        for Route { method, path, .. } in routes() {
            let operation = &document["paths"][path][method.to_lowercase()];
            assert!(operation["operationId"].is_string(), "{method} {path}: {operation}");
            assert!(operation["responses"].is_object(), "{method} {path}");
        }
    }

    #[test]
    fn no_two_schemas_have_one_name() {
        let mut schemas = Vec::new();
        for (section, operation, route) in described() {
            parts::operation(section, operation, &route, &mut schemas);
        }
        let _ = refusals(&mut schemas);
        let by_name = distinct(schemas.clone());
        for (name, schema) in schemas {
            assert!(by_name[&name] == schema, "two types are called {name}: rename one of them");
        }
    }
}

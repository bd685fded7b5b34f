//! What an operation becomes in the document.

use std::collections::BTreeMap;

use doorstep_accounts::{Scope, Scopes};
use doorstep_dialects::{Authentication, DoorContext};
use doorstep_wire::{Code, Problem, paths};
use utoipa::openapi::{
    ContentBuilder, Header, HeaderBuilder, Ref, RefOr, Required, Response, ResponseBuilder,
    ResponsesBuilder, Schema,
    path::{self, OperationBuilder, ParameterBuilder, ParameterIn},
    request_body::{RequestBody, RequestBodyBuilder},
    schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type},
    security::{
        ApiKey, ApiKeyValue, ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2,
        SecurityRequirement, SecurityScheme,
    },
};

use super::{
    answers::{self, OAuthError},
    explained,
    operation::{Answer, Body, Caller, Kind, Operation, Parameter, Place, of},
};
use crate::http::routes::{Access, Route};

type Schemas = Vec<(String, RefOr<Schema>)>;

/// Names of the ways to say who calls.
const ACCESS_TOKEN: &str = "accessToken";
const API_CREDENTIAL: &str = "apiCredential";
const CLIENT: &str = "client";
const SESSION: &str = "apiculusSession";
const PROVISIONER: &str = "provisioner";

/// An operation at one of its places.
pub(super) fn operation(
    section: &str,
    operation: &Operation,
    route: &Route,
    schemas: &mut Schemas,
) -> path::Operation {
    let is_alias = (route.method, route.path) != (operation.method, operation.path);
    let id = if is_alias { format!("{}Alias", operation.id) } else { operation.id.to_owned() };
    let described = match (is_alias, operation.description) {
        (true, _) => Some(format!("The same as `{} {}`.", operation.method, operation.path)),
        (false, "") => None,
        (false, text) => Some(text.to_owned()),
    };
    let mut built = OperationBuilder::new()
        .tag(section)
        .operation_id(Some(id))
        .summary(Some(operation.summary))
        .description(described)
        .responses(responses(operation, route, schemas).build())
        .securities(Some(securities(operation, route)));
    for name in in_path(route.path) {
        let said = operation.parameters.iter().find(|it| is_path(it) && it.name == name);
        built = built.parameter(said.map_or_else(|| of_path(name), parameter));
    }
    for said in operation.parameters.iter().filter(|it| !is_path(it)) {
        built = built.parameter(parameter(said));
    }
    if let Some(body) = operation.body {
        built = built.request_body(Some(request(body, schemas)));
    }
    built.build()
}

fn is_path(parameter: &Parameter) -> bool {
    parameter.place == Place::Path
}

/// The names of a path's parameters.
fn in_path(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|step| step.strip_prefix('{')?.strip_suffix('}'))
}

/// A path's parameter of which an operation says nothing: the same name is the same thing
/// everywhere.
fn of_path(name: &'static str) -> ParameterBuilder {
    let (kind, description) = match name {
        "user" => (Kind::Number(1, i64::MAX), "The user's number"),
        "credential" => (Kind::Number(1, i64::MAX), "The credential's number"),
        "customer" => (Kind::Number(1, i64::MAX), "The customer's number"),
        "image" => (Kind::Number(1, i64::MAX), "The image's number"),
        "order" => (Kind::Text, "The order's id, a UUID"),
        "sign_up" => (Kind::Text, "The sign-up's id, `sup_…`"),
        _ => (Kind::Text, "The file's name"),
    };
    parameter(&Parameter::path(name, kind, description))
}

fn parameter(said: &Parameter) -> ParameterBuilder {
    let schema = match said.kind {
        Kind::Text => ObjectBuilder::new().schema_type(Type::String),
        Kind::Pattern(pattern) => {
            ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern))
        }
        Kind::Number(from, to) => ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(from))
            .maximum(Some(to)),
        Kind::Word(words) => {
            ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.iter().copied()))
        }
    };
    ParameterBuilder::new()
        .name(said.name)
        .parameter_in(match said.place {
            Place::Query => ParameterIn::Query,
            Place::Header => ParameterIn::Header,
            Place::Path => ParameterIn::Path,
        })
        .required(if said.required { Required::True } else { Required::False })
        .description(Some(said.description))
        .schema(Some(schema))
}

fn request(body: Body, schemas: &mut Schemas) -> RequestBody {
    let schema = (body.schema)(schemas);
    let required = if body.required { Required::True } else { Required::False };
    body.media_types
        .iter()
        .fold(RequestBodyBuilder::new().required(Some(required)), |built, media_type| {
            built.content(*media_type, ContentBuilder::new().schema(Some(schema.clone())).build())
        })
        .build()
}

fn responses(operation: &Operation, route: &Route, schemas: &mut Schemas) -> ResponsesBuilder {
    let mut built = ResponsesBuilder::new();
    for answer in operation.answers {
        built = built.response(answer.status.to_string(), response(answer, schemas));
    }
    let words = Words::of(operation, route.path);
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes(operation, route) {
        by_status.entry(status(code, route.path)).or_default().push(code);
    }
    for (status, codes) in by_status {
        let lines = codes
            .iter()
            .map(|code| format!("- [`{}`]({}): {}", code.name(), explained(*code), code.title()));
        let refused = words.response(lines.collect::<Vec<_>>().join("\n"), schemas);
        built = built.response(status.to_string(), refused);
    }
    for any in ["4XX", "5XX"] {
        built = built.response(any, Ref::from_response_name(words.name()));
    }
    built
}

fn response(answer: &Answer, schemas: &mut Schemas) -> Response {
    let mut built = ResponseBuilder::new().description(answer.description);
    if let Some((media_type, schema)) = answer.content {
        let content = ContentBuilder::new().schema(Some(schema(schemas))).build();
        built = built.content(media_type, content);
    }
    let mut response = built.build();
    for name in answer.headers {
        response.headers.insert((*name).to_owned(), header(name));
    }
    response
}

/// What a route refuses: what its guard and its body make possible, and its own.
fn codes(operation: &Operation, route: &Route) -> Vec<Code> {
    let mut codes = Vec::new();
    if let Access::Needs(_) = route.access {
        codes.extend([Code::Unauthenticated, Code::InvalidToken, Code::InvalidCredential]);
        codes.push(Code::InsufficientScope);
    }
    if operation.caller == Caller::Provisioner {
        codes.extend([Code::Unauthenticated, Code::InvalidToken]);
    }
    let is_json = operation.caller == Caller::Anybody || operation.caller == Caller::Provisioner;
    if operation.body.is_some() && is_json {
        codes.extend([Code::MalformedBody, Code::UnsupportedMediaType]);
    }
    if in_path(route.path).next().is_some() && route.path != paths::PROVISIONING_CALLBACK {
        codes.push(Code::NotFound);
    }
    codes.extend(operation.refusals);
    let mut seen = Vec::new();
    codes.retain(|code| {
        !seen.contains(code) && {
            seen.push(*code);
            true
        }
    });
    codes
}

/// The status that a code has at a path: other APIs have their own for some.
fn status(code: Code, path: &str) -> u16 {
    let context = DoorContext { public_url: "", request_id: "", default_locale: "" };
    doorstep_dialects::at(path).map_or(code.status(), |door| {
        (door.refused)(code, &Problem::new(code, ""), &context).status
    })
}

/// In which words a refusal is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    Ours,
    OAuth,
    Apiculus,
    Everlytic,
}

impl Words {
    const ALL: [Self; 4] = [Self::Ours, Self::OAuth, Self::Apiculus, Self::Everlytic];

    fn of(operation: &Operation, path: &str) -> Self {
        match (doorstep_dialects::at(path).map(|door| door.name), operation.caller) {
            (Some("apiculus"), _) => Self::Apiculus,
            (Some("everlytic"), _) => Self::Everlytic,
            (_, Caller::Client | Caller::ClientOrPage) => Self::OAuth,
            _ => Self::Ours,
        }
    }

    /// The name among the components.
    const fn name(self) -> &'static str {
        match self {
            Self::Ours => "Refusal",
            Self::OAuth => "OAuthRefusal",
            Self::Apiculus => "ApiculusRefusal",
            Self::Everlytic => "EverlyticRefusal",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::Ours => "A problem (RFC 9457). `/docs/errors` explains each code.",
            Self::OAuth => {
                "An error of RFC 6749, or a problem where the request did not get that far."
            }
            Self::Apiculus => "A refusal in Apiculus' envelope.",
            Self::Everlytic => {
                "A refusal in Everlytic's envelope; `reason` is a code of `/docs/errors`."
            }
        }
    }

    fn response(self, description: impl Into<String>, schemas: &mut Schemas) -> Response {
        let content = |schema| ContentBuilder::new().schema(Some(schema)).build();
        let built = ResponseBuilder::new().description(description);
        let (json, problem) = ("application/json", "application/problem+json");
        match self {
            Self::Ours => built.content(problem, content(of::<Problem>(schemas))),
            Self::OAuth => built
                .content(json, content(of::<OAuthError>(schemas)))
                .content(problem, content(of::<Problem>(schemas))),
            Self::Apiculus => {
                built.content(json, content(of::<answers::apiculus::Refused>(schemas)))
            }
            Self::Everlytic => {
                built.content(json, content(of::<answers::everlytic::Refused>(schemas)))
            }
        }
        .build()
    }
}

/// Refusals that every route can have, by name.
pub(super) fn refusals(schemas: &mut Schemas) -> Vec<(&'static str, Response)> {
    let each = Words::ALL.into_iter();
    each.map(|words| {
        let mut response = words.response(words.description(), schemas);
        response.headers.insert("Retry-After".to_owned(), header("Retry-After"));
        (words.name(), response)
    })
    .collect()
}

fn header(name: &str) -> RefOr<Header> {
    RefOr::Ref(Ref::new(format!("#/components/headers/{name}")))
}

/// The headers of answers, by name.
pub(super) fn headers() -> impl Iterator<Item = (&'static str, Header)> {
    [
        ("ETag", Type::String, "Which version it is; send it as `If-None-Match`"),
        ("Idempotency-Key", Type::String, "The request's key"),
        (
            "Idempotent-Replayed",
            Type::String,
            "`true`: this is the answer to an earlier request with the same key",
        ),
        ("Link", Type::String, "Where the other pages are (RFC 8288)"),
        ("Location", Type::String, "Where what was made is"),
        ("Per-Page", Type::Integer, "Entries on a page"),
        ("Retry-After", Type::Integer, "Seconds after which to try again"),
        ("Total", Type::Integer, "Entries in all"),
    ]
    .into_iter()
    .map(|(name, kind, description)| {
        let schema = ObjectBuilder::new().schema_type(kind);
        (name, HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build())
    })
}

/// How callers may say who they are, any one of these.
fn securities(operation: &Operation, route: &Route) -> Vec<SecurityRequirement> {
    let none: [&str; 0] = [];
    let by = |name: &str| SecurityRequirement::new(name, none);
    let scopes = match route.access {
        Access::Needs(scopes) => scopes,
        Access::Open => {
            return match operation.caller {
                Caller::Anybody => Vec::new(),
                // Or in the body, or not at all in a page.
                Caller::Client | Caller::ClientOrPage => {
                    vec![by(CLIENT), SecurityRequirement::default()]
                }
                Caller::Provisioner => vec![by(PROVISIONER)],
            };
        }
    };
    match doorstep_dialects::at(route.path).map(|door| door.authentication) {
        Some(Authentication::Basic { .. }) => vec![by(API_CREDENTIAL)],
        Some(Authentication::Token { .. }) => vec![by(SESSION)],
        Some(Authentication::Usual) | None => {
            let tokens =
                scopes.iter().map(|scope| SecurityRequirement::new(ACCESS_TOKEN, [scope.name()]));
            let is_users = scopes.iter().any(|scope| Scopes::OF_AN_ADMIN.holds(*scope));
            tokens.chain(is_users.then(|| by(API_CREDENTIAL))).collect()
        }
    }
}

/// The ways to say who calls.
pub(super) fn security_schemes() -> impl Iterator<Item = (&'static str, SecurityScheme)> {
    let scopes = Scope::ALL.map(|scope| (scope.name(), allows(scope)));
    let scopes = utoipa::openapi::security::Scopes::from_iter(scopes);
    let flow = Flow::ClientCredentials(ClientCredentials::new(paths::OAUTH_TOKEN, scopes));
    let http = |scheme: HttpAuthScheme, description: &str| {
        SecurityScheme::Http(
            HttpBuilder::new().scheme(scheme).description(Some(description)).build(),
        )
    };
    let header = doorstep_dialects::apiculus::TOKEN_HEADER;
    [
        (
            ACCESS_TOKEN,
            SecurityScheme::OAuth2(OAuth2::with_description(
                [flow],
                "An access token or a sign-up token, as `Authorization: Bearer`, or as `DPoP` where it is bound to a key",
            )),
        ),
        (
            API_CREDENTIAL,
            http(HttpAuthScheme::Basic, "A user's API credential; what it may do is what the user may"),
        ),
        (
            CLIENT,
            http(
                HttpAuthScheme::Basic,
                "An OAuth client's id and secret; or in the body, or a `client_assertion` (RFC 7523)",
            ),
        ),
        (
            SESSION,
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
                header,
                "The token of `/auth/login`, or an access token",
            ))),
        ),
        (
            PROVISIONER,
            http(HttpAuthScheme::Bearer, "The token in the request to the provisioner"),
        ),
    ]
    .into_iter()
}

/// What a scope allows.
const fn allows(scope: Scope) -> &'static str {
    match scope {
        Scope::Public => "See what anybody may",
        Scope::Register => "Sign up users",
        Scope::ProfileRead => "See the own account",
        Scope::ProfileUpdate => "Change the own account",
        Scope::CredentialRead => "See the own API credentials",
        Scope::CredentialWrite => "Issue, change and end the own API credentials",
        Scope::Reissue => "Issue a new API credential to a user that the client registered",
        Scope::OrderRead => "See the own orders",
        Scope::OrderWrite => "Place orders, take them back, try them again",
        Scope::ProjectRead => "See where projects can be",
        Scope::ImagesRead => "See what can run in a project",
        Scope::ProjectWrite | Scope::ImagesWrite | Scope::DnsRead | Scope::DnsWrite => {
            "Nothing here; clients ask for it together with others"
        }
        Scope::AdminRead => "See every account",
        Scope::AdminWrite => "Change every account",
    }
}

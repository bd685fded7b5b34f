//! One operation of the document, as we write it down.

use doorstep_wire::Code;
use utoipa::{
    ToSchema,
    openapi::{Ref, RefOr, Schema},
};

/// Puts a schema and those that it needs among the components, and refers to it.
pub(super) type SchemaOf = fn(&mut Vec<(String, RefOr<Schema>)>) -> RefOr<Schema>;

/// The schema of a type.
pub(super) fn of<T: ToSchema>(components: &mut Vec<(String, RefOr<Schema>)>) -> RefOr<Schema> {
    components.push((T::name().into_owned(), T::schema()));
    T::schemas(components);
    Ref::from_schema_name(T::name()).into()
}

/// What a request's path, method and access do not say already.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    /// As in the table of routes.
    pub(super) method: &'static str,
    /// The same.
    pub(super) path: &'static str,
    /// What generated clients call it.
    pub(super) id: &'static str,
    /// A line.
    pub(super) summary: &'static str,
    /// More, in Markdown.
    pub(super) description: &'static str,
    /// Where it can be had as well, by method and path.
    pub(super) also: &'static [(&'static str, &'static str)],
    /// Parameters of the query and headers. Those of the path follow from it; what is
    /// said of one here counts instead.
    pub(super) parameters: &'static [Parameter],
    /// What is sent.
    pub(super) body: Option<Body>,
    /// What comes back when it went well.
    pub(super) answers: &'static [Answer],
    /// Refusals that only some routes have.
    pub(super) refusals: &'static [Code],
    /// How it is called where the table of routes says that it is open.
    pub(super) caller: Caller,
}

/// Who calls an open route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// Anybody.
    Anybody,
    /// An OAuth client, which says who it is as RFC 6749 has it and is refused so.
    Client,
    /// The same, and pages without a back end.
    ClientOrPage,
    /// The operator's provisioner, with the token of the order.
    Provisioner,
}

/// A body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body {
    /// What it may come as.
    pub(super) media_types: &'static [&'static str],
    /// Whether there must be one.
    pub(super) required: bool,
    /// What is in it.
    pub(super) schema: SchemaOf,
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

impl Body {
    pub(super) const fn json(schema: SchemaOf) -> Self {
        Self { media_types: &[JSON], required: true, schema }
    }

    pub(super) const fn form(schema: SchemaOf) -> Self {
        Self { media_types: &[FORM], required: true, schema }
    }

    pub(super) const fn json_or_form(schema: SchemaOf) -> Self {
        Self { media_types: &[JSON, FORM], required: true, schema }
    }

    pub(super) const fn optional(self) -> Self {
        Self { required: false, ..self }
    }
}

/// An answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) description: &'static str,
    /// The media type and what is in it.
    pub(super) content: Option<(&'static str, SchemaOf)>,
    /// Names of those in [`headers`](super::parts::headers).
    pub(super) headers: &'static [&'static str],
}

impl Answer {
    /// JSON.
    pub(super) const fn json(status: u16, description: &'static str, schema: SchemaOf) -> Self {
        Self::of(status, description, JSON, schema)
    }

    /// Something else.
    pub(super) const fn of(
        status: u16,
        description: &'static str,
        media_type: &'static str,
        schema: SchemaOf,
    ) -> Self {
        Self { status, description, content: Some((media_type, schema)), headers: &[] }
    }

    /// Nothing.
    pub(super) const fn empty(status: u16, description: &'static str) -> Self {
        Self { status, description, content: None, headers: &[] }
    }

    pub(super) const fn with(self, headers: &'static [&'static str]) -> Self {
        Self { headers, ..self }
    }
}

/// A parameter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) place: Place,
    pub(super) required: bool,
    pub(super) description: &'static str,
    pub(super) kind: Kind,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Query,
    Header,
    Path,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// Text that has to look like something.
    Pattern(&'static str),
    /// A whole number from one to another.
    Number(i64, i64),
    /// One of some words.
    Word(&'static [&'static str]),
}

impl Parameter {
    pub(super) const fn query(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self { name, place: Place::Query, required: false, description, kind }
    }

    pub(super) const fn header(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self { name, place: Place::Header, required: false, description, kind }
    }

    pub(super) const fn path(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self { name, place: Place::Path, required: true, description, kind }
    }

    pub(super) const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

impl Operation {
    pub(super) const fn new(
        (method, path): (&'static str, &'static str),
        id: &'static str,
        summary: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            id,
            summary,
            description: "",
            also: &[],
            parameters: &[],
            body: None,
            answers: &[],
            refusals: &[],
            caller: Caller::Anybody,
        }
    }

    pub(super) const fn says(self, description: &'static str) -> Self {
        Self { description, ..self }
    }

    pub(super) const fn also(self, also: &'static [(&'static str, &'static str)]) -> Self {
        Self { also, ..self }
    }

    pub(super) const fn asks(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    pub(super) const fn takes(self, body: Body) -> Self {
        Self { body: Some(body), ..self }
    }

    pub(super) const fn answers(self, answers: &'static [Answer]) -> Self {
        Self { answers, ..self }
    }

    pub(super) const fn refuses(self, refusals: &'static [Code]) -> Self {
        Self { refusals, ..self }
    }

    pub(super) const fn by(self, caller: Caller) -> Self {
        Self { caller, ..self }
    }
}

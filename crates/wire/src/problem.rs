//! The body of a refusal: problem details (RFC 9457) that also carry the flat
//! `errors` array of the documented contract.

use doorstep_fields::Fault;
use serde::{Deserialize, Serialize};

use crate::Code;

/// `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A page that explains the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short summary of the kind of problem.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable, for programs: one of the codes at `/docs/errors`.
    pub code: String,
    /// What happened this time and what to do.
    pub detail: String,
    /// Each field's fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FieldProblem>,
    /// One English sentence per fault, or the detail: the contract that older
    /// clients read.
    pub errors: Vec<String>,
    /// The account that exists already, for the client that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<ExistingUser>,
    /// Finds this request in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// An account that exists already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExistingUser {
    /// The platform's number for the user.
    pub id: i64,
}

/// One field's fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldProblem {
    /// Where in the request's body (RFC 6901).
    pub pointer: String,
    /// The field's name.
    pub field: String,
    /// The kind of fault, for programs.
    pub code: String,
    /// The English sentence.
    pub message: String,
}

impl FieldProblem {
    /// A catalogue field's fault, below `parent` (for example `/user`).
    pub fn of(fault: &Fault, parent: &str) -> Self {
        Self {
            pointer: format!("{parent}/{}", fault.field),
            field: fault.field.to_owned(),
            code: fault.code.name().to_owned(),
            message: fault.to_string(),
        }
    }
}

impl Problem {
    /// A refusal with its detail as the only error.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self {
            kind: format!("{}#{}", crate::paths::ERRORS_PAGE, code.name()),
            title: code.title().to_owned(),
            status: code.status(),
            code: code.name().to_owned(),
            errors: vec![detail.clone()],
            detail,
            faults: Vec::new(),
            user: None,
            request_id: None,
        }
    }

    /// A refusal for the faults of fields: the detail is their number, the
    /// errors are their sentences.
    pub fn of_faults(code: Code, faults: Vec<FieldProblem>) -> Self {
        let detail = match faults.as_slice() {
            [only] => only.message.clone(),
            many => format!("{} fields have faults", many.len()),
        };
        let errors = faults.iter().map(|fault| fault.message.clone()).collect();
        Self { faults, errors, ..Self::new(code, detail) }
    }
}

//! Refusals and failures as responses. A handler returns a [`Reject`]; one layer
//! writes its body, for only that layer knows the request's id.

use std::sync::Arc;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use doorstep_accounts::Refusal;
use doorstep_register::Error;
use doorstep_store::StoreError;
use doorstep_wire::{Code, FieldProblem, Problem, problem::ExistingUser};

/// A response that says no.
#[derive(Debug)]
pub(crate) struct Reject(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: Code,
    problem: Problem,
    headers: HeaderMap,
    /// For the operator's log only.
    cause: Option<String>,
}

/// Says that a refusal has its body already.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drawn;

/// What the outermost layer renders and logs.
#[derive(Debug, Clone)]
pub(crate) struct Rejected {
    pub(crate) code: Code,
    pub(crate) problem: Arc<Problem>,
    pub(crate) cause: Option<Arc<str>>,
}

impl Reject {
    /// A refusal that the HTTP side itself makes.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self::of(code, Problem::new(code, detail))
    }

    fn of(code: Code, problem: Problem) -> Self {
        Self(Box::new(Parts { code, problem, headers: HeaderMap::new(), cause: None }))
    }

    /// With what the operator's log should say.
    fn caused_by(mut self, cause: String) -> Self {
        self.0.cause = Some(cause);
        self
    }

    /// A failure of ours: the caller learns only that there was one.
    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        Self::new(
            Code::Internal,
            "the server failed; if it happens again, give the operator this request's id",
        )
        .caused_by(cause.into())
    }

    /// The code that programs read.
    pub(crate) fn code(&self) -> &'static str {
        self.0.code.name()
    }

    /// The same as what it is.
    pub(crate) fn kind(&self) -> Code {
        self.0.code
    }

    /// What is wrong with which field.
    pub(crate) fn faults(&self) -> &[FieldProblem] {
        &self.0.problem.faults
    }

    /// Whether the caller is told that it is not known.
    pub(crate) fn is_unauthorized(&self) -> bool {
        self.0.code.status() == 401
    }

    /// The sentence for people.
    pub(crate) fn detail(&self) -> &str {
        &self.0.problem.detail
    }

    /// Whether the same request would be refused again.
    pub(crate) fn is_final(&self) -> bool {
        !self.0.code.retry()
    }

    /// With a header.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.append(name, value);
        self
    }
}

impl From<Refusal> for Reject {
    fn from(refusal: Refusal) -> Self {
        let code = refusal.code();
        let detail = refusal.detail();
        let wait = match &refusal {
            Refusal::RateLimited(standing) => HeaderValue::from(standing.retry_seconds()),
            // It takes a person.
            Refusal::CatalogIncomplete => HeaderValue::from_static("60"),
            _ => HeaderValue::from_static("1"),
        };
        let problem = match refusal {
            Refusal::Invalid { faults } | Refusal::InvalidChange { faults } => {
                Problem::of_faults(code, faults)
            }
            Refusal::AlreadyRegistered { user_id: Some(id) } => {
                Problem { user: Some(ExistingUser { id }), ..Problem::new(code, detail) }
            }
            _ => Problem::new(code, detail),
        };
        let reject = Self::of(code, problem);
        if code.retry() { reject.with(header::RETRY_AFTER, wait) } else { reject }
    }
}

impl From<StoreError> for Reject {
    fn from(error: StoreError) -> Self {
        let cause = chain(&error);
        match error {
            StoreError::Full(_) => {
                Self::new(Code::StorageFull, "there is no room left to write: try again later")
                    .caused_by(cause)
                    // It takes a person.
                    .with(header::RETRY_AFTER, HeaderValue::from_static("60"))
            }
            StoreError::Unavailable(_)
            | StoreError::Contended(_)
            | StoreError::BrokenOff(_)
            | StoreError::Busy
            | StoreError::Shared(_) => {
                Self::new(Code::Unavailable, "the service is unavailable: try again in a moment")
                    .caused_by(cause)
                    .with(header::RETRY_AFTER, HeaderValue::from_static("1"))
            }
            StoreError::Statement(_) | StoreError::Corrupt { .. } | StoreError::AuditClosed => {
                Self::internal(cause)
            }
        }
    }
}

impl From<Error> for Reject {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Failed(error) => error.into(),
        }
    }
}

impl IntoResponse for Reject {
    fn into_response(self) -> Response {
        let Parts { code, problem, headers, cause } = *self.0;
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        *response.headers_mut() = headers;
        response.extensions_mut().insert(Rejected {
            code,
            problem: Arc::new(problem),
            cause: cause.map(Arc::from),
        });
        response
    }
}

/// An error and everything behind it, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// A JSON response that nobody may keep.
pub(crate) fn json(status: StatusCode, body: &impl serde::Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => {
            Reject::internal(format!("a reply does not serialise: {error}")).into_response()
        }
    }
}

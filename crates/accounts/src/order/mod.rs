//! Orders: what somebody wants to have, and what becomes of it.

mod check;
mod draft;
mod plan;
mod refusal;
mod state;

pub use self::{
    check::{Terms, problem},
    draft::{Draft, DraftContainer, DraftFaults, DraftParam, Named},
    plan::{Plan, PlannedContainer, PlannedParam},
    refusal::OrderRefusal,
    state::{Failure, FailureCode, OrderState, Step, WrongState},
};

use serde_json::{Map, Value};

use crate::clock::Timestamp;

/// An order as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// A UUID.
    pub id: String,
    /// Whose it is.
    pub user_id: i64,
    /// How far it is.
    pub state: OrderState,
    /// How often its state was written.
    pub revision: i64,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// What the project is to be called.
    pub project_name: String,
    /// Where it is to be: number and name, as the catalogue had them.
    pub location: (i64, String),
    /// What was ordered, as JSON, without secrets.
    pub document: Map<String, Value>,
    /// The secrets, sealed; wiped when nobody needs them any more.
    pub sealed: Option<String>,
    /// How many containers it has.
    pub containers: i64,
    /// Which run of it this is: one more with each retry.
    pub run: i64,
    /// The job that works on it.
    pub job_id: Option<String>,
    /// The project's number, from when work on it began.
    pub project_id: Option<i64>,
    /// Where the project is, once it is there.
    pub link: Option<String>,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When its state was last written.
    pub updated_at: Timestamp,
}

/// One change of an order's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderChange {
    /// Which one, from 1.
    pub revision: i64,
    /// The state since then.
    pub state: OrderState,
    /// Why, if it failed.
    pub failure: Option<Failure>,
    /// What whoever brings the project up said.
    pub note: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Order {
    /// The order after a step, with the next revision; refused where the step leads
    /// nowhere.
    pub fn step(&self, step: Step, now: Timestamp) -> Result<Self, WrongState> {
        let state = self.state.after(step)?;
        let failure = None;
        Ok(Self { state, failure, revision: self.revision + 1, updated_at: now, ..self.clone() })
    }

    /// Whether it was sent with secrets.
    pub fn has_secrets(&self) -> bool {
        let containers = self.document.get("containers").and_then(Value::as_array);
        let params = containers.into_iter().flatten().filter_map(|it| it.get("params"));
        params.filter_map(Value::as_array).flatten().any(|param| param.get("secret").is_some())
    }

    /// Whether it can be tried again: it failed, and what was sent with it is still here.
    pub fn can_retry(&self) -> bool {
        self.state.after(Step::Retry).is_ok() && (self.sealed.is_some() || !self.has_secrets())
    }

    /// Its host names.
    pub fn domains(&self) -> impl Iterator<Item = &str> {
        let containers = self.document.get("containers").and_then(Value::as_array);
        let domains = containers.into_iter().flatten().filter_map(|it| it.get("domains"));
        domains.filter_map(Value::as_array).flatten().filter_map(Value::as_str)
    }
}

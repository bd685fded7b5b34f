//! A refusal: of `doorstep_wire::Problem` what the widget acts on.
//!
//! The browser has a JSON parser already. A second one in the module, with its
//! numbers and its errors, would be a fifth of the download; so documents are read
//! member by member, and tests hold the names to those that the server writes.

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};

use crate::object::{get, text};

/// A refusal.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The response's own status.
    pub status: u16,
    /// `doorstep_wire::Code`'s name.
    pub code: String,
    /// What happened and what to do.
    pub detail: String,
    /// What is wrong with which field.
    pub faults: Vec<Told>,
    /// Seconds after which it may be tried again; no number if the server did not say so.
    pub wait: f64,
}

/// What the server says of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The field's name, or whatever else the JSON pointer ends in.
    pub field: String,
    /// Where in the request's body.
    pub pointer: String,
    /// The kind of fault, for us.
    pub code: String,
    /// In English, for a person.
    pub sentence: String,
}

impl Told {
    /// A fault at a JSON pointer: its last segment is the field. Field names have
    /// neither `/` nor `~`, so nothing needs unescaping.
    pub fn at(pointer: String, code: String, sentence: String) -> Self {
        let field = pointer.rsplit('/').next().unwrap_or_default().to_owned();
        Self { field, pointer, code, sentence }
    }
}

/// Reads a `doorstep_wire::Problem`; nothing if it is something else. The wait stands
/// beside it, in a header.
pub fn problem(status: u16, document: &JsValue) -> Option<Problem> {
    let faults = get(document, "faults");
    let faults = faults.dyn_ref::<Array>().map(Array::iter).into_iter().flatten();
    Some(Problem {
        status,
        code: get(document, "code").as_string()?,
        detail: text(document, "detail"),
        faults: faults
            .map(|fault| {
                let text = |name| text(&fault, name);
                Told::at(text("pointer"), text("code"), text("message"))
            })
            .collect(),
        wait: f64::NAN,
    })
}

#[cfg(test)]
mod tests {
    use doorstep_wire::{Code, FieldProblem, Problem};

    #[test]
    fn the_names_that_are_read_are_those_that_the_server_writes() {
        let fault = FieldProblem {
            pointer: String::new(),
            field: String::new(),
            code: String::new(),
            message: String::new(),
        };
        let problem = Problem::of_faults(Code::ValidationFailed, vec![fault]);
        let problem = serde_json::to_value(problem).unwrap();
        assert!(["code", "detail", "faults"].iter().all(|name| problem.get(name).is_some()));
        let fault = &problem["faults"][0];
        assert!(["pointer", "code", "message"].iter().all(|name| fault.get(name).is_some()));
    }
}

//! A body's members, as this API reads them: blank is absent, and every fault is noted.

use doorstep_fields::is_hidden;
use doorstep_wire::FieldProblem;
use serde_json::Value;

use crate::body::{Object, problem, step};

/// The longest text of any field, in characters (Unicode scalar values).
const MAX_CHARACTERS: usize = 255;

/// A body, and what is wrong with it so far.
pub(super) struct Reader<'a> {
    pub(super) body: &'a Object,
    pub(super) faults: Vec<FieldProblem>,
}

impl Reader<'_> {
    pub(super) fn fault(&mut self, name: &str, code: &str, message: &str) {
        self.faults.push(problem(&format!("/{}", step(name)), name, code, message));
    }

    pub(super) fn has_fault(&self, name: &str) -> bool {
        self.faults.iter().any(|fault| fault.field == name)
    }

    /// The names of all members.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.body.keys().map(String::as_str)
    }

    /// A member as text: without the space around it, and blank as if it were absent.
    /// A whole number is its digits, for some callers send codes that way.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let text = match self.body.get(name)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// Text that must be text: notes anything else.
    pub(super) fn own_text(&mut self, name: &str) -> Option<String> {
        match self.body.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(_)) => self.text(name),
            Some(_) => {
                self.fault(name, "WRONG_TYPE", &format!("{name} must be text"));
                None
            }
        }
    }

    /// Text or digits that must be one or the other.
    pub(super) fn digits(&mut self, name: &str) -> Option<String> {
        match self.body.get(name) {
            Some(Value::Number(_)) => self.text(name),
            _ => self.own_text(name),
        }
    }

    pub(super) fn required<T>(&mut self, name: &str, found: Option<T>) -> Option<T> {
        if found.is_none() && !self.has_fault(name) {
            self.fault(name, "REQUIRED", &format!("{name} is required"));
        }
        found
    }

    /// Text that must be there and not be too long.
    pub(super) fn required_text(&mut self, name: &str) -> Option<String> {
        let text = self.own_text(name);
        let text = self.required(name, text)?;
        if text.chars().count() > MAX_CHARACTERS {
            let message = format!("{name} is too long: use at most {MAX_CHARACTERS} characters");
            self.fault(name, "TOO_LONG", &message);
            return None;
        }
        Some(text)
    }

    /// A text that is one of a list, to the letter.
    pub(super) fn member_of(
        &mut self,
        name: &str,
        list: &[String],
        code: &str,
        is_required: bool,
    ) -> Option<String> {
        let text = self.own_text(name);
        let text = if is_required { self.required(name, text)? } else { text? };
        if list.contains(&text) {
            return Some(text);
        }
        let message = if name == "resellerCode" {
            "resellerCode is not the code of an active reseller: leave it out without one"
                .to_owned()
        } else {
            format!("{name} is not one of those that signUpHelper lists, letter by letter")
        };
        self.fault(name, code, &message);
        None
    }

    pub(super) fn line(&mut self, name: &str) -> Option<String> {
        let text = self.required_text(name)?;
        if text.chars().any(is_hidden) {
            let message = format!("{name} has an invisible control character: type it again");
            self.fault(name, "CONTROL_CHARACTER", &message);
            return None;
        }
        Some(text)
    }
}

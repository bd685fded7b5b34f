//! Members of a body, read by the types that the API has: text, numbers, and `yes` or `no`.

use doorstep_accounts::Refusal;
use doorstep_fields::{CATALOGUE, Field, Raw};
use doorstep_wire::FieldProblem;
use serde_json::Value;

use super::HASH;
use crate::body::{Object, note_unknown, object, problem, raw};

/// The documentation's name for the object that the body is.
const WRAPPER: &str = "$properties";

/// The members of a body, whether they stand alone or in the wrapper.
pub(super) fn properties(body: &[u8]) -> Result<Object, Refusal> {
    let mut body = object(body)?;
    if body.len() != 1 {
        return Ok(body);
    }
    match body.remove(WRAPPER) {
        None => Ok(body),
        Some(Value::Object(inner)) => Ok(inner),
        Some(_) => {
            let detail = format!("{WRAPPER} must be an object");
            Err(Refusal::MalformedBody { detail })
        }
    }
}

/// What a member holds.
pub(super) enum Sent<T> {
    /// It was not sent, or it was wrong.
    Not,
    /// It was sent blank.
    Blank,
    /// This.
    Is(T),
}

impl<T: Into<Value>> Sent<T> {
    pub(super) fn value(self) -> Option<T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Blank | Self::Not => None,
        }
    }

    /// As a document holds it: null for a blank one.
    pub(super) fn document(self) -> Option<Value> {
        match self {
            Self::Is(value) => Some(value.into()),
            Self::Blank => Some(Value::Null),
            Self::Not => None,
        }
    }
}

impl<T> From<Option<T>> for Sent<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Blank, Self::Is)
    }
}

/// Reads members one by one, and keeps what is wrong with them.
pub(super) struct Reader<'a> {
    body: &'a Object,
    /// Whether required members must be there.
    complete: bool,
    faults: Vec<FieldProblem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a Object, complete: bool) -> Self {
        Self { body, complete, faults: Vec::new() }
    }

    /// Text by a field's rule.
    pub(super) fn text(&mut self, field: &Field) -> Sent<String> {
        let mut number = String::new();
        let sent = match self.body.get(field.name) {
            Some(sent) => raw(sent, &mut number),
            None if self.complete => Raw::Absent,
            None => return Sent::Not,
        };
        match field.parse(sent) {
            Ok(answer) => answer.text().map(str::to_owned).into(),
            Err(code) => {
                self.fault(field.name, code.name(), &format!("{} {code}", field.label));
                Sent::Not
            }
        }
    }

    /// An address, which nobody can do without.
    pub(super) fn email(&mut self) -> Option<String> {
        let field = CATALOGUE.iter().find(|field| field.name == "email")?;
        let email = self.text(field);
        if matches!(email, Sent::Blank) {
            self.fault("email", "required", "E-mail is required");
        }
        email.value()
    }

    /// The hash of what is to be changed.
    pub(super) fn hash(&mut self) -> Option<String> {
        let complete = std::mem::replace(&mut self.complete, true);
        let hash = self.text(&HASH).value();
        self.complete = complete;
        hash
    }

    /// A whole number from `least`, also as digits: forms have nothing else, and older
    /// clients send it so.
    pub(super) fn number(
        &mut self,
        name: &str,
        label: &str,
        (least, required): (i64, bool),
    ) -> Sent<i64> {
        let digits = |text: &str| {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<i64>().ok().filter(|_| plain)
        };
        let number = match self.body.get(name) {
            None if !self.complete => return Sent::Not,
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.trim().is_empty() => None,
            Some(Value::String(text)) => Some(digits(text.trim())),
            Some(Value::Number(number)) => Some(number.as_i64()),
            Some(_) => {
                self.fault(name, "wrong_type", &format!("{label} must be a number"));
                return Sent::Not;
            }
        };
        match number {
            None if required => {
                self.fault(name, "required", &format!("{label} is required"));
                Sent::Not
            }
            None => Sent::Blank,
            Some(Some(number)) if number >= least => Sent::Is(number),
            Some(_) => {
                let message = format!("{label} must be a whole number from {least}");
                self.fault(name, "invalid", &message);
                Sent::Not
            }
        }
    }

    /// `yes` or `no`, and nothing that only looks like it.
    pub(super) fn yes_no(&mut self, name: &str, label: &str) -> Option<bool> {
        match self.body.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.is_empty() => None,
            Some(Value::String(text)) if text == "yes" => Some(true),
            Some(Value::String(text)) if text == "no" => Some(false),
            Some(_) => {
                self.fault(name, "invalid", &format!("{label} must be `yes` or `no`"));
                None
            }
        }
    }

    pub(super) fn fault(&mut self, name: &str, code: &str, message: &str) {
        self.faults.push(problem(&format!("/{name}"), name, code, message));
    }

    /// Pointers of members that mean nothing.
    pub(super) fn ignored(&self, known: &[&str]) -> Vec<String> {
        let mut ignored = Vec::new();
        note_unknown(self.body, "", known, &mut ignored);
        // Of our own fields this API has one under our name, and that is known.
        for field in CATALOGUE {
            if self.body.contains_key(field.name) && !known.contains(&field.name) {
                ignored.push(format!("/{}", field.name));
            }
        }
        ignored
    }

    /// Nothing, or everything that was wrong.
    pub(super) fn end(self) -> Result<(), Refusal> {
        let faults = self.faults;
        if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid { faults }) }
    }
}

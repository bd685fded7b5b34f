//! Reading a JSON body: objects, answers, labels, pointers.

use doorstep_accounts::{Refusal, application::Replaced, labels::is_reserved};
use doorstep_fields::{Raw, field};
use doorstep_wire::FieldProblem;
use serde_json::{Map, Value};

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// More pointers than this in a reply help nobody, and would let a caller make
/// the reply as long as the request.
const IGNORED_SHOWN: usize = 20;
/// Labels are notes, not storage: enough keys for every integration that we know.
const LABELS_MAX: usize = 50;

/// The body as an object.
pub(crate) fn object(body: &[u8]) -> Result<Object, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) if object.contains_key("access_token") => {
            Err(Refusal::TokenInBody)
        }
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => {
            Err(Refusal::MalformedBody { detail: "the body must be a JSON object".to_owned() })
        }
        Err(error) => Err(Refusal::MalformedBody {
            detail: format!(
                "the body is not JSON: line {}, column {}",
                error.line(),
                error.column()
            ),
        }),
    }
}

/// A member as an answer; a number as its text, for some clients send postal
/// codes and usernames that way. `text` keeps the number's digits alive.
pub(crate) fn raw<'a>(value: &'a Value, text: &'a mut String) -> Raw<'a> {
    match value {
        Value::Null => Raw::Absent,
        Value::String(text) => Raw::Text(text),
        Value::Bool(flag) => Raw::Flag(*flag),
        Value::Number(number) => {
            *text = number.to_string();
            Raw::Text(text)
        }
        Value::Array(_) | Value::Object(_) => Raw::Other,
    }
}

/// One step of a JSON pointer, escaped (RFC 6901 §3).
pub(crate) fn step(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// A fault that is not one of a catalogue field.
pub(crate) fn problem(pointer: &str, field: &str, code: &str, message: &str) -> FieldProblem {
    FieldProblem {
        pointer: pointer.to_owned(),
        field: field.to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

/// Labels as an object or as a list of objects, which documents and clients
/// disagree about.
pub(crate) fn labels(value: &Value, pointer: &str) -> Result<Object, FieldProblem> {
    let wrong = || {
        problem(
            pointer,
            "merge_labels",
            "wrong_type",
            "merge_labels must be an object or a list of objects",
        )
    };
    let merged = match value {
        Value::Null => Object::new(),
        Value::Object(object) => object.clone(),
        Value::Array(items) => {
            let mut merged = Object::new();
            for item in items {
                merged.extend(item.as_object().ok_or_else(wrong)?.clone());
            }
            merged
        }
        _ => return Err(wrong()),
    };
    if merged.len() > LABELS_MAX {
        return Err(problem(
            pointer,
            "merge_labels",
            "too_many",
            &format!("merge_labels has too many keys: send at most {LABELS_MAX}"),
        ));
    }
    Ok(merged)
}

/// Takes the keys out that only the server writes, and notes where they stood in the
/// value that the labels were read from.
pub(crate) fn drop_reserved(
    labels: Object,
    provider: &str,
    (value, pointer): (&Value, &str),
    ignored: &mut Vec<String>,
) -> Object {
    labels
        .into_iter()
        .filter(|(key, _)| {
            let reserved = is_reserved(key, provider);
            if reserved {
                // The last of a list's objects is the one that counted.
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                let at = items.iter().rposition(|item| item.get(key.as_str()).is_some());
                let index = at.map(|at| format!("/{at}")).unwrap_or_default();
                note(ignored, format!("{pointer}{index}/{}", step(key)));
            }
            !reserved
        })
        .collect()
}

/// Notes members of `user` that no field takes.
pub(crate) fn note_unknown(
    user: &Object,
    pointer: &str,
    known: &[&str],
    ignored: &mut Vec<String>,
) {
    for key in user.keys() {
        if field(key).is_none() && !known.contains(&key.as_str()) {
            note(ignored, format!("{pointer}/{}", step(key)));
        }
    }
}

pub(crate) fn note(ignored: &mut Vec<String>, pointer: String) {
    if ignored.len() < IGNORED_SHOWN {
        ignored.push(pointer);
    }
}

/// What was sent in the fields whose answers were replaced.
pub(crate) fn replaced(user: &Object, substituted: &[&'static str]) -> Vec<Replaced> {
    substituted
        .iter()
        .map(|&field| Replaced {
            field,
            from: match user.get(field) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            },
        })
        .collect()
}

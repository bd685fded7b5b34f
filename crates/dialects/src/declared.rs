//! `custom` in a sign-up: answers to the fields that the operator declared.

use doorstep_accounts::{Refusal, labels::OWN};
use doorstep_fields::{FaultCode, Field, Kind, Raw, Value as Answer};
use doorstep_wire::FieldProblem;
use serde_json::{Map, Number, Value};

use crate::body::{Object, note, problem, step};

/// What was sent for the declared fields.
pub(crate) struct Declared {
    fields: &'static [Field],
    sent: Object,
    pointer: String,
}

impl Declared {
    /// Takes them out of the user.
    pub(crate) fn take(
        fields: &'static [Field],
        user: &mut Object,
        parent: &str,
        faults: &mut Vec<FieldProblem>,
    ) -> Self {
        let pointer = format!("{parent}/custom");
        let sent = match user.remove("custom") {
            None | Some(Value::Null) => Object::new(),
            Some(Value::Object(sent)) => sent,
            Some(_) => {
                faults.push(problem(&pointer, "custom", "wrong_type", "custom must be an object"));
                Object::new()
            }
        };
        Self { fields, sent, pointer }
    }

    /// Holds them to what the sign-up token says, and fills in what was left out. A field
    /// that is not declared any more is nobody's.
    pub(crate) fn hold_to(&mut self, locked: &Map<String, Value>) -> Result<(), Refusal> {
        for field in self.fields {
            let Some(said) = locked.get(field.name) else { continue };
            match self.sent.get(field.name) {
                None | Some(Value::Null) => {
                    self.sent.insert(field.name.to_owned(), said.clone());
                }
                // The same number or day, however it is written.
                Some(sent) if parse(field, sent) == parse(field, said) => {}
                Some(_) => return Err(Refusal::AuthorizationDetailsMismatch { field: field.name }),
            }
        }
        Ok(())
    }

    /// Checks them; with `complete` also that none is missing. What is sound becomes a
    /// label, below the key that is ours.
    pub(crate) fn check(
        &self,
        complete: bool,
        labels: &mut Object,
        faults: &mut Vec<FieldProblem>,
        ignored: &mut Vec<String>,
    ) {
        let mut kept = Object::new();
        for field in self.fields {
            let sent = self.sent.get(field.name).unwrap_or(&Value::Null);
            match parse(field, sent) {
                Ok(Some(answer)) => {
                    kept.insert(field.name.to_owned(), label(field, answer));
                }
                Ok(None) => {}
                // Nothing was said, which only a form may not do.
                Err(FaultCode::Required | FaultCode::ConsentNeeded)
                    if !complete && is_blank(sent) => {}
                Err(code) => faults.push(problem(
                    &format!("{}/{}", self.pointer, field.name),
                    field.name,
                    code.name(),
                    &format!("{} {code}", field.label),
                )),
            }
        }
        for name in self.sent.keys() {
            if self.fields.iter().all(|field| field.name != name) {
                note(ignored, format!("{}/{}", self.pointer, step(name)));
            }
        }
        if !kept.is_empty() {
            labels.insert(OWN.to_owned(), Value::Object(kept));
        }
    }
}

fn is_blank(sent: &Value) -> bool {
    sent.is_null() || sent.as_str().is_some_and(|text| text.trim().is_empty())
}

fn parse(field: &Field, sent: &Value) -> Result<Option<Answer>, FaultCode> {
    let digits;
    let raw = match sent {
        Value::Null => Raw::Absent,
        Value::String(text) => Raw::Text(text),
        Value::Bool(flag) => Raw::Flag(*flag),
        Value::Number(number) => {
            digits = plain(number);
            Raw::Text(&digits)
        }
        Value::Array(_) | Value::Object(_) => Raw::Other,
    };
    Ok(field.parse(raw)?.value)
}

/// A JSON number's digits; `5.0` is the number 5 (JSON Schema, 6.1.1).
fn plain(number: &Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// The answer as a label has it.
fn label(field: &Field, answer: Answer) -> Value {
    match answer {
        Answer::Flag(flag) => Value::Bool(flag),
        // It has so few digits that it is a JSON number.
        Answer::Text(text) if field.kind == Kind::Number => {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        Answer::Text(text) => Value::String(text),
    }
}

#[cfg(test)]
mod tests {
    use doorstep_accounts::NameRules;
    use doorstep_fields::declare;

    use super::*;
    use crate::native::decode_sign_up;

    fn fields() -> &'static [Field] {
        declare("declared.rs".to_owned(), || {
            vec![
                Field::declared("vat_id", "VAT number", Kind::Text).max(20),
                Field { choices: &["s", "l"], ..Field::declared("size", "Size", Kind::Choice) },
                Field {
                    range: ["1", "500"],
                    ..Field::declared("staff", "Staff", Kind::Number).required()
                },
                Field { decimals: 2, ..Field::declared("rate", "Rate", Kind::Number) },
                Field::declared("since", "Since", Kind::Date),
                Field::declared("terms", "I accept", Kind::Consent).required(),
            ]
        })
    }

    /// Pointers and codes of faults.
    type Faults = Vec<(String, String)>;

    /// Labels and what was ignored, or the faults.
    fn read(custom: &str) -> Result<(Value, Vec<String>), Faults> {
        let body = format!(
            r#"{{"user":{{"fname":"A","lname":"B","provider_server":"s","provider_username":"u","custom":{custom}}}}}"#
        );
        match decode_sign_up(body.as_bytes(), None, NameRules::default(), fields(), false) {
            Ok(application) => Ok((application.labels.into(), application.ignored)),
            Err(Refusal::Invalid { faults }) => {
                Err(faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect())
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn answers_become_labels_of_ours_each_in_its_own_type() {
        let custom = r#"{"vat_id":" DE1 ","size":"l","staff":"007","rate":1.50,"since":"2024-02-29","terms":true}"#;
        let (labels, ignored) = read(custom).unwrap();
        assert_eq!(
            labels,
            serde_json::json!({ "doorstep": {
                "vat_id": "DE1", "size": "l", "staff": 7, "rate": 1.5, "since": "2024-02-29",
                "terms": true,
            }})
        );
        assert!(ignored.is_empty(), "{ignored:?}");
        assert_eq!(read(r#"{"staff":5.0}"#).unwrap().0["doorstep"]["staff"], 5);
    }

    #[test]
    fn a_back_end_leaves_out_what_it_does_not_know_and_what_it_says_is_checked() {
        for nothing in ["{}", "null", r#"{"staff":null,"terms":"","vat_id":" "}"#] {
            assert_eq!(read(nothing).unwrap().0, Value::Object(Object::new()), "{nothing}");
        }
        let fault = |name: &str, code: &str| (format!("/user/custom/{name}"), code.to_owned());
        let long = "x".repeat(21);
        let custom = format!(
            r#"{{"vat_id":"{long}","size":"xl","staff":0,"rate":"1.999","since":"2026-02-30","terms":false}}"#
        );
        assert_eq!(
            read(&custom).unwrap_err(),
            [
                fault("vat_id", "too_long"),
                fault("size", "unknown_choice"),
                fault("staff", "too_small"),
                fault("rate", "invalid_number"),
                fault("since", "invalid_date"),
                fault("terms", "consent_needed"),
            ]
        );
        let odd = r#"{"vat_id":[],"size":1,"staff":7.5e300,"rate":{},"since":20260101,"terms":2}"#;
        assert_eq!(
            read(odd).unwrap_err(),
            [
                fault("vat_id", "wrong_type"),
                fault("size", "unknown_choice"),
                fault("staff", "invalid_number"),
                fault("rate", "wrong_type"),
                fault("since", "invalid_date"),
                fault("terms", "wrong_type"),
            ]
        );
        assert_eq!(read("7").unwrap_err(), [("/user/custom".to_owned(), "wrong_type".to_owned())]);
    }

    #[test]
    fn names_that_nobody_declared_are_named_and_not_kept() {
        let (labels, ignored) =
            read(r#"{"__proto__":{"a":1},"a/b":1,"VAT_ID":"x","staff":2}"#).unwrap();
        assert_eq!(labels.to_string(), r#"{"doorstep":{"staff":2}}"#);
        assert_eq!(ignored, ["/user/custom/VAT_ID", "/user/custom/__proto__", "/user/custom/a~1b"]);
    }
}

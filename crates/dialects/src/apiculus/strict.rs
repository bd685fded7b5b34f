//! JSON in which no object names a member twice: which of the two counts would be
//! anybody's guess (RFC 8259 §4).

use std::fmt;

use doorstep_accounts::Refusal;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::body::{Object, object};

/// The body as an object.
pub(super) fn strict_object(body: &[u8]) -> Result<Object, Refusal> {
    // First as every other door does: its messages say where the mistake is.
    object(body)?;
    match serde_json::from_slice(body) {
        Ok(Strict(Value::Object(object))) => Ok(object),
        Ok(_) => Err(malformed("the body must be a JSON object".to_owned())),
        Err(error) => Err(malformed(error.to_string())),
    }
}

fn malformed(detail: String) -> Refusal {
    Refusal::MalformedBody { detail }
}

/// A value without twins.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let Strict(value) = members.next_value()?;
            if object.contains_key(&name) {
                return Err(A::Error::custom("a member is there twice"));
            }
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twins_are_refused_at_every_depth_and_all_else_is_kept() {
        let text = br#"{"a":[1,-2,2.5,true,null,"x\u00e9"],"b":{"a":{}}}"#;
        let plain: Value = serde_json::from_slice(text).unwrap();
        assert_eq!(Value::Object(strict_object(text).unwrap()), plain);
        for bad in [r#"{"a":1,"a":1}"#, r#"{"b":[{"a":1,"\u0061":2}]}"#, "[]", "7", "", "{", "{}x"]
        {
            let refused = strict_object(bad.as_bytes()).unwrap_err();
            assert!(matches!(refused, Refusal::MalformedBody { .. }), "{bad}");
        }
    }
}

//! Everything that is known of a person, as one JSON document.

use doorstep_accounts::Timestamp;
use serde_json::{Map, Value, json};

use crate::native_profile::rfc3339;

/// Names what the document is: a reader in some years has nothing else.
const FORMAT: &str = "doorstep user export 1";

/// The document: each part's rows, with their times as people read them.
pub fn encode_export(user_id: i64, now: Timestamp, parts: Map<String, Value>) -> Value {
    let data: Map<_, _> =
        parts.into_iter().map(|(name, rows)| (name, with_readable_times(rows))).collect();
    json!({ "format": FORMAT, "id": user_id, "exported_at": rfc3339(now), "data": data })
}

fn with_readable_times(mut rows: Value) -> Value {
    let members = rows.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut);
    for (name, value) in members.flatten() {
        if let (true, Some(at)) = (name.ends_with("_at"), value.as_i64()) {
            *value = rfc3339(Timestamp(at)).into();
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_readable_and_numbers_stay_numbers() {
        let rows =
            json!([{ "id": 7, "created_at": 0, "revoked_at": null, "payload": { "x_at": 1 } }]);
        let parts = Map::from_iter([("account".to_owned(), rows)]);
        let document = encode_export(7, Timestamp(1), parts);
        assert_eq!(document["exported_at"], "1970-01-01T00:00:00.001Z");
        let row = json!({
            "id": 7,
            "created_at": "1970-01-01T00:00:00.000Z",
            "revoked_at": null,
            "payload": { "x_at": 1 },
        });
        assert_eq!(document["data"]["account"], json!([row]));
    }
}

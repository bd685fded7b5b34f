//! API credentials as their owners see them: the documented members (seed "User
//! API", `{"api_credential":{"id","name","username","password"}}`) and what
//! managing them takes.

use doorstep_accounts::{Credential, Refusal, Secret, Timestamp};
use serde_json::{Map, Value, json};

use crate::{
    body::{object, problem},
    native_profile::rfc3339,
};

/// What a body says of a credential. What it does not say stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// What it is for, in words.
    pub name: Option<String>,
    /// From when it is no longer valid; `Some(None)`: never.
    pub expires_at: Option<Option<Timestamp>>,
}

/// As long as a line in a list.
const NAME_CHARACTERS: usize = 100;

/// Reads a description: inside `api_credential`, as documented, or flat. An
/// empty body says nothing. `now` is what an end must lie after.
pub fn decode_description(body: &[u8], now: Timestamp) -> Result<Description, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Description::default());
    }
    let mut body = object(body)?;
    let (members, parent) = match body.remove("api_credential") {
        Some(Value::Object(members)) => (members, "/api_credential"),
        None | Some(Value::Null) => (body, ""),
        Some(_) => {
            let fault = problem(
                "/api_credential",
                "api_credential",
                "wrong_type",
                "api_credential must be an object",
            );
            return Err(Refusal::Invalid { faults: vec![fault] });
        }
    };
    let mut faults = Vec::new();
    let mut fault = |name: &str, code: &str, message: &str| {
        faults.push(problem(&format!("{parent}/{name}"), name, code, message));
    };
    let name = match members.get("name") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => {
            let name = name.trim();
            if name.chars().count() > NAME_CHARACTERS || name.chars().any(char::is_control) {
                let message =
                    format!("name must be at most {NAME_CHARACTERS} characters on one line");
                fault("name", "invalid", &message);
            }
            Some(name.to_owned()).filter(|name| !name.is_empty())
        }
        Some(_) => {
            fault("name", "wrong_type", "name must be text");
            None
        }
    };
    let expires_at = match members.get("expires_at") {
        None => None,
        Some(Value::Null) => Some(None),
        Some(value) => {
            let at = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
            match at.map(|at| Timestamp(at.as_millisecond())) {
                Some(at) if at > now => Some(Some(at)),
                Some(_) => {
                    fault("expires_at", "in_the_past", "expires_at must be in the future");
                    None
                }
                None => {
                    fault(
                        "expires_at",
                        "invalid",
                        "expires_at must be a time like \"2030-12-31T23:59:59Z\", or null",
                    );
                    None
                }
            }
        }
    };
    if faults.is_empty() {
        Ok(Description { name, expires_at })
    } else {
        Err(Refusal::Invalid { faults })
    }
}

/// One credential, with its password where it was made just now.
pub fn encode_credential(
    credential: &Credential,
    password: Option<&Secret>,
    now: Timestamp,
) -> Value {
    json!({ "api_credential": members(credential, password, now) })
}

/// All of a user's.
pub fn encode_credentials(credentials: &[Credential], now: Timestamp) -> Value {
    let list: Vec<_> =
        credentials.iter().map(|credential| members(credential, None, now)).collect();
    json!({ "api_credentials": list })
}

fn members(
    credential: &Credential,
    password: Option<&Secret>,
    now: Timestamp,
) -> Map<String, Value> {
    let time = |at: Option<Timestamp>| at.map_or(Value::Null, |at| rfc3339(at).into());
    let status = if credential.revoked_at.is_some() {
        "revoked"
    } else if !credential.is_live(now) {
        "expired"
    } else if credential.secret.is_unset() {
        // The panel's back end has not claimed it.
        "unclaimed"
    } else {
        "active"
    };
    let mut members = Map::from_iter([
        ("id".to_owned(), credential.number.into()),
        ("name".to_owned(), credential.name.clone().into()),
        ("username".to_owned(), credential.username.clone().into()),
        ("status".to_owned(), status.into()),
        ("created_at".to_owned(), rfc3339(credential.created_at).into()),
        ("last_used_at".to_owned(), time(credential.last_used_at)),
        ("rotated_at".to_owned(), time(credential.rotated_at)),
        ("expires_at".to_owned(), time(credential.expires_at)),
        ("revoked_at".to_owned(), time(credential.revoked_at)),
    ]);
    if let Some(password) = password {
        members.insert("password".to_owned(), password.expose().into());
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn decode(body: &str) -> Result<Description, Refusal> {
        decode_description(body.as_bytes(), NOW)
    }

    #[test]
    fn a_description_stands_inside_or_flat_or_is_absent() {
        let foo = Description { name: Some("Foo".to_owned()), expires_at: None };
        assert_eq!(decode(r#"{"api_credential":{"name":" Foo "}}"#).unwrap(), foo);
        assert_eq!(decode(r#"{"name":"Foo"}"#).unwrap(), foo);
        for body in ["", " ", "{}", r#"{"api_credential":{"name":""}}"#, r#"{"name":null}"#] {
            assert_eq!(decode(body).unwrap(), Description::default(), "{body}");
        }
        let end = decode(r#"{"expires_at":"2100-01-01T00:00:00+02:00"}"#).unwrap();
        assert_eq!(end.expires_at, Some(Some(Timestamp(4_102_437_600_000))));
        assert_eq!(decode(r#"{"expires_at":null}"#).unwrap().expires_at, Some(None));
    }

    #[test]
    fn faults_come_together() {
        let body = r#"{"api_credential":{"name":7,"expires_at":"2020-01-01T00:00:00Z"}}"#;
        let Err(Refusal::Invalid { faults }) = decode(body) else { panic!("accepted") };
        let found: Vec<_> =
            faults.iter().map(|fault| (fault.pointer.as_str(), fault.code.as_str())).collect();
        let expected =
            [("/api_credential/name", "wrong_type"), ("/api_credential/expires_at", "in_the_past")];
        assert_eq!(found, expected);
        for body in [
            r#"{"expires_at":"tomorrow"}"#,
            r#"{"expires_at":1}"#,
            r#"{"expires_at":"2030-01-01"}"#,
            r#"{"name":"a\nb"}"#,
            r#"{"api_credential":[]}"#,
        ] {
            assert!(matches!(decode(body), Err(Refusal::Invalid { .. })), "{body}");
        }
    }
}

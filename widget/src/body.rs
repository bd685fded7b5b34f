//! What is sent.

use doorstep_fields::{SignUp, Value, field};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::settings::Settings;

#[derive(Serialize)]
struct Body<'a> {
    user: User<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    provider: &'a str,
}

/// Answers to the fields that the operator declared.
struct Custom<'a>(&'a SignUp);

struct User<'a> {
    settings: &'a Settings,
    answers: &'a SignUp,
}

/// The request's body. Members that the host did not give are left out: the
/// token may say them, and if not, the server names what is missing.
///
/// Texts and flags only, and no `serde_json::Value`: reading and writing floating
/// point numbers would weigh as much as half the form.
pub(crate) fn of(settings: &Settings, answers: &SignUp) -> String {
    let body = Body { user: User { settings, answers }, provider: &settings.provider };
    // Texts and flags always have a JSON form; the error's own text would be dead weight.
    serde_json::to_string(&body).unwrap_or_default()
}

impl Serialize for User<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        put(&mut members, self.answers, false)?;
        if self.answers.values().any(|(name, _)| is_declared(name)) {
            members.serialize_entry("custom", &Custom(self.answers))?;
        }
        let provider = [
            ("provider_server", &self.settings.provider_server),
            ("provider_username", &self.settings.provider_username),
        ];
        for (name, value) in provider.into_iter().filter(|(_, value)| !value.is_empty()) {
            members.serialize_entry(name, value)?;
        }
        members.end()
    }
}

impl Serialize for Custom<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        put(&mut members, self.0, true)?;
        members.end()
    }
}

fn is_declared(name: &str) -> bool {
    field(name).is_none()
}

/// Those that the operator declared, or the others.
fn put<M: SerializeMap>(members: &mut M, answers: &SignUp, declared: bool) -> Result<(), M::Error> {
    for (name, value) in answers.values().filter(|(name, _)| is_declared(name) == declared) {
        match value {
            Value::Text(text) => members.serialize_entry(name, text)?,
            Value::Flag(flag) => members.serialize_entry(name, flag)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use doorstep_fields::{Field, Kind, Raw, declare};

    use super::*;

    #[test]
    fn the_body_is_the_documented_one() {
        let settings = Settings {
            provider_server: "s1.example".to_owned(),
            provider_username: "ada".to_owned(),
            ..Settings::default()
        };
        let answers = SignUp::parse([
            ("fname", Raw::Text(" Ada ")),
            ("lname", Raw::Text("Love\"lace")),
            ("c_sftp_pass", Raw::Flag(true)),
        ])
        .unwrap();
        let expected = serde_json::json!({ "user": {
            "fname": "Ada", "lname": "Love\"lace", "c_sftp_pass": true,
            "provider_server": "s1.example", "provider_username": "ada",
        }});
        let sent: serde_json::Value = serde_json::from_str(&of(&settings, &answers)).unwrap();
        assert_eq!(sent, expected);

        let declared = declare("body.rs".to_owned(), || {
            vec![
                Field::declared("staff", "", Kind::Number),
                Field::declared("terms", "", Kind::Consent),
            ]
        });
        let asked = [
            ("fname", Raw::Text("Ada")),
            ("lname", Raw::Text("L")),
            ("staff", Raw::Text("7")),
            ("terms", Raw::Flag(true)),
        ];
        let answers = SignUp::parse_with(declared, asked).unwrap();
        let sent: serde_json::Value = serde_json::from_str(&of(&settings, &answers)).unwrap();
        assert_eq!(sent["user"]["custom"], serde_json::json!({ "staff": "7", "terms": true }));

        let plesk = Settings { provider: "plesk".to_owned(), ..Settings::default() };
        let sent: serde_json::Value = serde_json::from_str(&of(&plesk, &answers)).unwrap();
        assert_eq!(sent["provider"], "plesk");
        assert!(sent["user"].get("provider_server").is_none());
    }
}

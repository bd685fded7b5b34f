//! Bodies of the user API: a sign-up with and without a token, a change, a credential's description.
//!
//! Input: a body, which every one of these readers gets.

use std::sync::OnceLock;

use doorstep_accounts::{
    Application, Binding, Identity, Refusal, Timestamp, binding::TYPE, labels::is_reserved,
};
use doorstep_dialects::native::{decode_change, decode_description, decode_sign_up};
use doorstep_fields::Value as Answer;
use doorstep_wire::FieldProblem;
use serde_json::{Map, Value, json};

use crate::RULES;

/// Holds an input to it.
pub fn check(data: &[u8]) {
    sign_up(data, None);
    sign_up(data, Some(bound()));
    change(data);
    description(data);
}

/// A body without insignificant blanks, members in one order: what fingerprints of keyed requests are made of, so
/// two bodies with the same one must mean the same.
pub(crate) fn canonical(body: &[u8]) -> Vec<u8> {
    let value: Value = serde_json::from_slice(body).expect("what was decoded is JSON");
    value.to_string().into_bytes()
}

fn sign_up(body: &[u8], bound: Option<&Binding>) {
    let application = match decode_sign_up(body, bound, RULES, &[], false) {
        Ok(application) => application,
        Err(refusal) => return refused(&refusal),
    };
    let Application { identity, answers, labels, replaced, ignored } = &application;
    let again = decode_sign_up(&canonical(body), bound, RULES, &[], false)
        .expect("the same body is as good");
    assert_eq!(format!("{again:?}"), format!("{application:?}"));
    if let Some(bound) = bound {
        assert_eq!(*identity, bound.identity, "a token says for whom it is");
        assert_eq!(answers.text("country"), Some("DE"), "and what is locked");
    }
    for name in ["fname", "lname"] {
        assert!(answers.text(name).is_some_and(|text| !text.trim().is_empty()), "{name}");
    }
    assert!(!labels.keys().any(|key| is_reserved(key, &identity.provider)), "{labels:?}");
    // What is said to be passed over was there; a reply does not grow with its request.
    let whole: Value = serde_json::from_slice(body).expect("what was decoded is JSON");
    assert!(ignored.len() <= 20);
    for pointer in ignored {
        assert!(whole.pointer(pointer).is_some(), "{pointer}");
    }
    assert!(replaced.len() <= 2, "{replaced:?}");
    if bound.is_none() && labels.len() <= 50 {
        written_and_read_again(&application);
    }
}

/// What was read, written in the documented form, reads as the same, and as nothing else.
fn written_and_read_again(application: &Application) {
    let Identity { provider, server, username, .. } = &application.identity;
    let mut user = Map::new();
    for (name, answer) in application.answers.values() {
        user.insert(name.to_owned(), json_of(answer));
    }
    user.insert("provider".to_owned(), provider.as_str().into());
    user.insert("provider_server".to_owned(), server.as_str().into());
    user.insert("provider_username".to_owned(), username.as_str().into());
    user.insert("merge_labels".to_owned(), Value::Object(application.labels.clone()));
    let body = json!({ "user": user }).to_string();
    let again = decode_sign_up(body.as_bytes(), None, RULES, &[], false)
        .expect("what was read can be written");
    assert_eq!(again.identity, application.identity);
    assert_eq!(
        again.answers.values().collect::<Vec<_>>(),
        application.answers.values().collect::<Vec<_>>()
    );
    assert_eq!(again.labels, application.labels);
    assert!(again.replaced.is_empty() && again.ignored.is_empty(), "{again:?}");
}

fn change(body: &[u8]) {
    let change = match decode_change(body) {
        Ok(change) => change,
        Err(refusal) => return refused(&refusal),
    };
    let again = decode_change(&canonical(body)).expect("the same body is as good");
    assert_eq!(format!("{again:?}"), format!("{change:?}"));
    for name in &change.cleared {
        let is_needed = ["fname", "lname", "email", "locale", "currency"].contains(name);
        let is_given = change.answers.values().any(|(answered, _)| answered == *name);
        assert!(!is_needed && !is_given, "{name}");
    }
    assert!(change.labels.len() <= 50);
}

fn description(body: &[u8]) {
    const NOW: Timestamp = Timestamp(1_800_000_000_000);
    let description = match decode_description(body, NOW) {
        Ok(description) => description,
        Err(refusal) => return refused(&refusal),
    };
    if let Some(name) = &description.name {
        assert!((1..=100).contains(&name.chars().count()) && name.trim() == name, "{name:?}");
        assert!(!name.chars().any(char::is_control), "{name:?}");
    }
    assert!(description.expires_at.flatten().is_none_or(|end| end > NOW));
}

pub(crate) fn json_of(answer: &Answer) -> Value {
    match answer {
        Answer::Text(text) => text.as_str().into(),
        Answer::Flag(flag) => (*flag).into(),
    }
}

/// What a refusal tells its reader.
pub(crate) fn refused(refusal: &Refusal) {
    match refusal {
        Refusal::Invalid { faults } | Refusal::InvalidChange { faults } => {
            // Each field has one at the most, and so has each setting and each place of labels.
            assert!((1..=40).contains(&faults.len()), "{faults:?}");
            for fault in faults {
                let FieldProblem { pointer, field, code, message } = fault;
                assert!(pointer.is_empty() || pointer.starts_with('/'), "{fault:?}");
                assert!(!field.is_empty() && !code.is_empty(), "{fault:?}");
                assert!((1..=200).contains(&message.chars().count()), "{fault:?}");
            }
        }
        other => assert!(other.detail().chars().count() <= 200, "{other:?}"),
    }
}

/// A sign-up token's, with an answer that cannot be changed.
fn bound() -> &'static Binding {
    static BOUND: OnceLock<Binding> = OnceLock::new();
    BOUND.get_or_init(|| {
        let details = json!([{
            "type": TYPE,
            "provider_server": "Srv.example:2083",
            "provider_username": "Bob",
            "locked": { "country": "DE" },
        }]);
        Binding::parse(&details.to_string(), "https://us.example/api/users", RULES, &[])
            .expect("it is good")
    })
}

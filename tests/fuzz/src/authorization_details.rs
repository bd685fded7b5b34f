//! What a sign-up token is bound to (RFC 9396).
//!
//! Input: the parameter `authorization_details`.

use doorstep_accounts::{Binding, Delivery, Refusal, binding::MAX_BYTES, client::canonical_origin};
use doorstep_dialects::native::decode_sign_up;
use doorstep_fields::{Raw, field};
use serde_json::{Map, Value, json};

use crate::RULES;

const ENDPOINT: &str = "https://us.example/api/users";

/// Holds an input to it.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let binding = match Binding::parse(text, ENDPOINT, RULES, &[]) {
        Ok(binding) => binding,
        Err(why) => {
            assert!(!why.is_empty());
            return;
        }
    };
    assert!(text.len() <= MAX_BYTES);
    // What is stored and told to the client says the same.
    let stored = binding.to_json().to_string();
    assert_eq!(Binding::from_stored(&stored).as_ref(), Some(&binding));
    let sent = format!("[{stored}]");
    if sent.len() <= MAX_BYTES {
        assert_eq!(Binding::parse(&sent, ENDPOINT, RULES, &[]).as_ref(), Ok(&binding));
    }
    assert!(binding.origins.len() <= 16);
    for origin in &binding.origins {
        assert_eq!(canonical_origin(origin).as_ref(), Ok(origin));
    }
    for answers in [&binding.locked, &binding.prefill] {
        assert!(answers.iter().all(|(name, value)| is_answer(name, value)), "{answers:?}");
    }
    if let Delivery::Claim { challenge } = &binding.delivery {
        assert_eq!(challenge.as_str().len(), 43);
    }
    assert!(binding.jkt.as_ref().is_none_or(|jkt| jkt.len() == 43));
    sign_up(&binding);
    refused_with_more(text);
}

fn is_answer(name: &str, value: &Value) -> bool {
    let raw = match value {
        Value::String(text) => Raw::Text(text),
        Value::Bool(flag) => Raw::Flag(*flag),
        _ => return false,
    };
    field(name).is_some_and(|field| field.parse(raw).is_ok_and(|answer| answer.value.is_some()))
}

/// A page that says nothing but what is asked for signs up the person that the token names, with what is locked.
fn sign_up(binding: &Binding) {
    let mut user = Map::new();
    for name in ["fname", "lname"] {
        if !binding.locked.contains_key(name) {
            user.insert(name.to_owned(), "A".into());
        }
    }
    let body = json!({ "user": user }).to_string();
    let application = decode_sign_up(body.as_bytes(), Some(binding), RULES, &[], false)
        .expect("nothing is missing");
    assert_eq!(application.identity, binding.identity);
    for (name, value) in &binding.locked {
        let known = field(name).expect("it was accepted");
        let raw = value.as_str().map_or(Raw::Flag(value == &Value::Bool(true)), Raw::Text);
        let locked = known.parse(raw).expect("it was accepted").value;
        let given = application.answers.values().find(|(given, _)| given == name);
        assert_eq!(given.map(|(_, value)| value), locked.as_ref(), "{name}");
        // What is locked cannot be sent otherwise.
        let body = json!({ "user": { name: [] } }).to_string();
        let refused = decode_sign_up(body.as_bytes(), Some(binding), RULES, &[], false);
        assert!(matches!(refused, Err(Refusal::AuthorizationDetailsMismatch { .. })), "{name}");
    }
}

/// A restriction that we do not know must not be believed to hold.
fn refused_with_more(text: &str) {
    let mut value: Value = serde_json::from_str(text).expect("it was accepted");
    value[0]["only_on_mondays"] = true.into();
    assert!(Binding::parse(&value.to_string(), ENDPOINT, RULES, &[]).is_err());
}

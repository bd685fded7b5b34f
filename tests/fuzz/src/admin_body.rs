//! Bodies and lookups of the administrators' user API.
//!
//! Input: a body, which is read as a new user and as a change; and the same text as three lines: the last step of
//! a path, the name and the value of a query's parameter.

use doorstep_accounts::{Lookup, Secret, UserForm};
use doorstep_dialects::compute_stacks_admin::{
    decode_create, decode_lookup, decode_update, without_passwords,
};
use serde_json::{Map, Value, json};

use crate::native_body::{canonical, json_of, refused};

/// Holds an input to it.
pub fn check(data: &[u8]) {
    match decode_create(data) {
        Ok(form) => {
            assert!(form.answers.text("email").is_some() && form.cleared.is_empty());
            let again = decode_create(&canonical(data)).expect("the same body is as good");
            same(&form, &again);
            written_and_read_again(&form);
        }
        Err(refusal) => refused(&refusal),
    }
    match decode_update(data) {
        Ok(form) => {
            let again = decode_update(&canonical(data)).expect("the same body is as good");
            same(&form, &again);
        }
        Err(refusal) => refused(&refusal),
    }
    fingerprint(data);
    lookup(data);
}

fn same(form: &UserForm, again: &UserForm) {
    let password = |form: &UserForm| form.password.as_ref().map(|it| it.expose().to_owned());
    assert_eq!(format!("{form:?}"), format!("{again:?}"));
    assert_eq!(password(form), password(again));
    if let Some(password) = password(form) {
        assert!((8..=128).contains(&password.chars().count()));
        let nothing = Some(Secret::new(""));
        assert_eq!(format!("{:?}", form.password), format!("{nothing:?}"), "secrets do not print");
    }
    assert!(form.ignored.len() <= 20 && form.labels.len() <= 50);
}

/// What was read, written in the documented form, reads as the same.
fn written_and_read_again(form: &UserForm) {
    let mut user: Map<String, Value> =
        form.answers.values().map(|(name, answer)| (name.to_owned(), json_of(answer))).collect();
    user.extend(form.extras.clone());
    let mut put = |name: &str, value: Option<Value>| {
        user.extend(value.map(|value| (name.to_owned(), value)));
    };
    put("active", form.active.map(Value::from));
    put("is_admin", form.is_admin.map(Value::from));
    put("skip_email_confirm", Some(form.skip_email_confirm.into()));
    put("external_id", form.external_id.clone().map(Value::from));
    put("merge_labels", Some(form.labels.clone().into()));
    for name in ["password", "password_confirmation"] {
        put(name, form.password.as_ref().map(|it| it.expose().into()));
    }
    let body = json!({ "user": user }).to_string();
    let mut again = decode_create(body.as_bytes()).expect("what was read can be written");
    assert!(again.replaced.is_empty() && again.ignored.is_empty(), "{again:?}");
    // What was said about the first request is not said about the second, and what was
    // replaced by a default has been left out of it.
    (again.replaced, again.ignored) = (form.replaced.clone(), form.ignored.clone());
    let values = |form: &UserForm| {
        let values = form.answers.values().map(|(name, answer)| (name, answer.clone()));
        values.collect::<Vec<_>>()
    };
    assert_eq!(values(&again), values(form));
    again.answers = form.answers.clone();
    same(form, &again);
}

/// What tells keyed requests apart holds no password, and is the same however the body is spelt.
fn fingerprint(data: &[u8]) {
    let Ok(text) = without_passwords(data) else { return };
    let mut value: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(without_passwords(&canonical(data)).as_ref(), Ok(&text));
    assert_eq!(without_passwords(text.as_bytes()).as_ref(), Ok(&text));
    let user = value.get_mut("user").map_or(Value::Null, Value::take);
    for name in ["password", "password_confirmation"] {
        assert!(value.get(name).is_none() && user.get(name).is_none(), "{text}");
    }
}

fn lookup(data: &[u8]) {
    let Some([id, name, value]) = crate::lines(data) else { return };
    let Ok(Some(lookup)) = decode_lookup(id, &[(name.to_owned(), value.to_owned())]) else {
        return;
    };
    let texts = match &lookup {
        Lookup::Id(_) => vec![],
        Lookup::ExternalId(text) | Lookup::Email(text) => vec![text],
        Lookup::Label(name, value) => vec![name, value],
    };
    // PostgreSQL takes no text with a NUL in it.
    assert!(!texts.iter().any(|text| text.chars().any(char::is_control)), "{lookup:?}");
}

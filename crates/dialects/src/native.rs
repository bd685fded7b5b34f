//! `POST /api/users` and `PATCH /api/users` (seed "User API"), as documented and
//! as the reference implementation and its clients really speak.

use doorstep_accounts::{
    Application, Binding, Change, Created, Handover, Identity, NameRules, Refusal,
    provider::DEFAULT_PROVIDER,
};
use doorstep_fields::{CATALOGUE, Fault, Field, Raw, SignUp};
use doorstep_wire::{
    FieldProblem,
    user::{Api, SignedUp, SignedUpUser, Substituted},
};
use serde_json::Value;

use crate::{
    body::{Object, drop_reserved, labels, note_unknown, object, problem, raw, replaced},
    declared::Declared,
};
pub use crate::{
    native_credentials::{Description, decode_description, encode_credential, encode_credentials},
    native_pending::encode_pending,
    native_profile::profile,
};

/// Members of `user` that are no catalogue fields and yet taken.
const BESIDE: &[&str] =
    &["provider", "provider_server", "provider_username", "merge_labels", "labels", "custom"];

/// Reads a sign-up.
///
/// - The provider settings may stand inside `user` (as documented) or beside it
///   (as the reference implementation reads them); in both and different is a fault.
/// - A body without `user` that holds user fields is taken as the user.
/// - With a sign-up token the person is whom the token names, and locked answers
///   are the token's: they need not be sent, and sent otherwise they are refused.
/// - Answers to fields that the operator declared are in `custom`. Where a form has asked
///   for them (`asked`), those that are required must be there. Elsewhere what is said is
///   checked, and what nobody has asked the person does not keep them from signing up.
/// - Absent provider settings are refused before anything else is looked at.
/// - Everything else that is wrong is reported together.
pub fn decode_sign_up(
    body: &[u8],
    bound: Option<&Binding>,
    rules: NameRules,
    declared: &'static [Field],
    asked: bool,
) -> Result<Application, Refusal> {
    let mut body = object(body)?;
    let (user, parent) = take_user(&mut body);
    let mut faults = Vec::new();
    let mut user = if let Value::Object(user) = user {
        user
    } else {
        faults.push(problem("/user", "user", "wrong_type", "user must be an object"));
        Object::new()
    };

    let server = setting(&body, &user, "provider_server", parent, &mut faults);
    let username = setting(&body, &user, "provider_username", parent, &mut faults);
    let provider = setting(&body, &user, "provider", parent, &mut faults);
    let or_bound = |setting: Option<Setting>, text: fn(&Identity) -> &str| {
        setting.or_else(|| bound.map(|bound| Setting::unsent(text(&bound.identity))))
    };
    let (Some(server), Some(username)) =
        (or_bound(server, |it| &it.server), or_bound(username, |it| &it.username))
    else {
        return Err(Refusal::MissingProvider);
    };
    let provider =
        or_bound(provider, |it| &it.provider).unwrap_or_else(|| Setting::unsent(DEFAULT_PROVIDER));
    let identity = match Identity::parse_by(rules, &provider.text, &server.text, &username.text) {
        Ok(identity) => Some(identity),
        Err(found) => {
            for fault in found {
                let setting = [&provider, &server, &username]
                    .into_iter()
                    .find(|setting| setting.pointer.ends_with(fault.field()));
                let pointer = setting.map_or("", |setting| &setting.pointer);
                faults.push(problem(pointer, fault.field(), fault.name(), fault.message()));
            }
            None
        }
    };

    let mut declared = Declared::take(declared, &mut user, parent, &mut faults);
    let identity = if let Some(bound) = bound {
        hold_to(bound, identity.as_ref(), &mut user)?;
        declared.hold_to(&bound.locked)?;
        // The token's own spelling: that of the body is the page's.
        identity.map(|_| bound.identity.clone())
    } else {
        identity
    };
    let mut ignored = Vec::new();
    note_unknown(&user, parent, BESIDE, &mut ignored);
    let provider_key = identity.as_ref().map_or("", |identity| &identity.provider);
    let mut own_labels = Object::new();
    let beside = if parent.is_empty() { &user } else { &body };
    // The order in which the reference implementation lets one overwrite another.
    let sources = [
        (beside.get("labels"), "/labels".to_owned()),
        (user.get("labels").filter(|_| !parent.is_empty()), format!("{parent}/labels")),
        (user.get("merge_labels"), format!("{parent}/merge_labels")),
    ];
    for (value, pointer) in sources {
        let Some(value) = value else { continue };
        match labels(value, &pointer) {
            Ok(added) => {
                let from = (value, pointer.as_str());
                own_labels.extend(drop_reserved(added, provider_key, from, &mut ignored));
            }
            Err(fault) => faults.push(fault),
        }
    }

    let answers = check(&user, parent, |raw| SignUp::parse(raw), &mut faults);
    declared.check(asked, &mut own_labels, &mut faults, &mut ignored);
    match (identity, answers) {
        (Some(identity), Some(answers)) if faults.is_empty() => Ok(Application {
            identity,
            replaced: replaced(&user, answers.substituted()),
            answers,
            labels: own_labels,
            ignored,
        }),
        _ => Err(Refusal::Invalid { faults }),
    }
}

/// Reads a change of one's own account.
pub fn decode_change(body: &[u8]) -> Result<Change, Refusal> {
    let mut body = object(body)?;
    let (user, parent) = take_user(&mut body);
    let mut faults = Vec::new();
    let Value::Object(user) = user else {
        faults.push(problem("/user", "user", "wrong_type", "user must be an object"));
        return Err(Refusal::InvalidChange { faults });
    };
    let answers = check(&user, parent, |raw| SignUp::parse_change(raw), &mut faults);
    let pointer = format!("{parent}/merge_labels");
    let added = match user.get("merge_labels").map(|value| labels(value, &pointer)) {
        None => Object::new(),
        Some(Ok(added)) => added,
        Some(Err(fault)) => {
            faults.push(fault);
            Object::new()
        }
    };
    let Some(answers) = answers.filter(|_| faults.is_empty()) else {
        return Err(Refusal::InvalidChange { faults });
    };
    let cleared = cleared(&user, &answers, parent, &mut faults);
    if faults.is_empty() {
        Ok(Change { answers, cleared, labels: added })
    } else {
        Err(Refusal::InvalidChange { faults })
    }
}

/// Fields that were sent without an answer, so that a change clears them.
pub(crate) fn cleared(
    user: &Object,
    answers: &SignUp,
    parent: &str,
    faults: &mut Vec<FieldProblem>,
) -> Vec<&'static str> {
    let mut cleared = Vec::new();
    for field in CATALOGUE {
        if !user.contains_key(field.name) || answers.values().any(|(name, _)| name == field.name) {
            continue;
        }
        match field.name {
            // Every account has these; a change replaces them by something.
            "email" | "locale" | "currency" => faults.push(problem(
                &format!("{parent}/{}", field.name),
                field.name,
                "unknown_or_blank",
                &format!("{} cannot be cleared or set to an unknown code", field.label),
            )),
            name => cleared.push(name),
        }
    }
    cleared
}

/// The `user` member; in a body without one, the body itself when it looks like
/// a user. The second part is the pointer of what was taken.
pub(crate) fn take_user(body: &mut Object) -> (Value, &'static str) {
    match body.remove("user") {
        Some(Value::Null) => (Value::Object(Object::new()), "/user"),
        Some(user) => (user, "/user"),
        None if CATALOGUE.iter().any(|field| body.contains_key(field.name))
            || body.contains_key("merge_labels") =>
        {
            (Value::Object(std::mem::take(body)), "")
        }
        None => (Value::Object(Object::new()), "/user"),
    }
}

struct Setting {
    text: String,
    pointer: String,
}

impl Setting {
    fn unsent(text: &str) -> Self {
        Self { text: text.to_owned(), pointer: String::new() }
    }
}

/// Holds a request to what its token says, and fills in what it left out.
fn hold_to(bound: &Binding, identity: Option<&Identity>, user: &mut Object) -> Result<(), Refusal> {
    let keys = |it: &Identity| {
        [
            ("provider", it.provider.clone()),
            ("provider_server", it.server_key.clone()),
            ("provider_username", it.username_key.clone()),
        ]
    };
    let said = keys(&bound.identity);
    for ((field, sent), (_, said)) in identity.map(keys).into_iter().flatten().zip(said) {
        if sent != said {
            return Err(Refusal::AuthorizationDetailsMismatch { field });
        }
    }
    for (name, said) in &bound.locked {
        let Some(field) = doorstep_fields::field(name) else { continue };
        match user.get(name) {
            None | Some(Value::Null) => {
                user.insert(name.clone(), said.clone());
            }
            Some(sent) if sent == said => {}
            Some(_) => {
                return Err(Refusal::AuthorizationDetailsMismatch { field: field.name });
            }
        }
    }
    Ok(())
}

/// A provider setting from inside `user` or beside it; blank counts as absent.
fn setting(
    body: &Object,
    user: &Object,
    name: &'static str,
    parent: &str,
    faults: &mut Vec<FieldProblem>,
) -> Option<Setting> {
    let mut found: Option<Setting> = None;
    for (value, pointer) in
        [(user.get(name), format!("{parent}/{name}")), (body.get(name), format!("/{name}"))]
    {
        let text = match value {
            None | Some(Value::Null) => continue,
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(_) => {
                faults.push(problem(&pointer, name, "wrong_type", &format!("{name} must be text")));
                // It is there, only unusable: the fault above is the answer.
                found.get_or_insert(Setting { text: "invalid".to_owned(), pointer });
                continue;
            }
        };
        if text.is_empty() {
            continue;
        }
        match &found {
            None => found = Some(Setting { text, pointer }),
            Some(first) if first.text == text => {}
            Some(first) => faults.push(problem(
                &pointer,
                name,
                "conflict",
                &format!("{name} differs from {}: send it once", first.pointer),
            )),
        }
    }
    found
}

/// Checks the answers in `user` and collects what is wrong with them.
pub(crate) fn check(
    user: &Object,
    parent: &str,
    parse: impl for<'a> FnOnce(Vec<(&'a str, Raw<'a>)>) -> Result<SignUp, Vec<Fault>>,
    faults: &mut Vec<FieldProblem>,
) -> Option<SignUp> {
    let mut numbers: Vec<String> = vec![String::new(); user.len()];
    let answers = user
        .iter()
        .zip(&mut numbers)
        .map(|((name, value), text)| (name.as_str(), raw(value, text)))
        .collect();
    match parse(answers) {
        Ok(answers) => Some(answers),
        Err(found) => {
            faults.extend(found.iter().map(|fault| FieldProblem::of(fault, parent)));
            None
        }
    }
}

/// The answer to a sign-up: the members that are documented and those that the
/// reference implementation sends, with the password this once.
pub fn encode_created(created: &Created) -> SignedUp {
    let Created { user, api_username, handover, shown_email, replaced, ignored, replayed: _ } =
        created;
    let text = |field| user.text(field).unwrap_or_default().to_owned();
    SignedUp {
        user: SignedUpUser {
            id: user.id,
            fname: text("fname"),
            lname: text("lname"),
            email: shown_email.clone(),
            locale: text("locale"),
            currency: text("currency"),
            country: user.text("country").map(str::to_owned),
            company_name: user.text("company_name").map(str::to_owned),
            api: api(api_username, handover),
            labels: user.labels.clone(),
        },
        substituted: replaced
            .iter()
            .map(|replaced| Substituted {
                field: replaced.field.to_owned(),
                from: replaced.from.clone(),
                to: text(replaced.field),
            })
            .collect(),
        ignored: ignored.clone(),
    }
}

fn api(username: &str, handover: &Handover) -> Api {
    let mut api = Api { username: username.to_owned(), ..Api::default() };
    match handover {
        Handover::Password(password) => api.password = Some(password.expose().to_owned()),
        Handover::Claim { code, expires_in } => {
            api.claim_code = Some(code.expose().to_owned());
            api.expires_in = Some(*expires_in);
        }
        Handover::Delivered => api.password_status = Some("delivered".to_owned()),
    }
    api
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &str = r#""fname":"Ada","lname":"Lovelace""#;

    fn decode(body: &str) -> Result<Application, Refusal> {
        decode_sign_up(body.as_bytes(), None, NameRules::default(), &[], false)
    }

    fn faults(body: &str) -> Vec<(String, String)> {
        match decode(body).unwrap_err() {
            Refusal::Invalid { faults } => {
                faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn fault(pointer: &str, code: &str) -> (String, String) {
        (pointer.to_owned(), code.to_owned())
    }

    #[test]
    fn provider_settings_stand_inside_beside_or_in_a_flat_body() {
        for body in [
            format!(r#"{{"user":{{{NAMES},"provider_server":"S1","provider_username":"Bob"}}}}"#),
            format!(r#"{{"user":{{{NAMES}}},"provider_server":"S1","provider_username":"Bob"}}"#),
            format!(r#"{{{NAMES},"provider_server":"S1","provider_username":"Bob"}}"#),
        ] {
            let application = decode(&body).unwrap();
            assert_eq!(application.identity.provider, "cpanel", "{body}");
            assert_eq!(application.identity.server_key, "s1");
            assert_eq!(application.identity.username_key, "bob");
            assert!(application.ignored.is_empty(), "{:?}", application.ignored);
        }
    }

    #[test]
    fn settings_that_differ_are_a_fault() {
        let body = format!(
            r#"{{"user":{{{NAMES},"provider_server":"a","provider_username":"b"}},"provider_server":"c"}}"#
        );
        assert_eq!(faults(&body), [fault("/provider_server", "conflict")]);
    }

    #[test]
    fn missing_settings_come_before_everything_else() {
        for body in [
            "{}",
            r#"{"user":{"fname":""}}"#,
            r#"{"user":{"provider_server":" ","provider_username":"b"}}"#,
            r#"{"user":{"provider_server":null,"provider_username":"b"}}"#,
        ] {
            assert_eq!(decode(body).unwrap_err(), Refusal::MissingProvider, "{body}");
        }
        assert_eq!(Refusal::MissingProvider.detail(), "missing provider settings");
    }

    #[test]
    fn all_faults_come_together_with_pointers() {
        let body = r#"{"user":{"fname":" ","lname":[],"country":"USA","merge_labels":"x","provider_server":"a b"},"provider_username":"b c"}"#;
        assert_eq!(
            faults(body),
            [
                fault("/user/provider_server", "invalid_provider_server"),
                fault("/provider_username", "invalid_provider_username"),
                fault("/user/merge_labels", "wrong_type"),
                fault("/user/fname", "required"),
                fault("/user/lname", "wrong_type"),
                fault("/user/country", "unknown_country"),
            ]
        );
    }

    #[test]
    fn labels_come_in_both_forms_and_reserved_keys_are_dropped() {
        for (labels, whmcs, cpanel) in [
            (r#"{"a":1,"cpanel":{"x":"y"},"WHMCS":{}}"#, "WHMCS", "cpanel"),
            (r#"[{"a":1,"WHMCS":1},{"cpanel":{"x":"y"}},{"WHMCS":{}}]"#, "2/WHMCS", "1/cpanel"),
        ] {
            let body = format!(
                r#"{{"user":{{{NAMES},"is_admin":true,"merge_labels":{labels}}},"provider_server":"s","provider_username":"u","labels":{{"plesk":1,"b":2}}}}"#
            );
            let application = decode(&body).unwrap();
            let keys: Vec<_> = application.labels.keys().map(String::as_str).collect();
            assert_eq!(keys, ["a", "b"]);
            assert_eq!(
                application.ignored,
                [
                    "/user/is_admin".to_owned(),
                    "/labels/plesk".to_owned(),
                    format!("/user/merge_labels/{whmcs}"),
                    format!("/user/merge_labels/{cpanel}"),
                ]
            );
        }
    }

    #[test]
    fn bodies_that_are_no_objects_are_malformed() {
        for body in ["", "[]", "null", "{", "{\"user\":", "\"x\"", "{\"a\":1}x"] {
            assert!(matches!(decode(body), Err(Refusal::MalformedBody { .. })), "{body}");
        }
    }

    #[test]
    fn a_change_clears_what_is_sent_blank_except_what_every_account_has() {
        let change = decode_change(br#"{"user":{"city":"","phone":null,"zip":607878}}"#).unwrap();
        assert_eq!(change.cleared, ["phone", "city"]);
        assert_eq!(change.answers.text("zip"), Some("607878"));
        for body in [
            r#"{"user":{"email":""}}"#,
            r#"{"user":{"currency":"QQQ"}}"#,
            r#"{"user":{"fname":null}}"#,
            r#"{"user":[]}"#,
        ] {
            assert!(
                matches!(decode_change(body.as_bytes()), Err(Refusal::InvalidChange { .. })),
                "{body}"
            );
        }
    }
}

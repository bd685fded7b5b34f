//! `/api/admin/users` (seed "API Only"), as documented and as the reference
//! implementation speaks it.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use doorstep_accounts::{
    Lookup, ManagedUser, Refusal, Secret, UserForm, labels::is_reserved, managed_user::label_name,
    password::CHARACTERS,
};
use doorstep_fields::{Answer, CATALOGUE, Field, Raw, SignUp, Value as Answered, field};
use doorstep_wire::{FieldProblem, paths};
use iso_currency::Currency;
use serde_json::{Map, Value, json};

use crate::{
    body::{Object, labels, note_unknown, object, problem, raw, replaced},
    dialect::{Authentication, Carried, Dialect, Made, Reply},
    native::{check, cleared},
    native_profile::rfc3339,
};

/// The door. Our own names for fields are its names.
pub(crate) const DIALECT: Dialect = Dialect {
    name: "compute_stacks_admin",
    roots: &[paths::ADMIN_USERS],
    create: &[paths::ADMIN_USERS],
    authentication: Authentication::Usual,
    takes_forms: false,
    carries: CARRIES,
    decode: |body, _| decode_create(body),
    fingerprint: without_passwords,
    created: |made, _| created(made),
    refused: |_, problem, _| Reply::problem(problem),
};

const CARRIES: &[Carried] = &{
    let mut all = [Carried::same(""); CATALOGUE.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = Carried::same(CATALOGUE[at].name);
        at += 1;
    }
    all
};

/// Members of `user` beside the catalogue's fields.
const BESIDE: &[&str] = &[
    "active",
    "is_admin",
    "bypass_billing",
    "external_id",
    "merge_labels",
    "password",
    "password_confirmation",
    "skip_email_confirm",
    "user_group_id",
    "vat",
];

static ACTIVE: Field = Field::flag("active", "Active");
static IS_ADMIN: Field = Field::flag("is_admin", "Administrator");
static BYPASS_BILLING: Field = Field::flag("bypass_billing", "Bypass billing");
static SKIP_EMAIL_CONFIRM: Field = Field::flag("skip_email_confirm", "Skip e-mail confirmation");
static EXTERNAL_ID: Field = Field::text("external_id", "External id");
/// The longest VAT number of the EU's VIES has 14 characters; room for separators
/// and for other countries.
static VAT: Field = Field::text("vat", "VAT number").max(50);
static USER_GROUP_ID: Field = Field::text("user_group_id", "User group");

/// The group of users for whom no group was named.
const DEFAULT_GROUP: i64 = 1;

/// Reads a new user. Everything that is wrong is reported together.
pub fn decode_create(body: &[u8]) -> Result<UserForm, Refusal> {
    decode(body, true)
}

/// Reads what is to change in a user; what is not sent stays.
pub fn decode_update(body: &[u8]) -> Result<UserForm, Refusal> {
    decode(body, false)
}

fn decode(body: &[u8], create: bool) -> Result<UserForm, Refusal> {
    let (user, parent) = take_user(object(body)?);
    let mut faults = Vec::new();
    let Value::Object(user) = user else {
        faults.push(problem("/user", "user", "wrong_type", "user must be an object"));
        return Err(Refusal::Invalid { faults });
    };
    let mut form = UserForm::default();
    note_unknown(&user, parent, BESIDE, &mut form.ignored);
    let answers = if create {
        check(&user, parent, |raw| SignUp::parse(raw), &mut faults)
    } else {
        check(&user, parent, |raw| SignUp::parse_change(raw), &mut faults)
    };
    if let Some(answers) = answers {
        form.replaced = replaced(&user, answers.substituted());
        if create {
            // Nobody reads mail at an address that we made up, so nobody could confirm it.
            if answers.text("email").is_none() {
                faults.push(required("email", "E-mail", parent));
            }
        } else {
            form.cleared = cleared(&user, &answers, parent, &mut faults);
        }
        form.answers = answers;
    } else if create && is_blank(&user, "email") {
        faults.push(required("email", "E-mail", parent));
    }

    let mut other = Others { user: &user, parent, faults: &mut faults };
    form.active = other.flag(&ACTIVE);
    form.is_admin = other.flag(&IS_ADMIN);
    form.skip_email_confirm = other.flag(&SKIP_EMAIL_CONFIRM).unwrap_or(false);
    form.external_id = other.answer(&EXTERNAL_ID).map(|it| it.text().map(str::to_owned));
    if let Some(flag) = other.flag(&BYPASS_BILLING) {
        form.extras.insert(BYPASS_BILLING.name.to_owned(), flag.into());
    }
    if let Some(vat) = other.text(&VAT) {
        form.extras.insert(VAT.name.to_owned(), vat);
    }
    if let Some(group) = other.group() {
        form.extras.insert(USER_GROUP_ID.name.to_owned(), group);
    }
    form.password = other.password();
    match user.get("merge_labels").map(|sent| labels(sent, &format!("{parent}/merge_labels"))) {
        None => {}
        Some(Ok(added)) => form.labels = added,
        Some(Err(fault)) => faults.push(fault),
    }
    if faults.is_empty() { Ok(form) } else { Err(Refusal::Invalid { faults }) }
}

/// The `user` member, or a body without one as the user; and its pointer.
fn take_user(mut body: Object) -> (Value, &'static str) {
    match body.remove("user") {
        Some(Value::Null) => (Value::Object(Object::new()), "/user"),
        Some(user) => (user, "/user"),
        None if body.is_empty() => (Value::Object(body), "/user"),
        None => (Value::Object(body), ""),
    }
}

fn is_blank(user: &Object, name: &str) -> bool {
    let mut number = String::new();
    let answer = field(name).map(|field| {
        field.parse(user.get(name).map_or(Raw::Absent, |sent| raw(sent, &mut number)))
    });
    answer.is_some_and(|answer| answer.is_ok_and(|answer| answer.value.is_none()))
}

fn required(name: &str, label: &str, parent: &str) -> FieldProblem {
    problem(&format!("{parent}/{name}"), name, "required", &format!("{label} is required"))
}

/// The members that are no catalogue fields.
struct Others<'a> {
    user: &'a Object,
    parent: &'a str,
    faults: &'a mut Vec<FieldProblem>,
}

impl Others<'_> {
    /// `None`: not sent, or wrong.
    fn answer(&mut self, field: &Field) -> Option<Answer> {
        let mut number = String::new();
        match field.parse(raw(self.user.get(field.name)?, &mut number)) {
            Ok(answer) => Some(answer),
            Err(code) => {
                self.fault(field.name, code.name(), &format!("{} {code}", field.label));
                None
            }
        }
    }

    fn fault(&mut self, name: &str, code: &str, message: &str) {
        self.faults.push(problem(&format!("{}/{name}", self.parent), name, code, message));
    }

    fn flag(&mut self, field: &Field) -> Option<bool> {
        match self.answer(field)?.value? {
            Answered::Flag(flag) => Some(flag),
            Answered::Text(_) => None,
        }
    }

    /// Null for what was sent blank.
    fn text(&mut self, field: &Field) -> Option<Value> {
        Some(self.answer(field)?.text().into())
    }

    /// Null for the default group.
    fn group(&mut self) -> Option<Value> {
        let answer = self.answer(&USER_GROUP_ID)?;
        let Some(text) = answer.text() else { return Some(Value::Null) };
        let group = text.parse::<i64>().ok().filter(|group| *group > 0);
        if group.is_none() {
            let message = "User group is not a number from 1: leave it out for the default group";
            self.fault(USER_GROUP_ID.name, "invalid", message);
        }
        group.map(Value::from)
    }

    /// A blank one is none: then nobody can log in with a password.
    fn password(&mut self) -> Option<Secret> {
        let user = self.user;
        let mut read = |name: &str| match user.get(name) {
            None | Some(Value::Null) => Some(""),
            Some(Value::String(text)) => Some(text.as_str()),
            Some(_) => {
                self.fault(name, "wrong_type", &format!("{name} must be text"));
                None
            }
        };
        let (password, confirmation) = (read("password")?, read("password_confirmation")?);
        let length = password.chars().count();
        if password != confirmation {
            let message = "The password and its confirmation differ: send both, and equal";
            self.fault("password_confirmation", "confirmation", message);
        } else if length == 0 {
            return None;
        } else if length < *CHARACTERS.start() {
            let message = format!(
                "The password is too short: use at least {} characters",
                CHARACTERS.start()
            );
            self.fault("password", "too_short", &message);
        } else if length > *CHARACTERS.end() {
            let message =
                format!("The password is too long: use at most {} characters", CHARACTERS.end());
            self.fault("password", "too_long", &message);
        }
        Some(Secret::new(password))
    }
}

/// A body's members in one form, whatever their order, and without passwords: what
/// tells one keyed request from another is kept as a fast hash.
pub fn without_passwords(body: &[u8]) -> Result<String, Refusal> {
    let mut body = object(body)?;
    for at in ["password", "password_confirmation"] {
        body.remove(at);
        if let Some(Value::Object(user)) = body.get_mut("user") {
            user.remove(at);
        }
    }
    Ok(Value::Object(body).to_string())
}

/// Reads by what a user is looked up: `id` is the last step of the path, and the
/// query may say that it is no number of ours. `None`: it can be nobody's.
pub fn decode_lookup(id: &str, query: &[(String, String)]) -> Result<Option<Lookup>, Refusal> {
    // PostgreSQL takes no text with a NUL in it.
    if id.chars().any(char::is_control) {
        return Ok(None);
    }
    let asked = |name: &str| {
        let found = query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        found.filter(|value| !matches!(*value, "false" | "0"))
    };
    if asked("find_by_external_id").is_some() {
        return Ok(Some(Lookup::ExternalId(id.to_owned())));
    }
    if asked("find_by_email").is_some() {
        let text = id.trim_end_matches('=');
        let bytes = STANDARD_NO_PAD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text));
        let email = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
        return Ok(email.filter(|it| !it.chars().any(char::is_control)).map(Lookup::Email));
    }
    if let Some(label) = asked("find_by_label") {
        let name = label
            .split_once('_')
            .filter(|(provider, _)| {
                is_reserved(provider, "") && !label.chars().any(char::is_control)
            })
            .map(|(provider, member)| label_name(provider, member));
        let name = name.ok_or_else(|| {
            let message = "find_by_label takes a provider and its label, as in whmcs_service_id";
            let fault = problem("", "find_by_label", "unknown_label", message);
            Refusal::Invalid { faults: vec![fault] }
        })?;
        return Ok(Some(Lookup::Label(name, id.to_owned())));
    }
    Ok(id.parse().ok().map(Lookup::Id))
}

/// The answer to a request that made a user.
fn created(made: &Made<'_>) -> Reply {
    let body = encode_user(made.managed, Some(made.form));
    Reply::json(201, &body).located(format!("{}/{}", paths::ADMIN_USERS, made.managed.user.id))
}

/// One user, with what has to be said about the request.
pub fn encode_user(managed: &ManagedUser, form: Option<&UserForm>) -> Value {
    let mut body = json!({ "user": members(managed) });
    if let Some(form) = form {
        let text = |field| managed.user.text(field).unwrap_or_default();
        let substituted: Vec<_> = form
            .replaced
            .iter()
            .map(|it| json!({ "field": it.field, "from": it.from, "to": text(it.field) }))
            .collect();
        if !substituted.is_empty() {
            body["substituted"] = substituted.into();
        }
        if !form.ignored.is_empty() {
            body["ignored"] = form.ignored.clone().into();
        }
    }
    body
}

/// A page of users. `with_balance` adds what has not been charged yet.
pub fn encode_users(users: &[ManagedUser], with_balance: bool) -> Value {
    let users: Vec<_> = users
        .iter()
        .map(|user| {
            let mut user = members(user);
            if with_balance {
                // Nothing exists yet that would cost anything.
                user.insert("unprocessed_usage".to_owned(), json!(0.0));
            }
            user
        })
        .collect();
    json!({ "users": users })
}

fn members(managed: &ManagedUser) -> Map<String, Value> {
    let ManagedUser { user, external_id, confirmed_at, confirmation, .. } = managed;
    let mut body = Map::new();
    body.insert("id".into(), user.id.into());
    body.insert("email".into(), user.email.clone().into());
    for name in [
        "fname",
        "lname",
        "phone",
        "company_name",
        "address1",
        "address2",
        "city",
        "state",
        "zip",
        "country",
        "locale",
        "currency",
        "vat",
    ] {
        body.insert(name.into(), user.shown(name).cloned().unwrap_or(Value::Null));
    }
    let symbol = user.text("currency").and_then(Currency::from_code);
    body.insert(
        "currency_symbol".into(),
        symbol.map(|currency| currency.symbol().to_string()).into(),
    );
    for name in ["bypass_billing", "c_sftp_pass"] {
        let flag = user.profile.get(name).and_then(Value::as_bool).unwrap_or(false);
        body.insert(name.into(), flag.into());
    }
    let group = user.profile.get(USER_GROUP_ID.name).and_then(Value::as_i64);
    let group = group.unwrap_or(DEFAULT_GROUP);
    body.insert("user_group_id".into(), group.into());
    body.insert("user_group".into(), json!({ "id": group }));
    body.insert("external_id".into(), external_id.clone().into());
    body.insert("active".into(), user.active.into());
    body.insert("is_admin".into(), user.is_admin.into());
    body.insert("labels".into(), Value::Object(user.labels.clone()));
    body.insert("confirmed_at".into(), confirmed_at.map(rfc3339).into());
    let asked = confirmation.as_ref().map(|asked| {
        json!({
            "status": asked.state.name(),
            "sent_at": asked.sent_at.map(rfc3339),
            "reason": asked.reason,
        })
    });
    body.insert("email_confirmation".into(), asked.into());
    body.insert("created_at".into(), rfc3339(user.created_at).into());
    body.insert("updated_at".into(), rfc3339(user.updated_at).into());
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(refused: Refusal) -> Vec<(String, String)> {
        match refused {
            Refusal::Invalid { faults } => {
                faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_faults_come_together() {
        let body = br#"{"user":{"fname":"","active":"perhaps","user_group_id":"x","password":"short","password_confirmation":"short","merge_labels":7,"vat":[]}}"#;
        let found = faults(decode_create(body).unwrap_err());
        let codes: Vec<_> =
            found.iter().map(|(pointer, code)| (pointer.as_str(), code.as_str())).collect();
        assert_eq!(
            codes,
            [
                ("/user/fname", "required"),
                ("/user/lname", "required"),
                ("/user/email", "required"),
                ("/user/active", "wrong_type"),
                ("/user/vat", "wrong_type"),
                ("/user/user_group_id", "invalid"),
                ("/user/password", "too_short"),
                ("/user/merge_labels", "wrong_type"),
            ]
        );
    }

    #[test]
    fn passwords_are_of_8_to_128_characters_and_confirmed() {
        let sent = |password: &str, confirmation: &str| {
            let body =
                json!({ "user": { "password": password, "password_confirmation": confirmation } });
            decode_update(body.to_string().as_bytes())
        };
        for (length, code) in
            [(7, Some("too_short")), (8, None), (128, None), (129, Some("too_long"))]
        {
            let password = "ä".repeat(length);
            match (sent(&password, &password), code) {
                (Ok(form), None) => assert_eq!(form.password.unwrap().expose(), password),
                (Err(refused), Some(code)) => {
                    assert_eq!(faults(refused), [("/user/password".to_owned(), code.to_owned())]);
                }
                (other, _) => panic!("{length}: {other:?}"),
            }
        }
        assert!(sent("", "").unwrap().password.is_none());
        let differ = ("/user/password_confirmation".to_owned(), "confirmation".to_owned());
        assert_eq!(faults(sent("long-enough", "").unwrap_err()), std::slice::from_ref(&differ));
        assert_eq!(faults(sent("", "long-enough").unwrap_err()), [differ]);
    }

    #[test]
    fn requests_are_told_apart_without_their_passwords() {
        let text = |body: &str| without_passwords(body.as_bytes()).unwrap();
        assert_eq!(
            text(r#"{"user":{"fname":"A","password":"x","password_confirmation":"x"}}"#),
            text(r#"{ "user": { "password": "y", "fname": "A" } }"#)
        );
        assert!(!text(r#"{"password":"secret","fname":"A"}"#).contains("secret"));
    }

    #[test]
    fn users_are_looked_up_in_every_documented_way() {
        let look = |id: &str, name: &str, value: &str| {
            decode_lookup(id, &[(name.to_owned(), value.to_owned())])
        };
        let email = Some(Lookup::Email("ada@x.com?".to_owned()));
        assert_eq!(look("YWRhQHguY29tPw==", "find_by_email", "true").unwrap(), email);
        assert_eq!(look("YWRhQHguY29tPw", "find_by_email", "").unwrap(), email);
        assert_eq!(look("!!", "find_by_email", "true").unwrap(), None);
        assert_eq!(
            look("7", "find_by_external_id", "true").unwrap(),
            Some(Lookup::ExternalId("7".to_owned()))
        );
        assert_eq!(look("7", "find_by_external_id", "false").unwrap(), Some(Lookup::Id(7)));
        assert_eq!(
            look("44", "find_by_label", "whmcs_service_id").unwrap(),
            Some(Lookup::Label("whmcs/service_id".to_owned(), "44".to_owned()))
        );
        assert!(look("44", "find_by_label", "mine_service_id").is_err());
        assert_eq!(look("a\0b", "find_by_external_id", "1").unwrap(), None);
        assert_eq!(look("seven", "x", "").unwrap(), None);
    }
}

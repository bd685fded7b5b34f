//! `/api/2.0` (seed "Create User"): users of customers, as the documentation of
//! Everlytic describes them and as its clients read the answers.
//!
//! - A body is the object that the documentation calls `$properties`, or an object with
//!   that as its only member.
//! - A name is one text. It is kept as such, for nobody can tell where it would divide.
//! - Nobody gets a password here: an administrator issues an API credential afterwards.

mod customer;
mod envelope;
mod reader;

use doorstep_accounts::{ManagedUser, Membership, MembershipForm, Refusal, UserForm, user};
use doorstep_fields::{Field, Raw, SignUp, field};
use doorstep_wire::paths;
use serde_json::{Map, Value, json};

pub use self::{
    customer::{decode_customer, decode_customer_change, encode_customer, encode_customers},
    envelope::{Link, home, nothing},
};
use self::{
    envelope::{collection, item, refused},
    reader::{Reader, Sent, properties},
};
use crate::dialect::{Authentication, Carried, Dialect, DoorContext, Made, Reply};

/// The door.
pub(crate) const DIALECT: Dialect = Dialect {
    name: "everlytic",
    roots: &[paths::EVERLYTIC],
    create: &[paths::EVERLYTIC_USERS, paths::EVERLYTIC_USERS_SLASH],
    authentication: Authentication::Basic { realm: "api" },
    takes_forms: true,
    carries: &[Carried::same("email"), Carried { ours: "locale", theirs: "language" }],
    decode: |body, _| decode_user(body),
    fingerprint,
    created,
    refused,
};

/// All customers belong to the one enterprise that the installation is.
const ENTERPRISE: i64 = 1;
/// The language of users for whom none was named.
const DEFAULT_LANGUAGE: &str = "default";

static NAME: Field = Field::text("name", "Name").required().max(255);
static USERNAME: Field = Field::text("username", "Username").required().max(255);
static LANGUAGE: Field = Field::text("language", "Language").max(35);
static HASH: Field = Field::text("hash", "Hash").required().max(64);

/// Members that mean something in a user.
const USER: &[&str] = &[
    "name",
    "email",
    "username",
    "customer_id",
    "language",
    "can_customer_admin",
    // Ours to say; clients send back what they read.
    "id",
    "hash",
    "enterprise_id",
];

/// Reads a new user. Everything that is wrong is reported together.
fn decode_user(body: &[u8]) -> Result<UserForm, Refusal> {
    decode(&properties(body)?, true, None)
}

/// Reads what is to change in a user, and the hash of what it was; what is not sent stays.
/// The language `default` is `default_locale` in a user who has had another one.
pub fn decode_user_change(body: &[u8], default_locale: &str) -> Result<UserForm, Refusal> {
    decode(&properties(body)?, false, Some(default_locale))
}

fn decode(
    body: &Map<String, Value>,
    create: bool,
    default_locale: Option<&str>,
) -> Result<UserForm, Refusal> {
    let mut reader = Reader::new(body, create);
    let name = reader.text(&NAME).value();
    let email = reader.email();
    let username = reader.text(&USERNAME).value();
    if username.is_some() {
        check_username(body, &mut reader);
    }
    let customer_id = reader.number("customer_id", "Customer id", (1, create)).value();
    let locale = language(&mut reader, default_locale);
    let can_customer_admin = reader.yes_no("can_customer_admin", "Can customer admin");
    let hash = if create { None } else { reader.hash() };
    let ignored = reader.ignored(USER);
    reader.end()?;

    let answers = [("email", email.as_deref()), ("locale", locale.as_deref())];
    let answers = answers.into_iter().filter_map(|(name, text)| Some((name, Raw::Text(text?))));
    // Each was checked by its own field's rule just now.
    let answers = SignUp::parse_change(answers).unwrap_or_default();
    let mut form = UserForm {
        answers,
        membership: Some(MembershipForm { customer_id, username, can_customer_admin, hash }),
        ignored,
        ..UserForm::default()
    };
    if let Some(name) = name {
        form.extras.insert(user::WHOLE_NAME.to_owned(), name.into());
        // A new name takes the place of one in two parts.
        form.cleared = vec!["fname", "lname"];
    }
    Ok(form)
}

/// A username is sent before a colon by those who log in with it, and white space around
/// it would be seen by nobody.
fn check_username(body: &Map<String, Value>, reader: &mut Reader<'_>) {
    let sent = body.get(USERNAME.name).and_then(Value::as_str).unwrap_or_default();
    if sent.contains(':') || sent != sent.trim() {
        reader.fault(
            USERNAME.name,
            "invalid",
            "Username has a colon in it, or white space around it: leave these out",
        );
    }
}

/// The language as our field has it; `None` where it stays or is the default.
fn language(reader: &mut Reader<'_>, default_locale: Option<&str>) -> Option<String> {
    let sent = match reader.text(&LANGUAGE) {
        Sent::Not => return None,
        Sent::Is(language) if language != DEFAULT_LANGUAGE => language,
        Sent::Is(_) | Sent::Blank => return default_locale.map(str::to_owned),
    };
    let answer = field("locale").and_then(|locale| locale.parse(Raw::Text(&sent)).ok());
    let known = answer.as_ref().and_then(|answer| answer.text()).map(str::to_owned);
    if known.is_none() {
        let message = "Language is not one that we know: send an ISO 639-1 code, or `default`";
        reader.fault(LANGUAGE.name, "unknown_language", message);
    }
    known
}

/// A body in one form, whatever the order of its members, and without what could be a
/// password, which this API takes none of.
fn fingerprint(body: &[u8]) -> Result<String, Refusal> {
    let mut body = properties(body)?;
    body.remove("password");
    Ok(Value::Object(body).to_string())
}

fn created(made: &Made<'_>, context: &DoorContext<'_>) -> Reply {
    let location = at(made.managed.user.id);
    let mut body = encode(made.managed, context);
    if !made.form.ignored.is_empty() {
        body["ignored"] = made.form.ignored.clone().into();
    }
    Reply::json(201, &body).located(format!("{}{location}", context.public_url))
}

/// One user.
pub fn encode_user(managed: &ManagedUser, context: &DoorContext<'_>) -> Reply {
    Reply::json(200, &encode(managed, context))
}

/// A page of users; `links` says where the others are.
pub fn encode_users(users: &[ManagedUser], links: &[Link], context: &DoorContext<'_>) -> Reply {
    let users =
        users.iter().map(|managed| (at(managed.user.id), members(managed, context))).collect();
    collection(users, links, context)
}

fn at(id: i64) -> String {
    format!("{}/{id}", paths::EVERLYTIC_USERS)
}

fn encode(managed: &ManagedUser, context: &DoorContext<'_>) -> Value {
    item(&at(managed.user.id), &members(managed, context), context)
}

fn members(managed: &ManagedUser, context: &DoorContext<'_>) -> Value {
    let user = &managed.user;
    let membership = managed.membership.as_ref();
    let language = user.text("locale").filter(|locale| *locale != context.default_locale);
    let can_admin = membership.is_some_and(|it| it.can_customer_admin);
    json!({
        "id": user.id,
        "hash": managed.hash(),
        "enterprise_id": ENTERPRISE,
        "customer_id": membership.map(|it| it.customer_id),
        "language": language.unwrap_or(DEFAULT_LANGUAGE),
        "name": user.whole_name(),
        "email": user.email,
        "username": membership.map(|Membership { username, .. }| username),
        "can_customer_admin": yes_no(can_admin),
    })
}

/// The API's booleans are words.
const fn yes_no(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(body: &Value) -> Vec<(String, String)> {
        match decode_user(body.to_string().as_bytes()) {
            Err(Refusal::Invalid { faults }) => {
                faults.into_iter().map(|fault| (fault.field, fault.code)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn sample() -> Value {
        json!({
            "name": "Test User",
            "email": "test@host.example",
            "username": "test@host.example",
            "customer_id": 1,
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut body = sample();
        body[name] = value;
        body
    }

    #[test]
    fn the_sample_is_read_flat_and_wrapped() {
        for body in [sample(), json!({ "$properties": sample() })] {
            let form = decode_user(body.to_string().as_bytes()).unwrap();
            assert_eq!(form.answers.text("email"), Some("test@host.example"));
            assert_eq!(form.extras["name"], "Test User");
            let membership = form.membership.unwrap();
            assert_eq!(membership.customer_id, Some(1));
            assert_eq!(membership.username.as_deref(), Some("test@host.example"));
            assert_eq!(membership.can_customer_admin, None);
            assert!(form.password.is_none() && form.ignored.is_empty());
        }
        let text = |body: Value| fingerprint(body.to_string().as_bytes()).unwrap();
        assert_eq!(text(sample()), text(json!({ "$properties": sample() })));
        assert_eq!(text(with("password", json!("x"))), text(sample()));
    }

    #[test]
    fn all_faults_come_together() {
        let codes = faults(&json!({
            "name": " ", "username": "a:b", "customer_id": 1.5, "language": "xx",
            "can_customer_admin": true,
        }));
        let pair = |field: &str, code: &str| (field.to_owned(), code.to_owned());
        assert_eq!(
            codes,
            [
                pair("name", "required"),
                pair("email", "required"),
                pair("username", "invalid"),
                pair("customer_id", "invalid"),
                pair("language", "unknown_language"),
                pair("can_customer_admin", "invalid"),
            ]
        );
    }

    #[test]
    fn each_member_has_its_bounds() {
        for (name, good) in [
            ("name", json!("x".repeat(255))),
            ("name", json!("é".repeat(255))),
            ("username", json!("x".repeat(255))),
            ("customer_id", json!("3")),
            ("customer_id", json!(i64::MAX)),
            ("language", json!("default")),
            ("language", json!("de")),
            ("can_customer_admin", json!("no")),
            ("hash", json!(7)),
        ] {
            let body = with(name, good.clone()).to_string();
            assert!(decode_user(body.as_bytes()).is_ok(), "{name}: {good}");
        }
        for (name, bad, code) in [
            ("name", json!("x".repeat(256)), "too_long"),
            ("name", json!(null), "required"),
            ("name", json!(["x"]), "wrong_type"),
            ("name", json!("a\u{0}b"), "control_character"),
            ("email", json!("nobody"), "invalid_email"),
            ("email", json!(format!("{}@b.example", "x".repeat(255))), "too_long"),
            ("username", json!("x".repeat(256)), "too_long"),
            ("username", json!(" ada"), "invalid"),
            ("username", json!(true), "wrong_type"),
            ("customer_id", json!(0), "invalid"),
            ("customer_id", json!(-1), "invalid"),
            ("customer_id", json!(true), "wrong_type"),
            ("customer_id", json!("1e3"), "invalid"),
            ("customer_id", json!(""), "required"),
            ("can_customer_admin", json!("Y"), "invalid"),
        ] {
            let found = faults(&with(name, bad.clone()));
            assert_eq!(found, [(name.to_owned(), code.to_owned())], "{name}: {bad}");
        }
    }
}

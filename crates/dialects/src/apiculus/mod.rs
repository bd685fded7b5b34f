//! `/auth/login`, `/api/pass/…` and `/api/v1/…` as the documented Apiculus API has them.

mod account;
mod places;
mod reader;
mod strict;
mod tax;
mod words;

use doorstep_accounts::{
    Catalog, Fingerprint, ManagedUser, PlainToken, Refusal, Secret, Timestamp, user::email_key,
};
use doorstep_wire::{Code, Problem, paths};
use serde_json::{Value, json};

use self::places::{COUNTRIES, Country};
use crate::{
    body::problem,
    dialect::{Authentication, Carried, Dialect, DoorContext, Made, Reply},
    native_profile::rfc3339,
};

/// The header that callers send the token of `/auth/login` in.
pub const TOKEN_HEADER: &str = "x-access-token";

/// The door.
pub(crate) const DIALECT: Dialect = Dialect {
    name: "apiculus",
    roots: &["/auth", "/api/pass", "/api/v1"],
    create: &[paths::APICULUS_CREATE],
    authentication: Authentication::Token { header: TOKEN_HEADER },
    takes_forms: false,
    carries: &[
        Carried::same("fname"),
        Carried::same("lname"),
        Carried::same("email"),
        Carried { ours: "phone", theirs: "mobileNumber" },
        Carried { ours: "company_name", theirs: "organization_name" },
        Carried { ours: "address1", theirs: "address" },
        Carried::same("city"),
        Carried::same("state"),
        Carried { ours: "zip", theirs: "zipcode" },
        Carried::same("country"),
        Carried::same("currency"),
    ],
    decode: account::decode,
    fingerprint: without_password,
    created,
    refused,
};

/// A body without its password, in one form whatever the order of its members.
fn without_password(body: &[u8]) -> Result<String, Refusal> {
    let mut body = strict::strict_object(body)?;
    body.remove("password");
    Ok(Value::Object(body).to_string())
}

/// What surrounds every answer but those of the two public lists.
struct Envelope<'a> {
    status: u16,
    error: Value,
    request_id: &'a str,
    replayed: bool,
    result: Value,
}

impl Envelope<'_> {
    fn reply(self) -> Reply {
        let success = self.status < 400;
        // As CloudStack counts them: 1 is done, 2 has failed.
        let job_status = if success { 1 } else { 2 };
        let body = json!({
            "httpStatus": self.status,
            "success": success,
            "error": self.error,
            "sync": true,
            "jobId": job_id(self.request_id),
            "jobStatusCode": job_status,
            "cached": false,
            "replayed": self.replayed,
            "result": self.result,
        });
        Reply::json(self.status, &body)
    }
}

/// An answer that went well.
fn done(result: Value, request_id: &str) -> Reply {
    Envelope { status: 200, error: json!({}), request_id, replayed: false, result }.reply()
}

/// The request's id as callers expect a job's to look: a UUID.
fn job_id(request_id: &str) -> String {
    let digest = Fingerprint::of(&[b"apiculus job", request_id.as_bytes()]);
    let hex: Vec<char> = digest.as_stored().chars().take(32).collect();
    let mut text = String::new();
    for (at, digit) in hex.into_iter().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        // Version 4, variant 10 (RFC 9562 §5.4).
        text.push(match at {
            12 => '4',
            16 => '8',
            _ => digit,
        });
    }
    text
}

/// The answer with the new user.
fn created(made: &Made<'_>, context: &DoorContext<'_>) -> Reply {
    let ManagedUser { user, account_number, .. } = made.managed;
    // One that was made before there were numbers is known by its own.
    let number = account_number.clone().unwrap_or_else(|| user.id.to_string());
    Envelope {
        status: 200,
        error: json!({}),
        request_id: context.request_id,
        replayed: made.replayed,
        result: json!({ "id": number, "email": user.email }),
    }
    .reply()
}

/// The answer that says no.
fn refused(code: Code, problem: &Problem, context: &DoorContext<'_>) -> Reply {
    let is_taken = problem.faults.iter().any(|fault| fault.code == "taken");
    let (status, name) = match code {
        Code::MalformedBody => (400, "BAD_JSON".to_owned()),
        Code::ValidationFailed if is_taken => (409, "EMAIL_TAKEN".to_owned()),
        Code::ValidationFailed => (400, "VALIDATION_FAILED".to_owned()),
        other => match other.status() {
            401 if code != Code::InvalidCredential => (401, "UNAUTHENTICATED".to_owned()),
            403 => (403, "FORBIDDEN".to_owned()),
            status => (status, other.name().to_uppercase().replace('-', "_")),
        },
    };
    let fields: Vec<_> = problem
        .faults
        .iter()
        .map(|fault| {
            let code = match fault.code.as_str() {
                "taken" => "EMAIL_TAKEN".to_owned(),
                other => other.to_uppercase(),
            };
            json!({ "field": fault.field, "code": code, "message": fault.message })
        })
        .collect();
    let mut error = json!({ "code": name, "message": problem.detail });
    if !fields.is_empty() {
        error["fields"] = fields.into();
    }
    let request_id = context.request_id;
    Envelope { status, error, request_id, replayed: false, result: json!({}) }.reply()
}

/// Who wants to log in.
#[derive(Debug)]
pub struct LoginForm {
    /// The address, in the form in which it is unique.
    pub email_key: String,
    /// The password.
    pub password: Secret,
}

/// Reads a login.
pub fn decode_login(body: &[u8]) -> Result<LoginForm, Refusal> {
    let body = strict::strict_object(body)?;
    let mut faults = Vec::new();
    let mut read = |name: &str| match body.get(name) {
        Some(Value::String(text)) if !text.is_empty() => text.as_str(),
        None | Some(Value::Null | Value::String(_)) => {
            let message = format!("{name} is required");
            faults.push(problem(&format!("/{name}"), name, "REQUIRED", &message));
            ""
        }
        Some(_) => {
            let message = format!("{name} must be text");
            faults.push(problem(&format!("/{name}"), name, "WRONG_TYPE", &message));
            ""
        }
    };
    let (email, password) = (read("email"), read("password"));
    if !faults.is_empty() {
        return Err(Refusal::Invalid { faults });
    }
    Ok(LoginForm { email_key: email_key(email), password: Secret::new(password) })
}

/// What a user is to this API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountType {
    /// Signed up alone.
    Retail,
    /// Made by an administrator.
    Enterprise,
    /// An administrator.
    Admin,
}

impl AccountType {
    /// By whether the user administers, and who made the user.
    pub const fn of(is_admin: bool, by_client: bool) -> Self {
        match (is_admin, by_client) {
            (true, _) => Self::Admin,
            (false, true) => Self::Retail,
            (false, false) => Self::Enterprise,
        }
    }

    const fn number(self) -> i64 {
        match self {
            Self::Retail => 0,
            Self::Enterprise => 1,
            Self::Admin => 11,
        }
    }
}

/// The answer to a login.
pub fn encode_login(
    token: &PlainToken,
    account: AccountType,
    currency: &str,
    last_login_at: Timestamp,
    request_id: &str,
) -> Reply {
    let result = json!({
        "token": token.expose(),
        "onboarded": true,
        "account_type": account.number(),
        "currency": currency,
        "last_logged_in": rfc3339(last_login_at),
        "paymentCurrency": currency,
    });
    done(result, request_id)
}

/// The answer to a logout.
pub fn encode_logout(request_id: &str) -> Reply {
    done(json!({}), request_id)
}

/// What new accounts can choose from, and what their tax numbers have to be.
pub fn encode_helper(catalog: &Catalog, request_id: &str) -> Result<Reply, Refusal> {
    let Catalog { currencies, apiculus, .. } = catalog;
    if currencies.is_empty() || apiculus.tax_categories.is_empty() {
        return Err(Refusal::CatalogIncomplete);
    }
    let categories: Vec<_> = apiculus
        .tax_categories
        .iter()
        .map(|it| json!({ "displayText": it.text, "value": it.value }))
        .collect();
    let types: Vec<_> = apiculus
        .tax_types
        .iter()
        .map(|it| {
            let (min, max) = it.length;
            let validation = json!({
                "alpha_num": it.alphanumeric, "required": it.required, "min": min, "max": max,
            });
            json!({ "name": it.name, "validation": validation })
        })
        .collect();
    let result = json!({
        "currency": currencies,
        "acsRegion": apiculus.regions,
        "tax_category": categories,
        "tax_types": types,
    });
    Ok(done(result, request_id))
}

/// All countries. Nothing in it changes while the program runs.
pub fn encode_countries() -> String {
    let countries: Vec<_> = COUNTRIES
        .iter()
        .map(|it| {
            let id = it.object_id();
            json!({ "_id": id, "objectId": id, "code": it.code, "name": it.name, "phone": it.dial })
        })
        .collect();
    json!({ "result": { "countries": countries } }).to_string()
}

/// The subdivisions of a country, by its `objectId`.
pub fn encode_states(object_id: Option<&str>) -> Result<String, Refusal> {
    let Some(id) = object_id.filter(|id| !id.is_empty()) else {
        let message = "code is required: the objectId of a country in countryList";
        return Err(Refusal::Invalid { faults: vec![problem("", "code", "REQUIRED", message)] });
    };
    let Some(country) = Country::of_object(id) else {
        let message = "code is no country's objectId: see countryList";
        let faults = vec![problem("", "code", "COUNTRY_UNKNOWN", message)];
        return Err(Refusal::Invalid { faults });
    };
    let states: Vec<_> = country
        .states
        .iter()
        .map(|it| {
            let id = format!("{}-{}", country.object_id(), it.code);
            json!({
                "_id": id,
                "objectId": id,
                "Country_Code": country.code,
                "Subdivision_Code": it.code,
                "Subdivision_Name": it.name,
                // The documented spelling.
                "Subdivion_Type": it.kind,
            })
        })
        .collect();
    Ok(json!({ "result": { "state": states } }).to_string())
}

//! `createNewUser`: a body to a form, by the documented rules and the catalogue.

use doorstep_accounts::{
    Catalog, Refusal, Secret, UserForm,
    catalog::apiculus::{Apiculus, Names},
};
use doorstep_fields::{FaultCode, Raw, SignUp, field};
use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization as _;

use super::{
    places::{Country, is_dial_code},
    reader::Reader,
    strict::strict_object,
    tax,
    words::{is_name, is_organization, password_lacks},
};
use crate::body::step;

/// A dial code's length; also that of the longest that there is.
const DIAL_CHARACTERS: usize = 4;
/// A number with its dial code (ITU-T E.164).
const PHONE_DIGITS: usize = 15;
/// Longer postal codes of digits alone are in use nowhere.
const ZIP_DIGITS: usize = 12;
/// Days, both ends allowed.
const CREDIT_DAYS: std::ops::RangeInclusive<u64> = 1..=30;
/// More is a mistake, and beyond what a number holds to the cent.
const CREDIT_MAX: f64 = 1e12;
const CREDIT_DECIMALS: usize = 4;

/// The label below which what only this API knows of a user is kept.
pub(super) const LABEL: &str = "apiculus";

/// Members that mean something.
const KNOWN: &[&str] = &[
    "fname",
    "lname",
    "organization_name",
    "email",
    "countryCode",
    "mobileNumber",
    "password",
    "acsRegion",
    "address",
    "city",
    "country",
    "state",
    "zipcode",
    "currency",
    "tax_category",
    "tax_type1",
    "tax_type2",
    "tax_type3",
    "taxation_id1",
    "taxation_id2",
    "taxation_id3",
    "credit_period",
    "credit_limit",
    "resellerCode",
];
/// More of the others than this help nobody.
const IGNORED_SHOWN: usize = 20;

/// Reads a new user. Everything that is wrong is reported together.
pub(super) fn decode(body: &[u8], catalog: &Catalog) -> Result<UserForm, Refusal> {
    let body = strict_object(body)?;
    if catalog.currencies.is_empty() || catalog.apiculus.tax_categories.is_empty() {
        return Err(Refusal::CatalogIncomplete);
    }
    let rules = &catalog.apiculus;
    let mut reader = Reader { body: &body, faults: Vec::new() };
    let (fname, lname) = (reader.name("fname", rules.names), reader.name("lname", rules.names));
    let organization = reader.organization();
    let email = reader.email(rules);
    let (dial, mobile) = reader.phone(rules).unzip();
    let password = reader.password(rules);
    let region = reader.member_of("acsRegion", &rules.regions, "REGION_UNKNOWN", false);
    let address = reader.line("address");
    let city = reader.line("city");
    let (country, state) = reader.place();
    let zip = reader.zip();
    let currency = reader.member_of("currency", &catalog.currencies, "CURRENCY_UNSUPPORTED", true);
    let categories: Vec<_> = rules.tax_categories.iter().map(|it| it.value.clone()).collect();
    let category = reader.member_of("tax_category", &categories, "TAX_CATEGORY_UNKNOWN", true);
    let taxes = tax::read(&mut reader, &rules.tax_types);
    let period = reader.credit_period();
    let limit = reader.credit_limit();
    let resellers: Vec<_> =
        rules.resellers.iter().filter(|it| it.active).map(|it| it.code.clone()).collect();
    let reseller = reader.member_of("resellerCode", &resellers, "RESELLER_UNKNOWN", false);

    let answers = SignUp::parse_change([
        ("email", raw(email.as_ref())),
        ("company_name", raw(organization.as_ref())),
        ("address1", raw(address.as_ref())),
        ("city", raw(city.as_ref())),
        ("state", raw(state.as_ref())),
        ("zip", raw(zip.as_ref())),
        ("country", raw(country.as_ref())),
        ("currency", raw(currency.as_ref())),
    ]);
    let answers = answers.unwrap_or_else(|faults| {
        // Our own rules are wider than these; what they refuse all the same is said.
        for fault in faults {
            let name = theirs(fault.field);
            if !reader.has_fault(name) {
                reader.fault(name, &fault.code.name().to_uppercase(), &fault.to_string());
            }
        }
        SignUp::default()
    });
    if !reader.faults.is_empty() {
        return Err(Refusal::Invalid { faults: reader.faults });
    }
    let mut kept = Map::new();
    let phone = dial.as_ref().zip(mobile.as_ref()).map(|(dial, mobile)| format!("+{dial}{mobile}"));
    for (name, value) in [
        ("countryCode", dial.map(Value::from)),
        ("mobileNumber", mobile.map(Value::from)),
        ("acsRegion", region.map(Value::from)),
        ("tax_category", category.map(Value::from)),
        ("credit_period", period.map(Value::from)),
        ("credit_limit", limit),
        ("resellerCode", reseller.map(Value::from)),
    ] {
        if let Some(value) = value {
            kept.insert(name.to_owned(), value);
        }
    }
    for (slot, tax) in taxes.into_iter().flatten() {
        kept.insert(format!("tax_type{slot}"), tax.name.into());
        kept.insert(format!("taxation_id{slot}"), tax.id.into());
    }
    // Names may be longer here than in a form of ours, and phone numbers shorter, so
    // they do not go through its fields.
    let extras = [("fname", fname), ("lname", lname), ("phone", phone)];
    let nfc = |text: String| Value::String(text.nfc().collect());
    Ok(UserForm {
        answers,
        extras: extras
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), nfc(text?))))
            .collect(),
        labels: Map::from_iter([(LABEL.to_owned(), Value::Object(kept))]),
        // Whoever calls has asked the person already: the documented API sends no mail.
        skip_email_confirm: true,
        password,
        account_prefix: Some(rules.account_prefix.clone()),
        ignored: body
            .keys()
            .filter(|key| !KNOWN.contains(&key.as_str()))
            .take(IGNORED_SHOWN)
            .map(|key| format!("/{}", step(key)))
            .collect(),
        ..UserForm::default()
    })
}

fn raw(text: Option<&String>) -> Raw<'_> {
    text.map_or(Raw::Absent, |text| Raw::Text(text))
}

/// Their name for a field of ours.
fn theirs(ours: &str) -> &str {
    match ours {
        "company_name" => "organization_name",
        "address1" => "address",
        "zip" => "zipcode",
        same => same,
    }
}

/// One of these for each field that has rules of its own.
impl Reader<'_> {
    fn name(&mut self, name: &str, names: Names) -> Option<String> {
        let text = self.required_text(name)?;
        if is_name(&text, names) {
            return Some(text);
        }
        let allowed = match names {
            Names::Strict => "letters only",
            Names::Lenient => "letters, single spaces, hyphens, apostrophes and dots only",
            Names::Ascii => "the letters from A to Z only",
        };
        self.fault(name, "ALPHA_ONLY", &format!("{name} takes {allowed}"));
        None
    }

    fn organization(&mut self) -> Option<String> {
        let name = "organization_name";
        let text = self.required_text(name)?;
        if is_organization(&text) {
            return Some(text);
        }
        let message = format!("{name} takes letters, digits, spaces and & . , ' ( ) / + - only");
        self.fault(name, "ORG_CHARS", &message);
        None
    }

    fn email(&mut self, rules: &Apiculus) -> Option<String> {
        let name = "email";
        let text = self.required_text(name)?;
        let parsed = field(name).and_then(|rule| match rule.parse(Raw::Text(&text)) {
            Ok(answer) => answer.text().map(|text| Ok(text.to_owned())),
            Err(code) => Some(Err(code)),
        });
        let (local, domain) = text.rsplit_once('@').unwrap_or_default();
        match parsed {
            Some(Err(FaultCode::TooLong { max })) => {
                let message = format!("{name} is too long: use at most {max} characters");
                self.fault(name, "TOO_LONG", &message);
                return None;
            }
            Some(Ok(_)) if local.len() <= 64 && domain.contains('.') => {}
            _ => {
                let message = format!("{name} is not an e-mail address like name@example.com");
                self.fault(name, "EMAIL_FORMAT", &message);
                return None;
            }
        }
        // As mail servers know it, in whatever letters it was written.
        let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase());
        let is_restricted = rules.restricted_domains.iter().any(|restricted| {
            domain
                .strip_suffix(restricted.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        if is_restricted {
            let message = "addresses of this mail domain are not taken: use another one";
            self.fault(name, "EMAIL_DOMAIN_RESTRICTED", message);
            return None;
        }
        Some(text)
    }

    /// `countryCode` without its plus, and `mobileNumber`.
    fn phone(&mut self, rules: &Apiculus) -> Option<(String, String)> {
        let dial = self.dial_code();
        let name = "mobileNumber";
        let mobile = self.digits(name);
        let mobile = self.required(name, mobile)?;
        if !mobile.bytes().all(|byte| byte.is_ascii_digit()) {
            self.fault(name, "DIGITS_ONLY", &format!("{name} takes the digits 0 to 9 only"));
            return None;
        }
        let (min, max) = rules.phone_digits;
        if !(min..=max).contains(&mobile.len()) {
            let message = format!("{name} must have {min} to {max} digits");
            self.fault(name, "PHONE_LENGTH", &message);
            return None;
        }
        let dial = dial?;
        if dial.len() + mobile.len() > PHONE_DIGITS {
            let message = format!(
                "{name} is too long: with its dial code it has at most {PHONE_DIGITS} digits"
            );
            self.fault(name, "PHONE_LENGTH", &message);
            return None;
        }
        Some((dial, mobile))
    }

    fn dial_code(&mut self) -> Option<String> {
        let name = "countryCode";
        let sent = self.digits(name);
        let sent = self.required(name, sent)?;
        let dial = sent.strip_prefix('+').unwrap_or(&sent);
        if dial.chars().count() > DIAL_CHARACTERS {
            let message = format!("{name} is too long: use at most {DIAL_CHARACTERS} characters");
            self.fault(name, "TOO_LONG", &message);
        } else if dial.is_empty() || !dial.bytes().all(|byte| byte.is_ascii_digit()) {
            let hint = if Country::of(&dial.to_ascii_uppercase()).is_some() {
                "; did you mean country?"
            } else {
                ""
            };
            let message = format!("{name} is a dial code like 91{hint}");
            self.fault(name, "DIAL_CODE_FORMAT", &message);
        } else if is_dial_code(dial) {
            return Some(dial.to_owned());
        } else {
            let message = format!("{name} is no country's dial code: see countryList");
            self.fault(name, "DIAL_CODE_UNKNOWN", &message);
        }
        None
    }

    /// Its spaces are its own.
    fn password(&mut self, rules: &Apiculus) -> Option<Secret> {
        let name = "password";
        let body = self.body;
        let sent = match body.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.as_str()).filter(|text| !text.is_empty()),
            Some(_) => {
                self.fault(name, "WRONG_TYPE", "password must be text");
                return None;
            }
        };
        let sent = self.required(name, sent)?;
        let lacks = password_lacks(sent, rules.password_length);
        if lacks.is_empty() {
            return Some(Secret::new(sent));
        }
        self.fault(name, "PASSWORD_POLICY", &format!("password needs {}", lacks.join(", ")));
        None
    }

    /// `country` and the code of `state`.
    fn place(&mut self) -> (Option<String>, Option<String>) {
        let sent = self.own_text("country");
        let sent = self.required("country", sent);
        let country = sent.as_deref().and_then(Country::of);
        if sent.is_some() && country.is_none() {
            let message = "country is not a Country_Code of stateList, like IN";
            self.fault("country", "COUNTRY_UNKNOWN", message);
        }
        let state = self.state(country);
        (country.map(|country| country.code.to_owned()), state)
    }

    fn state(&mut self, country: Option<&Country>) -> Option<String> {
        let name = "state";
        if country.is_some_and(|country| country.states.is_empty()) {
            // There is no list to choose from: what is sent is text.
            self.own_text(name)?;
            return self.line(name);
        }
        let sent = self.required_text(name)?;
        let country = country?;
        if let Some(state) = country.state(&sent) {
            return Some(state.code.to_owned());
        }
        let message = format!("state is not a Subdivision_Code of {} in stateList", country.name);
        self.fault(name, "STATE_UNKNOWN", &message);
        None
    }

    fn zip(&mut self) -> Option<String> {
        let name = "zipcode";
        let zip = self.digits(name)?;
        if zip.bytes().all(|byte| byte.is_ascii_digit()) && zip.len() <= ZIP_DIGITS {
            return Some(zip);
        }
        let message = format!(
            "zipcode takes 1 to {ZIP_DIGITS} digits only: leave it out if yours has letters"
        );
        self.fault(name, "DIGITS_ONLY", &message);
        None
    }

    fn credit_period(&mut self) -> Option<u64> {
        let name = "credit_period";
        let days = match self.body.get(name) {
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        };
        let days = days.filter(|days| CREDIT_DAYS.contains(days));
        if days.is_none() {
            let (min, max) = (CREDIT_DAYS.start(), CREDIT_DAYS.end());
            let message = format!("{name} is required: a whole number of days from {min} to {max}");
            self.fault(name, "RANGE", &message);
        }
        days
    }

    /// Kept as the number that was sent.
    fn credit_limit(&mut self) -> Option<Value> {
        let name = "credit_limit";
        let text = match self.body.get(name) {
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::String(text)) => text.trim().to_owned(),
            _ => String::new(),
        };
        let amount = amount(&text);
        if amount.is_none() {
            let message = format!(
                "{name} is required: a number from 0 to 1000000000000 with at most {CREDIT_DECIMALS} decimals"
            );
            self.fault(name, "RANGE", &message);
        }
        amount
    }
}

/// A plain decimal number from 0 up.
fn amount(text: &str) -> Option<Value> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    let is_plain = is_digits(whole)
        && is_digits(decimals)
        && decimals.trim_end_matches('0').len() <= CREDIT_DECIMALS;
    let number: f64 = text.parse().ok()?;
    if !is_plain || number > CREDIT_MAX {
        return None;
    }
    match whole.parse::<u64>() {
        Ok(whole) if decimals.trim_end_matches('0').is_empty() => Some(whole.into()),
        _ => Some(json!(number)),
    }
}

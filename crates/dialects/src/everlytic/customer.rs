//! Customers.

use doorstep_accounts::{Customer, CustomerForm, CustomerStatus, Refusal};
use doorstep_fields::{Field, Raw, field};
use doorstep_wire::paths;
use serde_json::{Map, Value};

use super::{
    ENTERPRISE, NAME,
    envelope::{Link, collection, item},
    reader::{Reader, Sent, properties},
    yes_no,
};
use crate::dialect::{DoorContext, Reply};

static STATUS: Field = Field::text("status", "Status").max(16);
static UNIQUE_ID: Field = Field::text("unique_id", "Unique id");
static COUNTRY: Field = Field::text("country", "Country").max(2);

/// Text that is kept as it is.
static TEXTS: [Field; 6] = [
    Field::text("address", "Address"),
    Field::text("state_provinces", "State or province"),
    Field::text("postal_code", "Postal code").max(20),
    Field::phone("telephone", "Telephone"),
    Field::text("website_url", "Website"),
    Field::text("industry", "Industry"),
];
/// Numbers that are kept as they are.
const NUMBERS: [(&str, &str); 5] = [
    ("email_package_id", "E-mail package"),
    ("email_quota", "E-mail quota"),
    ("sms_quota", "SMS quota"),
    ("transactions_package_id", "Transactions package"),
    ("transactions_quota", "Transactions quota"),
];

/// Members that mean something beside these.
const CUSTOMER: &[&str] =
    &["name", "email", "status", "deleted", "unique_id", "country", "id", "hash", "enterprise_id"];

/// Reads a new customer. Everything that is wrong is reported together.
pub fn decode_customer(body: &[u8]) -> Result<CustomerForm, Refusal> {
    decode(&properties(body)?, true)
}

/// Reads what is to change in a customer, and the hash of what it was; what is not sent
/// stays.
pub fn decode_customer_change(body: &[u8]) -> Result<CustomerForm, Refusal> {
    decode(&properties(body)?, false)
}

fn decode(body: &Map<String, Value>, create: bool) -> Result<CustomerForm, Refusal> {
    let mut reader = Reader::new(body, create);
    let mut form = CustomerForm {
        name: reader.text(&NAME).value(),
        email: reader.email(),
        status: status(&mut reader),
        unique_id: match reader.text(&UNIQUE_ID) {
            Sent::Not => None,
            sent => Some(sent.value()),
        },
        ..CustomerForm::default()
    };
    for field in &TEXTS {
        if let Some(text) = reader.text(field).document() {
            form.details.insert(field.name.to_owned(), text);
        }
    }
    if let Some(country) = country(&mut reader) {
        form.details.insert(COUNTRY.name.to_owned(), country);
    }
    for (name, label) in NUMBERS {
        if let Some(number) = reader.number(name, label, (0, false)).document() {
            form.details.insert(name.to_owned(), number);
        }
    }
    if create {
        // Nothing has been said before that could be cleared.
        form.details.retain(|_, value| !value.is_null());
    } else {
        form.hash = reader.hash();
    }
    let numbers = NUMBERS.iter().map(|(name, _)| *name);
    let known: Vec<_> =
        CUSTOMER.iter().copied().chain(TEXTS.iter().map(|it| it.name)).chain(numbers).collect();
    form.ignored = reader.ignored(&known);
    reader.end()?;
    Ok(form)
}

/// `status`, or `deleted` as a word for one of them.
fn status(reader: &mut Reader<'_>) -> Option<CustomerStatus> {
    let deleted = reader.yes_no("deleted", "Deleted");
    let said = match reader.text(&STATUS).value() {
        None => None,
        Some(name) => {
            let status = CustomerStatus::parse(&name);
            if status.is_none() {
                let names = CustomerStatus::ALL.map(CustomerStatus::name).join(", ");
                reader.fault(STATUS.name, "invalid", &format!("Status must be one of {names}"));
            }
            status
        }
    };
    if deleted == Some(true) { Some(CustomerStatus::Deleted) } else { said }
}

/// Null for what was sent blank.
fn country(reader: &mut Reader<'_>) -> Option<Value> {
    let sent = match reader.text(&COUNTRY) {
        Sent::Is(sent) => sent,
        blank => return blank.document(),
    };
    match field("country")?.parse(Raw::Text(&sent)) {
        Ok(answer) => Some(answer.text().into()),
        Err(code) => {
            reader.fault(COUNTRY.name, code.name(), &format!("Country {code}"));
            None
        }
    }
}

/// One customer, with what has to be said about the request.
pub fn encode_customer(
    (status, customer): (u16, &Customer),
    form: Option<&CustomerForm>,
    context: &DoorContext<'_>,
) -> Reply {
    let path = at(customer.id);
    let mut body = item(&path, &members(customer), context);
    let ignored = form.map(|form| &form.ignored).filter(|ignored| !ignored.is_empty());
    if let Some(ignored) = ignored {
        body["ignored"] = ignored.clone().into();
    }
    let reply = Reply::json(status, &body);
    if status == 201 { reply.located(format!("{}{path}", context.public_url)) } else { reply }
}

/// A page of customers; `links` says where the others are.
pub fn encode_customers(
    customers: &[Customer],
    links: &[Link],
    context: &DoorContext<'_>,
) -> Reply {
    let customers = customers.iter().map(|it| (at(it.id), members(it))).collect();
    collection(customers, links, context)
}

fn at(id: i64) -> String {
    format!("{}/{id}", paths::EVERLYTIC_CUSTOMERS)
}

fn members(customer: &Customer) -> Value {
    let mut body = Map::new();
    body.insert("id".to_owned(), customer.id.into());
    body.insert("hash".to_owned(), customer.hash.clone().into());
    body.insert("enterprise_id".to_owned(), ENTERPRISE.into());
    body.insert("name".to_owned(), customer.name.clone().into());
    body.insert("email".to_owned(), customer.email.clone().into());
    body.insert("status".to_owned(), customer.status.name().into());
    let is_deleted = customer.status == CustomerStatus::Deleted;
    body.insert("deleted".to_owned(), yes_no(is_deleted).into());
    body.insert("unique_id".to_owned(), customer.unique_id.clone().into());
    body.extend(customer.details.clone());
    body.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Result<CustomerForm, Vec<(String, String)>> {
        decode_customer(body.to_string().as_bytes()).map_err(|refused| match refused {
            Refusal::Invalid { faults } => {
                faults.into_iter().map(|fault| (fault.field, fault.code)).collect()
            }
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_customer_needs_a_name_and_an_address() {
        let form = read(&json!({ "name": "Engines", "email": "a@b.example", "sms_quota": "7" }));
        let form = form.unwrap();
        assert_eq!(form.name.as_deref(), Some("Engines"));
        assert_eq!(form.details, *json!({ "sms_quota": 7 }).as_object().unwrap());
        let faults = read(&json!({
            "status": "gone", "country": "ZZ", "email_quota": -1, "deleted": 1,
        }));
        let pair = |field: &str, code: &str| (field.to_owned(), code.to_owned());
        assert_eq!(
            faults.unwrap_err(),
            [
                pair("name", "required"),
                pair("email", "required"),
                pair("deleted", "invalid"),
                pair("status", "invalid"),
                pair("country", "unknown_country"),
                pair("email_quota", "invalid"),
            ]
        );
    }

    #[test]
    fn a_change_names_the_hash_and_clears_what_is_sent_blank() {
        let change = |body: Value| decode_customer_change(body.to_string().as_bytes());
        let form = change(json!({ "hash": "x", "address": "", "unique_id": null })).unwrap();
        assert_eq!(form.hash.as_deref(), Some("x"));
        assert_eq!(form.unique_id, Some(None));
        assert_eq!(form.details, *json!({ "address": null }).as_object().unwrap());
        assert!(form.name.is_none() && form.email.is_none() && form.status.is_none());
        assert!(change(json!({ "name": "Engines" })).is_err());
    }
}

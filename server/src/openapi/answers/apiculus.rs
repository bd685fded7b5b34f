//! What clients of the Apiculus API get: each answer in its envelope.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

/// An envelope with one kind of result.
macro_rules! enveloped {
    ($($(#[doc = $doc:literal])+ $name:ident as $published:ident holds $result:ty;)+) => {$(
        $(#[doc = $doc])+
        #[derive(ToSchema)]
        #[schema(as = $published)]
        pub(in crate::openapi) struct $name {
            /// The status once more.
            #[schema(rename = "httpStatus")]
            http_status: u16,
            /// Whether it went well.
            success: bool,
            /// Without members where it did.
            error: BTreeMap<String, Value>,
            /// Always true.
            sync: bool,
            /// Opaque.
            #[schema(rename = "jobId", format = "uuid")]
            job_id: String,
            /// 1 for done, 2 for refused.
            #[schema(rename = "jobStatusCode")]
            job_status_code: i64,
            /// Always false.
            cached: bool,
            /// Whether this is the answer to an earlier request with the same key.
            replayed: bool,
            /// What was asked for.
            result: $result,
        }
    )+};
}

enveloped! {
    /// Something was done.
    Done as ApiculusDone holds BTreeMap<String, Value>;
    /// A login.
    LoggedIn as ApiculusLoggedIn holds Session;
    /// A user was made.
    Made as ApiculusMade holds MadeUser;
    /// What new accounts can choose from.
    Offered as ApiculusOffered holds Choices;
}

/// A refusal.
#[derive(ToSchema)]
#[schema(as = ApiculusRefusal)]
pub(in crate::openapi) struct Refused {
    /// The status once more.
    #[schema(rename = "httpStatus")]
    http_status: u16,
    /// Always false.
    success: bool,
    /// Why.
    error: Reason,
    /// Always true.
    sync: bool,
    /// Opaque.
    #[schema(rename = "jobId", format = "uuid")]
    job_id: String,
    /// 2.
    #[schema(rename = "jobStatusCode")]
    job_status_code: i64,
    /// Always false.
    cached: bool,
    /// Always false.
    replayed: bool,
    /// Without members.
    result: BTreeMap<String, Value>,
}

/// Why something was refused.
#[derive(ToSchema)]
#[schema(as = ApiculusReason)]
struct Reason {
    /// For programs.
    code: String,
    /// For people.
    message: String,
    /// All faults of a body at once.
    #[schema(required = false)]
    fields: Vec<Fault>,
}

/// A field's fault.
#[derive(ToSchema)]
#[schema(as = ApiculusFault)]
struct Fault {
    /// The field.
    field: String,
    /// For programs.
    code: String,
    /// For people.
    message: String,
}

/// A session.
#[derive(ToSchema)]
#[schema(as = ApiculusSession)]
struct Session {
    /// For the header `x-access-token`.
    token: String,
    /// Always true.
    onboarded: bool,
    /// 11 for administrators, 1 for users whom one made, 0 for those who signed up alone.
    account_type: i64,
    /// ISO 4217.
    currency: String,
    /// When the account was logged in before.
    #[schema(format = DateTime)]
    last_logged_in: String,
    /// ISO 4217.
    #[schema(rename = "paymentCurrency")]
    payment_currency: String,
}

/// A user that was made.
#[derive(ToSchema)]
#[schema(as = ApiculusMadeUser)]
struct MadeUser {
    /// The account's number, as in `API-E001`.
    id: String,
    /// The address.
    email: String,
}

/// What new accounts can choose from.
#[derive(ToSchema)]
#[schema(as = ApiculusChoices)]
struct Choices {
    /// ISO 4217.
    currency: Vec<String>,
    /// Where accounts can be.
    #[schema(rename = "acsRegion")]
    acs_region: Vec<String>,
    /// Tax categories.
    tax_category: Vec<TaxCategory>,
    /// Kinds of tax numbers.
    tax_types: Vec<TaxType>,
}

/// A tax category.
#[derive(ToSchema)]
#[schema(as = ApiculusTaxCategory)]
struct TaxCategory {
    /// For people.
    #[schema(rename = "displayText")]
    display_text: String,
    /// For programs.
    value: String,
}

/// A kind of tax number.
#[derive(ToSchema)]
#[schema(as = ApiculusTaxType)]
struct TaxType {
    /// Its name.
    name: String,
    /// What its numbers have to be.
    validation: TaxRule,
}

/// What tax numbers have to be.
#[derive(ToSchema)]
#[schema(as = ApiculusTaxRule)]
struct TaxRule {
    /// Whether they may have letters.
    alpha_num: bool,
    /// Whether every account needs one.
    required: bool,
    /// The shortest.
    min: i64,
    /// The longest.
    max: i64,
}

/// Countries.
#[derive(ToSchema)]
#[schema(as = ApiculusCountries)]
pub(in crate::openapi) struct Countries {
    /// Those of ISO 3166-1.
    result: CountryList,
}

/// Countries.
#[derive(ToSchema)]
#[schema(as = ApiculusCountryList)]
struct CountryList {
    /// All of them.
    countries: Vec<Country>,
}

/// A country.
#[derive(ToSchema)]
#[schema(as = ApiculusCountry)]
struct Country {
    /// Opaque.
    #[schema(rename = "_id")]
    id: String,
    /// What its subdivisions are asked for by.
    #[schema(rename = "objectId")]
    object_id: String,
    /// ISO 3166-1 alpha-2.
    code: String,
    /// Its English name.
    name: String,
    /// Its dial codes, with commas between.
    phone: String,
}

/// Subdivisions.
#[derive(ToSchema)]
#[schema(as = ApiculusStates)]
pub(in crate::openapi) struct States {
    /// Those of ISO 3166-2.
    result: StateList,
}

/// Subdivisions of a country.
#[derive(ToSchema)]
#[schema(as = ApiculusStateList)]
struct StateList {
    /// All of them.
    state: Vec<State>,
}

/// A subdivision.
#[derive(ToSchema)]
#[schema(as = ApiculusState)]
struct State {
    /// Opaque.
    #[schema(rename = "_id")]
    id: String,
    /// Opaque.
    #[schema(rename = "objectId")]
    object_id: String,
    /// The country.
    #[schema(rename = "Country_Code")]
    country_code: String,
    /// ISO 3166-2 without the country.
    #[schema(rename = "Subdivision_Code")]
    subdivision_code: String,
    /// Its name.
    #[schema(rename = "Subdivision_Name")]
    subdivision_name: String,
    /// What it is. The documented spelling.
    #[schema(rename = "Subdivion_Type")]
    subdivion_type: String,
}

//! What clients of the Apiculus API send.

use utoipa::ToSchema;

/// A login.
#[derive(ToSchema)]
#[schema(as = ApiculusLogin)]
pub(in crate::openapi) struct Login {
    /// The address of the account.
    #[schema(min_length = 1)]
    email: String,
    /// Its password.
    #[schema(min_length = 1, format = Password)]
    password: String,
}

/// A new user. Digits may be sent as text or as numbers.
#[derive(ToSchema)]
#[schema(as = ApiculusNewUser)]
pub(in crate::openapi) struct NewUser {
    /// First name: letters.
    fname: String,
    /// Last name: letters.
    lname: String,
    /// The person's address.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// Company.
    organization_name: String,
    /// A dial code, with or without `+`.
    #[schema(examples("91"), pattern = r"^\+?[0-9]{1,4}$")]
    #[schema(rename = "countryCode")]
    country_code: String,
    /// The number without it.
    #[schema(rename = "mobileNumber", pattern = "^[0-9]+$")]
    mobile_number: String,
    /// Upper and lower case letters, a digit and one of `_ & @ # $ % !`.
    #[schema(format = Password)]
    password: String,
    /// Where the account is to be: one of `acsRegion` in the helper's answer.
    #[schema(rename = "acsRegion", required = false)]
    acs_region: String,
    /// Street and number.
    address: String,
    /// City.
    city: String,
    /// ISO 3166-1 alpha-2, in upper case.
    #[schema(examples("IN"))]
    country: String,
    /// A `Subdivision_Code` or its name; none where a country has no subdivisions.
    #[schema(required = false, examples("KA"))]
    state: String,
    /// Digits; leave it out where codes have letters.
    #[schema(required = false, pattern = "^[0-9]{1,12}$")]
    zipcode: String,
    /// One of `currency` in the helper's answer.
    currency: String,
    /// One of `tax_category` in the helper's answer.
    tax_category: String,
    /// The name of one of `tax_types` in the helper's answer.
    #[schema(required = false)]
    tax_type1: String,
    /// The number of that type.
    #[schema(required = false)]
    taxation_id1: String,
    /// As `tax_type1`.
    #[schema(required = false)]
    tax_type2: String,
    /// The number of that type.
    #[schema(required = false)]
    taxation_id2: String,
    /// As `tax_type1`.
    #[schema(required = false)]
    tax_type3: String,
    /// The number of that type.
    #[schema(required = false)]
    taxation_id3: String,
    /// Days.
    #[schema(required = false, minimum = 1, maximum = 30)]
    credit_period: i64,
    /// In the account's currency.
    #[schema(required = false, minimum = 0)]
    credit_limit: f64,
    /// Of an active reseller.
    #[schema(rename = "resellerCode", required = false)]
    reseller_code: String,
}

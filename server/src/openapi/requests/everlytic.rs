//! What clients of Everlytic's API send: these objects, or `{"$properties": {…}}` around
//! them.

use utoipa::ToSchema;

/// A new user of a customer.
#[derive(ToSchema)]
#[schema(as = EverlyticNewUser)]
pub(in crate::openapi) struct NewUser {
    /// The whole name.
    #[schema(max_length = 255)]
    name: String,
    /// The address.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// The username, unique in the installation; no colon.
    #[schema(max_length = 255)]
    username: String,
    /// The customer, who must be on.
    #[schema(minimum = 1)]
    customer_id: i64,
    /// ISO 639-1, or `default`.
    #[schema(required = false, max_length = 35)]
    language: String,
    /// Kept for the caller.
    #[schema(required = false)]
    can_customer_admin: YesNo,
}

/// A change of a user; what is not sent stays.
#[derive(ToSchema)]
#[schema(as = EverlyticUserChange)]
pub(in crate::openapi) struct UserChange {
    /// The user's `hash`, as it was read before.
    #[schema(max_length = 64)]
    hash: String,
    /// The whole name.
    #[schema(required = false, max_length = 255)]
    name: String,
    /// The address.
    #[schema(required = false, format = "email", max_length = 254)]
    email: String,
    /// The username.
    #[schema(required = false, max_length = 255)]
    username: String,
    /// The customer.
    #[schema(required = false, minimum = 1)]
    customer_id: i64,
    /// ISO 639-1, or `default`.
    #[schema(required = false, max_length = 35)]
    language: String,
    /// Kept for the caller.
    #[schema(required = false)]
    can_customer_admin: YesNo,
}

/// A new customer.
#[derive(ToSchema)]
#[schema(as = EverlyticNewCustomer)]
pub(in crate::openapi) struct NewCustomer {
    /// The name.
    #[schema(max_length = 255)]
    name: String,
    /// The address.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// Whether the customer gets users.
    #[schema(required = false)]
    status: Status,
    /// The caller's own number for the customer.
    #[schema(required = false, max_length = 255)]
    unique_id: String,
    /// ISO 3166-1 alpha-2.
    #[schema(required = false, max_length = 2)]
    country: String,
    /// Kept for the caller, as `state_provinces`, `postal_code`, `telephone`, `website_url`, `industry`, and the
    /// numbers `email_package_id`, `email_quota`, `sms_quota`, `transactions_package_id`, `transactions_quota`.
    #[schema(required = false, max_length = 255)]
    address: String,
}

/// A change of a customer; what is not sent stays.
#[derive(ToSchema)]
#[schema(as = EverlyticCustomerChange)]
pub(in crate::openapi) struct CustomerChange {
    /// The customer's `hash`, as it was read before.
    #[schema(max_length = 64)]
    hash: String,
    /// The name.
    #[schema(required = false, max_length = 255)]
    name: String,
    /// The address.
    #[schema(required = false, format = "email", max_length = 254)]
    email: String,
    /// Whether the customer gets users.
    #[schema(required = false)]
    status: Status,
    /// The caller's own number for the customer.
    #[schema(required = false, max_length = 255)]
    unique_id: String,
    /// ISO 3166-1 alpha-2.
    #[schema(required = false, max_length = 2)]
    country: String,
}

/// The API's booleans are words.
#[derive(ToSchema)]
#[schema(as = EverlyticYesNo, rename_all = "lowercase")]
pub(in crate::openapi) enum YesNo {
    /// True.
    Yes,
    /// False.
    No,
}

/// Whether a customer gets users.
#[derive(ToSchema)]
#[schema(as = EverlyticStatus, rename_all = "lowercase")]
pub(in crate::openapi) enum Status {
    On,
    Off,
    Suspended,
    Deleted,
}

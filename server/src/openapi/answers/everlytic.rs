//! What clients of Everlytic's API get: links, and an item, a collection or an error.

use std::collections::BTreeMap;

use utoipa::ToSchema;

use crate::openapi::requests::everlytic::{Status, YesNo};

/// Where something else is.
#[derive(ToSchema)]
#[schema(as = EverlyticLink)]
struct Link {
    /// For people.
    title: String,
    /// What it is to this: `self`, `home`, `next`, `prev`, `first`, `last`.
    rel: String,
    /// Its URL.
    href: String,
}

/// Where the rest is.
#[derive(ToSchema)]
#[schema(as = EverlyticLinks)]
pub(in crate::openapi) struct Links {
    /// Where the rest is.
    links: Vec<Link>,
}

/// A user.
#[derive(ToSchema)]
#[schema(as = EverlyticOneUser)]
pub(in crate::openapi) struct OneUser {
    /// Where the rest is.
    links: Vec<Link>,
    /// The user.
    item: User,
    /// Members that mean nothing here.
    #[schema(required = false)]
    ignored: Vec<String>,
}

/// A page of users.
#[derive(ToSchema)]
#[schema(as = EverlyticUsers)]
pub(in crate::openapi) struct Users {
    /// Where the other pages are.
    links: Vec<Link>,
    /// The users.
    collection: Vec<UserEntry>,
}

/// A user in a list.
#[derive(ToSchema)]
#[schema(as = EverlyticUserEntry)]
struct UserEntry {
    /// Its URL.
    href: String,
    /// The user.
    data: User,
}

/// A user of a customer.
#[derive(ToSchema)]
#[schema(as = EverlyticUser)]
struct User {
    /// Its number.
    id: i64,
    /// Another one after each change.
    hash: String,
    /// The installation: 1.
    enterprise_id: i64,
    /// The customer.
    customer_id: Option<i64>,
    /// ISO 639-1, or `default`.
    language: String,
    /// The whole name.
    name: Option<String>,
    /// The address.
    email: String,
    /// The username.
    username: Option<String>,
    /// Kept for the caller.
    can_customer_admin: YesNo,
}

/// A customer.
#[derive(ToSchema)]
#[schema(as = EverlyticOneCustomer)]
pub(in crate::openapi) struct OneCustomer {
    /// Where the rest is.
    links: Vec<Link>,
    /// The customer.
    item: Customer,
    /// Members that mean nothing here.
    #[schema(required = false)]
    ignored: Vec<String>,
}

/// A page of customers.
#[derive(ToSchema)]
#[schema(as = EverlyticCustomers)]
pub(in crate::openapi) struct Customers {
    /// Where the other pages are.
    links: Vec<Link>,
    /// The customers.
    collection: Vec<CustomerEntry>,
}

/// A customer in a list.
#[derive(ToSchema)]
#[schema(as = EverlyticCustomerEntry)]
struct CustomerEntry {
    /// Its URL.
    href: String,
    /// The customer.
    data: Customer,
}

/// A customer; beside these, what was kept for the caller.
#[derive(ToSchema)]
#[schema(as = EverlyticCustomer)]
struct Customer {
    /// Its number.
    id: i64,
    /// Another one after each change.
    hash: String,
    /// The installation: 1.
    enterprise_id: i64,
    /// The name.
    name: String,
    /// The address.
    email: String,
    /// Whether the customer gets users.
    status: Status,
    /// Whether the status is `deleted`.
    deleted: YesNo,
    /// The caller's own number for the customer.
    unique_id: Option<String>,
}

/// A refusal.
#[derive(ToSchema)]
#[schema(as = EverlyticRefusal)]
pub(in crate::openapi) struct Refused {
    /// Where everything begins.
    links: Vec<Link>,
    /// Why.
    error: Error,
}

/// Why something was refused.
#[derive(ToSchema)]
#[schema(as = EverlyticError)]
struct Error {
    /// The status once more.
    code: u16,
    /// For people.
    message: String,
    /// Stable, for programs: one of the codes at `/docs/errors`.
    reason: String,
    /// Finds this request in the server's log.
    request_id: Option<String>,
    /// All faults of a body at once: codes by field.
    #[schema(required = false)]
    fields: BTreeMap<String, Vec<String>>,
}

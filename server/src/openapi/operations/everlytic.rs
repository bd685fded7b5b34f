//! For clients of Everlytic's API; the handbook's page has the rules.

use doorstep_wire::{Code, paths};

use super::{IDEMPOTENCY_KEY, PAGE, PER_PAGE};
use crate::openapi::{
    answers::everlytic::{Customers, Links, OneCustomer, OneUser, Users},
    operation::{Answer, Body, Kind, Operation, Parameter, of},
    requests::everlytic::{CustomerChange, NewCustomer, NewUser, UserChange},
};

const USERNAME: Parameter = Parameter::query("username", Kind::Text, "Only the user of this name");
const CUSTOMER: Parameter =
    Parameter::query("customer_id", Kind::Number(1, i64::MAX), "Only users of this customer");

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(("GET", paths::EVERLYTIC), "everlyticHome", "Where the rest is")
        .also(&[("GET", paths::EVERLYTIC_HOME)])
        .answers(&[Answer::json(200, "Links", of::<Links>)]),
    Operation::new(("GET", paths::EVERLYTIC_USERS), "everlyticUsers", "List users of customers")
        .also(&[("GET", paths::EVERLYTIC_USERS_SLASH)])
        .asks(&[PAGE, PER_PAGE, USERNAME, CUSTOMER])
        .answers(&[Answer::json(200, "A page of users", of::<Users>)])
        .refuses(&[Code::InvalidRequest]),
    Operation::new(
        ("POST", paths::EVERLYTIC_USERS),
        "everlyticCreateUser",
        "Make a user of a customer",
    )
    .also(&[("POST", paths::EVERLYTIC_USERS_SLASH)])
    .asks(&[IDEMPOTENCY_KEY])
    .takes(Body::json_or_form(of::<NewUser>))
    .answers(&[Answer::json(201, "The user", of::<OneUser>).with(&[
        "Location",
        "Idempotency-Key",
        "Idempotent-Replayed",
    ])])
    .refuses(&[Code::ValidationFailed, Code::IdempotencyKeyReused]),
    Operation::new(("GET", paths::EVERLYTIC_USER), "everlyticUser", "Show a user")
        .answers(&[Answer::json(200, "The user", of::<OneUser>)]),
    Operation::new(("PUT", paths::EVERLYTIC_USER), "everlyticChangeUser", "Change a user")
        .says("With the `hash` that was read before; what is not sent stays.")
        .takes(Body::json_or_form(of::<UserChange>))
        .answers(&[Answer::json(200, "The user", of::<OneUser>)])
        .refuses(&[Code::ValidationFailed, Code::StaleHash]),
    Operation::new(("DELETE", paths::EVERLYTIC_USER), "everlyticDeleteUser", "Erase a user")
        .answers(&[Answer::json(200, "The user is erased", of::<Links>)])
        .refuses(&[Code::OwnAccount, Code::LastAdministrator]),
    Operation::new(("GET", paths::EVERLYTIC_CUSTOMERS), "everlyticCustomers", "List customers")
        .also(&[("GET", paths::EVERLYTIC_CUSTOMERS_SLASH)])
        .asks(&[PAGE, PER_PAGE])
        .answers(&[Answer::json(200, "A page of customers", of::<Customers>)])
        .refuses(&[Code::InvalidRequest]),
    Operation::new(
        ("POST", paths::EVERLYTIC_CUSTOMERS),
        "everlyticCreateCustomer",
        "Make a customer",
    )
    .also(&[("POST", paths::EVERLYTIC_CUSTOMERS_SLASH)])
    .asks(&[IDEMPOTENCY_KEY])
    .takes(Body::json_or_form(of::<NewCustomer>))
    .answers(&[Answer::json(201, "The customer", of::<OneCustomer>).with(&[
        "Location",
        "Idempotency-Key",
        "Idempotent-Replayed",
    ])])
    .refuses(&[Code::ValidationFailed, Code::IdempotencyKeyReused]),
    Operation::new(("GET", paths::EVERLYTIC_CUSTOMER), "everlyticCustomer", "Show a customer")
        .answers(&[Answer::json(200, "The customer", of::<OneCustomer>)]),
    Operation::new(
        ("PUT", paths::EVERLYTIC_CUSTOMER),
        "everlyticChangeCustomer",
        "Change a customer",
    )
    .says("With the `hash` that was read before; what is not sent stays.")
    .takes(Body::json_or_form(of::<CustomerChange>))
    .answers(&[Answer::json(200, "The customer", of::<OneCustomer>)])
    .refuses(&[Code::ValidationFailed, Code::StaleHash]),
    Operation::new(
        ("DELETE", paths::EVERLYTIC_CUSTOMER),
        "everlyticDeleteCustomer",
        "Delete a customer",
    )
    .says("It is gone from lists, and comes back with another status.")
    .answers(&[Answer::json(200, "The customer is deleted", of::<Links>)]),
];

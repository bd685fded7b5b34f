//! For clients of the Apiculus API; the handbook's page has the rules.

use doorstep_wire::{Code, paths};

use super::IDEMPOTENCY_KEY;
use crate::openapi::{
    answers::apiculus::{Countries, Done, LoggedIn, Made, Offered, States},
    operation::{Answer, Body, Kind, Operation, Parameter, of},
    requests::apiculus::{Login, NewUser},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(
        ("POST", paths::APICULUS_LOGIN),
        "apiculusLogin",
        "Log in with address and password",
    )
    .takes(Body::json(of::<Login>))
    .answers(&[Answer::json(200, "The session", of::<LoggedIn>)])
    .refuses(&[Code::InvalidCredential, Code::ValidationFailed]),
    Operation::new(("POST", paths::APICULUS_LOGOUT), "apiculusLogout", "End the session")
        .answers(&[Answer::json(200, "It has ended", of::<Done>)]),
    Operation::new(
        ("GET", paths::APICULUS_HELPER),
        "apiculusHelper",
        "What new accounts can choose from",
    )
    .answers(&[Answer::json(200, "The choices", of::<Offered>)])
    .refuses(&[Code::CatalogIncomplete]),
    Operation::new(("POST", paths::APICULUS_CREATE), "apiculusCreateUser", "Make a user")
        .says("What values are good depends on the catalogue: `apiculusHelper` has them.")
        .asks(&[IDEMPOTENCY_KEY])
        .takes(Body::json(of::<NewUser>))
        .answers(&[Answer::json(200, "The user", of::<Made>)
            .with(&["Idempotency-Key", "Idempotent-Replayed"])])
        .refuses(&[Code::ValidationFailed, Code::IdempotencyKeyReused, Code::CatalogIncomplete]),
    Operation::new(
        ("GET", paths::APICULUS_COUNTRIES),
        "apiculusCountries",
        "Countries and their dial codes",
    )
    .answers(&[
        Answer::json(200, "ISO 3166-1", of::<Countries>).with(&["ETag"]),
        Answer::empty(304, "They are as they were").with(&["ETag"]),
    ]),
    Operation::new(
        ("GET", paths::APICULUS_STATES),
        "apiculusStates",
        "The subdivisions of a country",
    )
    .asks(&[Parameter::query("code", Kind::Text, "The country's `objectId`").required()])
    .answers(&[
        Answer::json(200, "ISO 3166-2", of::<States>).with(&["ETag"]),
        Answer::empty(304, "They are as they were").with(&["ETag"]),
    ])
    .refuses(&[Code::ValidationFailed]),
];

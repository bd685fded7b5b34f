//! Users, for administrators.

use doorstep_wire::{Code, paths};

use super::{IDEMPOTENCY_KEY, PAGE, PER_PAGE};
use crate::openapi::{
    answers::{Confirmation, ManagedUserList, Nothing, OneManagedUser},
    operation::{Answer, Body, Kind, Operation, Parameter, of},
    requests::{ManagedChangeRequest, NewManagedUserRequest},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(("GET", paths::ADMIN_USERS), "listUsers", "List users")
        .asks(&[
            PAGE,
            PER_PAGE,
            Parameter::query("include", Kind::Text, "`balance` adds `unprocessed_usage`"),
        ])
        .answers(&[Answer::json(200, "A page of users", of::<ManagedUserList>)
            .with(&["Link", "Total", "Per-Page"])])
        .refuses(&[Code::InvalidRequest]),
    Operation::new(("POST", paths::ADMIN_USERS), "createUser", "Make a user")
        .says("Nobody gets an API credential by this: issue one afterwards.")
        .asks(&[IDEMPOTENCY_KEY])
        .takes(Body::json(of::<NewManagedUserRequest>))
        .answers(&[Answer::json(201, "The user", of::<OneManagedUser>)
            .with(&["Location", "Idempotency-Key", "Idempotent-Replayed"])])
        .refuses(&[
            Code::UserNeeded,
            Code::RequestInProgress,
            Code::IdempotencyKeyReused,
            Code::ValidationFailed,
        ]),
    Operation::new(("GET", paths::ADMIN_USER), "showUser", "Show a user")
        .says("By number, or by what else a parameter says that `{user}` is.")
        .asks(&[
            Parameter::path("user", Kind::Text, "The user's number, or what the query says"),
            Parameter::query(
                "find_by_email",
                Kind::Word(&["true"]),
                "`{user}` is an e-mail address in base64",
            ),
            Parameter::query(
                "find_by_external_id",
                Kind::Word(&["true"]),
                "`{user}` is the `external_id`",
            ),
            Parameter::query(
                "find_by_label",
                Kind::Text,
                "`{user}` is the value of a label, which is named by provider and label, as in `whmcs_service_id`",
            ),
        ])
        .answers(&[Answer::json(200, "The user", of::<OneManagedUser>)])
        .refuses(&[Code::ValidationFailed]),
    Operation::new(("PATCH", paths::ADMIN_USER), "changeUser", "Change a user")
        .says("What is not sent stays; what is sent blank or null is cleared.")
        .also(&[("PUT", paths::ADMIN_USER)])
        .takes(Body::json(of::<ManagedChangeRequest>))
        .answers(&[Answer::json(200, "The user", of::<OneManagedUser>)])
        .refuses(&[Code::UserNeeded, Code::OwnAccount, Code::LastAdministrator, Code::ValidationFailed]),
    Operation::new(("DELETE", paths::ADMIN_USER), "eraseUser", "Erase a user")
        .says("What is known of the person is deleted, for good.")
        .answers(&[Answer::empty(204, "The user is erased")])
        .refuses(&[Code::UserNeeded, Code::OwnAccount, Code::LastAdministrator]),
    Operation::new(
        ("POST", paths::CONFIRMATION),
        "askConfirmation",
        "Ask a user again by mail whether the address is the user's",
    )
    .answers(&[
        Answer::json(202, "A mail is on its way", of::<Confirmation>),
        Answer::json(200, "There is nothing to ask", of::<Confirmation>),
    ])
    .refuses(&[Code::UserNeeded, Code::ConfirmationUnavailable]),
    Operation::new(("POST", paths::SUSPENSION), "suspendUser", "Suspend a user")
        .answers(&[Answer::json(202, "The user is suspended", of::<Nothing>)])
        .refuses(&[Code::UserNeeded, Code::OwnAccount, Code::LastAdministrator]),
    Operation::new(("DELETE", paths::SUSPENSION), "unsuspendUser", "Let a suspended user in again")
        .answers(&[Answer::json(202, "The user is active", of::<Nothing>)])
        .refuses(&[Code::UserNeeded]),
];

//! Panels and their users: sign-up, and one's own account.

use doorstep_wire::{
    Code, paths,
    pending::{PendingList, PendingSignedUp},
    session::{Form, Session},
    user::SignedUp,
};

use super::IDEMPOTENCY_KEY;
use crate::openapi::{
    answers::{Confirmation, Nothing, Profile},
    operation::{Answer, Body, Kind, Operation, Parameter, of},
    requests::{ChangeRequest, SignUpRequest},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(("POST", paths::USERS), "signUp", "Sign up a user")
        .says(
            "Makes the account and its API credential, which is shown in this answer and never again.\n\n\
             With a sign-up token the person is whom the token names: `provider_server`, `provider_username` and \
             locked answers need not be sent, and an `Idempotency-Key` must be. The provider settings may also stand \
             beside `user`.",
        )
        .asks(&[IDEMPOTENCY_KEY])
        .takes(Body::json(of::<SignUpRequest>))
        .answers(&[
            Answer::json(201, "The user, with the API credential", of::<SignedUp>)
                .with(&["Location", "Idempotency-Key", "Idempotent-Replayed"]),
            Answer::json(202, "Nobody vouched for the person: somebody will decide", of::<PendingSignedUp>)
                .with(&["Idempotency-Key", "Idempotent-Replayed"]),
        ])
        .refuses(&[
            Code::BrowserUseForbidden,
            Code::OriginNotAllowed,
            Code::ProviderServerNotAllowed,
            Code::AuthorizationDetailsMismatch,
            Code::RegistrationDisabled,
            Code::AlreadyRegistered,
            Code::RequestInProgress,
            Code::IdempotencyKeyReused,
            Code::MissingProvider,
            Code::ValidationFailed,
            Code::TooManyPending,
        ]),
    Operation::new(("GET", paths::USERS), "showAccount", "Show the own account")
        .answers(&[Answer::json(200, "The account", of::<Profile>)])
        .refuses(&[Code::UserNeeded]),
    Operation::new(("PATCH", paths::USERS), "changeAccount", "Change the own account")
        .says("What is not sent stays; what is sent blank or null is cleared.")
        .takes(Body::json(of::<ChangeRequest>))
        .answers(&[Answer::json(200, "It is changed", of::<Nothing>)])
        .refuses(&[Code::UserNeeded, Code::InvalidChange]),
    Operation::new(
        ("POST", paths::OWN_CONFIRMATION),
        "askOwnConfirmation",
        "Ask again by mail whether the address is one's own",
    )
    .answers(&[
        Answer::json(202, "A mail is on its way", of::<Confirmation>),
        Answer::json(200, "There is nothing to ask", of::<Confirmation>),
    ])
    .refuses(&[Code::UserNeeded, Code::ConfirmationUnavailable]),
    Operation::new(
        ("GET", paths::WIDGET_SESSION),
        "showSession",
        "What a page learns from its sign-up token",
    )
    .says("For whom the form is, what stands in it already, and whose it is.")
    .answers(&[Answer::json(200, "The session", of::<Session>)])
    .refuses(&[Code::OriginNotAllowed, Code::SignUpTokenNeeded, Code::RegistrationDisabled]),
    Operation::new(("GET", paths::WIDGET_FORM), "showForm", "What the form asks")
        .says(
            "For pages that have no token until the form is sent. The fields that the operator declared are in `custom`.",
        )
        .answers(&[Answer::json(200, "The form", of::<Form>)]),
    Operation::new(("GET", paths::PENDING_SIGN_UPS), "listSignUps", "List sign-ups that wait")
        .asks(&[
            Parameter::query(
                "status",
                Kind::Word(&["pending", "confirmed", "rejected"]),
                "Which ones; `pending` unless said otherwise",
            ),
            Parameter::query("after", Kind::Text, "Those after this id, as in the page before"),
        ])
        .answers(&[Answer::json(200, "A page of them, oldest first", of::<PendingList>)])
        .refuses(&[Code::InvalidRequest]),
    Operation::new(
        ("POST", paths::PENDING_SIGN_UP_CONFIRM),
        "confirmSignUp",
        "Confirm a sign-up that waits",
    )
    .says("Makes the account, and answers as a sign-up does. A body is not read.")
    .asks(&[IDEMPOTENCY_KEY])
    .answers(&[Answer::json(201, "The user, with the API credential", of::<SignedUp>)
        .with(&["Location", "Idempotency-Key", "Idempotent-Replayed"])])
    .refuses(&[
        Code::SignUpDecided,
        Code::AlreadyRegistered,
        Code::RequestInProgress,
        Code::IdempotencyKeyReused,
    ]),
    Operation::new(("DELETE", paths::PENDING_SIGN_UP), "rejectSignUp", "Reject a sign-up that waits")
        .answers(&[Answer::empty(204, "It is rejected")])
        .refuses(&[Code::SignUpDecided]),
];

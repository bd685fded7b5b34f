//! API credentials: one's own, and for administrators those of any user.

use doorstep_wire::{Code, paths};

use crate::openapi::{
    answers::{CredentialList, NewCredential, OneCredential},
    operation::{Answer, Body, Operation, of},
    requests::CredentialRequest,
};

const LIST: &[Answer] = &[Answer::json(200, "The credentials", of::<CredentialList>)];
const ONE: &[Answer] = &[Answer::json(200, "The credential", of::<OneCredential>)];
const MADE: &[Answer] =
    &[Answer::json(201, "The credential, with its password this once", of::<NewCredential>)];
const ROTATED: &[Answer] =
    &[Answer::json(200, "The credential, with its new password this once", of::<NewCredential>)];
const REVOKED: &[Answer] = &[Answer::empty(204, "It is revoked")];
const DESCRIBED: Body = Body::json(of::<CredentialRequest>).optional();
const ROTATION: &str = "The old password stops working at once. A body is not read.";

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(("GET", paths::OWN_CREDENTIALS), "listOwnCredentials", "List the own credentials")
        .answers(LIST)
        .refuses(&[Code::UserNeeded]),
    Operation::new(("POST", paths::OWN_CREDENTIALS), "addOwnCredential", "Add a credential")
        .takes(DESCRIBED)
        .answers(MADE)
        .refuses(&[Code::UserNeeded, Code::ValidationFailed, Code::TooManyCredentials]),
    Operation::new(("GET", paths::OWN_CREDENTIAL), "showOwnCredential", "Show one of the own credentials")
        .answers(ONE)
        .refuses(&[Code::UserNeeded]),
    Operation::new(("PATCH", paths::OWN_CREDENTIAL), "changeOwnCredential", "Rename a credential, or end it later")
        .takes(DESCRIBED)
        .answers(ONE)
        .refuses(&[Code::UserNeeded, Code::ValidationFailed, Code::CredentialRevoked]),
    Operation::new(("DELETE", paths::OWN_CREDENTIAL), "revokeOwnCredential", "Revoke one of the own credentials")
        .answers(REVOKED)
        .refuses(&[Code::UserNeeded]),
    Operation::new(("POST", paths::OWN_CREDENTIAL_ROTATE), "rotateOwnCredential", "Replace a password")
        .says(ROTATION)
        .answers(ROTATED)
        .refuses(&[Code::UserNeeded, Code::CredentialRevoked]),
    Operation::new(("GET", paths::CREDENTIALS), "listCredentials", "List a user's credentials")
        .answers(LIST),
    Operation::new(("POST", paths::CREDENTIALS), "addCredential", "Add a credential for a user")
        .takes(DESCRIBED)
        .answers(MADE)
        .refuses(&[Code::ValidationFailed, Code::TooManyCredentials]),
    Operation::new(("GET", paths::CREDENTIAL), "showCredential", "Show a user's credential")
        .answers(ONE),
    Operation::new(("PATCH", paths::CREDENTIAL), "changeCredential", "Change a user's credential")
        .takes(DESCRIBED)
        .answers(ONE)
        .refuses(&[Code::ValidationFailed, Code::CredentialRevoked]),
    Operation::new(("DELETE", paths::CREDENTIAL), "revokeCredential", "Revoke a user's credential")
        .answers(REVOKED),
    Operation::new(("POST", paths::CREDENTIAL_ROTATE), "rotateCredential", "Replace a user's password")
        .says(ROTATION)
        .answers(ROTATED)
        .refuses(&[Code::CredentialRevoked]),
    Operation::new(("POST", paths::CREDENTIALS_ALIAS), "reissueCredential", "Add a credential, or issue a new one")
        .says(
            "For administrators the same as under `/api/admin/users`. An OAuth client with the scope \
             `register:reissue` puts a new credential in the place of those that a user has whom it registered.",
        )
        .takes(DESCRIBED)
        .answers(MADE)
        .refuses(&[Code::ValidationFailed, Code::TooManyCredentials]),
];

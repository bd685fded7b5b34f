//! New API credentials.

use doorstep_accounts::{Credential, Secret, SecretHash, Timestamp, credential, ids::IdKind};

use crate::Context;

/// A user's `nth` credential and its password in clear.
pub(crate) fn new_credential(
    context: &Context,
    user_id: i64,
    nth: i64,
    name: &str,
    now: Timestamp,
) -> (Credential, Secret) {
    let password = credential::new_password(&*context.entropy);
    let credential = Credential {
        id: IdKind::Credential.mint(&*context.clock, &*context.entropy),
        user_id,
        number: credential::number(user_id, nth),
        name: name.to_owned(),
        username: credential::new_username(&*context.entropy),
        secret: SecretHash::of(&password, &context.keys),
        created_at: now,
        last_used_at: None,
        expires_at: None,
        rotated_at: None,
        revoked_at: None,
    };
    (credential, password)
}

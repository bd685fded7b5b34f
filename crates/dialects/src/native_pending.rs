//! Sign-ups that wait, as those who decide see them.

use doorstep_accounts::PendingSignUp;
use doorstep_wire::pending::{PendingEntry, PendingList};

use crate::native_profile::rfc3339;

/// A part of the list.
pub fn encode_pending(sign_ups: &[PendingSignUp], more: bool) -> PendingList {
    PendingList { sign_ups: sign_ups.iter().map(entry).collect(), more }
}

fn entry(sign_up: &PendingSignUp) -> PendingEntry {
    let identity = &sign_up.identity;
    PendingEntry {
        id: sign_up.id.clone(),
        status: sign_up.status().to_owned(),
        client_id: sign_up.client_id.clone(),
        provider: identity.provider.clone(),
        provider_server: identity.server.clone(),
        provider_username: identity.username.clone(),
        user: sign_up.answers.clone(),
        created_at: rfc3339(sign_up.created_at),
        expires_at: rfc3339(sign_up.expires_at),
    }
}

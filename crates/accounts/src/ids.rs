//! Prefixed, time-ordered ids.

use crate::clock::{Clock, Entropy};

/// What an id names; the prefix makes a log line readable alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// An OAuth client; this is its `client_id`.
    Client,
    /// An API credential.
    Credential,
    /// An outbox event.
    Event,
    /// A row of the audit log.
    Audit,
    /// A sign-up that waits for a yes.
    PendingSignUp,
    /// Something to be done in the background.
    Job,
    /// An endpoint that is told of events.
    Endpoint,
}

impl IdKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Client => "cli_",
            Self::Credential => "cred_",
            Self::Event => "evt_",
            Self::Audit => "aud_",
            Self::PendingSignUp => "sup_",
            Self::Job => "job_",
            Self::Endpoint => "whe_",
        }
    }

    /// A new id: the prefix and a UUID version 7 (RFC 9562 §5.7), whose leading
    /// milliseconds keep rows that are written together close in the index.
    pub fn mint(self, clock: &dyn Clock, entropy: &dyn Entropy) -> String {
        format!("{}{}", self.prefix(), new(clock, entropy).simple())
    }
}

/// A new id of a thing whose ids are plain UUIDs in the documented contract: the same
/// number, written as RFC 9562 does.
pub fn uuid(clock: &dyn Clock, entropy: &dyn Entropy) -> String {
    new(clock, entropy).to_string()
}

/// The least text that an id of that kind and moment can be, as ids sort.
pub fn first_at(kind: IdKind, at: crate::Timestamp) -> String {
    let millis = u64::try_from(at.0).unwrap_or_default();
    format!("{}{millis:012x}", kind.prefix())
}

fn new(clock: &dyn Clock, entropy: &dyn Entropy) -> uuid::Uuid {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    let millis = u64::try_from(clock.now().0).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

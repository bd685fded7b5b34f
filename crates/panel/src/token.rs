//! A register token, as the server issued it.

use std::{fmt, time::Duration};

use oauth2::AccessToken;

/// An access token that lets its bearer sign a person up.
///
/// It does not print. Get a fresh one for each page view and do not keep it.
#[derive(Clone)]
pub struct RegisterToken {
    secret: AccessToken,
    expires_in: Option<Duration>,
}

impl RegisterToken {
    pub(crate) const fn new(secret: AccessToken, expires_in: Option<Duration>) -> Self {
        Self { secret, expires_in }
    }

    /// The token itself, for the page of the person whom it is for.
    pub fn secret(&self) -> &str {
        self.secret.secret()
    }

    /// How long it lives from when it was issued.
    pub const fn expires_in(&self) -> Option<Duration> {
        self.expires_in
    }
}

/// Secrets do not print.
impl fmt::Debug for RegisterToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterToken")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

//! What comes back from a sign-up, and whose account it opens.

use std::fmt;

use serde::Deserialize;

/// An API credential, as the widget hands it to the host page.
///
/// The password does not print.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Credential {
    /// The username for HTTP Basic.
    pub username: String,
    /// The password for HTTP Basic. The server does not show it again.
    pub password: String,
}

/// Secrets do not print.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("username", &self.username).finish_non_exhaustive()
    }
}

/// The body of `POST /api/credentials/claim`.
#[derive(Deserialize)]
pub(crate) struct ClaimedBody {
    pub(crate) user: ClaimedUser,
}

#[derive(Deserialize)]
pub(crate) struct ClaimedUser {
    pub(crate) api: Credential,
}

/// The account that a credential opens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// The platform's number for the user.
    pub id: i64,
    /// First name.
    pub fname: String,
    /// Last name.
    pub lname: String,
    /// The address on record.
    pub email: String,
}

/// The body of `GET /api/users`.
#[derive(Deserialize)]
pub(crate) struct AccountBody {
    pub(crate) user: Account,
}

//! Who is calling, after every check.

use crate::scope::{Scope, Scopes};

/// A caller whose credentials are valid now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// For whom the caller speaks.
    pub subject: Subject,
    /// What the caller may do.
    pub scopes: Scopes,
}

/// For whom a caller speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An OAuth client, for no user.
    App {
        /// Its id.
        client_id: String,
    },
    /// A user, through an API credential.
    User {
        /// The user.
        user_id: i64,
        /// The credential.
        credential_id: String,
    },
}

impl Principal {
    /// Whether the caller may do what needs the scope.
    pub const fn may(&self, scope: Scope) -> bool {
        self.scopes.holds(scope)
    }
}

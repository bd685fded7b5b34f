//! Who is calling, after every check.

use crate::{
    binding::Binding,
    clock::Timestamp,
    scope::{Scope, Scopes},
    token::TokenHash,
};

/// A caller whose credentials are valid now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// For whom the caller speaks.
    pub subject: Subject,
    /// What the caller may do.
    pub scopes: Scopes,
    /// The sign-up token that the caller came with, if it is one.
    pub sign_up: Option<Box<SignUpToken>>,
}

/// A sign-up token in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignUpToken {
    /// Which one.
    pub hash: TokenHash,
    /// For whom it is.
    pub binding: Binding,
    /// The thumbprint of the key that it is bound to, if it is (RFC 9449 §6).
    pub jkt: Option<String>,
    /// Who says that it is for that person.
    pub assurance: Assurance,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Whether it has: then it only gets the answer that it got before.
    pub expired: bool,
    /// Whether there is an account by it: then it is good for that answer alone.
    pub used: bool,
}

/// Who vouches for the person that a sign-up token names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assurance {
    /// The panel, which authenticated itself.
    Panel,
    /// Nobody: a page of a publishable client asked. Such a sign-up stays pending.
    Anonymous,
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

//! What can go wrong between a panel and the server, and what to do about it.

use std::time::Duration;

/// Why the server could not be used. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address of the server is not one that can be used.
    #[error("{url:?} is not the address of a server: {reason}")]
    ServerUrl {
        /// The address as it was given.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up: check the system's root certificates")]
    Setup(#[source] reqwest::Error),
    /// The server was not reached, or not in time.
    #[error("the server at {server} was not reached: see that it runs, then try again")]
    Unreachable {
        /// The server's address.
        server: String,
        /// What the HTTP client says.
        source: reqwest::Error,
    },
    /// The server cannot answer for now.
    #[error("the server is busy or failing (status {status}): try again{}", after(*.retry_after))]
    Busy {
        /// The HTTP status.
        status: u16,
        /// When to try again, if the server said so.
        retry_after: Option<Duration>,
    },
    /// The client id or secret is wrong, or the client is disabled.
    #[error(
        "the server does not accept the client id and secret: compare them with \
         `doorstep client list`, and see that the client is not disabled"
    )]
    ClientRefused,
    /// The client may not use the scope.
    #[error(
        "the client does not hold the scope {scope:?}: create it with \
         `doorstep client create --scope \"public register\"`"
    )]
    ScopeRefused {
        /// The scope that was asked for.
        scope: String,
    },
    /// The server does not issue a token for that person and those pages.
    #[error(
        "the server issues no such sign-up token: {detail} (the servers and origins that the \
         client may name are those of `doorstep client list`)"
    )]
    RegistrantRefused {
        /// What the server says about it.
        detail: String,
    },
    /// The server does not accept the API credential.
    #[error(
        "the server does not accept the API credential: it was revoked, or the account is not active"
    )]
    CredentialRefused,
    /// The code was claimed, has expired, or is for another verifier.
    #[error(
        "the claim code cannot be used: claim within five minutes, once, with the verifier of the \
         sign-up token that the page had"
    )]
    ClaimRefused,
    /// The server said no for a reason that this version has no name for.
    #[error("the server refused with {code:?}: {detail}")]
    Refused {
        /// The stable name of the reason.
        code: String,
        /// What the server says about it.
        detail: String,
    },
    /// The answer is not what the contract says.
    #[error("the answer of {server} is not a Doorstep server's: check the address ({reason})")]
    Protocol {
        /// The server's address.
        server: String,
        /// What was unexpected.
        reason: &'static str,
    },
}

impl Error {
    /// Whether the same call can succeed later, unchanged.
    pub const fn retry(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. })
    }
}

fn after(delay: Option<Duration>) -> String {
    delay.map_or_else(String::new, |delay| format!(" in {} s", delay.as_secs()))
}

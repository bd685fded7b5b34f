//! The OAuth endpoints: token (RFC 6749 §3.2), revocation (RFC 7009),
//! introspection (RFC 7662), and the claim of credentials beside them.

mod claim;
mod error;
mod own_token;
mod pairs;
mod request;
mod token;

pub(crate) use claim::claim;
pub(crate) use error::OAuthError;
pub(crate) use own_token::{introspect, revoke};
pub(crate) use token::token;

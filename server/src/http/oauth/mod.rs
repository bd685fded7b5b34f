//! The OAuth endpoints: token (RFC 6749 §3.2), revocation (RFC 7009),
//! introspection (RFC 7662), and beside them the claim of credentials and the grant
//! for pages without a back end.

mod claim;
mod error;
mod own_token;
mod pairs;
mod request;
mod token;
mod widget;

pub(crate) use claim::claim;
pub(crate) use error::OAuthError;
pub(crate) use own_token::{introspect, revoke};
pub(crate) use token::token;
pub(crate) use widget::{NAME as WIDGET_GRANT, challenge, token as widget_token};

//! Mails: what is in them, and the mail server that they go to.
//!
//! Nothing that a stranger chose stands in one: whoever signs up with somebody else's
//! address does not write to that person in our name.

mod letter;
mod smtp;

pub(crate) use letter::Letters;
pub(crate) use smtp::{MailServer, Refused, certificates};

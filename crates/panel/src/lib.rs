#![doc = include_str!("../README.md")]
//!
//! # In this crate
//!
//! [`Panel`] talks to the server, [`Registrant`] says whom a token is for,
//! [`Embed`] writes the script tag, and [`Credential`] and [`Account`] are what
//! comes back. Every failure is an [`Error`] that says what to do.
//!
//! Invariant: knows the server only by its paths and bodies (`doorstep-wire`),
//! so that a panel never builds against the server's insides.

mod account;
mod embed;
mod error;
mod panel;
mod registrant;
mod token;
mod transport;
mod verifier;

pub use account::{Account, Credential};
pub use embed::Embed;
pub use error::Error;
pub use panel::Panel;
pub use registrant::Registrant;
pub use token::{RegisterToken, SignUpToken};
pub use verifier::Verifier;

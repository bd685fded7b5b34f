//! The nouns and their states: users, clients, tokens, credentials, refusals.
//!
//! Invariants: no I/O, no clock and no randomness of its own ([`Clock`] and
//! [`Entropy`] are passed in); nothing here derives `Serialize`, for what
//! crosses a wire has its own type; a secret is never the same type as its hash,
//! and neither prints.

pub mod address;
pub mod application;
pub mod assertion;
pub mod audit;
pub mod binding;
pub mod catalog;
pub mod client;
pub mod clock;
pub mod confirmation;
pub mod credential;
pub mod customer;
pub mod delivery;
pub mod dpop;
pub mod event;
pub mod idempotency;
pub mod ids;
pub mod job;
pub mod jwk;
mod jws;
pub mod keys;
pub mod labels;
pub mod limits;
pub mod managed_user;
pub mod names;
pub mod order;
pub mod outcome;
pub mod password;
pub mod pending;
pub mod principal;
pub mod provider;
pub mod refusal;
pub mod scope;
pub mod sealed;
pub mod secret;
pub mod token;
pub mod user;
pub mod webhook;

pub use address::ClientAddress;
pub use application::{Application, Change};
pub use binding::Binding;
pub use catalog::Catalog;
pub use client::{Client, ClientSecret};
pub use clock::{Clock, Entropy, Timestamp};
pub use confirmation::{Confirmation, ConfirmationState};
pub use credential::Credential;
pub use customer::{Customer, CustomerForm, CustomerStatus, Membership, MembershipForm};
pub use delivery::{Challenge, Delivery};
pub use dpop::Proof;
pub use idempotency::{Fingerprint, IdempotencyKey};
pub use job::JobKind;
pub use jwk::{Jwk, JwkSet};
pub use keys::KeyRing;
pub use limits::{Limit, Rates, Standing};
pub use managed_user::{Lookup, ManagedUser, UserForm};
pub use names::NameRules;
pub use outcome::{Created, Handover};
pub use pending::{Decision, PendingSignUp};
pub use principal::{Assurance, Principal, SignUpToken, Subject};
pub use provider::Identity;
pub use refusal::Refusal;
pub use scope::{Scope, Scopes};
pub use secret::{Secret, SecretHash};
pub use token::{PlainToken, TokenHash, TokenKind};
pub use user::User;

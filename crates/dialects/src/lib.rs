//! Other people's contracts: bytes to a form, outcome to bytes.
//!
//! Invariants: pure; no I/O, no clock, no HTTP. A dialect says nothing about
//! what is allowed: that is one core for all of them.
//!
//! [`DIALECTS`] lists the doors at which an administrator's program makes a user.
//! [`native`], the door of panels and their users, is not among them, because what
//! goes in and what comes out is something else: its caller is an OAuth client or a
//! sign-up token and not an administrator, an identity at a provider decides whether
//! there is a user already and not an address, and its outcome is a credential that is
//! shown once, or a sign-up that waits. In one list with the others, each of these
//! would be an `if`.

pub mod apiculus;
mod authorization;
mod body;
pub mod compute_stacks_admin;
pub mod compute_stacks_orders;
mod declared;
mod dialect;
pub mod everlytic;
pub mod native;
mod native_credentials;
mod native_pending;
mod native_profile;
pub mod user_export;

pub use authorization::Authorization;
pub use dialect::{Authentication, Carried, DIALECTS, Dialect, DoorContext, Made, Reply, at};
pub use native_profile::{Holdings, Plan, Quotas};

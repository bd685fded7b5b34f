//! Other people's contracts: bytes to application, outcome to bytes.
//!
//! Invariants: pure; no I/O, no clock, no HTTP. A dialect says nothing about
//! what is allowed: that is one core for all of them.

mod body;
pub mod compute_stacks_admin;
pub mod compute_stacks_orders;
pub mod native;
mod native_credentials;
mod native_pending;
mod native_profile;
pub mod user_export;

pub use native_profile::{Holdings, Plan, Quotas};

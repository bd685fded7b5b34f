//! What is said between the widget and the server: paths, error codes, bodies.
//!
//! The server writes with these types and the widget reads with them, so that
//! neither can drift from the other. Invariant: pure; no axum, no browser, no
//! SQL; compiles for wasm.

pub mod code;
pub mod frame;
pub mod onboarding;
pub mod paths;
pub mod pending;
pub mod problem;
pub mod session;
pub mod user;

pub use code::Code;
pub use problem::{FieldProblem, Problem};

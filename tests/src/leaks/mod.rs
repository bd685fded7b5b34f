//! Looking for secrets where none may stand. Each test does it: what it sent, got or
//! made is noted as it goes by, and when its server is dropped, the log (at `trace`),
//! the database, the metrics, the refusals and what commands printed are searched.

mod search;
mod secrets;

pub use search::{Leak, Report};
pub(crate) use search::{Place, search};
pub(crate) use secrets::{Secrets, answered, asked, printed, seen};

/// Notes a secret that the harness cannot see go by, such as one that a test sends over
/// a socket of its own.
pub fn keep_secret(kind: &str, text: &str) {
    seen().note(kind, text.as_bytes());
}

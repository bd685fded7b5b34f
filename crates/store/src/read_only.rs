//! Connections to a PostgreSQL that takes no writes, after a fail-over.
//!
//! What a pool has stays connected to a machine that became a standby, and reads there
//! as well as ever: nothing but an error of ours says that another one is the primary.
//! So whoever is told "read-only" leaves word, and each connection that was opened before
//! is closed in place of being used again.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

/// One word for all who are told within it: where nothing else than a read-only database
/// answers, each pool opens its connections anew once in this time and no oftener.
const ONCE_IN: Duration = Duration::from_secs(1);

/// When the process was last told. It is one for all pools: errors do not know theirs,
/// and to connect once more costs little.
static TOLD: Mutex<Option<Instant>> = Mutex::new(None);

/// A statement was refused because the database is read-only.
pub(crate) fn told() {
    let mut told = TOLD.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if told.is_none_or(|at| at.elapsed() >= ONCE_IN) {
        *told = Some(Instant::now());
    }
}

/// Whether a connection of that age was there when somebody was told.
pub(crate) fn was_told_since(age: Duration) -> bool {
    let told = TOLD.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    told.is_some_and(|at| at.elapsed() <= age)
}

//! A thread of the process that does nothing but write for many requests at a time.
//!
//! Such a write waits for the database several times. Among the requests its turn came
//! after theirs each time, and after those of everybody who is refused: a tenth of the
//! sign-ups was lost to it on SQLite, and with more connections than there are places for,
//! two in five.

use std::{future, sync::LazyLock, thread};

use tokio::runtime::{Builder, Handle};

/// Where it runs, as long as the process does: connections to the database belong to the
/// thread that opened them. `None`: the system gives no thread.
pub(crate) fn handle() -> Option<Handle> {
    static HANDLE: LazyLock<Option<Handle>> = LazyLock::new(|| {
        let begun = Builder::new_current_thread().enable_all().build().and_then(|runtime| {
            let handle = runtime.handle().clone();
            let run = move || runtime.block_on(future::pending::<()>());
            thread::Builder::new().name("writing".to_owned()).spawn(run)?;
            Ok(handle)
        });
        match begun {
            Ok(handle) => Some(handle),
            Err(error) => {
                tracing::warn!(%error, "there is no thread to write in: requests share theirs");
                None
            }
        }
    });
    HANDLE.clone()
}

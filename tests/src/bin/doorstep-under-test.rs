//! The `doorstep` program as the tests run it: built with them, so that it is
//! never an older one than they check. It can end itself in the middle of its work.

use std::{
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// `<place>:<number>`: where the process kills itself, and at which visit. The program
/// that people run knows nothing of it.
const KILL_AT: &str = "DOORSTEP_TEST_KILL_AT";

static TARGET: OnceLock<(String, u32)> = OnceLock::new();
static VISITS: AtomicU32 = AtomicU32::new(0);

fn main() -> std::process::ExitCode {
    #[expect(clippy::disallowed_methods, reason = "it is no setting of the program")]
    let target = std::env::var(KILL_AT).ok();
    if let Some((place, number)) = target.as_deref().and_then(|target| target.split_once(':')) {
        let number = number.parse().expect("the number of a visit");
        let _ = TARGET.set((place.to_owned(), number));
        doorstep_server::failpoint::install(kill_at);
    }
    doorstep_server::cli::run()
}

/// Ends the process as `kill -9` does: nothing is written, closed or said any more.
fn kill_at(place: &'static str) {
    let Some((target, number)) = TARGET.get() else { return };
    if place == target && VISITS.fetch_add(1, Ordering::SeqCst) + 1 == *number {
        let id = std::process::id().to_string();
        let _ = Command::new("kill").args(["-KILL", &id]).status();
        // The signal is on its way: nothing more is done in this thread.
        loop {
            std::thread::park();
        }
    }
}

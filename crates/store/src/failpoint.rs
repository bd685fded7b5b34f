//! Places where a test can end the process, to see what is left of the work.
//!
//! The program itself installs nothing, so a place costs it one load. The program that
//! the tests run is another one (`doorstep-under-test`), and installs what they ask for.

use std::sync::OnceLock;

static HOOK: OnceLock<fn(&'static str)> = OnceLock::new();

/// Installs what is called at each place, with the place's name. Once per process.
pub fn install(hook: fn(&'static str)) {
    let _ = HOOK.set(hook);
}

/// A place.
pub fn at(place: &'static str) {
    if let Some(hook) = HOOK.get() {
        hook(place);
    }
}

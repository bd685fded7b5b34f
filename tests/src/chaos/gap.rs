//! How long nobody was told of an account.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use crate::Crowd;

/// How often it looks, and so how exact it is.
const TICK: Duration = Duration::from_millis(20);

/// The longest time in which nobody was told of an account.
#[derive(Debug, Default)]
pub(super) struct Gap(Mutex<Duration>);

impl Gap {
    /// Looks at the crowd's count until it is told to stop.
    pub(super) async fn watch(&self, crowd: &Crowd, stop: &AtomicBool) {
        let (mut count, mut since) = (crowd.acknowledged(), Instant::now());
        while !stop.load(Relaxed) {
            tokio::time::sleep(TICK).await;
            let now = crowd.acknowledged();
            let mut longest = self.0.lock().expect("nobody panics in it");
            *longest = longest.max(since.elapsed());
            if now > count {
                (count, since) = (now, Instant::now());
            }
        }
    }

    /// What it was since the last time.
    pub(super) fn take(&self) -> Duration {
        std::mem::take(&mut *self.0.lock().expect("nobody panics in it"))
    }
}

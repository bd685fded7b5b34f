//! A server under load for hours: what it takes must not grow with the time.
//!
//! The load is an open loop at a share of what the server can do on this machine, so
//! that a server which becomes slower is not asked for less. `cargo xtask soak` runs
//! it as long as somebody likes; a test runs it for half a minute.

mod sample;
mod verdict;
mod visits;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::Semaphore, task::JoinSet};

use self::{
    sample::Looks,
    verdict::Bounds,
    visits::{Visitors, Window},
};
pub use self::{sample::Sample, verdict::Verdict};
use crate::{Kind, Server};

/// Visits at once, while the capacity is measured: a few for each core.
const CLOSED_LOOP: usize = 16;
/// Visits at once, before anything is looked at: more than come together when the machine
/// stands still for a second, fewer than are turned away. The memory and the connections that
/// they take stay with the server, and would look like a leak if that second came late.
const CROWD: usize = 384;
/// Visits under way at most. At half load a few are; a server that stands still for a
/// second is still asked as before, and the client's memory is bounded.
const UNDER_WAY: usize = 1_024;
/// How often the open loop looks what is due: as fine as the timers are.
const TICK: Duration = Duration::from_millis(1);

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// On which database.
    pub kind: Kind,
    /// How long the load lasts.
    pub length: Duration,
    /// How long the capacity is measured before.
    pub capacity: Duration,
    /// The load, as a share of the capacity.
    pub share: f64,
    /// How many times the server is looked at.
    pub samples: u32,
    /// Whether the times of the answers are judged too: only where nothing else runs on
    /// the machine, for long enough.
    pub judges_times: bool,
    /// What is told of each secret that comes by. Tests keep them, to search for them;
    /// hours of them would fill the memory.
    pub note: fn(&str, &str),
}

/// What was seen.
#[derive(Debug)]
pub struct Outcome {
    /// Visits per second that the server could do.
    pub capacity: f64,
    /// Visits per second that it was asked for.
    pub rate: f64,
    /// What it took, in the order of time.
    pub samples: Vec<Sample>,
    /// Answers by what was asked and how it was answered, where that was no success.
    pub failures: Vec<String>,
    /// What is to be said of it.
    pub verdict: Verdict,
}

impl Outcome {
    /// What is wrong, a line each; empty where nothing is.
    pub fn faults(&self) -> Vec<String> {
        [self.failures.clone(), self.verdict.faults.clone()].concat()
    }
}

/// Starts a server, loads it, and looks at it all the while.
pub async fn run(plan: &Plan, mut watch: impl FnMut(&Sample)) -> Outcome {
    // As operators run it: a log of requests, and not of each step.
    let server = Server::start_with(plan.kind, &[("DOORSTEP_LOG__FILTER", "info")]).await;
    let visitors = Arc::new(Visitors::to(&server, plan.note).await);
    let capacity = capacity(&visitors, plan.capacity).await;
    let crowd = (0..CROWD).map(|_| {
        let visitors = Arc::clone(&visitors);
        async move { visitors.visit(Instant::now()).await }
    });
    crowd.collect::<JoinSet<_>>().join_all().await;
    let rate = capacity * plan.share;
    let looks = Looks::at(&server, plan.kind);
    let bounds = Bounds { wal: looks.wal_bound().await, judges_times: plan.judges_times };

    visitors.take_window();
    let mut samples = Vec::new();
    let begun = Instant::now();
    let loaded = load(Arc::clone(&visitors), rate, plan.length);
    let loaded = tokio::spawn(loaded);
    let mut requests = 0;
    for number in 1..=plan.samples {
        tokio::time::sleep_until((begun + plan.length * number / plan.samples).into()).await;
        let Window { count, p99, .. } = visitors.take_window();
        requests += count;
        let sample = looks.take(begun.elapsed(), requests, p99).await;
        watch(&sample);
        samples.push(sample);
    }
    loaded.await.expect("the load comes to its end");
    let verdict = Verdict::of(&samples, bounds);
    Outcome { capacity, rate, samples, failures: visitors.failures(), verdict }
}

/// Visits per second in a closed loop.
async fn capacity(visitors: &Arc<Visitors>, length: Duration) -> f64 {
    let end = Instant::now() + length;
    let mut loops = JoinSet::new();
    for _ in 0..CLOSED_LOOP {
        let visitors = Arc::clone(visitors);
        loops.spawn(async move {
            let mut done = 0_u32;
            while Instant::now() < end {
                visitors.visit(Instant::now()).await;
                done += 1;
            }
            done
        });
    }
    let done: u32 = loops.join_all().await.into_iter().sum();
    f64::from(done) / length.as_secs_f64()
}

/// Visits at their planned times, however long the server takes for those before.
async fn load(visitors: Arc<Visitors>, rate: f64, length: Duration) {
    let room = Arc::new(Semaphore::new(UNDER_WAY));
    let begun = Instant::now();
    let mut ticks = tokio::time::interval(TICK);
    let mut started = 0_u64;
    let mut under_way = JoinSet::new();
    while begun.elapsed() < length {
        ticks.tick().await;
        while let Some(due) = due(begun, started, rate) {
            started += 1;
            let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
                visitors.give_up();
                continue;
            };
            let visitors = Arc::clone(&visitors);
            under_way.spawn(async move {
                visitors.visit(due).await;
                drop(place);
            });
        }
        while under_way.try_join_next().is_some() {}
    }
    under_way.join_all().await;
}

/// When the next visit was to begin, if that is over.
fn due(begun: Instant, started: u64, rate: f64) -> Option<Instant> {
    #[expect(clippy::cast_precision_loss, reason = "no run has 2^52 visits")]
    let due = begun + Duration::from_secs_f64(started as f64 / rate);
    (due <= Instant::now()).then_some(due)
}

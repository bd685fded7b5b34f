//! Puzzles for pages without a back end: issued, verified, and dearer for a client
//! while many of its are solved.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use doorstep_accounts::{Refusal, Timestamp};
use doorstep_puzzle::{Bound, Challenge, Cost, Flaw, Key, Load, verify};
use doorstep_register::{Context, PuzzleSolution};

use crate::config::Publishable;

/// What the keys are derived for. It never changes: puzzles of before would be worthless.
const PURPOSE: &str = "doorstep puzzle";

/// The issuing side. What has been solved is counted in this process alone: the
/// cost is a brake, and replicas that disagree about it do no harm. Solutions are
/// counted and not challenges, so that nobody makes it dear for others for free.
#[derive(Debug)]
pub(crate) struct Puzzles {
    cost: Cost,
    seconds: i64,
    start: Instant,
    /// By client. Only clients that exist get in, so the operator bounds it.
    loads: Mutex<HashMap<String, Load>>,
}

impl Puzzles {
    pub(crate) fn new(settings: &Publishable) -> Self {
        Self {
            cost: Cost {
                base: settings.base_number,
                most: settings.most_number,
                busy: settings.busy_per_minute,
            },
            seconds: settings.challenge_seconds,
            start: Instant::now(),
            loads: Mutex::default(),
        }
    }

    /// A puzzle for a page, and how long it is good for, in seconds.
    pub(crate) fn issue(&self, context: &Context, bound: Bound<'_>) -> (Challenge, i64) {
        let (version, _) = context.seal.current();
        let mut random = [0; 20];
        context.entropy.fill(&mut random);
        let expires = context.clock.now().seconds() + self.seconds;
        let number = self.cost.at(self.load(bound.client));
        let key = context.seal.subkey(version, PURPOSE).expect("the ring has its current key");
        let challenge =
            Challenge::issue(bound, expires, number, Key { version, bytes: &key }, random);
        (challenge, self.seconds)
    }

    /// Notes that a client's puzzle was solved.
    pub(crate) fn solved(&self, client: &str) {
        let mut loads = self.loads.lock().unwrap_or_else(PoisonError::into_inner);
        loads.entry(client.to_owned()).or_default().add(self.passed());
    }

    fn load(&self, client: &str) -> f64 {
        let loads = self.loads.lock().unwrap_or_else(PoisonError::into_inner);
        loads.get(client).map_or(0.0, |load| load.per_minute(self.passed()))
    }

    fn passed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Checks what a page sent. Whether it was sent before, the database knows.
pub(crate) fn check(
    context: &Context,
    text: &str,
    bound: Bound<'_>,
) -> Result<PuzzleSolution, Refusal> {
    let now = context.clock.now().seconds();
    let key = |version| context.seal.subkey(version, PURPOSE);
    let solved = verify(text, bound, now, key).map_err(|flaw| Refusal::PuzzleUnsolved {
        why: match flaw {
            Flaw::Malformed => "altcha is not a solution in ALTCHA's form",
            Flaw::Wrong => "the number is wrong, or the challenge is not of this server",
            Flaw::Elsewhere => "the challenge is for another client or origin",
            Flaw::Expired => "the challenge has expired",
        },
    })?;
    let expires_at = Timestamp(0).plus_seconds(solved.expires);
    Ok(PuzzleSolution { challenge: solved.challenge, expires_at })
}

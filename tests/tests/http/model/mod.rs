//! Random sequences of everything that can become of a sign-up, each on a server of its
//! own, beside a model that knows for every answer what is allowed: tokens are minted,
//! used, revoked and run out, requests are repeated and sent eight at a time, codes
//! claimed, passwords replaced; the clock goes on and back, and the server is killed.
//!
//! At the end of each there is one owner per name, one password per credential at the
//! most, no token was used twice, and the audit log agrees.
//!
//! `DOORSTEP_TEST_SEQUENCES` asks for more of them, `DOORSTEP_TEST_SEED` for those of an
//! earlier run, which a failure prints.

mod claims;
mod play;
mod sign_ups;
mod state;
mod steps;
mod verdict;

use doorstep_tests::{Kind, on_both};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use ring::rand::{SecureRandom as _, SystemRandom};

use self::{play::Play, steps::Step};

/// Enough for several hundred steps, in less than a minute on a busy machine.
const SEQUENCES: u32 = 12;
/// Each is a server and a database of its own.
const MOST_TRIES_TO_SHORTEN: u32 = 120;

async fn no_sequence_breaks_what_must_hold(kind: Kind) {
    let sequences = setting("DOORSTEP_TEST_SEQUENCES").unwrap_or(SEQUENCES);
    let seed = setting("DOORSTEP_TEST_SEED").unwrap_or_else(random);
    let config = Config {
        cases: sequences,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: MOST_TRIES_TO_SHORTEN,
        ..Config::default()
    };
    let here = tokio::runtime::Handle::current();
    let tried = TestRunner::new(config).run(&steps::sequences(), |steps| {
        let played = tokio::task::block_in_place(|| here.block_on(play(kind, &steps)));
        played.map_err(TestCaseError::fail)
    });
    match tried {
        Ok(()) => {}
        Err(TestError::Fail(why, steps)) => panic!(
            "{why}\n\nafter these steps:\n{steps:#?}\n\nagain: DOORSTEP_TEST_SEED={seed} DOORSTEP_TEST_SEQUENCES={sequences}"
        ),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

/// Plays a sequence to its end, and looks at what is left.
async fn play(kind: Kind, steps: &[Step]) -> Result<(), String> {
    let mut play = Play::start(kind).await;
    for (at, step) in steps.iter().enumerate() {
        play.step(step).await.map_err(|why| format!("step {at}, {step:?}: {why}"))?;
    }
    verdict::check(&mut play).await.map_err(|why| format!("at the end: {why}"))
}

#[expect(clippy::disallowed_methods, reason = "it is no setting of the program")]
fn setting<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number of its kind")))
}

fn random() -> u64 {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).expect("the system has chance");
    u64::from_le_bytes(bytes)
}

on_both!(no_sequence_breaks_what_must_hold);

//! The trial of `cargo xtask crash`, as much of it as takes seconds.

use doorstep_tests::{Chance, CrashPlan, Kind, on_both};

async fn killed_again_and_again_there_is_one_of_everything(kind: Kind) {
    let plan = CrashPlan { kills: 10, sign_ups: 500, at_once: 16, seed: Chance::new_seed() };
    let outcome = plan.run(kind, &[]).await;
    assert!(outcome.faults.is_empty(), "{plan:?}: {:?}", outcome.faults);
    let killed = ("kills (`kill -9`)".to_owned(), "10".to_owned());
    assert!(outcome.lines.contains(&killed), "{:?}", outcome.lines);
}

on_both!(killed_again_and_again_there_is_one_of_everything);

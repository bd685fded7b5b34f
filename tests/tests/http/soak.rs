//! Under load nothing grows with the time, as far as half a minute shows it.
//! `cargo xtask soak` takes eight hours over it.

use std::time::Duration;

use doorstep_tests::{
    Kind, keep_secret, on_both,
    soak::{self, Plan},
};

/// T-138, but for the hours: what leaks a little with each request leaks here too.
#[expect(clippy::print_stderr, reason = "what was measured, for whoever looks")]
async fn under_load_nothing_grows(kind: Kind) {
    let plan = Plan {
        kind,
        length: Duration::from_secs(24),
        capacity: Duration::from_secs(4),
        share: 0.5,
        samples: 24,
        // Other tests run beside this one.
        judges_times: false,
        note: keep_secret,
    };
    let outcome = soak::run(&plan, |_| {}).await;
    let seen = outcome.verdict.lines.join("\n");
    eprintln!("{kind:?}: {:.0} visits/s were asked for\n{seen}", outcome.rate);
    assert_eq!(outcome.faults(), Vec::<String>::new());
    let answered = outcome.samples.last().map_or(0, |last| last.requests);
    assert!(answered > 500, "{answered} answers show nothing");
}

on_both!(under_load_nothing_grows);

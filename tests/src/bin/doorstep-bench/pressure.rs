//! How long answers take at half of what a server can do, and what becomes of more than
//! it can do.

use crate::{
    Bench,
    figures::{Round, thousands},
    load::Load,
    requests, say,
    subject::Subject,
    table::{Row, Target},
};

/// Twice as many as the server works on at a time (`limits.requests`).
const CROWD: usize = 1_024;

/// Of a server that does so many sign-ups a second.
pub(crate) async fn measure(bench: &mut Bench, name: &str, subject: &Subject, most: f64) {
    let half = round(bench, subject, 256, Some(most / 2.0)).await;
    say(&format!("{name}, half of that"), &half);
    bench.table.add(Row {
        what: format!("{name}: sign-ups at half of that rate"),
        ratio: half.within(0.99) / half.within(0.5),
        reference: format!("its own median: {:.1} ms", half.within(0.5)),
        round: half,
        target: Some(Target::Below(10.0)),
    });
    let crowd = round(bench, subject, CROWD, None).await;
    say(&format!("{name}, {CROWD} connections"), &crowd);
    let told: Vec<_> =
        crowd.others.iter().map(|(what, count)| format!("{what}: {count} times")).collect();
    bench.table.add(Row {
        what: format!("{name}: sign-ups, {CROWD} connections ({})", told.join(", ")),
        ratio: crowd.rate() / most,
        reference: format!("with 64 connections: {} /s", thousands(most)),
        round: crowd,
        target: None,
    });
}

async fn round(bench: &Bench, subject: &Subject, connections: usize, rate: Option<f64>) -> Round {
    let token = subject.token().await;
    let requests = requests::sign_ups(subject.address, &token, &bench.new_run(), true);
    let (warm_up, measured) = (bench.warm_up, bench.measured);
    Load { to: subject.address, requests, connections, warm_up, measured, rate }.run().await
}

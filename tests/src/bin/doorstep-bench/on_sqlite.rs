//! Sign-ups and tokens on SQLite, beside one commit for each.

use crate::{
    Bench, SignUps,
    figures::{median, thousands},
    one_by_one, pressure, requests, say,
    table::{Row, Target},
};

const CONNECTIONS: usize = 64;

pub(crate) async fn measure(bench: &mut Bench) {
    let subject = bench.subject(None);
    let mut before = limit(bench);
    let mut most = 0.0_f64;
    for kind in SignUps::ALL {
        let round = bench.sign_ups(&subject, kind, CONNECTIONS, before * 5.0).await;
        say(&format!("SQLite, {}", kind.name()), &round);
        let after = limit(bench);
        let beside = median(&[before, after]);
        before = after;
        most = most.max(round.rate());
        bench.table.add(Row {
            what: format!("SQLite: {}, 64 connections", kind.name()),
            ratio: round.rate() / beside,
            round,
            reference: format!("three rows and a commit for each: {} /s", thousands(beside)),
            target: Some(Target::AtLeast(3.0)),
        });
    }
    let round = bench.sign_ups(&subject, SignUps::Widget, 1, before).await;
    say("SQLite, one at a time", &round);
    bench.table.add(Row {
        what: "SQLite: the same, one at a time".to_owned(),
        ratio: round.rate() / before,
        round,
        reference: format!("three rows and a commit for each: {} /s", thousands(before)),
        target: None,
    });
    pressure::measure(bench, "SQLite", &subject, most).await;
    let requests = requests::tokens(subject.address, &subject.client);
    let round = bench.load(&subject, requests, CONNECTIONS).await;
    say("SQLite, access tokens", &round);
}

fn limit(bench: &Bench) -> f64 {
    let rate = one_by_one::run(&bench.folder, bench.measured);
    say("  a commit for each", &format!("{:>8} /s", thousands(rate)));
    rate
}

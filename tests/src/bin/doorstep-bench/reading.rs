//! Reading one's own account, beside a server that says hello.

use crate::{
    Bench,
    ceiling::Hello,
    figures::{median, thousands},
    load::Load,
    requests, say,
    table::{Row, Target},
};

const CONNECTIONS: usize = 16;

pub(crate) async fn measure(bench: &mut Bench) {
    let subject = bench.subject(None);
    let token = subject.token().await;
    let credential = subject.credential(&token).await;
    let before = limit(bench).await;
    let requests = requests::profiles(subject.address, &credential);
    let round = bench.load(&subject, requests, CONNECTIONS).await;
    say("GET /api/users by Basic, SQLite", &round);
    let beside = median(&[before, limit(bench).await]);
    bench.table.add(Row {
        what: "`GET /api/users` by Basic, 16 connections".to_owned(),
        ratio: round.rate() / beside,
        round,
        reference: format!("axum, hello: {} /s", thousands(beside)),
        target: Some(Target::AtLeast(0.4)),
    });
}

async fn limit(bench: &Bench) -> f64 {
    let hello = Hello::start();
    let (warm_up, measured) = (bench.warm_up, bench.measured);
    let requests = requests::gets(hello.address, "/");
    let to = hello.address;
    let load = Load { to, requests, connections: CONNECTIONS, warm_up, measured, rate: None };
    let round = load.run().await;
    say("  axum, hello", &round);
    round.rate()
}

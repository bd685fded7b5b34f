//! Sign-ups and tokens on PostgreSQL, beside pgbench.

use doorstep_tests::Postgres;

use crate::{
    Bench, SignUps,
    figures::{median, thousands},
    pgbench::{self, Script},
    pressure, requests, say, scratch,
    table::{Row, Target},
};

const CONNECTIONS: usize = 64;

pub(crate) async fn measure(bench: &mut Bench) {
    let cluster = Postgres::start_durable();
    let reference = Postgres::new_database(&cluster.url).await;
    let own = Postgres::new_database(&cluster.url).await;
    let folder = scratch(&bench.folder);
    let subject = bench.subject(Some(&own));
    let mut before = limit(bench, &reference, &folder, Script::SignUp).await;
    let mut most = 0.0_f64;
    for kind in SignUps::ALL {
        let round = bench.sign_ups(&subject, kind, CONNECTIONS, before * 2.0).await;
        say(&format!("PostgreSQL, {}", kind.name()), &round);
        let after = limit(bench, &reference, &folder, Script::SignUp).await;
        let beside = median(&[before, after]);
        before = after;
        most = most.max(round.rate());
        bench.table.add(Row {
            what: format!("PostgreSQL: {}, 64 connections", kind.name()),
            ratio: round.rate() / beside,
            round,
            reference: format!("pgbench, three rows as one statement: {} /s", thousands(beside)),
            target: Some(Target::AtLeast(1.0)),
        });
    }
    pressure::measure(bench, "PostgreSQL", &subject, most).await;
    let before = limit(bench, &reference, &folder, Script::Token).await;
    let requests = requests::tokens(subject.address, &subject.client);
    let round = bench.load(&subject, requests, CONNECTIONS).await;
    say("PostgreSQL, access tokens", &round);
    let after = limit(bench, &reference, &folder, Script::Token).await;
    let beside = median(&[before, after]);
    bench.table.add(Row {
        what: "PostgreSQL: access tokens, 64 connections".to_owned(),
        ratio: round.rate() / beside,
        round,
        reference: format!("pgbench, one row: {} /s", thousands(beside)),
        target: None,
    });
}

async fn limit(bench: &Bench, url: &str, folder: &tempfile::TempDir, script: Script) -> f64 {
    let rate = pgbench::run(url, folder.path(), script, CONNECTIONS, bench.measured).await;
    say(&format!("  pgbench, {script:?}"), &format!("{:>8} /s", thousands(rate)));
    rate
}

//! The token endpoint, beside node's oidc-provider.

use doorstep_tests::Postgres;

use crate::{
    Bench,
    figures::{Round, median, thousands},
    load::Load,
    peer::Peer,
    requests, say,
    table::{Row, Target},
};

const CONNECTIONS: usize = 16;

pub(crate) async fn measure(bench: &mut Bench) {
    let cluster = Postgres::start_durable();
    let url = Postgres::new_database(&cluster.url).await;
    let subjects = [("PostgreSQL", bench.subject(Some(&url))), ("SQLite", bench.subject(None))];
    let mut before = beside(bench).await;
    for (name, subject) in &subjects {
        let requests = requests::tokens(subject.address, &subject.client);
        let round = bench.load(subject, requests, CONNECTIONS).await;
        say(&format!("{name}, access tokens"), &round);
        let after = beside(bench).await;
        let peer = before
            .as_ref()
            .zip(after.as_ref())
            .map(|(one, other)| median(&[one.rate(), other.rate()]));
        before = after;
        let Some(peer) = peer else { continue };
        bench.table.add(Row {
            what: format!("{name}: access tokens, durable, {CONNECTIONS} connections"),
            ratio: round.rate() / peer,
            round,
            reference: format!("node oidc-provider, in memory: {} /s", thousands(peer)),
            target: Some(Target::AtLeast(2.0)),
        });
    }
}

async fn beside(bench: &Bench) -> Option<Round> {
    let peer = Peer::start(bench.peers.as_deref()?);
    let requests = requests::token_requests(peer.address, "/token", &peer.client);
    let (to, warm_up, measured) = (peer.address, bench.warm_up, bench.measured);
    let load = Load { to, requests, connections: CONNECTIONS, warm_up, measured, rate: None };
    let round = load.run().await;
    say("  node oidc-provider, tokens", &round);
    Some(round)
}

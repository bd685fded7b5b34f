//! Memory, and the time from the start until somebody is served.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    Bench,
    figures::median,
    peer::Peer,
    say,
    subject::Subject,
    table::{Fact, Target},
};

const STARTS: usize = 5;
const CONNECTIONS: usize = 10_000;
/// Opened at a time: what the kernel keeps for a listener is bounded.
const AT_ONCE: usize = 500;

pub(crate) async fn measure(bench: &mut Bench) {
    starts(bench);
    memory(bench).await;
}

fn starts(bench: &mut Bench) {
    let mut subject = bench.subject(None);
    let own: Vec<f64> = (0..STARTS).map(|_| millis(subject.restart())).collect();
    let own = median(&own);
    let Some(folder) = bench.peers.as_deref() else { return };
    let peer: Vec<f64> = (0..STARTS).map(|_| millis(Peer::start(folder).started_in)).collect();
    let peer = median(&peer);
    bench.table.note(Fact {
        what: "from the start until it listens, SQLite".to_owned(),
        figure: format!("{own:.0} ms"),
        beside: format!("node oidc-provider: {peer:.0} ms"),
        value: own / peer,
        target: Target::Below(0.3),
    });
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

async fn memory(bench: &mut Bench) {
    // Whoever is silent is sent away after five seconds, if it is not set otherwise.
    let settings =
        [("DOORSTEP_LIMITS__CONNECTIONS", "12000"), ("DOORSTEP_LIMITS__HEAD_SECONDS", "60")];
    let subject = Subject::start_with(&bench.server, &bench.folder, None, &settings);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle = subject.resident();
    let mut open = Vec::with_capacity(CONNECTIONS);
    while open.len() < CONNECTIONS {
        let mut some = Vec::with_capacity(AT_ONCE);
        for _ in 0..AT_ONCE {
            let Ok(mut stream) = TcpStream::connect(subject.address).await else { break };
            let asked = stream
                .write_all(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nRange: x\r\n\r\n")
                .await;
            asked.expect("it reads");
            some.push(stream);
        }
        assert!(!some.is_empty(), "{} connections, and no more", open.len());
        for mut stream in some {
            // Served once: a connection that only was opened is nothing yet.
            let mut answer = [0; 16];
            stream.read_exact(&mut answer).await.expect("it answers");
            open.push(stream);
        }
    }
    let busy = subject.resident();
    say("memory", &format!("{idle:.0} MiB idle, {busy:.0} MiB with {} connections", open.len()));
    for (what, value, most) in [
        ("resident memory, idle".to_owned(), idle, 64.0),
        (format!("resident memory with {CONNECTIONS} open connections"), busy, 256.0),
    ] {
        bench.table.note(Fact {
            what,
            figure: format!("{value:.0} MiB"),
            beside: String::new(),
            value,
            target: Target::Below(most),
        });
    }
}

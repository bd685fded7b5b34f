//! A server that is killed again and again while a crowd signs up: afterwards there is
//! one of everything for each person. `cargo xtask crash`, and shortly in the suite.

use std::{
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant},
};

use crate::{Chance, Crowd, Inventory, Kind, Order, Server};

/// A kill comes this many milliseconds after its sign-up at the latest: at any moment of
/// those that follow.
const LATER: usize = 6;

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub struct CrashPlan {
    /// How often the server is killed.
    pub kills: usize,
    /// How many people sign up.
    pub sign_ups: usize,
    /// How many of them ask at a time.
    pub at_once: usize,
    /// Decides when it is killed.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct CrashOutcome {
    /// Each line of the report: what, and how many.
    pub lines: Vec<(String, String)>,
    /// What is not as it must be. There is nothing in it when all is well.
    pub faults: Vec<String>,
}

impl CrashPlan {
    /// After which sign-ups the server is killed.
    fn moments(&self, chance: &mut Chance) -> Vec<usize> {
        let mut moments: Vec<_> =
            (0..self.kills).map(|_| chance.within(0..self.sign_ups)).collect();
        moments.sort_unstable();
        moments
    }

    /// Does it, on an empty database.
    pub async fn run(&self, kind: Kind, settings: &[(&str, &str)]) -> CrashOutcome {
        let mut server = Server::start_with(kind, settings).await;
        // From now on its address is a fixed one.
        server.kill();
        server.restart();
        let mut chance = Chance::from_seed(self.seed);
        let began = Instant::now();
        let crowd = Crowd::start(Order {
            sites: vec![server.site()],
            client: server.client("register", &["srv.example"], &[]),
            people: self.sign_ups,
            at_once: self.at_once,
            pause: Duration::ZERO,
        });
        let mut away = Duration::ZERO;
        let mut kills = 0_usize;
        for moment in self.moments(&mut chance) {
            crowd.reaches(moment).await;
            if crowd.is_over() {
                break;
            }
            tokio::time::sleep(chance.pause(LATER)).await;
            let gone = Instant::now();
            tokio::task::block_in_place(|| {
                server.kill();
                server.restart();
            });
            away += gone.elapsed();
            kills += 1;
        }
        let (accounts, tally) = match crowd.end().await {
            Ok(ended) => ended,
            Err(fault) => return CrashOutcome { lines: Vec::new(), faults: vec![fault] },
        };
        let took = began.elapsed();
        let inventory = Inventory::take(&server, &server.site(), &accounts).await;
        let mut faults = inventory.faults(self.sign_ups);
        if let Some(check) = broken_file(&server).await {
            faults.push(check);
        }
        let replayed = tally.replayed.load(Relaxed);
        let unanswered = tally.unanswered.load(Relaxed);
        if kills > 0 && unanswered == 0 {
            faults.push("no kill met a request: nothing was tried".to_owned());
        }
        let mut lines: Vec<(String, String)> = Vec::new();
        let mut line = |what: &str, number: String| lines.push((what.to_owned(), number));
        line("people who signed up", accounts.len().to_string());
        line("kills (`kill -9`)", kills.to_string());
        line("sign-ups sent, again ones included", tally.sent.load(Relaxed).to_string());
        line("requests that got no answer", unanswered.to_string());
        line("answers 503", tally.unavailable.load(Relaxed).to_string());
        line("answers 409 `request-in-progress`", tally.in_progress.load(Relaxed).to_string());
        line("accounts that were there before their answer was", replayed.to_string());
        for (what, number) in &inventory.counts {
            line(what, number.to_string());
        }
        let verified = if inventory.audit.is_none() { "intact" } else { "BROKEN" };
        line("`doorstep audit verify`", verified.to_owned());
        let each = away.as_millis() / u128::try_from(kills.max(1)).unwrap_or(1);
        line("from a kill until it listens again, on average", format!("{each} ms"));
        line("in all", format!("{} s", took.as_secs()));
        let report = server.end();
        faults.extend(report.leaks.iter().map(ToString::to_string));
        CrashOutcome { lines, faults }
    }
}

/// What SQLite says of its file, if that is not that it is whole.
async fn broken_file(server: &Server) -> Option<String> {
    if !server.database.url.starts_with("sqlite") {
        return None;
    }
    let checked = "SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'";
    let faults = server.database.count(checked).await;
    (faults > 0).then(|| format!("`PRAGMA integrity_check` finds {faults} faults"))
}

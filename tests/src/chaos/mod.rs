//! PostgreSQL on three nodes that fails over, and what becomes of sign-ups when its
//! primary is killed, cut off or frozen: `cargo xtask chaos`.

mod cluster;
mod fault;
mod gap;
mod network;
mod node;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use doorstep_handbook::replicas;

use cluster::Cluster;
pub use fault::ChaosFault;
use gap::Gap;
pub use network::run_apart;

use crate::{
    Balancer, Chance, Crowd, Inventory, Kind, Order, Server, Tally,
    inventory::{DIFFERENT_NAMES, NAMES, WORKING},
};

/// How long anything may take: several times the longest fail-over.
const PATIENCE: Duration = Duration::from_secs(150);
/// How long people sign up undisturbed before each fault.
const QUIET: Duration = Duration::from_secs(5);
/// How long a node stays away after sign-ups go on without it.
const LONGER: Duration = Duration::from_secs(10);
/// So many sign-ups, and they go on: more than can have been under way when it began.
const SOME: usize = 100;
/// A server is killed at most so many milliseconds after a node was.
const LATER: usize = 10_000;

/// How much of it.
#[derive(Debug, Clone)]
pub struct ChaosPlan {
    /// What happens, one after the other.
    pub faults: Vec<ChaosFault>,
    /// How often all of it.
    pub rounds: usize,
    /// How many people ask at a time.
    pub at_once: usize,
    /// Decides which server is killed, and when.
    pub seed: u64,
    /// Where to leave what the nodes and the servers logged.
    pub logs: Option<PathBuf>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct ChaosOutcome {
    /// Each line of the report: seconds since the beginning, and what happened.
    pub timeline: Vec<(f64, String)>,
    /// What was counted at the end.
    pub counts: Vec<(String, String)>,
    /// For each fault the longest time in which nobody was told of an account, in seconds:
    /// until sign-ups went on, and from then until all were there again.
    pub gaps: Vec<(String, f64, f64)>,
    /// What is not as it must be. There is nothing in it when all is well.
    pub faults: Vec<String>,
}

/// What is said of it while it goes on.
struct Trial {
    began: Instant,
    outcome: ChaosOutcome,
}

/// Who takes part.
struct Scene<'a> {
    cluster: &'a mut Cluster,
    server: &'a mut Server,
    crowd: &'a Crowd,
    gap: &'a Gap,
    chance: Chance,
}

impl ChaosPlan {
    /// Does it, in the namespaces that [`run_apart`] made.
    pub async fn run(&self) -> ChaosOutcome {
        let mut trial = Trial { began: Instant::now(), outcome: ChaosOutcome::default() };
        let temporary = std::env::temp_dir();
        network::open(&temporary);
        let mut cluster = Cluster::start(&temporary);
        if let Err(fault) = trial.play(self, &mut cluster).await {
            let words = cluster.last_words();
            trial.outcome.faults.push(format!("{fault}\n{words}"));
        }
        if let Some(folder) = &self.logs {
            cluster.leave_logs(folder);
        }
        trial.outcome
    }
}

impl Trial {
    #[expect(clippy::print_stderr, reason = "for whoever watches")]
    fn say(&mut self, what: String) {
        let at = self.began.elapsed().as_secs_f64();
        eprintln!("{at:7.1} s  {what}");
        self.outcome.timeline.push((at, what));
    }

    async fn play(&mut self, plan: &ChaosPlan, cluster: &mut Cluster) -> Result<(), String> {
        let (primary, _) = cluster.all_are_there().await?;
        self.say(format!("three nodes; {} is the primary", cluster.nodes[primary].name()));
        let settings = replicas::settings("haproxy").nth(1).expect("the page");
        let _front = Balancer::start(settings, cluster::FRONT);
        let url = cluster.database().await?;
        let commits = cluster.commits().await.map_err(|error| error.to_string())?;
        for (until, median) in
            ["a second node has it", "the primary alone has it"].iter().zip(commits)
        {
            let millis = median.as_secs_f64() * 1e3;
            let what = format!("a commit until {until}, before anybody signs up, median");
            self.outcome.counts.push((what, format!("{millis:.2} ms")));
        }
        let address = Balancer::free_address();
        let settings = [
            ("DOORSTEP_DATABASE_URL", url.clone()),
            ("DOORSTEP_PUBLIC_URL", format!("http://{address}")),
            ("DOORSTEP_SERVER__TRUSTED_PROXIES", "127.0.0.0/8".to_owned()),
            ("DOORSTEP_LOG__FILTER", "info".to_owned()),
        ];
        let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
        let mut server = Server::start_with(Kind::Sqlite, &settings).await;
        server.database.url.clone_from(&url);
        server.put_behind(&address);
        let crowd = Arc::new(Crowd::start(Order {
            sites: vec![server.site()],
            client: server.client("register", &["srv.example"], &[]),
            people: usize::MAX,
            at_once: plan.at_once,
            pause: Duration::from_millis(100),
        }));
        self.say(format!("three servers; {} people at a time sign up", plan.at_once));
        let (gap, stop) = (Arc::<Gap>::default(), Arc::<AtomicBool>::default());
        let watching = {
            let (gap, crowd, stop) = (gap.clone(), crowd.clone(), stop.clone());
            tokio::spawn(async move { gap.watch(&crowd, &stop).await })
        };
        let mut scene = Scene {
            cluster,
            server: &mut server,
            crowd: &crowd,
            gap: &gap,
            chance: Chance::from_seed(plan.seed),
        };
        let mut played = Ok(());
        for fault in std::iter::repeat_n(&plan.faults, plan.rounds).flatten() {
            played = self.fault(*fault, &mut scene).await;
            if played.is_err() {
                break;
            }
        }
        stop.store(true, Relaxed);
        crowd.stop();
        if let Some(folder) = &plan.logs {
            // It is for whoever looks; the trial goes on without.
            let _ = std::fs::write(folder.join("doorstep.log"), server.log());
        }
        let _ = watching.await;
        let crowd = Arc::into_inner(crowd).ok_or("somebody still watches")?;
        let ended = match played {
            // What a client was told says more than that it was.
            Err(fault) => Err(crowd.end().await.err().unwrap_or(fault)),
            Ok(()) => crowd.end().await,
        };
        let (accounts, tally) = ended.map_err(|fault| format!("{fault}\n{}", failures(&server)))?;
        self.say(format!("nobody new begins; {} have an account", accounts.len()));
        let inventory = Inventory::take(&server, &server.site(), &accounts).await;
        self.outcome.faults.extend(inventory.faults(accounts.len()));
        self.count(&inventory, accounts.len(), &tally);
        let everywhere = cluster.users_everywhere(&url, accounts.len()).await?;
        let lines = everywhere.into_iter().map(|(what, number)| (what, number.to_string()));
        self.outcome.counts.extend(lines);
        let report = server.end();
        self.outcome.faults.extend(report.leaks.iter().map(ToString::to_string));
        Ok(())
    }

    /// Writes down what was counted.
    fn count(&mut self, inventory: &Inventory, people: usize, tally: &Tally) {
        let mut count = |what: &str, number: String| {
            self.outcome.counts.push((what.to_owned(), number));
        };
        for (what, counter) in [
            ("sign-ups sent, again ones included", &tally.sent),
            ("answers 503", &tally.unavailable),
            ("answers 409 `request-in-progress`", &tally.in_progress),
            ("answers 502 and 504 of HAProxy", &tally.gateway),
            ("connections that broke", &tally.unanswered),
            ("accounts that were there before their answer was", &tally.replayed),
        ] {
            count(what, counter.load(Relaxed).to_string());
        }
        // One other answer ends the trial: see `Crowd`.
        count("any other answer", "0".to_owned());
        count("people who were told of an account", people.to_string());
        let of = |wanted: &str| {
            let found = inventory.counts.iter().find(|(what, _)| *what == wanted);
            found.map_or(0, |(_, number)| *number)
        };
        let people = i64::try_from(people).expect("there are not that many people");
        count("of these whose account is missing", (people - of(WORKING)).to_string());
        count("names that are there twice", (of(NAMES) - of(DIFFERENT_NAMES)).to_string());
        for (what, number) in &inventory.counts {
            count(what, number.to_string());
        }
    }

    /// One fault, from a whole cluster to a whole cluster.
    async fn fault(&mut self, fault: ChaosFault, scene: &mut Scene<'_>) -> Result<(), String> {
        let (primary, standby) = scene.cluster.all_are_there().await?;
        tokio::time::sleep(QUIET).await;
        scene.gap.take();
        let before = scene.crowd.acknowledged();
        let at = if fault == ChaosFault::Standby { standby } else { primary };
        let node = scene.cluster.nodes[at].name();
        self.say(match fault {
            ChaosFault::Server => fault.name().to_owned(),
            _ => format!("{node}: {}", fault.name()),
        });
        let began = Instant::now();
        if fault == ChaosFault::Switchover {
            scene.cluster.nodes[primary].switch_over().await?;
        }
        fault.begin(&mut scene.cluster.nodes[at]);
        if fault != ChaosFault::Server {
            tokio::time::sleep(scene.chance.pause(LATER)).await;
        }
        let victim = scene.chance.within(0..3);
        kill(scene.server, victim);
        self.say(format!("server {} is killed", victim + 1));
        if fault.moves_the_primary() {
            let new = loop {
                if let Some(new) = scene.cluster.primary(Some(primary)).await {
                    break new;
                }
                within(began, "no other node becomes the primary")?;
                ended_well(scene.crowd)?;
            };
            self.say(format!("{} is the primary", scene.cluster.nodes[new].name()));
        }
        let told = scene.crowd.acknowledged();
        while scene.crowd.acknowledged() < told + SOME {
            within(began, "nobody gets an account any more")?;
            ended_well(scene.crowd)?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let until = scene.gap.take().as_secs_f64();
        let so_far = scene.crowd.acknowledged() - before;
        self.say(format!(
            "sign-ups go on ({so_far} since); the longest time without one was {until:.1} s"
        ));
        tokio::time::sleep(LONGER).await;
        tokio::task::block_in_place(|| restart(scene.server, victim));
        self.say(format!("server {} is started again", victim + 1));
        if fault != ChaosFault::Server {
            fault.end(&mut scene.cluster.nodes[at]);
            if fault != ChaosFault::Switchover {
                self.say(format!("{node} is let go on"));
            }
        }
        scene.cluster.all_are_there().await?;
        let after = scene.gap.take().as_secs_f64();
        self.say(format!("three nodes again; since then at most {after:.1} s without a sign-up"));
        self.outcome.gaps.push((fault.name().to_owned(), until, after));
        ended_well(scene.crowd)
    }
}

/// Kills one of the three.
fn kill(server: &mut Server, which: usize) {
    match which.checked_sub(1) {
        None => server.kill(),
        Some(replica) => server.replicas()[replica].kill(),
    }
}

/// Starts it again.
fn restart(server: &mut Server, which: usize) {
    match which.checked_sub(1) {
        None => server.restart(),
        Some(replica) => server.replicas()[replica].restart(),
    }
}

/// What the servers themselves called failures, the last of it.
fn failures(server: &Server) -> String {
    let log = server.log();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("\"level\":\"ERROR\"")).collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

fn within(began: Instant, what: &str) -> Result<(), String> {
    if began.elapsed() > PATIENCE { Err(what.to_owned()) } else { Ok(()) }
}

/// The crowd is never over by itself, unless somebody was told what nobody may be told.
fn ended_well(crowd: &Crowd) -> Result<(), String> {
    if crowd.is_over() {
        Err("a client was told what nobody may be told".to_owned())
    } else {
        Ok(())
    }
}

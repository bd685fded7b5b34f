//! PostgreSQL on three nodes that fails over, and what becomes of sign-ups when its
//! primary is killed, cut off or frozen: `cargo xtask chaos`.

mod network;
mod node;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use doorstep_handbook::replicas;
use sqlx::{Connection as _, PgConnection};

pub use network::run_apart;
use node::Node;

use crate::{Balancer, Crowd, Inventory, Kind, Order, Server, hexadecimal};

/// Where the handbook's HAProxy is, and the superuser's password there.
const FRONT: &str = "127.0.0.1:5000";
const SUPERUSER: &str = "change-this-1";
/// How long anything may take: several times the longest fail-over.
const PATIENCE: Duration = Duration::from_secs(150);
/// So many new connections in a row must have led to the primary: five seconds of them, in which
/// HAProxy asks each node several times.
const SURE: u32 = 50;
/// How long people sign up undisturbed before each fault.
const QUIET: Duration = Duration::from_secs(5);
/// How long a frozen or cut off node stays so after another one has its place.
const LONGER: Duration = Duration::from_secs(10);

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub struct ChaosPlan {
    /// How many ask at a time.
    pub at_once: usize,
    /// Each fault so many times.
    pub rounds: usize,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct ChaosOutcome {
    /// Each line of the report: seconds since the beginning, and what happened.
    pub timeline: Vec<(f64, String)>,
    /// What was counted at the end.
    pub counts: Vec<(String, String)>,
    /// For each fault, the longest time in which nobody was told of an account.
    pub gaps: Vec<(String, f64)>,
    /// What is not as it must be. There is nothing in it when all is well.
    pub faults: Vec<String>,
}

/// What happens to the primary.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Kill,
    CutOff,
    Freeze,
}

impl Fault {
    const ALL: [Self; 3] = [Self::Kill, Self::CutOff, Self::Freeze];

    const fn name(self) -> &'static str {
        match self {
            Self::Kill => "killed (`kill -9` of all that runs there)",
            Self::CutOff => "cut off (both cables out)",
            Self::Freeze => "frozen (SIGSTOP of all that runs there)",
        }
    }

    fn begin(self, node: &mut Node) {
        match self {
            Self::Kill => node.signal("KILL"),
            Self::CutOff => network::cable(node.number, false),
            Self::Freeze => node.signal("STOP"),
        }
    }

    fn end(self, node: &mut Node) {
        match self {
            Self::Kill => node.start(),
            Self::CutOff => network::cable(node.number, true),
            Self::Freeze => node.signal("CONT"),
        }
    }
}

/// The longest time in which nobody was told of an account.
#[derive(Debug, Default)]
struct Gap(Mutex<Duration>);

impl Gap {
    /// Looks at the crowd's count until it is told to stop.
    async fn watch(&self, crowd: &Crowd, stop: &AtomicBool) {
        let (mut count, mut since) = (crowd.acknowledged(), Instant::now());
        while !stop.load(Relaxed) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let now = crowd.acknowledged();
            let mut longest = self.0.lock().expect("nobody panics in it");
            *longest = longest.max(since.elapsed());
            if now > count {
                (count, since) = (now, Instant::now());
            }
        }
    }

    fn take(&self) -> Duration {
        std::mem::take(&mut *self.0.lock().expect("nobody panics in it"))
    }
}

/// The cluster and what is said of it.
struct Trial {
    nodes: Vec<Node>,
    began: Instant,
    outcome: ChaosOutcome,
}

impl ChaosPlan {
    /// Does it, in the namespaces that [`run_apart`] made.
    pub async fn run(&self) -> ChaosOutcome {
        let temporary = std::env::temp_dir();
        network::open(&temporary);
        let nodes = (1..=3).map(|number| Node::new(number, &temporary)).collect();
        let mut trial = Trial { nodes, began: Instant::now(), outcome: ChaosOutcome::default() };
        if let Err(fault) = trial.play(*self).await {
            let words: String = trial.nodes.iter().map(Node::last_words).collect();
            trial.outcome.faults.push(format!("{fault}\n{words}"));
        }
        for node in &mut trial.nodes {
            node.signal("KILL");
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

    async fn play(&mut self, plan: ChaosPlan) -> Result<(), String> {
        for node in &mut self.nodes {
            node.start();
        }
        let primary = self.all_are_there().await?;
        self.say(format!("three nodes; n{} is the primary", primary + 1));
        let settings = replicas::settings("haproxy").nth(1).expect("the page");
        let _front = Balancer::start(settings, FRONT);
        let url = self.database().await?;
        let settings = [("DOORSTEP_DATABASE_URL", url.as_str()), ("DOORSTEP_LOG__FILTER", "info")];
        let mut server = Server::start_with(Kind::Sqlite, &settings).await;
        server.database.url.clone_from(&url);
        let replicas = [server.replica(), server.replica()];
        let mut sites = vec![server.site()];
        sites.extend(replicas.iter().map(|replica| replica.site().clone()));
        let crowd = Arc::new(Crowd::start(Order {
            sites,
            client: server.client("register", &["srv.example"], &[]),
            people: usize::MAX,
            at_once: plan.at_once,
            pause: Duration::from_millis(20),
        }));
        self.say(format!("three servers; {} people at a time sign up", plan.at_once));
        let (gap, stop) = (Arc::<Gap>::default(), Arc::<AtomicBool>::default());
        let watching = {
            let (gap, crowd, stop) = (gap.clone(), crowd.clone(), stop.clone());
            tokio::spawn(async move { gap.watch(&crowd, &stop).await })
        };
        let mut played = Ok(());
        for fault in std::iter::repeat_n(Fault::ALL, plan.rounds).flatten() {
            played = self.fault(fault, &crowd, &gap).await;
            if played.is_err() {
                break;
            }
        }
        stop.store(true, Relaxed);
        crowd.stop();
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
        let mut count = |what: &str, number: String| {
            self.outcome.counts.push((what.to_owned(), number));
        };
        count("people who were told of an account", accounts.len().to_string());
        for (what, number) in &inventory.counts {
            count(what, number.to_string());
        }
        for (what, counter) in [
            ("sign-ups sent, again ones included", &tally.sent),
            ("answers 503", &tally.unavailable),
            ("answers 409 `request-in-progress`", &tally.in_progress),
            ("accounts that were there before their answer was", &tally.replayed),
            ("any other answer, and requests without one", &tally.unanswered),
        ] {
            count(what, counter.load(Relaxed).to_string());
        }
        if tally.unanswered.load(Relaxed) > 0 {
            self.outcome.faults.push("a server did not answer".to_owned());
        }
        self.same_everywhere(&url, accounts.len()).await?;
        let report = server.end();
        self.outcome.faults.extend(report.leaks.iter().map(ToString::to_string));
        Ok(())
    }

    /// One fault, from a whole cluster to a whole cluster.
    async fn fault(&mut self, fault: Fault, crowd: &Crowd, gap: &Gap) -> Result<(), String> {
        let old = self.all_are_there().await?;
        tokio::time::sleep(QUIET).await;
        gap.take();
        let before = crowd.acknowledged();
        fault.begin(&mut self.nodes[old]);
        self.say(format!("n{} is {}", old + 1, fault.name()));
        let began = Instant::now();
        let new = loop {
            if let Some(new) = self.primary(Some(old)).await {
                break new;
            }
            within(began, "no other node becomes the primary")?;
            ended_well(crowd)?;
        };
        self.say(format!("n{} is the primary", new + 1));
        let told = crowd.acknowledged();
        while crowd.acknowledged() <= told {
            within(began, "nobody gets an account from the new primary")?;
            ended_well(crowd)?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let longest = gap.take();
        let so_far = crowd.acknowledged() - before;
        self.say(format!(
            "sign-ups go on ({so_far} since); the longest time without one was {:.1} s",
            longest.as_secs_f64()
        ));
        self.outcome.gaps.push((fault.name().to_owned(), longest.as_secs_f64()));
        tokio::time::sleep(LONGER).await;
        fault.end(&mut self.nodes[old]);
        self.say(format!("n{} is let go on", old + 1));
        self.all_are_there().await?;
        self.say("three nodes again".to_owned());
        ended_well(crowd)
    }

    /// The one that is the primary, other than that one.
    async fn primary(&self, but: Option<usize>) -> Option<usize> {
        for (at, node) in self.nodes.iter().enumerate() {
            if Some(at) != but && node.is_primary().await {
                return Some(at);
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        None
    }

    /// Waits until the primary sees the two others; which one it is.
    async fn all_are_there(&self) -> Result<usize, String> {
        let began = Instant::now();
        loop {
            if let Some(primary) = self.primary(None).await
                && self.nodes[primary].sees_all().await
            {
                return Ok(primary);
            }
            within(began, "the three nodes do not come together")?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Makes the servers' database, and gives its URL.
    async fn database(&self) -> Result<String, String> {
        let superuser = format!("postgres://postgres:{SUPERUSER}@{FRONT}/postgres");
        let mut random = [0; 16];
        let chance = ring::rand::SystemRandom::new();
        ring::rand::SecureRandom::fill(&chance, &mut random).expect("the system has chance");
        let password = hexadecimal(&random);
        let began = Instant::now();
        // HAProxy takes all for primaries until it has asked them, each a few times.
        let mut in_a_row = 0;
        let mut connection = loop {
            let mut asked = PgConnection::connect(&superuser).await.ok();
            let is_primary = match &mut asked {
                None => false,
                Some(asked) => sqlx::query_scalar("SELECT NOT pg_is_in_recovery()")
                    .fetch_one(asked)
                    .await
                    .unwrap_or(false),
            };
            in_a_row = if is_primary { in_a_row + 1 } else { 0 };
            if let (SURE.., Some(sure)) = (in_a_row, asked) {
                break sure;
            }
            within(began, "HAProxy leads to no primary")?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        for sql in [
            // A statement that fails is logged, and this one has a password in it.
            "SET log_min_error_statement = panic".to_owned(),
            format!("CREATE ROLE doorstep LOGIN PASSWORD '{password}'"),
            "CREATE DATABASE doorstep OWNER doorstep".to_owned(),
        ] {
            let done = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await;
            done.map_err(|error| error.to_string())?;
        }
        Ok(format!("postgres://doorstep:{password}@{FRONT}/doorstep"))
    }

    /// That each node has all of them, once it has caught up.
    async fn same_everywhere(&mut self, url: &str, people: usize) -> Result<(), String> {
        for number in 1..=3 {
            let own = url.replace(FRONT, &format!("10.0.0.1{number}:5432"));
            let began = Instant::now();
            loop {
                let mut connection =
                    PgConnection::connect(&own).await.map_err(|error| error.to_string())?;
                let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM users")
                    .fetch_one(&mut connection)
                    .await
                    .map_err(|error| error.to_string())?;
                if usize::try_from(count).is_ok_and(|count| count == people) {
                    self.outcome.counts.push((format!("users on n{number}"), count.to_string()));
                    break;
                }
                within(began, &format!("n{number} has {count} users and not {people}"))?;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
        Ok(())
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

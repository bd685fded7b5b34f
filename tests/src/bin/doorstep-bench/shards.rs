//! Two whole installations behind a router that goes by the host, beside one: what the
//! router costs, and that neither has anything of the other.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

use doorstep_tests::{OAuthClient, Postgres, Router};
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use crate::{
    Bench, cpu,
    figures::precise,
    load::{self, Load, Requests},
    requests, say,
    shards_page::{Costs, Table, Way},
    subject::{Subject, token_of},
};

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;
/// A provider server for each host.
const SERVERS: [&str; 2] = ["one.example", "two.example"];

/// A server with a cluster of its own.
struct Installation {
    subject: Subject,
    cluster: Postgres,
    database: String,
    client: OAuthClient,
    /// The provider server and username of everybody who was told to be there.
    told: BTreeSet<(String, String)>,
}

impl Installation {
    async fn start(bench: &Bench, url: &str, servers: &[&str]) -> Self {
        let cluster = Postgres::start_durable();
        let database = Postgres::new_database(&cluster.url).await;
        let settings =
            [("DOORSTEP_PUBLIC_URL", url), ("DOORSTEP_SERVER__TRUSTED_PROXIES", "127.0.0.0/8")];
        let (program, folder) = (&bench.server, &bench.folder);
        let subject = Subject::start_with(program, folder, Some(&database), &settings);
        let client = subject.client_for(servers);
        Self { subject, cluster, database, client, told: BTreeSet::new() }
    }

    /// How often its cluster has waited for the disk so far.
    async fn syncs(&self) -> f64 {
        let mut connection = PgConnection::connect(&self.database).await.expect("it answers");
        let syncs = sqlx::query_scalar("SELECT wal_sync::float8 FROM pg_stat_wal");
        syncs.fetch_one(&mut connection).await.expect("PostgreSQL counts them")
    }

    /// Everybody who is there.
    async fn there(&self) -> BTreeSet<(String, String)> {
        let mut connection = PgConnection::connect(&self.database).await.expect("it answers");
        let all = sqlx::query_as("SELECT server, username FROM identities");
        let all: Vec<(String, String)> =
            all.fetch_all(&mut connection).await.expect("identities are read");
        let users = sqlx::query_scalar("SELECT COUNT(*) FROM users");
        let users: i64 = users.fetch_one(&mut connection).await.expect("users are counted");
        assert_eq!(usize::try_from(users), Ok(all.len()), "each user has one identity");
        all.into_iter().collect()
    }
}

/// A way to the installations.
struct Arm {
    way: Way,
    to: SocketAddr,
    router: Option<Router>,
    /// The installation of each provider server.
    at: [usize; 2],
    tokens: [String; 2],
    costs: Vec<Costs>,
}

impl Arm {
    async fn new(
        way: Way,
        router: Option<Router>,
        all: &[Installation; 3],
        at: [usize; 2],
    ) -> Self {
        let to = match &router {
            Some(router) => router.address.parse().expect("an address"),
            None => all[at[0]].subject.address,
        };
        let mut tokens = [const { String::new() }; 2];
        for side in [0, 1] {
            let ask = requests::tokens(to, &all[at[side]].client);
            let ask = with_host(ask, move |_| Router::HOSTS[side]);
            tokens[side] = token_of(&load::collect(to, ask, 1, 1).await[0]);
        }
        Self { way, to, router, at, tokens, costs: Vec::new() }
    }

    /// Each username once at both provider servers, one after the other.
    fn requests(&self, run: &str) -> Requests {
        let (to, run) = (self.to, run.to_owned());
        let bearers = self.tokens.each_ref().map(|token| format!("Bearer {token}"));
        let sign_ups: Requests = Arc::new(move |number| {
            let user = json!({
                "provider_server": SERVERS[side(number)], "provider_username": name(&run, number),
                "fname": "Jane", "lname": "Doe", "currency": "USD",
                "email": format!("{run}{number}@example.com"),
            });
            let body = json!({ "user": user }).to_string();
            let key = format!("{run}{number}");
            Some(requests::sign_up(to, &bearers[side(number)], &key, &body))
        });
        with_host(sign_ups, |number| Router::HOSTS[side(number)])
    }

    fn installations(&self) -> BTreeSet<usize> {
        self.at.into()
    }

    async fn syncs(&self, all: &[Installation; 3]) -> f64 {
        let mut sum = 0.0;
        for at in self.installations() {
            sum += all[at].syncs().await;
        }
        sum
    }

    /// What servers, clusters and router have used so far.
    fn cpu(&self, all: &[Installation; 3]) -> [f64; 3] {
        let own = self.installations();
        let servers = own.iter().map(|at| all[*at].subject.cpu()).sum();
        let clusters = own.iter().map(|at| cpu::millis(all[*at].cluster.process_id())).sum();
        let router = self.router.as_ref().map_or(0.0, |router| cpu::millis(router.process_id()));
        [servers, clusters, router]
    }

    async fn run(&mut self, bench: &Bench, all: &mut [Installation; 3]) {
        let run = bench.new_run();
        let (before, syncs) = (self.cpu(all), self.syncs(all).await);
        let (requests, to) = (self.requests(&run), self.to);
        let (warm_up, measured) = (bench.warm_up, bench.measured);
        let load = Load { to, requests, connections: CONNECTIONS, warm_up, measured, rate: None };
        let round = load.run().await;
        let (after, syncs) = (self.cpu(all), self.syncs(all).await - syncs);
        say(self.way.name(), &round);
        assert_eq!(round.failed, 0, "what did not go well may be there or not: {:?}", round.others);
        for number in &round.acknowledged {
            let side = side(*number);
            let person = (SERVERS[side].to_owned(), name(&run, *number));
            assert!(all[self.at[side]].told.insert(person), "{run}{number} was made twice");
        }
        let made = precise(round.acknowledged.len());
        let of_one = [0, 1, 2].map(|part| (after[part] - before[part]) / made);
        let (p50, p99) = (round.within(0.5), round.within(0.99));
        self.costs.push(Costs {
            rate: round.rate(),
            p50,
            p99,
            cpu: of_one,
            together: made / syncs,
        });
    }
}

/// Measures all ways in turn, and counts who is where.
pub(crate) async fn measure(bench: &Bench) -> Table {
    let [a, b] = Router::HOSTS.map(|host| format!("http://{host}"));
    let mut all = [
        Installation::start(bench, &a, &SERVERS).await,
        Installation::start(bench, &a, &SERVERS[..1]).await,
        Installation::start(bench, &b, &SERVERS[1..]).await,
    ];
    let [one, first, second] = all.each_ref().map(|it| it.subject.address.to_string());
    let before_one = Router::start([&one, &one]);
    let before_two = Router::start([&first, &second]);
    let mut arms = [
        Arm::new(Way::Direct, None, &all, [0, 0]).await,
        Arm::new(Way::RoutedToOne, Some(before_one), &all, [0, 0]).await,
        Arm::new(Way::RoutedToTwo, Some(before_two), &all, [1, 2]).await,
    ];
    for round in 0..ROUNDS {
        // What grows or warms up meanwhile is then not always on the same one's side.
        for turn in 0..arms.len() {
            arms[(round + turn) % 3].run(bench, &mut all).await;
        }
    }
    for (installation, what) in all.iter().zip(["one", "first of two", "second of two"]) {
        let there = installation.there().await;
        let lost = installation.told.difference(&there).count();
        let strange = there.difference(&installation.told).count();
        say(&format!("{what}: accounts"), &there.len());
        assert!(
            lost == 0 && strange == 0,
            "{what}: {lost} that were told to be there are not, {strange} are that should not be"
        );
    }
    let [_, first, second] = &all;
    let usernames = |at: &Installation| -> BTreeSet<String> {
        at.told.iter().map(|(_, username)| username.clone()).collect()
    };
    Table {
        rows: arms.map(|arm| (arm.way, arm.costs)).into(),
        accounts: [first.told.len(), second.told.len()],
        in_both: usernames(first).intersection(&usernames(second)).count(),
    }
}

fn side(number: u64) -> usize {
    usize::from(number % 2 == 1)
}

fn name(run: &str, number: u64) -> String {
    format!("{run}{}", number / 2)
}

/// The same requests under another host.
fn with_host(
    requests: Requests,
    host: impl Fn(u64) -> &'static str + Send + Sync + 'static,
) -> Requests {
    Arc::new(move |number| {
        let mut request = requests(number)?;
        let host = http::HeaderValue::from_static(host(number));
        request.headers_mut().insert(http::header::HOST, host);
        Some(request)
    })
}

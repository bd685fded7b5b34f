//! A PostgreSQL that is away, hangs, takes no writes or breaks transactions off: callers
//! are told to come again, nothing happens twice, and all goes on when it is back.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use doorstep_tests::{Answer, Kind, Postgres, Server, Wire, person, send};
use reqwest::Method;
use sqlx::Connection as _;

/// How many wait for the table of credentials.
const WAITS: &str =
    "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'credentials'::regclass";

/// A cluster that the test may do with as it likes, and a server on a database there.
async fn on_own_cluster() -> (Postgres, Arc<Server>) {
    let cluster = Postgres::start();
    let url = Postgres::new_database(&cluster.url).await;
    let mut server = Server::start_with(Kind::Sqlite, &[("DOORSTEP_DATABASE_URL", &url)]).await;
    server.database.url = url;
    (cluster, Arc::new(server))
}

fn assert_told_to_come_again(answer: &Answer) {
    assert_eq!(answer.refusal(), (503, "unavailable".to_owned()), "{}", answer.text);
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
    assert!(!answer.text.contains("SQL") && !answer.text.contains("127.0.0.1"), "{}", answer.text);
}

/// One person's request, with a key, so that it may be sent again.
async fn ask(server: &Server, token: &str, name: &str) -> Answer {
    let request = server
        .request(Method::POST, "/api/users")
        .bearer_auth(token)
        .header("idempotency-key", format!("the-key-of-the-user-{name}"))
        .json(&person("srv", name));
    send(request).await
}

/// What one of those who sign people up saw.
#[derive(Default)]
struct Seen {
    /// Who got an account, and the password.
    created: BTreeMap<String, (String, String)>,
    refused: u32,
    /// How long the slowest refusal took: measured, and no test.
    slowest: Duration,
}

/// Signs people up until told to stop, each by asking again until there is an account.
async fn load(server: Arc<Server>, token: String, worker: usize, stop: Arc<AtomicBool>) -> Seen {
    let mut seen = Seen::default();
    while !stop.load(Ordering::Relaxed) {
        let name = format!("w{worker}-{}", seen.created.len());
        let answer = loop {
            let began = Instant::now();
            let answer = ask(&server, &token, &name).await;
            match answer.refusal() {
                (201, _) => break answer,
                // The one that was sent before has not ended at the database.
                (409, code) => assert_eq!(code, "request-in-progress"),
                _ => {
                    assert_told_to_come_again(&answer);
                    seen.refused += 1;
                    seen.slowest = seen.slowest.max(began.elapsed());
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let api = &answer.json()["user"]["api"];
        let text = |name: &str| api[name].as_str().expect(name).to_owned();
        seen.created.insert(name, (text("username"), text("password")));
    }
    seen
}

/// Until the server says so by `/readyz`.
async fn ready(server: &Server, status: u16) {
    while server.get_ops("/readyz").await.status != status {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// T-115, and R-7: who asks whether it lives is told yes without the database.
#[expect(clippy::print_stderr, reason = "what was measured, for whoever looks")]
async fn is_away(
    how: &str,
    leave: impl AsyncFn(&mut Postgres),
    come_back: impl AsyncFn(&mut Postgres),
) {
    let (mut cluster, server) = on_own_cluster().await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let stop = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..8)
        .map(|at| tokio::spawn(load(server.clone(), token.clone(), at, stop.clone())))
        .collect();
    ready(&server, 200).await;
    leave(&mut cluster).await;
    ready(&server, 503).await;
    for _ in 0..10 {
        assert_eq!(server.get_ops("/livez").await.status, 200);
        assert_eq!(server.get_ops("/readyz").await.status, 503);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    come_back(&mut cluster).await;
    let back = Instant::now();
    ready(&server, 200).await;
    let recovered = back.elapsed();
    stop.store(true, Ordering::Relaxed);
    let mut created = BTreeMap::new();
    for worker in workers {
        let seen = worker.await.unwrap();
        assert!(seen.refused > 0, "nobody noticed");
        eprintln!("{how}: {} refused, the slowest after {:?}", seen.refused, seen.slowest);
        created.extend(seen.created);
    }
    eprintln!("{how}: ready again {recovered:?} after it was back");
    assert!(created.len() >= 8);
    let users = server.database.count("SELECT COUNT(*) FROM users").await;
    assert_eq!(usize::try_from(users).unwrap(), created.len(), "nobody was signed up twice");
    let events = "SELECT COUNT(*) FROM events WHERE kind = 'user.created'";
    for sql in ["SELECT COUNT(*) FROM credentials", events] {
        assert_eq!(server.database.count(sql).await, users, "{sql}");
    }
    for (name, password) in created.values() {
        let own = server.request(Method::GET, "/api/users").basic_auth(name, Some(password));
        assert_eq!(send(own).await.status, 200, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_comes_back_by_itself() {
    is_away("stopped", async |cluster| cluster.stop(), async |cluster| cluster.start_again()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_hangs_is_like_one_that_is_away() {
    is_away("halted", async |cluster| cluster.halt(true), async |cluster| cluster.halt(false))
        .await;
}

/// T-116: after a fail-over the old primary takes no writes.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_database_is_read() {
    let (cluster, server) = on_own_cluster().await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let (name, password) = server.new_user(&token, "srv", "ada").await;
    let database = server.database.url.rsplit('/').next().unwrap();
    let cut_off = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    );
    for round in 0..2 {
        cluster
            .execute(format!("ALTER DATABASE {database} SET default_transaction_read_only = on"))
            .await;
        cluster.execute(cut_off.clone()).await;
        assert_told_to_come_again(&server.sign_up(&token, &person("srv", "bob")).await);
        let form = [("grant_type", "client_credentials")];
        let mint = server
            .request(Method::POST, "/api/oauth/token")
            .basic_auth(&client.id, Some(&client.secret))
            .form(&form);
        assert_told_to_come_again(&send(mint).await);
        let own = server.request(Method::GET, "/api/users").basic_auth(&name, Some(&password));
        assert_eq!(send(own).await.status, 200, "reading goes on");
        assert_eq!(server.get_ops("/readyz").await.status, 503);
        assert_eq!(server.get_ops("/livez").await.status, 200);
        cluster
            .execute(format!("ALTER DATABASE {database} RESET default_transaction_read_only"))
            .await;
        cluster.execute(cut_off.clone()).await;
        let who = format!("after{round}");
        assert_eq!(server.sign_up(&token, &person("srv", &who)).await.status, 201);
        assert_eq!(server.get_ops("/readyz").await.status, 200);
    }
}

/// T-116: connections that were opened while only a read-only database answered stay there
/// when there is a writable one again; nobody cuts them.
#[tokio::test(flavor = "multi_thread")]
async fn connections_to_what_was_read_only_are_given_up() {
    let (cluster, server) = on_own_cluster().await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let database = server.database.url.rsplit('/').next().unwrap();
    let sessions = format!("FROM pg_stat_activity WHERE datname = '{database}'");
    for round in 0..3 {
        cluster
            .execute(format!("ALTER DATABASE {database} SET default_transaction_read_only = on"))
            .await;
        cluster.execute(format!("SELECT pg_terminate_backend(pid) {sessions}")).await;
        let who = format!("u{round}");
        assert_told_to_come_again(&ask(&server, &token, &who).await);
        ready(&server, 503).await;
        // A session takes this when it begins, as it takes the machine that it is led to.
        cluster
            .execute(format!("ALTER DATABASE {database} RESET default_transaction_read_only"))
            .await;
        loop {
            let answer = ask(&server, &token, &who).await;
            if answer.status == 201 {
                break;
            }
            assert_told_to_come_again(&answer);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        ready(&server, 200).await;
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 3);
}

/// Makes the database break a sign-up off by that SQLSTATE, as many times.
async fn break_off(server: &Server, state: &str, times: u32) {
    let database = &server.database;
    for sql in [
        "DROP TRIGGER IF EXISTS broken_off ON users",
        "DROP SEQUENCE IF EXISTS broken_off",
        // What a sequence gave is not taken back with the transaction.
        "CREATE SEQUENCE broken_off",
    ] {
        database.execute(sql).await;
    }
    let function = format!(
        "CREATE OR REPLACE FUNCTION broken_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF nextval('broken_off') <= {times} THEN
             RAISE EXCEPTION 'broken off by the test' USING ERRCODE = '{state}';
           END IF;
           RETURN NEW; END $$"
    );
    let mut connection = sqlx::PgConnection::connect(&database.url).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(function)).execute(&mut connection).await.unwrap();
    database
        .execute(
            "CREATE TRIGGER broken_off BEFORE INSERT ON users FOR EACH ROW
             EXECUTE FUNCTION broken_off()",
        )
        .await;
}

/// T-116: serialization failure and deadlock.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_broken_off_is_done_again_three_times() {
    let server = Server::start(Kind::Postgres).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    for state in ["40001", "40P01"] {
        for times in 1..=3 {
            break_off(&server, state, times).await;
            let who = format!("u{state}-{times}");
            let answer = server.sign_up(&token, &person("srv", &who)).await;
            assert_eq!(answer.status, 201, "{state}: {}", answer.text);
        }
        break_off(&server, state, 1_000).await;
        let answer = server.sign_up(&token, &person("srv", &format!("never{state}"))).await;
        assert_told_to_come_again(&answer);
        let tried = server.database.count("SELECT last_value FROM broken_off").await;
        assert_eq!(tried, 4, "once, and three times again");
    }
    let users = "SELECT COUNT(*) FROM users";
    assert_eq!(server.database.count(users).await, 6);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM identities").await, 6);
}

/// A real one: two transactions that each wait for the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_no_failure() {
    let server = Arc::new(Server::start(Kind::Postgres).await);
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    // Ada's row is there and in nobody's way, so that what follows it can be taken.
    server.new_user(&token, "srv", "ada").await;
    let mut other = sqlx::PgConnection::connect(&server.database.url).await.unwrap();
    for sql in ["BEGIN", "LOCK TABLE credentials IN EXCLUSIVE MODE"] {
        sqlx::query(sql).execute(&mut other).await.unwrap();
    }
    let (at, bearer) = (server.clone(), token.clone());
    let signing_up = tokio::spawn(async move { at.sign_up(&bearer, &person("srv", "bob")).await });
    // It has taken Bob's name and waits for the credentials.
    while server.database.count(WAITS).await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let insert =
        "INSERT INTO identities (provider, server_key, username_key, server, username, user_id)
                 SELECT provider, server_key, 'bob', server, 'bob', user_id FROM identities";
    let here = sqlx::query(insert).execute(&mut other).await;
    // Whichever of the two the database chose to break off, the sign-up goes through.
    let broken = here.is_err();
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    let answer = signing_up.await.unwrap();
    assert_eq!(answer.status, 201, "the other was broken off: {broken}: {}", answer.text);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 2);
}

/// a statement that takes too long is ended by the database, which works on for
/// nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_ended() {
    let server = Server::start(Kind::Postgres).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    for sql in [
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           PERFORM pg_sleep(3600); RETURN NEW; END $$",
        "CREATE TRIGGER slow BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION slow()",
    ] {
        server.database.execute(sql).await;
    }
    let answer = server.sign_up(&token, &person("srv", "ada")).await;
    assert_told_to_come_again(&answer);
    assert!(!answer.text.contains("took too long here"), "it was given up, not ended");
    let works = "SELECT COUNT(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND state = 'active' AND query LIKE '%INTO users%'
                   AND pid <> pg_backend_pid()";
    assert_eq!(server.database.count(works).await, 0);
    server.database.execute("DROP TRIGGER slow ON users").await;
    assert_eq!(server.sign_up(&token, &person("srv", "ada")).await.status, 201);
}

/// a server that hangs in the middle of a transaction keeps nobody out for long.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_in_the_middle_is_cut_off() {
    let server = Arc::new(Server::start(Kind::Postgres).await);
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let replica = server.replica();
    let mut other = sqlx::PgConnection::connect(&server.database.url).await.unwrap();
    for sql in ["BEGIN", "LOCK TABLE credentials IN EXCLUSIVE MODE"] {
        sqlx::query(sql).execute(&mut other).await.unwrap();
    }
    let (at, bearer) = (server.clone(), token.clone());
    let signing_up = tokio::spawn(async move { at.sign_up(&bearer, &person("srv", "bob")).await });
    while server.database.count(WAITS).await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.signal("STOP");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    // It has Bob's name and does not go on.
    loop {
        let request = replica.request(Method::POST, "/api/users").bearer_auth(&token);
        let answer = send(request.json(&person("srv", "bob"))).await;
        if answer.status == 201 {
            break;
        }
        assert_told_to_come_again(&answer);
    }
    server.signal("CONT");
    let late = signing_up.await.unwrap();
    assert!([409, 503].contains(&late.status.as_u16()), "{}", late.text);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 1);
}

/// What a firewall does that forgot its connections, or a machine that lost its power: no
/// answer comes, and no error either. The network itself gives up after a quarter of an hour.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_answer_no_more_are_given_up() {
    let (cluster, _own) = Postgres::shared_or_own();
    let direct = Postgres::new_database(&cluster).await;
    let mut url = reqwest::Url::parse(&direct).unwrap();
    let wire = Wire::to(url.port().unwrap()).await;
    url.set_port(Some(wire.address.port())).unwrap();
    let mut server =
        Server::start_with(Kind::Sqlite, &[("DOORSTEP_DATABASE_URL", url.as_str())]).await;
    server.database.url = direct;
    let server = Arc::new(server);
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    for round in 0..3 {
        // One at a time, for a quiet server; then so many that every connection is there.
        let everybody = if round == 0 { 1 } else { 40 };
        for lost in [false, true] {
            if lost {
                wire.lose();
            }
            let asking: Vec<_> = (0..everybody)
                .map(|at| {
                    let (server, token) = (server.clone(), token.clone());
                    let name = format!("u{round}-{lost}-{at}");
                    tokio::spawn(async move {
                        loop {
                            let answer = ask(&server, &token, &name).await;
                            match answer.refusal() {
                                (201, _) => return,
                                (409, code) => assert_eq!(code, "request-in-progress"),
                                _ => assert_told_to_come_again(&answer),
                            }
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                    })
                })
                .collect();
            for one in asking {
                one.await.unwrap();
            }
        }
    }
    let users = server.database.count("SELECT COUNT(*) FROM users").await;
    assert_eq!(users, 2 * (1 + 40 + 40));
}

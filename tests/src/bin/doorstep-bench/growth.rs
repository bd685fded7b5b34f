//! What a sign-up costs when many people are there already.

use std::ops::Range;

use doorstep_tests::Postgres;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::{
    Bench, SignUps,
    figures::thousands,
    say,
    subject::Subject,
    table::{Row, Target},
};

const CONNECTIONS: usize = 64;
/// How many are there when it is measured for the first time.
const FEW: u64 = 1_000;
const MILLION: u64 = 1_000_000;
/// Rows written at a time: a server that is at work must get its turn.
const AT_ONCE: u64 = 50_000;
/// Above all numbers that the server gives.
const FIRST_ID: u64 = 1_000_000_000;
/// Eight hexadecimal digits are as many keys.
const KEYS: u64 = 1 << 32;
/// More than there are stages: each has the keys of another remainder.
const STAGES: u64 = 8;

/// The same load with a thousand users, with a million, and with so many millions.
pub(crate) async fn measure(bench: &mut Bench, millions: u64) {
    let subject = bench.subject(None);
    let file = subject.file();
    let sqlite = SqliteConnection::connect(&file).await.expect("the file is there");
    grow(bench, "SQLite", &subject, Filler::Sqlite(sqlite), millions).await;
    drop(subject);
    let cluster = Postgres::start_durable();
    let url = Postgres::new_database(&cluster.url).await;
    let subject = bench.subject(Some(&url));
    let postgres = PgConnection::connect(&url).await.expect("the cluster answers");
    grow(bench, "PostgreSQL", &subject, Filler::Postgres(postgres), millions).await;
}

async fn grow(bench: &mut Bench, name: &str, subject: &Subject, mut filler: Filler, millions: u64) {
    filler.hurry().await;
    filler.fill(&subject.client.id, 0, 0..FEW).await;
    let few = bench.sign_ups(subject, SignUps::WithAddress, CONNECTIONS, 0.0).await;
    say(&format!("{name}, with a thousand users"), &few);
    let mut from = FEW;
    let totals = [1, millions];
    for (stage, millions) in (1..).zip(&totals[..if millions > 1 { 2 } else { 1 }]) {
        let to = millions * MILLION;
        filler.fill(&subject.client.id, stage, from..to).await;
        from = to;
        let round = bench.sign_ups(subject, SignUps::WithAddress, CONNECTIONS, 0.0).await;
        say(&format!("{name}, with {millions} million users"), &round);
        bench.table.add(Row {
            what: format!("{name}: sign-ups by a back end with {millions} million users stored"),
            ratio: round.rate() / few.rate(),
            reference: format!("with a thousand: {} /s", thousands(few.rate())),
            round,
            target: Some(Target::AtLeast(0.8)),
        });
    }
}

enum Filler {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Filler {
    /// What is written here need not be checked against what it refers to.
    async fn hurry(&mut self) {
        match self {
            Self::Sqlite(c) => {
                sqlx::raw_sql("PRAGMA foreign_keys = OFF").execute(c).await.map(drop)
            }
            Self::Postgres(c) => {
                sqlx::raw_sql("SET session_replication_role = replica").execute(c).await.map(drop)
            }
        }
        .expect("it is set");
    }

    /// Writes what those sign-ups would have left, the audit log aside. Their keys are spread
    /// evenly over all that there can be, so what is new falls between them, as hashes do;
    /// they come in their order, for ten millions at random would take hours.
    async fn fill(&mut self, client: &str, stage: u64, numbers: Range<u64>) {
        let step = KEYS / STAGES / (numbers.end - numbers.start) * STAGES;
        let start = numbers.start;
        let key = format!("(n - {start}) * {step} + {stage}");
        let mut from = start;
        while from < numbers.end {
            let end = numbers.end.min(from + AT_ONCE);
            for text in rows(client) {
                self.write(&text, &key, from..end).await;
            }
            from = end;
        }
        match self {
            // Numbers of rows for the planner, and the log written back.
            Self::Sqlite(c) => {
                sqlx::raw_sql("ANALYZE; PRAGMA wal_checkpoint").execute(c).await.map(drop)
            }
            Self::Postgres(c) => sqlx::raw_sql("ANALYZE; CHECKPOINT").execute(c).await.map(drop),
        }
        .expect("it is tidied up");
    }

    async fn write(&mut self, text: &str, key: &str, numbers: Range<u64>) {
        let Range { start, end } = numbers;
        match self {
            Self::Sqlite(c) => {
                let numbers = format!(
                    "WITH RECURSIVE s (n) AS (SELECT {start} UNION ALL SELECT n + 1 FROM s WHERE n + 1 < {end}),
                     seed AS (SELECT n, printf('%08x', {key}) AS k FROM s)"
                );
                sqlx::raw_sql(AssertSqlSafe(with(text, &numbers))).execute(c).await.map(drop)
            }
            Self::Postgres(c) => {
                let numbers = format!(
                    "WITH seed AS (SELECT n, lpad(to_hex({key}), 8, '0') AS k
                     FROM generate_series({start}::bigint, {end} - 1) AS s (n))"
                );
                sqlx::raw_sql(AssertSqlSafe(with(text, &numbers))).execute(c).await.map(drop)
            }
        }
        .expect("rows are written");
    }
}

/// `INSERT INTO … SELECT …` with the numbers before the `SELECT`: both databases take that.
fn with(text: &str, numbers: &str) -> String {
    text.replacen("SELECT", &format!("{numbers} SELECT"), 1)
}

/// What a sign-up leaves, `n` its number and `k` the eight digits of its keys.
fn rows(client: &str) -> [String; 5] {
    let id = format!("n + {FIRST_ID}");
    [
        format!(
            r#"INSERT INTO users (id, email, email_key, email_generated, profile, labels, active,
                   is_admin, client_id, created_at, updated_at)
               SELECT {id}, k || '@seed.example', k || '@seed.example', FALSE,
                   '{{"fname":"Jane","lname":"Doe","currency":"USD","locale":"en"}}',
                   '{{"cpanel":{{"srv1.example.com":"u"}}}}', TRUE, FALSE, '{client}',
                   1764500000000, 1764500000000 FROM seed"#
        ),
        format!(
            "INSERT INTO identities (provider, server_key, username_key, server, username, user_id)
             SELECT 'cpanel', 'srv1.example.com', 's' || k, 'srv1.example.com', 's' || k, {id} FROM seed"
        ),
        format!(
            "INSERT INTO credentials (id, user_id, number, name, username, secret, created_at)
             SELECT 'crd_' || k, {id}, 1, 'sign-up', 'seed' || k, 'hmac-sha256$1$' || k,
                 1764500000000 FROM seed"
        ),
        format!(
            "INSERT INTO idempotency (client_id, key_hash, fingerprint, user_id, credential_id,
                 sealed_until, expires_at)
             SELECT '{client}', k || k || k || k || k || k || k || k, k, {id}, 'crd_' || k,
                 0, 9999999999999 FROM seed"
        ),
        format!(
            r#"INSERT INTO events (id, kind, user_id, payload, created_at)
               SELECT 'evt_' || k, 'user.created', {id},
                   '{{"fname":"Jane","lname":"Doe","email":"jane@seed.example"}}', 1764500000000 FROM seed"#
        ),
    ]
}

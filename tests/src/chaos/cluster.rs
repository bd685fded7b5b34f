//! The three nodes together, as those see them who look from outside.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{Connection as _, PgConnection};

use super::{node::Node, within};
use crate::hexadecimal;

/// Where the handbook's HAProxy is, and the superuser's password there.
pub(super) const FRONT: &str = "127.0.0.1:5000";
const SUPERUSER: &str = "change-this-1";
/// So many new connections in a row must have led to the primary: five seconds of them, in which
/// HAProxy asks each node several times.
const SURE: u32 = 50;
/// How many are measured.
const COMMITS: usize = 501;
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) nodes: Vec<Node>,
}

impl Cluster {
    /// Starts three nodes, each in a namespace of its own.
    pub(super) fn start(folder: &Path) -> Self {
        let mut nodes: Vec<_> = (1..=3).map(|number| Node::new(number, folder)).collect();
        nodes.iter_mut().for_each(Node::start);
        Self { nodes }
    }

    /// The one that is the primary, other than that one.
    pub(super) async fn primary(&self, but: Option<usize>) -> Option<usize> {
        for (at, node) in self.nodes.iter().enumerate() {
            if Some(at) != but && node.is_primary().await {
                return Some(at);
            }
        }
        tokio::time::sleep(PAUSE).await;
        None
    }

    /// Waits until the primary sees the two others; which one it is, and which one follows
    /// it synchronously.
    pub(super) async fn all_are_there(&self) -> Result<(usize, usize), String> {
        let began = Instant::now();
        loop {
            if let Some(primary) = self.primary(None).await
                && let Some(standby) = self.nodes[primary].sees_all().await
                && let Some(standby) = self.nodes.iter().position(|it| it.name() == standby)
            {
                return Ok((primary, standby));
            }
            within(began, "the three nodes do not come together")?;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Makes the servers' database, and gives its URL.
    pub(super) async fn database(&self) -> Result<String, String> {
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
            tokio::time::sleep(PAUSE).await;
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

    /// How long a commit takes, as a median: until a second node has it, and until the
    /// primary alone has it.
    pub(super) async fn commits(&self) -> Result<[Duration; 2], sqlx::Error> {
        let superuser = format!("postgres://postgres:{SUPERUSER}@{FRONT}/postgres");
        let mut connection = PgConnection::connect(&superuser).await?;
        sqlx::query("CREATE TABLE commits (number INTEGER)").execute(&mut connection).await?;
        let mut each = [Vec::new(), Vec::new()];
        // By turns, so that whatever else the machine does meets both.
        for _ in 0..COMMITS {
            for (set, each) in ["on", "local"].into_iter().zip(&mut each) {
                let set = format!("SET synchronous_commit = {set}");
                sqlx::query(sqlx::AssertSqlSafe(set)).execute(&mut connection).await?;
                let began = Instant::now();
                sqlx::query("INSERT INTO commits VALUES (1)").execute(&mut connection).await?;
                each.push(began.elapsed());
            }
        }
        sqlx::query("DROP TABLE commits").execute(&mut connection).await?;
        Ok(each.map(|mut each| {
            each.sort_unstable();
            each[each.len() / 2]
        }))
    }

    /// Counts the users on each node, once it has caught up with so many.
    pub(super) async fn users_everywhere(
        &self,
        url: &str,
        people: usize,
    ) -> Result<Vec<(String, i64)>, String> {
        let mut counts = Vec::new();
        for node in &self.nodes {
            let own = url.replace(FRONT, &node.postgres());
            let began = Instant::now();
            loop {
                let mut connection =
                    PgConnection::connect(&own).await.map_err(|error| error.to_string())?;
                let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM users")
                    .fetch_one(&mut connection)
                    .await
                    .map_err(|error| error.to_string())?;
                if usize::try_from(count).is_ok_and(|count| count == people) {
                    counts.push((format!("users on {}", node.name()), count));
                    break;
                }
                within(began, &format!("{} has {count} users and not {people}", node.name()))?;
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(counts)
    }

    /// The end of what was logged there.
    pub(super) fn last_words(&self) -> String {
        self.nodes.iter().map(Node::last_words).collect()
    }

    /// Leaves what was logged in a folder.
    pub(super) fn leave_logs(&self, folder: &Path) {
        for node in &self.nodes {
            node.leave_logs(folder);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            node.signal("KILL");
        }
    }
}

//! What is there when a crowd has signed up: one of everything for each person.

use std::collections::BTreeSet;

use reqwest::Method;
use tokio::task::JoinSet;

use crate::{Account, Server, Site, send};

/// Credentials that are tried at a time.
const AT_ONCE: usize = 16;

/// Counted in the database, and by those who were told that they have an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// Each line: what, and how many.
    pub counts: Vec<(&'static str, i64)>,
    /// What `doorstep audit verify` says against the log, if anything.
    pub audit: Option<String>,
}

/// Lines that somebody looks up.
pub(crate) const NAMES: &str = "names";
pub(crate) const DIFFERENT_NAMES: &str = "different names";
pub(crate) const WORKING: &str = "credentials that work";

/// All of a sign-up. Each is there once for each person.
const PARTS: [(&str, &str); 9] = [
    ("users", "SELECT COUNT(*) FROM users"),
    (NAMES, "SELECT COUNT(*) FROM identities"),
    (
        DIFFERENT_NAMES,
        "SELECT COUNT(*) FROM (SELECT DISTINCT provider, server_key, username_key FROM identities) n",
    ),
    ("users with a name", "SELECT COUNT(DISTINCT user_id) FROM identities"),
    ("credentials", "SELECT COUNT(*) FROM credentials"),
    ("events `user.created`", "SELECT COUNT(*) FROM events WHERE kind = 'user.created'"),
    (
        "users with such an event",
        "SELECT COUNT(DISTINCT user_id) FROM events WHERE kind = 'user.created'",
    ),
    ("rows of the audit log", "SELECT COUNT(*) FROM audit_log WHERE action = 'user.create'"),
    ("answers kept for a retry", "SELECT COUNT(*) FROM idempotency"),
];

impl Inventory {
    /// Counts everything, and tries each credential at the site.
    pub async fn take(server: &Server, site: &Site, accounts: &[Account]) -> Self {
        let mut counts = Vec::new();
        for (what, sql) in PARTS {
            counts.push((what, server.database.count(sql).await));
        }
        let numbers: BTreeSet<_> = accounts.iter().map(|account| account.id).collect();
        counts.push(("numbers that were told", count(numbers.len())));
        counts.push((WORKING, count(working(site, accounts).await)));
        let audit = server.cli(&["audit", "verify"], "").err();
        Self { counts, audit }
    }

    /// What is not as it must be for so many people.
    pub fn faults(&self, people: usize) -> Vec<String> {
        let wrong = self.counts.iter().filter(|(_, number)| *number != count(people));
        let mut faults: Vec<_> =
            wrong.map(|(what, number)| format!("{number} {what} and not {people}")).collect();
        faults.extend(self.audit.iter().map(|said| format!("the audit log: {said}")));
        faults
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).expect("there are not that many people")
}

/// How many log in by Basic, each as who was told.
async fn working(site: &Site, accounts: &[Account]) -> usize {
    let mut tries = JoinSet::new();
    let mut works = 0;
    for account in accounts {
        if tries.len() == AT_ONCE {
            works += usize::from(tries.join_next().await.is_some_and(|it| it.unwrap_or(false)));
        }
        let request = site.request(Method::GET, "/api/users");
        let request = request.basic_auth(&account.username, Some(&account.password));
        let id = account.id;
        tries.spawn(async move {
            let answer = send(request).await;
            answer.status == 200 && answer.json()["user"]["id"] == id
        });
    }
    works + tries.join_all().await.into_iter().filter(|works| *works).count()
}

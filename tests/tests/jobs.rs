//! The contract of jobs and their leases, on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail, wherever it stands")]

use std::{collections::BTreeSet, time::Duration};

use doorstep_accounts::{JobKind, Timestamp};
use doorstep_store::{Lease, NewJob, Store};
use doorstep_tests::{Database, Kind, on_both};
use serde_json::{Map, json};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const LEASE_SECONDS: i64 = 30;
const KIND: JobKind = JobKind::Provision;

struct Opened {
    store: Store,
    database: Database,
    _folder: tempfile::TempDir,
}

async fn open(kind: Kind) -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::create(kind, folder.path()).await;
    let store = Store::connect(&database.url).await.unwrap();
    store.migrate().await.unwrap();
    Opened { store, database, _folder: folder }
}

async fn add(store: &Store, ids: impl Iterator<Item = String>, due_at: Timestamp) {
    let payload = Map::from_iter([("order".to_owned(), json!("о́рдер \"'\\ 7"))]);
    let mut tx = store.begin().await.unwrap();
    for id in ids {
        let new = NewJob { id: &id, kind: KIND, payload: &payload, user_id: None, due_at };
        tx.conn().add_job(&new, NOW).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn take(store: &Store, owner: &str, now: Timestamp, most: i64) -> Vec<Lease> {
    let mut tx = store.begin().await.unwrap();
    let times = (now, now.plus_seconds(LEASE_SECONDS));
    let leases = tx.conn().lease_jobs(KIND, owner, times, most).await.unwrap();
    tx.commit().await.unwrap();
    leases
}

async fn one(store: &Store, now: Timestamp) -> Lease {
    let mut leases = take(store, "w", now, 9).await;
    assert_eq!(leases.len(), 1);
    leases.remove(0)
}

/// Runs a write of a job in a transaction of its own.
macro_rules! write {
    ($store:expr, $method:ident ( $($arg:expr),* )) => {{
        let mut tx = $store.begin().await.unwrap();
        let written = tx.conn().$method($($arg),*).await.unwrap();
        tx.commit().await.unwrap();
        written
    }};
}

async fn eight_workers_take_two_hundred_jobs_once_each(kind: Kind) {
    let opened = open(kind).await;
    add(&opened.store, (0..200).map(|at| format!("job_{at}")), NOW).await;
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let store = opened.store.clone();
            tokio::spawn(async move {
                let mut taken = Vec::new();
                loop {
                    let leases = take(&store, &format!("w{worker}"), NOW, 7).await;
                    // Another worker may just have taken all that was looked at.
                    let left = store.read().await.unwrap().conn().next_job(KIND).await.unwrap();
                    if leases.is_empty() && left.is_none_or(|due| due > NOW) {
                        return taken;
                    }
                    taken.extend(leases);
                }
            })
        })
        .collect();
    let mut taken = Vec::new();
    for worker in workers {
        taken.extend(worker.await.unwrap());
    }
    let distinct: BTreeSet<_> = taken.iter().map(|lease| lease.job_id.clone()).collect();
    assert_eq!((taken.len(), distinct.len()), (200, 200));
    assert!(taken.iter().all(|lease| lease.fence == 1 && lease.attempt == 1));
    assert!(taken.iter().all(|lease| lease.payload["order"] == "о́рдер \"'\\ 7"));
}

/// A queue, a lease, a pause and a wait of an hour later, by a clock that was ahead.
async fn jobs_that_a_clock_put_off_are_recalled(kind: Kind) {
    let Opened { store, .. } = &open(kind).await;
    let times = (Duration::from_secs(30), Duration::from_mins(5));
    let ahead = NOW.plus_seconds(3_600);
    for id in ["waiting", "failed", "taken"] {
        add(store, [id.to_owned()].into_iter(), NOW).await;
        let lease = one(store, ahead).await;
        match id {
            "waiting" => {
                let until = ahead.plus_seconds(3_600);
                assert!(write!(store, put_off_job(&lease, until, &Map::new())));
            }
            "failed" => {
                let until = ahead.plus_seconds(300);
                assert!(write!(store, retry_job(&lease, until, "later")));
            }
            _ => {}
        }
    }
    let payload = Map::new();
    let new = NewJob { id: "new", kind: KIND, payload: &payload, user_id: None, due_at: ahead };
    write!(store, add_job(&new, ahead));
    // With the right time nothing is out of order.
    assert_eq!(write!(store, recall_jobs(KIND, ahead, times)), 0);
    assert_eq!(write!(store, recall_jobs(KIND, NOW, times)), 3);
    assert_eq!(write!(store, recall_jobs(KIND, NOW, times)), 0);
    let ids = |leases: Vec<Lease>| -> Vec<_> {
        let ids: BTreeSet<_> = leases.into_iter().map(|lease| lease.job_id).collect();
        ids.into_iter().collect()
    };
    assert_eq!(ids(take(store, "w", NOW, 9).await), ["failed", "new"]);
    // Its worker may still be there: it has a lease's time to say so.
    let later = NOW.plus_seconds(LEASE_SECONDS);
    assert!(ids(take(store, "w", later, 9).await).contains(&"taken".to_owned()));
}

async fn a_job_is_taken_when_it_is_due_and_again_when_its_lease_ran_out(kind: Kind) {
    let Opened { store, .. } = &open(kind).await;
    let due = NOW.plus_seconds(5);
    add(store, ["job_1".to_owned()].into_iter(), due).await;
    assert_eq!(store.read().await.unwrap().conn().next_job(KIND).await.unwrap(), Some(due));
    assert!(take(store, "a", NOW, 9).await.is_empty());
    let first = one(store, due).await;
    assert!(take(store, "b", due.plus_seconds(LEASE_SECONDS - 1), 9).await.is_empty());
    // While it is renewed nobody else gets it.
    let renewed = due.plus_seconds(2 * LEASE_SECONDS);
    assert!(write!(store, renew_job(&first, renewed)));
    assert!(take(store, "b", due.plus_seconds(LEASE_SECONDS + 1), 9).await.is_empty());
    let second = one(store, renewed).await;
    assert_eq!((second.fence, second.attempt), (2, 2));
    // The first one writes nothing any more, whatever it tries.
    let then = renewed.plus_seconds(1);
    assert!(!write!(store, renew_job(&first, then)));
    assert!(!write!(store, retry_job(&first, then, "late")));
    assert!(!write!(store, put_off_job(&first, then, &Map::new())));
    assert!(!write!(store, return_job(&first, then)));
    assert!(!write!(store, bury_job(&first, "late", then)));
    assert!(!write!(store, finish_job(&first)));
    assert!(write!(store, finish_job(&second)));
    assert!(!write!(store, finish_job(&second)));
    assert_eq!(store.read().await.unwrap().conn().next_job(KIND).await.unwrap(), None);
}

async fn failures_are_counted_and_what_was_not_tried_is_not(kind: Kind) {
    let Opened { store, database, .. } = &open(kind).await;
    add(store, ["job_1".to_owned()].into_iter(), NOW).await;
    let first = one(store, NOW).await;
    assert!(write!(store, retry_job(&first, NOW.plus_seconds(9), "the disk is full")));
    assert!(take(store, "w", NOW.plus_seconds(8), 9).await.is_empty());
    let second = one(store, NOW.plus_seconds(9)).await;
    assert_eq!((second.attempt, second.reason.as_deref()), (2, Some("the disk is full")));
    // A worker that stops gives it back untried, but no lease is like another.
    assert!(write!(store, return_job(&second, NOW)));
    let third = one(store, NOW).await;
    assert_eq!((third.attempt, third.fence), (2, 3));
    // One that waits for somebody else begins anew.
    let done = Map::from_iter([("asked".to_owned(), json!(true))]);
    assert!(write!(store, put_off_job(&third, NOW.plus_seconds(60), &done)));
    let fourth = one(store, NOW.plus_seconds(60)).await;
    assert_eq!((fourth.attempt, fourth.reason, fourth.payload.clone()), (1, None, done));
    let lease = Lease { reason: None, ..one_more(store, "job_2").await };
    assert!(write!(store, bury_job(&lease, "nobody answers", NOW)));
    assert!(
        take(store, "w", NOW.plus_seconds(1_000_000), 1)
            .await
            .iter()
            .all(|it| it.job_id == "job_1")
    );
    assert_eq!(
        database.count("SELECT COUNT(*) FROM jobs WHERE reason = 'nobody answers'").await,
        1
    );
    write!(store, sweep_jobs(NOW));
    assert_eq!(database.count("SELECT COUNT(*) FROM jobs WHERE died_at IS NOT NULL").await, 0);
    write!(store, drop_job("job_1"));
    assert_eq!(database.count("SELECT COUNT(*) FROM jobs").await, 0);
}

async fn one_more(store: &Store, id: &str) -> Lease {
    add(store, [id.to_owned()].into_iter(), NOW).await;
    one(store, NOW).await
}

async fn a_job_is_added_with_what_makes_it_necessary_or_not_at_all(kind: Kind) {
    let Opened { store, .. } = &open(kind).await;
    let mut added = store.jobs_added();
    added.mark_unchanged();
    let payload = Map::new();
    let new = NewJob { id: "job_1", kind: KIND, payload: &payload, user_id: None, due_at: NOW };
    let mut tx = store.begin().await.unwrap();
    tx.conn().add_job(&new, NOW).await.unwrap();
    drop(tx);
    assert!(!added.has_changed().unwrap(), "nobody is told of what was taken back");
    assert_eq!(store.read().await.unwrap().conn().next_job(KIND).await.unwrap(), None);
    let mut tx = store.begin().await.unwrap();
    tx.conn().add_job(&new, NOW).await.unwrap();
    tx.commit().await.unwrap();
    assert!(added.has_changed().unwrap());
}

on_both!(
    eight_workers_take_two_hundred_jobs_once_each,
    jobs_that_a_clock_put_off_are_recalled,
    a_job_is_taken_when_it_is_due_and_again_when_its_lease_ran_out,
    failures_are_counted_and_what_was_not_tried_is_not,
    a_job_is_added_with_what_makes_it_necessary_or_not_at_all,
);

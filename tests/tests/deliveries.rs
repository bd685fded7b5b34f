//! The contract of deliveries to endpoints, on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail, wherever it stands")]

use doorstep_accounts::{Timestamp, User, ids::IdKind};
use doorstep_store::{EndpointLease, NewEndpoint, NewUser, Outgoing, ReplayChoice, Store};
use doorstep_tests::{Database, Kind, on_both};
use serde_json::Map;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const ENDPOINT: &str = "whe_1";

struct Opened {
    store: Store,
    database: Database,
    _folder: tempfile::TempDir,
}

/// With two users, 1 and 2, and an endpoint that is told of all that happens to them.
async fn open(kind: Kind) -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::create(kind, folder.path()).await;
    let store = Store::connect(&database.url).await.unwrap();
    store.migrate().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let mut conn = tx.conn();
    for id in [1, 2] {
        let user = User {
            id,
            email: format!("u{id}@x.example"),
            email_generated: false,
            profile: Map::new(),
            labels: Map::new(),
            active: true,
            is_admin: false,
            created_at: NOW,
            updated_at: NOW,
        };
        conn.add_user(&NewUser { user: &user, client_id: None, password: None }).await.unwrap();
    }
    let topics = ["user.*".to_owned(), "order.failed".to_owned()];
    let new = NewEndpoint { id: ENDPOINT, url: "https://x.example/", topics: &topics };
    conn.add_endpoint(&new, NOW).await.unwrap();
    tx.commit().await.unwrap();
    Opened { store, database, _folder: folder }
}

/// An id of an event: of that moment, the nth of it.
fn id(at: Timestamp, nth: u32) -> String {
    format!("{}70008000{nth:012x}", doorstep_accounts::ids::first_at(IdKind::Event, at))
}

async fn add(store: &Store, event: &str, kind: &str, user_id: i64, at: Timestamp) {
    let mut tx = store.begin().await.unwrap();
    tx.conn().add_event(event, kind, user_id, &Map::new(), at).await.unwrap();
    tx.commit().await.unwrap();
}

async fn take(store: &Store, owner: &str, now: Timestamp) -> Option<EndpointLease> {
    let mut tx = store.begin().await.unwrap();
    let times = (now, now.plus_seconds(30));
    let mut leases = tx.conn().lease_endpoints(owner, times).await.unwrap();
    tx.commit().await.unwrap();
    leases.pop()
}

async fn due(store: &Store, lease: &EndpointLease, now: Timestamp) -> Vec<Outgoing> {
    store.read().await.unwrap().conn().due_deliveries(lease, now, 100).await.unwrap()
}

async fn due_ids(store: &Store, lease: &EndpointLease, now: Timestamp) -> Vec<String> {
    due(store, lease, now).await.into_iter().map(|it| it.event_id).collect()
}

/// Runs a write in a transaction of its own.
macro_rules! write {
    ($store:expr, $method:ident ( $($arg:expr),* )) => {{
        let mut tx = $store.begin().await.unwrap();
        let written = tx.conn().$method($($arg),*).await.unwrap();
        tx.commit().await.unwrap();
        written
    }};
}

async fn of_each_user_the_first_that_is_left_is_due(kind: Kind) {
    let Opened { store, .. } = &open(kind).await;
    let mut told = store.deliveries_added();
    told.mark_unchanged();
    add(store, &id(NOW, 9), "credential.created", 1, NOW).await;
    assert!(!told.has_changed().unwrap(), "nobody is told of that");
    // By their ids the other way round: the clocks of two servers differ.
    let [first, second, third, other] = [8, 7, 6, 5].map(|nth| id(NOW, nth));
    add(store, &first, "user.created", 1, NOW).await;
    assert!(told.has_changed().unwrap());
    add(store, &second, "user.updated", 1, NOW).await;
    add(store, &other, "order.failed", 2, NOW).await;
    add(store, &third, "user.suspended", 1, NOW).await;
    let lease = take(store, "a", NOW).await.unwrap();
    assert_eq!(due_ids(store, &lease, NOW).await, [other.clone(), first.clone()]);
    write!(store, delivered(ENDPOINT, &other));
    // What is put off holds up what is behind it, and nothing else.
    let later = NOW.plus_seconds(5);
    let outgoing = due(store, &lease, NOW).await.remove(0);
    write!(store, put_off_delivery(ENDPOINT, &outgoing, later, "no"));
    assert!(due(store, &lease, NOW).await.is_empty());
    let outgoing = due(store, &lease, later).await.remove(0);
    assert_eq!((outgoing.event_id.as_str(), outgoing.attempts), (first.as_str(), 1));
    write!(store, bury_delivery(ENDPOINT, &outgoing, "no more", later));
    assert_eq!(due_ids(store, &lease, later).await, std::slice::from_ref(&second));
    // Brought back, it is in front again.
    let dead = store.read().await.unwrap().conn().dead_deliveries(None, 9).await.unwrap();
    assert_eq!((dead[0].attempts, dead[0].reason.as_deref()), (2, Some("no more")));
    assert_eq!(write!(store, replay_deliveries(ENDPOINT, &ReplayChoice::Dead, later)), 1);
    for event in [&first, &second, &third] {
        assert_eq!(due_ids(store, &lease, later).await, std::slice::from_ref(event));
        write!(store, delivered(ENDPOINT, event));
    }
    assert!(due(store, &lease, later).await.is_empty());
}

async fn one_has_an_endpoint_at_a_time(kind: Kind) {
    let Opened { store, .. } = &open(kind).await;
    assert_eq!(take(store, "a", NOW).await, None, "there is nothing to be told");
    add(store, &id(NOW, 1), "user.created", 1, NOW).await;
    let first = take(store, "a", NOW).await.unwrap();
    let then = NOW.plus_seconds(29);
    assert_eq!(take(store, "b", then).await, None);
    assert!(write!(store, hold_endpoint(&first, then.plus_seconds(30))));
    assert_eq!(take(store, "b", NOW.plus_seconds(31)).await, None, "it was renewed");
    let then = NOW.plus_seconds(60);
    let second = take(store, "b", then).await.unwrap();
    assert_eq!(second.fence, first.fence + 1);
    assert!(!write!(store, hold_endpoint(&first, then)));
    assert!(due(store, &first, then).await.is_empty());
    write!(store, release_endpoint(&first));
    assert_eq!(take(store, "c", then).await, None, "only who has it gives it back");
    assert_eq!(due(store, &second, then).await.len(), 1);
    write!(store, release_endpoint(&second));
    let third = take(store, "c", then).await.unwrap();
    // Disabled, nothing is due at once, and nothing more is noted.
    assert!(write!(store, disable_endpoint(ENDPOINT, None, then)));
    assert!(due(store, &third, then).await.is_empty());
    add(store, &id(NOW, 2), "user.created", 2, NOW).await;
    write!(store, release_endpoint(&third));
    assert_eq!(take(store, "d", then).await, None);
    assert!(write!(store, enable_endpoint(ENDPOINT)));
    let fourth = take(store, "d", then).await.unwrap();
    assert_eq!(due_ids(store, &fourth, then).await, [id(NOW, 1)]);
}

async fn old_events_go_when_nobody_is_still_to_be_told(kind: Kind) {
    let Opened { store, database, .. } = &open(kind).await;
    let old = NOW.plus_seconds(-100);
    let [taken, waits, dead, young] = [1, 2, 3, 4].map(|nth| id(old, nth));
    let young = young.replace(&id(old, 0)[..16], &id(NOW, 0)[..16]);
    for event in [&taken, &waits, &dead] {
        add(store, event, "user.updated", 1, old).await;
    }
    add(store, &young, "user.updated", 2, NOW).await;
    write!(store, delivered(ENDPOINT, &taken));
    write!(store, delivered(ENDPOINT, &young));
    let lease = take(store, "a", NOW).await.unwrap();
    let mut outgoing = due(store, &lease, NOW).await.remove(0);
    outgoing.event_id.clone_from(&dead);
    write!(store, bury_delivery(ENDPOINT, &outgoing, "no", NOW.plus_seconds(-5)));
    let before = NOW.plus_seconds(-10);
    assert_eq!(write!(store, sweep_events(before)), 1);
    let left = "SELECT COUNT(*) FROM events";
    assert_eq!(database.count(left).await, 3);
    assert_eq!(write!(store, sweep_events(before)), 0);
    // What was given up is kept as long.
    assert_eq!(write!(store, sweep_events(NOW.plus_seconds(-5))), 1);
    assert_eq!(database.count(left).await, 2);
    // What is left of an endpoint that was removed while somebody signed up.
    database.execute("UPDATE webhook_deliveries SET endpoint_id = 'whe_gone'").await;
    assert_eq!(write!(store, sweep_events(NOW)), 1);
    assert_eq!(database.count("SELECT COUNT(*) FROM webhook_deliveries").await, 0);
    let since = ReplayChoice::Since(old);
    assert_eq!(write!(store, replay_deliveries(ENDPOINT, &since, NOW)), 1, "the young one");
}

on_both!(
    of_each_user_the_first_that_is_left_is_due,
    one_has_an_endpoint_at_a_time,
    old_events_go_when_nobody_is_still_to_be_told,
);

//! The contract of what is written in one way to the database: all of it or nothing, on both
//! databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail, wherever it stands")]

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU8, Ordering},
};

use doorstep_accounts::{
    Binding, Challenge, Client, Credential, Entropy, Fingerprint, IdempotencyKey, Identity, JwkSet,
    KeyRing, Limit, NameRules, PlainToken, Scopes, Secret, SecretHash, Timestamp, TokenHash,
    TokenKind, User,
    audit::Entry,
    limits::{LimitKey, Rate},
};
use doorstep_store::{
    Fallback, NewClient, NewEndpoint, NewToken, SignUp, SignUpClaim, SignUpReplay, Store,
    TokenOwner,
};
use doorstep_tests::{Database, Kind, on_both};
use serde_json::{Map, json};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const CLIENT: &str = "cli_1";

struct Opened {
    store: Store,
    keys: KeyRing,
    _database: Database,
    _folder: tempfile::TempDir,
}

/// Random enough: each call gives other bytes.
struct Counted(AtomicU8);

impl Entropy for Counted {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

/// With a client, and with an audit log whose end this process knows.
async fn open(kind: Kind) -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::create(kind, folder.path()).await;
    let store = Store::connect(&database.url).await.unwrap();
    store.migrate().await.unwrap();
    let keys = KeyRing::new([(1, [7; 32])]).unwrap();
    store.begin_audit(&keys).await.unwrap();
    store.open_audit(&keys, &Counted(0.into()));
    let client = Client {
        publishable: false,
        id: CLIENT.to_owned(),
        name: "Name".to_owned(),
        secrets: Vec::new(),
        keys: JwkSet::default(),
        scopes: Scopes::parse("public register").unwrap(),
        provider_servers: Vec::new(),
        origins: Vec::new(),
        created_at: NOW,
        disabled_at: None,
    };
    let mut tx = store.begin().await.unwrap();
    tx.conn().add_client(&NewClient { client: &client, secret: None }).await.unwrap();
    tx.conn()
        .add_audit("aud_0", "operator", "client.created", CLIENT, &Map::new(), NOW)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    Opened { store, keys, _database: database, _folder: folder }
}

fn user(id: i64, email: &str) -> User {
    User {
        id,
        email: email.to_owned(),
        email_generated: false,
        profile: Map::from_iter([("fname".to_owned(), json!("Ада"))]),
        labels: Map::new(),
        active: true,
        is_admin: false,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn token_hash(id: i64) -> TokenHash {
    PlainToken::generate(TokenKind::SignUp, &Counted(u8::try_from(id).unwrap().into())).hash()
}

fn identity(id: i64) -> Identity {
    Identity::parse("cpanel", "srv.example", &format!("u{id}")).unwrap()
}

/// The sign-up of somebody, with everything that one can have.
fn sign_up(id: i64) -> SignUp {
    let key = IdempotencyKey::parse(&format!("key-of-one-request-{id:04}")).unwrap();
    SignUp {
        client_id: CLIENT.to_owned(),
        identity: identity(id),
        token: Some(token_hash(id)),
        user: user(id, &format!("u{id}@x.example")),
        fallback: Some(Fallback {
            user: user(id, &format!("made-up-{id}@x.invalid")),
            payload: format!(r#"{{"made_up":{id}}}"#),
        }),
        credential: Credential {
            id: format!("cred_{id}"),
            user_id: id,
            number: 1,
            name: "n".to_owned(),
            username: format!("name{id}"),
            secret: SecretHash::from_stored("v1:11"),
            created_at: NOW,
            last_used_at: None,
            expires_at: None,
            rotated_at: None,
            revoked_at: None,
        },
        claim: Some(SignUpClaim {
            code: token_hash(100 + id),
            challenge: Challenge::of(&Secret::new("verifier".to_owned())),
            expires_at: NOW.plus_seconds(60),
        }),
        replay: Some(SignUpReplay {
            key,
            fingerprint: Fingerprint::of(&[b"{}"]),
            sealed: "sealed".to_owned(),
            sealed_until: NOW.plus_seconds(60),
            expires_at: NOW.plus_seconds(60),
        }),
        event: format!("evt_{id}"),
        payload: format!(r#"{{"id":{id}}}"#),
        audit: Entry {
            id: format!("aud_{id}"),
            actor: CLIENT.to_owned(),
            action: "user.created".to_owned(),
            subject: id.to_string(),
            details: "{}".to_owned(),
            created_at: NOW,
        },
    }
}

/// Adds tokens at once, one for each of these, which count against a limit.
async fn add_tokens(
    Opened { store, keys, .. }: &Opened,
    ids: &[i64],
    rate: &str,
) -> Option<Vec<(LimitKey, i64)>> {
    let details = r#"[{"type":"user_registration","provider_server":"s","provider_username":"u"}]"#;
    let binding = Binding::parse(details, "", NameRules::default(), &[]).unwrap();
    let owner = TokenOwner::Client(CLIENT.to_owned());
    let hashes: Vec<_> = ids.iter().map(|id| token_hash(*id)).collect();
    let new = hashes.iter().map(|hash| NewToken {
        hash,
        owner: &owner,
        scopes: Scopes::parse("register").unwrap(),
        issued_at: NOW,
        expires_at: NOW.plus_seconds(60),
        binding: Some(&binding),
        jkt: None,
    });
    let charges = charges(keys, Limit::Token, rate, ids.len());
    store
        .at_once()
        .await
        .unwrap()
        .add_tokens(&new.collect::<Vec<_>>(), &charges, NOW)
        .await
        .unwrap()
}

fn charges(keys: &KeyRing, limit: Limit, rate: &str, count: usize) -> Vec<(LimitKey, Rate, i64)> {
    let rate = Rate::parse(rate).unwrap().unwrap();
    let count = i64::try_from(count).unwrap();
    let of = |part: &str| (LimitKey::of(limit, &[part], keys), rate, count);
    // In the order of the keys, as callers give them.
    let mut charges = vec![of("one"), of("other")];
    charges.sort_by_key(|(key, ..)| key.as_stored());
    charges
}

async fn used(Opened { store, keys, .. }: &Opened, limit: Limit) -> Option<i64> {
    let key = LimitKey::of(limit, &["one"], keys);
    store.read().await.unwrap().conn().used(&key).await.unwrap()
}

async fn tokens_are_all_there_or_none(kind: Kind) {
    let opened = open(kind).await;
    let taken = add_tokens(&opened, &[1, 2, 3], "4/min burst 4").await.unwrap();
    // With all of a minute's at once, one comes back each minute.
    let minutes = |count: i64| NOW.0 * 1_000 + count * 60_000_000;
    assert_eq!(taken.len(), 2);
    assert!(taken.iter().all(|(_, tat)| *tat == minutes(3)), "{taken:?}");
    assert_eq!(used(&opened, Limit::Token).await, Some(minutes(3)));
    let find = async |id| {
        let mut read = opened.store.read().await.unwrap();
        read.conn().token(&token_hash(id)).await.unwrap()
    };
    for id in [1, 2, 3] {
        assert_eq!(find(id).await.unwrap().uses_left, Some(1));
    }
    // One is left, and two are asked for.
    assert_eq!(add_tokens(&opened, &[4, 5], "4/min burst 4").await, None);
    // The database does not take the second one.
    assert_eq!(add_tokens(&opened, &[4, 1], "99/min burst 99").await, None);
    assert_eq!(find(4).await, None);
    assert_eq!(used(&opened, Limit::Token).await, Some(minutes(3)));
    assert!(add_tokens(&opened, &[4], "4/min burst 4").await.is_some());
}

async fn write(opened: &Opened, all: &[SignUp], rate: &str) -> bool {
    let Opened { store, keys, .. } = opened;
    let rows: Vec<_> = all.iter().collect();
    let taken = store.read().await.unwrap().conn().ways(&rows, NOW).await.unwrap().taken;
    let charges = charges(keys, Limit::SignUp, rate, all.len());
    let at_once = store.at_once().await.unwrap();
    at_once.add_sign_ups(&rows, &taken, &charges, NOW).await.unwrap().is_some()
}

async fn stopped(opened: &Opened, all: &[SignUp], now: Timestamp) -> HashSet<i64> {
    let rows: Vec<_> = all.iter().collect();
    opened.store.read().await.unwrap().conn().ways(&rows, now).await.unwrap().stopped
}

/// The ids in the audit log, checked as `doorstep audit verify` does.
async fn audited(Opened { store, keys, .. }: &Opened) -> Vec<String> {
    let mut read = store.read().await.unwrap();
    let mut ids = Vec::new();
    for lane in 0..doorstep_accounts::audit::LANES {
        let (head, mac) = read.conn().audit_head(lane).await.unwrap().unwrap();
        let mut end = doorstep_accounts::audit::Head::genesis(lane);
        for row in read.conn().audit_rows(lane, 0, 1_000).await.unwrap() {
            end.append(row.entry.clone(), keys);
            assert_eq!(end.hash, row.hash);
            ids.push(row.entry.id);
        }
        assert_eq!((end.seq, end.hash.as_str(), end.mac(keys)), (head.seq, &*head.hash, mac));
    }
    ids.sort();
    ids
}

async fn sign_ups_are_whole_or_nothing(kind: Kind) {
    let opened = open(kind).await;
    let Opened { store, .. } = &opened;
    let topics = ["user.*".to_owned()];
    let endpoint = NewEndpoint { id: "whe_1", url: "https://x.example/", topics: &topics };
    let mut tx = store.begin().await.unwrap();
    tx.conn().add_endpoint(&endpoint, NOW).await.unwrap();
    tx.commit().await.unwrap();
    let deliveries = store.deliveries_added();
    add_tokens(&opened, &[1, 2, 3, 4, 5, 6], "99/min burst 99").await.unwrap();

    let mut all = [sign_up(3), sign_up(1), sign_up(2)];
    // Two have one address: the second does without.
    all[2].user.email = "U3@x.example".into();
    assert!(write(&opened, &all, "4/min burst 4").await);
    let find = async |id| store.read().await.unwrap().conn().user(id).await.unwrap();
    for one in &all {
        let id = one.user.id;
        let email = if id == 2 { "made-up-2@x.invalid" } else { &one.user.email };
        assert_eq!(find(id).await.unwrap().email, email);
        let mut read = store.read().await.unwrap();
        let mut conn = read.conn();
        let login = conn.login(&format!("name{id}")).await.unwrap().unwrap();
        assert_eq!(login.credential.user_id, id);
        assert_eq!(conn.identity_owner(&identity(id)).await.unwrap().unwrap().0, id);
        assert!(conn.token(&token_hash(id)).await.unwrap().unwrap().used);
        assert_eq!(conn.claim(&token_hash(100 + id)).await.unwrap().unwrap().user_id, id);
        let key = &one.replay.as_ref().unwrap().key;
        assert_eq!(conn.replay(CLIENT, key, NOW).await.unwrap().unwrap().user_id, id);
    }
    assert_eq!(audited(&opened).await, ["aud_0", "aud_1", "aud_2", "aud_3"]);
    assert!(deliveries.has_changed().unwrap());
    let mut tx = store.begin().await.unwrap();
    let leases = tx.conn().lease_endpoints("me", (NOW, NOW.plus_seconds(60))).await.unwrap();
    let due = tx.conn().due_deliveries(&leases[0], NOW, 10).await.unwrap();
    tx.commit().await.unwrap();
    let mut told: Vec<_> =
        due.iter().map(|one| (one.user_id, json!(one.payload).to_string())).collect();
    told.sort();
    let payloads = [r#"{"id":1}"#, r#"{"made_up":2}"#, r#"{"id":3}"#];
    assert_eq!(
        told,
        [1, 2, 3].map(|id| (id, payloads[usize::try_from(id).unwrap() - 1].to_owned()))
    );

    // All that stands in somebody's way is known before, and stops the whole if it is not.
    let spent = used(&opened, Limit::SignUp).await;
    let change = |change: fn(&mut SignUp)| {
        let mut one = sign_up(6);
        change(&mut one);
        one
    };
    for other in [
        change(|one| one.identity = identity(1)),
        change(|one| one.token = Some(token_hash(1))),
        change(|one| one.token = Some(token_hash(77))),
        change(|one| one.replay = sign_up(1).replay),
    ] {
        let both = [sign_up(5), other];
        assert_eq!(stopped(&opened, &both, NOW).await, HashSet::from([6]));
        assert!(!write(&opened, &both, "99/min burst 99").await);
    }
    // What nobody asked about the database itself does not take.
    for other in [
        change(|one| one.credential.username = "name1".into()),
        change(|one| {
            one.fallback = None;
            one.user.email = "u1@x.example".into();
        }),
    ] {
        let both = [sign_up(5), other];
        assert!(stopped(&opened, &both, NOW).await.is_empty());
        assert!(!write(&opened, &both, "99/min burst 99").await);
    }
    // One is left of the limit, and two are asked for.
    assert!(!write(&opened, &[sign_up(5), sign_up(6)], "4/min burst 4").await);
    // Its token is good for a minute.
    assert_eq!(stopped(&opened, &[sign_up(5)], NOW.plus_seconds(60)).await, HashSet::from([5]));
    assert_eq!((find(5).await.is_none(), find(6).await.is_none()), (true, true));
    assert_eq!(used(&opened, Limit::SignUp).await, spent);
    assert_eq!(audited(&opened).await.len(), 4);

    // Nothing of all that is in the way of those who come next.
    assert!(write(&opened, &[sign_up(5)], "4/min burst 4").await);
    assert!(write(&opened, &[sign_up(6)], "99/min burst 99").await);
    assert_eq!(audited(&opened).await.len(), 6);
}

async fn of_one_name_twice_in_a_list_the_first_goes(kind: Kind) {
    let opened = open(kind).await;
    add_tokens(&opened, &[1, 2], "99/min burst 99").await.unwrap();
    let mut second = sign_up(2);
    second.identity = identity(1);
    assert_eq!(stopped(&opened, &[sign_up(1), second], NOW).await, HashSet::from([2]));
}

on_both!(
    tokens_are_all_there_or_none,
    sign_ups_are_whole_or_nothing,
    of_one_name_twice_in_a_list_the_first_goes,
);

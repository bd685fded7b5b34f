//! The store's contract: every statement, on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail, wherever it stands")]

use doorstep_accounts::{
    Binding, Client, Credential, Decision, Entropy, Fingerprint, IdempotencyKey, Identity, JwkSet,
    KeyRing, Limit, NameRules, PendingSignUp, PlainToken, Scopes, Secret, SecretHash, Timestamp,
    TokenKind, User,
    limits::{LimitKey, Rate},
};
use doorstep_store::{
    Charged, Conn, ConnectError, NewClient, NewPending, NewReplay, NewToken, NewUser, Store,
    TokenOwner,
};
use doorstep_tests::{Database, Kind, on_both};
use serde_json::{Map, json};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

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
    let ring = KeyRing::new([(1, [7; 32])]).unwrap();
    store.begin_audit(&ring).await.unwrap();
    store.open_audit(&ring, &Ones);
    Opened { store, database, _folder: folder }
}

struct Ones;
impl Entropy for Ones {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(1);
    }
}

fn user(id: i64, email: &str) -> User {
    User {
        id,
        email: email.to_owned(),
        email_generated: false,
        profile: Map::from_iter([
            ("fname".to_owned(), json!("Ада \"'\\ \u{1F600}")),
            ("c_sftp_pass".to_owned(), json!(true)),
        ]),
        labels: Map::from_iter([("a".to_owned(), json!({ "b": [1, null, "c"] }))]),
        active: true,
        is_admin: false,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn client(id: &str) -> Client {
    Client {
        publishable: false,
        id: id.to_owned(),
        name: "Name".to_owned(),
        secrets: Vec::new(),
        keys: JwkSet::default(),
        scopes: Scopes::parse("public register").unwrap(),
        provider_servers: Vec::new(),
        origins: vec!["https://a.example".to_owned(), "https://b.example".to_owned()],
        created_at: NOW,
        disabled_at: None,
    }
}

fn credential(id: &str, user_id: i64, username: &str) -> Credential {
    Credential {
        id: id.to_owned(),
        user_id,
        number: user_id * 1_000 + id.bytes().map(i64::from).sum::<i64>() % 1_000,
        name: "n".to_owned(),
        username: username.to_owned(),
        secret: SecretHash::from_stored("v1:11"),
        created_at: NOW,
        last_used_at: None,
        expires_at: None,
        rotated_at: None,
        revoked_at: None,
    }
}

async fn users_come_back_as_they_were_written(kind: Kind) {
    let opened = open(kind).await;
    let mut tx = opened.store.begin().await.unwrap();
    let mut conn = tx.conn();
    let written = user(7, "Joe@Example.com");
    let new = NewUser { user: &written, client_id: None, password: Some("$hash") };
    assert!(conn.add_user(&new).await.unwrap());
    // The same address in another case is taken, and the transaction goes on.
    let other = user(8, "JOE@example.COM");
    assert!(!conn.add_user(&NewUser { user: &other, ..new }).await.unwrap());
    assert!(conn.user(8).await.unwrap().is_none());
    tx.commit().await.unwrap();

    let mut read = opened.store.read().await.unwrap();
    let found = read.conn().user(7).await.unwrap().unwrap();
    assert_eq!(
        (found.email.as_str(), &found.profile, &found.labels),
        ("Joe@Example.com", &written.profile, &written.labels)
    );
    assert_eq!((found.active, found.is_admin, found.created_at), (true, false, NOW));
    drop(read);

    let mut tx = opened.store.begin().await.unwrap();
    let mut conn = tx.conn();
    assert!(
        conn.add_user(&NewUser { user: &user(9, "b@x.example"), client_id: None, password: None })
            .await
            .unwrap()
    );
    let mut changed = conn.user_for_change(9).await.unwrap().unwrap();
    "joe@EXAMPLE.com".clone_into(&mut changed.email);
    assert!(!conn.change_user(&changed).await.unwrap(), "somebody else's address");
    "B@x.example".clone_into(&mut changed.email);
    changed.updated_at = Timestamp(NOW.0 + 1);
    assert!(conn.change_user(&changed).await.unwrap(), "one's own in another case");
    assert!(!conn.change_user(&user(99, "c@x.example")).await.unwrap(), "nobody");
    assert!(conn.user_for_change(99).await.unwrap().is_none());
    tx.commit().await.unwrap();
    let found = opened.store.read().await.unwrap().conn().user(9).await.unwrap().unwrap();
    assert_eq!((found.email.as_str(), found.updated_at), ("B@x.example", Timestamp(NOW.0 + 1)));
}

async fn puzzles_and_pending_sign_ups_are_swept_when_they_expire(kind: Kind) {
    let opened = open(kind).await;
    let mut tx = opened.store.begin().await.unwrap();
    let mut conn = tx.conn();
    let page = Client { publishable: true, ..client("page") };
    conn.add_client(&NewClient { client: &page, secret: None }).await.unwrap();
    conn.make_publishable("page", "s").await.unwrap();
    assert_eq!(conn.publishable_server("page").await.unwrap().as_deref(), Some("s"));
    assert!(conn.client("page").await.unwrap().unwrap().publishable);
    let (soon, late) = (Timestamp(NOW.0 + 1), Timestamp(NOW.0 + 2));
    assert!(conn.spend_puzzle("a", soon).await.unwrap());
    assert!(!conn.spend_puzzle("a", late).await.unwrap());
    let key = IdempotencyKey::parse("a-key-of-some-length").unwrap();
    let sign_up = PendingSignUp {
        id: "sup_1".to_owned(),
        client_id: "page".to_owned(),
        identity: Identity::parse("cpanel", "s", "Bob").unwrap(),
        answers: Map::from_iter([("fname".to_owned(), json!("Ada"))]),
        labels: Map::new(),
        created_at: NOW,
        expires_at: soon,
        decision: None,
    };
    let new = NewPending { sign_up: &sign_up, key: &key, fingerprint: &Fingerprint::of(&[b"x"]) };
    conn.lock_pending("page").await.unwrap();
    assert!(!conn.add_pending(&new, 0).await.unwrap(), "none may wait");
    assert!(conn.add_pending(&new, 1).await.unwrap());
    assert_eq!(conn.pending("sup_1", NOW).await.unwrap(), Some(sign_up));
    assert!(conn.pending("sup_1", soon).await.unwrap().is_none());
    assert!(!conn.decide_pending("sup_1", Decision::Rejected, soon).await.unwrap());
    assert!(conn.decide_pending("sup_1", Decision::Rejected, NOW).await.unwrap());
    assert!(!conn.decide_pending("sup_1", Decision::Confirmed, NOW).await.unwrap());
    assert_eq!(conn.sweep_pending(NOW, NOW).await.unwrap(), 0);
    assert_eq!(conn.sweep_pending(soon, NOW).await.unwrap(), 1);
    assert!(!conn.spend_puzzle("a", late).await.unwrap(), "the clock may be set back");
    assert_eq!(conn.sweep_pending(soon, soon).await.unwrap(), 0);
    assert!(conn.spend_puzzle("a", late).await.unwrap(), "forgotten: it is worthless by now");
}

async fn an_identity_has_one_owner(kind: Kind) {
    let opened = open(kind).await;
    let identity = Identity::parse("cpanel", "Srv.Example", "Bob").unwrap();
    let mut tx = opened.store.begin().await.unwrap();
    let mut conn = tx.conn();
    conn.add_client(&NewClient { client: &client("c1"), secret: None }).await.unwrap();
    assert!(conn.take_identity(&identity, 1).await.unwrap());
    let new = user(1, "a@x.example");
    assert!(
        conn.add_user(&NewUser { user: &new, client_id: Some("c1"), password: None })
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();

    let mut tx = opened.store.begin().await.unwrap();
    let again = Identity::parse("CPANEL", "https://srv.example:1/", "bob").unwrap();
    assert!(!tx.conn().take_identity(&again, 2).await.unwrap());
    assert_eq!(tx.conn().identity_owner(&again).await.unwrap(), Some((1, Some("c1".to_owned()))));
    assert_eq!(tx.conn().providers_of(1).await.unwrap(), ["cpanel"]);
    drop(tx);

    // An identity without its user cannot be committed.
    let mut tx = opened.store.begin().await.unwrap();
    let lonely = Identity::parse("cpanel", "srv.example", "eve").unwrap();
    assert!(tx.conn().take_identity(&lonely, 55).await.unwrap());
    assert!(tx.commit().await.is_err());
    assert_eq!(opened.database.count("SELECT COUNT(*) FROM identities").await, 1);
}

async fn a_dropped_transaction_leaves_nothing(kind: Kind) {
    let opened = open(kind).await;
    let mut tx = opened.store.begin().await.unwrap();
    tx.conn().add_client(&NewClient { client: &client("c1"), secret: None }).await.unwrap();
    drop(tx);
    // The next one is not disturbed by the one that was dropped.
    let mut tx = opened.store.begin().await.unwrap();
    assert!(tx.conn().client("c1").await.unwrap().is_none());
    tx.commit().await.unwrap();
}

async fn clients_servers_and_origins(kind: Kind) {
    let opened = open(kind).await;
    let mut tx = opened.store.begin().await.unwrap();
    let mut conn = tx.conn();
    conn.add_client(&NewClient { client: &client("c1"), secret: None }).await.unwrap();
    conn.add_client(&NewClient { client: &client("c2"), secret: None }).await.unwrap();
    assert!(conn.assign_server("c1", "srv").await.unwrap());
    assert!(conn.assign_server("c1", "srv").await.unwrap(), "again to the same");
    assert!(!conn.assign_server("c2", "srv").await.unwrap(), "it is taken");
    tx.commit().await.unwrap();

    let mut read = opened.store.read().await.unwrap();
    let mut conn = read.conn();
    let found = conn.client("c1").await.unwrap().unwrap();
    assert_eq!(found.provider_servers, ["srv"]);
    assert_eq!(found.origins, ["https://a.example", "https://b.example"]);
    assert_eq!(found.scopes.to_string(), "public register");
    assert_eq!(conn.server_owner("srv").await.unwrap().as_deref(), Some("c1"));
    assert!(conn.server_owner("other").await.unwrap().is_none());
    assert!(conn.has_servers("c1").await.unwrap() && !conn.has_servers("c2").await.unwrap());
    assert!(conn.has_origin("c2", "https://a.example").await.unwrap());
    assert!(!conn.has_origin("c2", "https://c.example").await.unwrap());
    assert_eq!(conn.clients().await.unwrap().len(), 2);
    assert!(conn.client("c3").await.unwrap().is_none());
    drop(read);

    let mut tx = opened.store.begin().await.unwrap();
    assert!(tx.conn().disable_client("c1", NOW).await.unwrap());
    assert!(tx.conn().disable_client("c1", Timestamp(5)).await.unwrap());
    assert!(!tx.conn().disable_client("c3", NOW).await.unwrap());
    assert!(tx.conn().origin_is_known("https://a.example").await.unwrap(), "c2 has it too");
    assert!(tx.conn().disable_client("c2", NOW).await.unwrap());
    assert!(!tx.conn().origin_is_known("https://a.example").await.unwrap());
    let found = tx.conn().client("c1").await.unwrap().unwrap();
    assert_eq!(found.disabled_at, Some(NOW), "the first time counts");
    tx.commit().await.unwrap();
}

async fn credentials_and_tokens_end_with_what_they_depend_on(kind: Kind) {
    let opened = open(kind).await;
    let mut tx = opened.store.begin().await.unwrap();
    let mut conn = tx.conn();
    conn.add_client(&NewClient { client: &client("c1"), secret: None }).await.unwrap();
    let new = user(1, "a@x.example");
    conn.add_user(&NewUser { user: &new, client_id: Some("c1"), password: None }).await.unwrap();
    conn.add_credential(&credential("k1", 1, "name")).await.unwrap();
    let app = PlainToken::generate(TokenKind::App, &Ones).hash();
    let own = PlainToken::generate(TokenKind::User, &Ones).hash();
    for (hash, owner) in [
        (&app, TokenOwner::Client("c1".to_owned())),
        (&own, TokenOwner::Credential("k1".to_owned())),
    ] {
        let scopes = Scopes::parse("public").unwrap();
        let new = NewToken {
            hash,
            owner: &owner,
            scopes,
            issued_at: NOW,
            expires_at: NOW.plus_seconds(60),
            binding: None,
            jkt: None,
        };
        conn.add_token(&new).await.unwrap();
    }
    tx.commit().await.unwrap();

    let mut tx = opened.store.begin().await.unwrap();
    let mut conn = tx.conn();
    let login = conn.login("name").await.unwrap().unwrap();
    assert!(login.active && login.credential.revoked_at.is_none());
    assert_eq!((login.credential.user_id, login.credential.id.as_str()), (1, "k1"));
    assert!(conn.login("NAME").await.unwrap().is_none());
    let row = conn.token(&own).await.unwrap().unwrap();
    assert_eq!((row.user_id, row.ended), (Some(1), false));
    assert_eq!((row.issued_at, row.expires_at), (NOW, NOW.plus_seconds(60)));
    assert_eq!(conn.token(&app).await.unwrap().unwrap().owner, TokenOwner::Client("c1".to_owned()));

    assert!(conn.revoke_credential("k1", NOW).await.unwrap());
    assert!(!conn.revoke_credential("k2", NOW).await.unwrap());
    assert!(conn.token(&own).await.unwrap().unwrap().ended);
    assert!(!conn.token(&app).await.unwrap().unwrap().ended);
    conn.disable_client("c1", NOW).await.unwrap();
    assert!(conn.token(&app).await.unwrap().unwrap().ended);
    conn.revoke_token(&app, NOW).await.unwrap();
    assert_eq!(conn.sweep_tokens(NOW).await.unwrap(), 0);
    assert_eq!(conn.sweep_tokens(NOW.plus_seconds(61)).await.unwrap(), 2);
    assert!(conn.token(&app).await.unwrap().is_none());
    tx.commit().await.unwrap();
}

async fn a_key_is_taken_once_and_its_copy_is_wiped_in_time(kind: Kind) {
    let opened = open(kind).await;
    let key = IdempotencyKey::parse("a-key-of-sixteen-or-more").unwrap();
    let fingerprint = Fingerprint::of(&[b"x"]);
    let mut tx = opened.store.begin().await.unwrap();
    let mut conn = tx.conn();
    conn.add_client(&NewClient { client: &client("c1"), secret: None }).await.unwrap();
    let new = user(1, "a@x.example");
    conn.add_user(&NewUser { user: &new, client_id: Some("c1"), password: None }).await.unwrap();
    conn.add_credential(&credential("k1", 1, "name")).await.unwrap();
    let replay = NewReplay {
        client_id: "c1",
        key: &key,
        fingerprint: &fingerprint,
        user_id: 1,
        credential_id: "k1",
        sealed: "v1:00",
        token: None,
        sealed_until: NOW.plus_seconds(60),
        expires_at: NOW.plus_seconds(120),
        now: NOW,
    };
    assert!(conn.take_key(&replay).await.unwrap());
    assert!(!conn.take_key(&replay).await.unwrap());
    let found = conn.replay("c1", &key, NOW).await.unwrap().unwrap();
    assert_eq!((found.fingerprint.as_str(), found.user_id), (fingerprint.as_stored(), 1));
    assert_eq!((found.api_username.as_str(), found.sealed.as_deref()), ("name", Some("v1:00")));
    assert!(conn.replay("c2", &key, NOW).await.unwrap().is_none());
    let late = conn.replay("c1", &key, NOW.plus_seconds(60)).await.unwrap().unwrap();
    assert_eq!(late.sealed, None);
    assert!(conn.replay("c1", &key, NOW.plus_seconds(120)).await.unwrap().is_none());
    conn.credential_used("k1", NOW).await.unwrap();
    assert_eq!(conn.login("name").await.unwrap().unwrap().credential.last_used_at, Some(NOW));
    assert_eq!(conn.replay("c1", &key, NOW).await.unwrap().unwrap().sealed, None);
    assert_eq!(conn.sweep_keys(NOW.plus_seconds(60)).await.unwrap(), 0);
    assert_eq!(conn.sweep_keys(NOW.plus_seconds(120)).await.unwrap(), 1);
    tx.commit().await.unwrap();
}

async fn a_sign_up_token_is_for_one_use_and_ten_mistakes(kind: Kind) {
    let opened = open(kind).await;
    let details = r#"[{"type":"user_registration","provider_server":"s","provider_username":"u"}]"#;
    let binding = Binding::parse(details, "", NameRules::default(), &[]).unwrap();
    let mut tx = opened.store.begin().await.unwrap();
    let mut conn = tx.conn();
    conn.add_client(&NewClient { client: &client("c1"), secret: None }).await.unwrap();
    let owner = TokenOwner::Client("c1".to_owned());
    let tokens = [TokenKind::SignUp, TokenKind::App].map(|kind| PlainToken::generate(kind, &Ones));
    for token in &tokens {
        let new = NewToken {
            hash: &token.hash(),
            owner: &owner,
            scopes: Scopes::parse("register").unwrap(),
            issued_at: NOW,
            expires_at: NOW.plus_seconds(60),
            binding: Some(&binding),
            jkt: None,
        };
        conn.add_token(&new).await.unwrap();
    }
    let [first, second] = tokens.map(|token| token.hash());
    let row = conn.token(&first).await.unwrap().unwrap();
    assert_eq!((row.binding, row.used, row.ended), (Some(binding), false, false));
    assert!(!conn.use_token(&first, NOW.plus_seconds(60)).await.unwrap(), "expired");
    assert!(conn.use_token(&first, NOW).await.unwrap());
    assert!(!conn.use_token(&first, NOW).await.unwrap(), "used");
    assert!(conn.token(&first).await.unwrap().unwrap().used);
    for _ in 0..10 {
        assert!(!conn.token(&second).await.unwrap().unwrap().ended);
        conn.count_rejection(&second).await.unwrap();
    }
    assert!(conn.token(&second).await.unwrap().unwrap().ended);
    assert!(!conn.use_token(&second, NOW).await.unwrap());
    tx.commit().await.unwrap();
}

async fn two_secrets_of_a_client_are_valid_at_the_most(kind: Kind) {
    let opened = open(kind).await;
    let hash = |name: &str| SecretHash::from_stored(format!("v1:{name}"));
    let keys = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let keys = JwkSet::parse(keys).unwrap();
    let mut tx = opened.store.begin().await.unwrap();
    let mut conn = tx.conn();
    conn.add_client(&NewClient { client: &client("c1"), secret: Some(&hash("a")) }).await.unwrap();
    conn.add_client(&NewClient { client: &client("c2"), secret: None }).await.unwrap();
    assert!(conn.set_keys("c2", &keys).await.unwrap());
    assert!(!conn.set_keys("c3", &keys).await.unwrap());
    let keyed = conn.client_login("c2", NOW).await.unwrap().unwrap();
    assert_eq!((keyed.secrets.len(), keyed.keys, keyed.active), (0, keys, true));
    assert!(conn.client_login("c3", NOW).await.unwrap().is_none());

    let later = NOW.plus_seconds(100);
    assert!(conn.rotate_secret("c1", &hash("b"), NOW, later).await.unwrap());
    let valid = async |conn: &mut Conn<'_>, at| {
        let login = conn.client_login("c1", at).await.unwrap().unwrap();
        login.secrets.iter().map(|hash| hash.as_stored().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        valid(&mut conn, NOW).await,
        ["v1:b", "v1:a"],
        "the newest first, in the same millisecond"
    );
    assert_eq!(valid(&mut conn, later).await, ["v1:b"], "the grace is over");
    assert!(conn.rotate_secret("c1", &hash("c"), NOW, later).await.unwrap());
    assert_eq!(valid(&mut conn, NOW).await, ["v1:c", "v1:b"]);
    assert!(conn.rotate_secret("c1", &hash("d"), NOW, NOW).await.unwrap());
    assert_eq!(valid(&mut conn, NOW).await, ["v1:d"]);
    assert_eq!(conn.sweep_secrets(NOW.plus_seconds(1)).await.unwrap(), 3);
    assert_eq!(conn.client("c1").await.unwrap().unwrap().secrets.len(), 1);
    tx.commit().await.unwrap();
}

async fn what_is_for_one_use_is_used_once(kind: Kind) {
    let opened = open(kind).await;
    let until = NOW.plus_seconds(60);
    let mut tx = opened.store.begin().await.unwrap();
    let mut conn = tx.conn();
    assert!(conn.use_once("x", NOW, until).await.unwrap());
    assert!(!conn.use_once("x", NOW, until).await.unwrap());
    assert!(conn.use_once("y", NOW, until).await.unwrap());
    assert!(conn.use_once("x", until, until.plus_seconds(60)).await.unwrap(), "too old by itself");
    assert_eq!(conn.sweep_used(until).await.unwrap(), 1);
    tx.commit().await.unwrap();
}

async fn numbers_are_unique_across_servers(kind: Kind) {
    let opened = open(kind).await;
    let other = Store::connect(&opened.database.url).await.unwrap();
    let mut numbers = Vec::new();
    for _ in 0..50 {
        numbers.push(opened.store.next_user_id().await.unwrap());
        numbers.push(other.next_user_id().await.unwrap());
    }
    assert_eq!(numbers[0], 1);
    let count = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), count);
    other.close().await;
}

async fn notes_and_facts(kind: Kind) {
    let opened = open(kind).await;
    let mut tx = opened.store.begin().await.unwrap();
    let mut conn = tx.conn();
    assert_eq!(conn.fact("x").await.unwrap(), None);
    assert_eq!(conn.settle_fact("x", "1").await.unwrap(), "1");
    assert_eq!(conn.settle_fact("x", "2").await.unwrap(), "1");
    let new = user(1, "a@x.example");
    conn.add_user(&NewUser { user: &new, client_id: None, password: None }).await.unwrap();
    conn.add_event("e1", "user.created", 1, &Map::new(), NOW).await.unwrap();
    conn.add_audit("a1", "operator", "x.y", "user:1", &Map::new(), NOW).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(opened.database.count("SELECT COUNT(*) FROM events WHERE payload = '{}'").await, 1);
    assert_eq!(
        opened.database.count("SELECT COUNT(*) FROM audit_log WHERE details = '{}'").await,
        1
    );
}

async fn migrating_again_is_safe_and_a_newer_schema_is_refused(kind: Kind) {
    let opened = open(kind).await;
    opened.store.migrate().await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 SELECT 9999, description, success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1";
    opened.database.execute(newer).await;
    let error = opened.store.migrate().await.unwrap_err();
    assert!(matches!(error, ConnectError::Newer(9999)), "{error:?}");
}

async fn a_limit_is_charged_by_one_write_and_swept_at_rest(kind: Kind) {
    let opened = open(kind).await;
    let rate = Rate::parse("3/min burst 3").unwrap().unwrap();
    let keys = doorstep_accounts::KeyRing::new([(3, [1; 32])]).unwrap();
    let key = LimitKey::of(Limit::Token, &["one"], &keys);
    let charge = async |now: Timestamp| {
        let mut tx = opened.store.begin().await.unwrap();
        let charged = tx.conn().charge(&key, rate, now).await.unwrap();
        tx.commit().await.unwrap();
        charged
    };
    // The database decides as the arithmetic does, whatever the steps.
    let mut tat = i64::MIN;
    let mut now = NOW;
    for step in [0, 0, 0, 0, 59_999, 1, 30_000, 60_000, 0, 0, 200_000, 0, 0, 0, 0] {
        now.0 += step;
        let expected = rate.charge(tat, now.0 * 1_000);
        tat = expected.unwrap_or(tat);
        let charged = if expected.is_some() { Charged::Taken(tat) } else { Charged::Refused(tat) };
        assert_eq!(charge(now).await, charged, "after {step} ms");
    }
    let used = async || opened.store.read().await.unwrap().conn().used(&key).await.unwrap();
    assert_eq!(used().await, Some(tat));
    // A clock that is set back locks nobody out: what lies too far ahead is taken for used up.
    let before = now.plus_seconds(-3_600);
    assert_eq!(charge(before).await, Charged::Taken(rate.terms(before.0 * 1_000).exhausted));
    assert!(matches!(charge(before).await, Charged::Refused(_)));

    let sweep = async |now: Timestamp| {
        let mut tx = opened.store.begin().await.unwrap();
        let swept = tx.conn().sweep_buckets(now).await.unwrap();
        tx.commit().await.unwrap();
        swept
    };
    assert_eq!(sweep(before).await, 0);
    assert_eq!(sweep(before.plus_seconds(180)).await, 1);
    assert_eq!(used().await, None);
}

#[tokio::test]
async fn urls_that_name_no_database_are_refused() {
    for url in ["", "sqlite:", "sqlite://", "mysql://x/y", "doorstep.db"] {
        assert!(matches!(Store::connect(url).await, Err(ConnectError::Url)), "{url}");
    }
    let nowhere = Store::connect("sqlite:///nonexistent-folder/x.db").await.unwrap_err();
    assert!(nowhere.to_string().contains("/nonexistent-folder/x.db"), "{nowhere}");
}

#[test]
fn secrets_are_kept_as_hashes() {
    let keys = KeyRing::new([(3, [1; 32])]).unwrap();
    let stored = SecretHash::of(&Secret::new("x"), &keys);
    assert!(stored.as_stored().starts_with("v3:") && stored.as_stored().len() == 67);
}

on_both!(
    users_come_back_as_they_were_written,
    puzzles_and_pending_sign_ups_are_swept_when_they_expire,
    an_identity_has_one_owner,
    a_dropped_transaction_leaves_nothing,
    clients_servers_and_origins,
    credentials_and_tokens_end_with_what_they_depend_on,
    a_key_is_taken_once_and_its_copy_is_wiped_in_time,
    a_sign_up_token_is_for_one_use_and_ten_mistakes,
    two_secrets_of_a_client_are_valid_at_the_most,
    what_is_for_one_use_is_used_once,
    numbers_are_unique_across_servers,
    notes_and_facts,
    a_limit_is_charged_by_one_write_and_swept_at_rest,
    migrating_again_is_safe_and_a_newer_schema_is_refused,
);

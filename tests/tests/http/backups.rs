//! Backups: made under load, brought back on either database, kept and thrown away.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use age::{secrecy::ExposeSecret as _, x25519::Identity};
use doorstep_tests::{
    Database, Kind, Server, keep_secret, on_both, person, program, run_cli, send,
};
use reqwest::Method;
use serde_json::Value;

/// A key pair: the public key, and the file with the private one.
pub(crate) fn key_pair(folder: &Path, name: &str) -> (String, PathBuf) {
    let identity = Identity::generate();
    let (private, file) = (identity.to_string(), folder.join(name));
    keep_secret("age identity", private.expose_secret());
    std::fs::write(&file, format!("# made for a test\n{}\n", private.expose_secret())).unwrap();
    (identity.to_public().to_string(), file)
}

/// Makes a backup; gives its path.
pub(crate) fn back_up(server: &Server, folder: &Path, form: &[&str]) -> PathBuf {
    let folder = folder.display().to_string();
    let said = server.cli(&[&["backup", "--to", &folder], form].concat(), "").unwrap();
    PathBuf::from(said["file"].as_str().unwrap())
}

/// A place to restore to: an empty database, and no key file.
pub(crate) struct Place {
    pub(crate) database: Database,
    pub(crate) folder: tempfile::TempDir,
}

impl Place {
    pub(crate) async fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { database: Database::create(kind, folder.path()).await, folder }
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.folder.path().join("restored-keys")
    }

    fn settings(&self) -> [(String, String); 2] {
        let keys = self.keys().display().to_string();
        [
            ("DOORSTEP_DATABASE_URL".to_owned(), self.database.url.clone()),
            ("DOORSTEP_KEYS__FILE".to_owned(), keys),
        ]
    }

    pub(crate) fn cli(&self, arguments: &[&str], more: &[(&str, &str)]) -> Result<Value, String> {
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings: Vec<_> = self.settings().into_iter().chain(more).collect();
        run_cli(&program(), &settings, self.folder.path(), arguments, "")
    }

    pub(crate) fn restore(&self, file: &Path, more: &[&str]) -> Result<Value, String> {
        let file = file.display().to_string();
        self.cli(&[&["restore", &file], more].concat(), &[])
    }

    /// A server on what was restored.
    pub(crate) async fn serve(&self, kind: Kind) -> Server {
        let settings = self.settings();
        let settings = settings.each_ref().map(|(name, value)| (name.as_str(), value.as_str()));
        Server::start_with(kind, &settings).await
    }
}

pub(crate) async fn logs_in(server: &Server, (name, password): &(String, String)) -> bool {
    let own = server.request(Method::GET, "/api/users").basic_auth(name, Some(password));
    send(own).await.status == 200
}

async fn a_backup_under_load_holds_every_sign_up_that_was_answered_before(kind: Kind) {
    let server = Arc::new(Server::start(kind).await);
    let client = server.client("register", &[], &[]);
    let token = Arc::new(server.token(&client, "register").await);
    let keyed = async |server: &Server| {
        let request = server
            .request(Method::POST, "/api/users")
            .bearer_auth(&*token)
            .header("idempotency-key", "0190f3a8-5c1e-7d7b-9d58-6f0c3a3f9a12")
            .json(&person("srv", "keyed"));
        send(request).await
    };
    let sealed = keyed(&server).await;
    assert_eq!(sealed.status, 201);
    let stop = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..4)
        .map(|worker| {
            let (server, token, stop) = (server.clone(), token.clone(), stop.clone());
            tokio::spawn(async move {
                let mut count = 0;
                while !stop.load(Ordering::Relaxed) {
                    server.new_user(&token, "srv", &format!("load{worker}-{count}")).await;
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut before = Vec::new();
    for at in 0..20 {
        before.push(server.new_user(&token, "srv", &format!("before{at}")).await);
    }
    let folder = tempfile::tempdir().unwrap();
    let (public, private) = key_pair(folder.path(), "identity");
    let backups = folder.path().join("backups");
    std::fs::create_dir(&backups).unwrap();
    let (at, to) = (server.clone(), backups.clone());
    let made = tokio::task::spawn_blocking(move || back_up(&at, &to, &["--recipient", &public]));
    let file = made.await.unwrap();
    server.new_user(&token, "srv", "after").await;
    stop.store(true, Ordering::Relaxed);
    for worker in load {
        assert!(worker.await.unwrap() > 0, "there was no load");
    }
    let content = std::fs::read(&file).unwrap();
    assert!(content.starts_with(b"age-encryption.org/v1\n"));
    assert!(!content.windows(8).any(|bytes| bytes == b"[pepper]"), "keys in clear");

    let identity = ["--identity", private.to_str().unwrap()];
    for target in [Kind::Sqlite, Kind::Postgres] {
        let place = Place::new(target).await;
        let checked = place.restore(&file, &[&identity[..], &["--check"]].concat()).unwrap();
        assert_eq!((&checked["whole"], &checked["encrypted"]), (&true.into(), &true.into()));
        assert!(!place.keys().exists(), "a check writes nothing");
        let restored = place.restore(&file, &identity).unwrap();
        assert_eq!(checked["rows"], restored["rows"]);
        let users = place.database.count("SELECT COUNT(*) FROM users").await;
        assert_eq!(restored["rows"]["users"], users);
        assert!(users >= 21);
        let now = place.serve(kind).await;
        for login in &before {
            assert!(logs_in(&now, login).await, "{login:?} is lost");
        }
        // What was sealed opens, numbers go on, and so does the log.
        let again = keyed(&now).await;
        assert_eq!((again.status.as_u16(), &again.text), (201, &sealed.text));
        now.new_user(&token, "srv", "newcomer").await;
        assert_eq!(now.sign_up(&token, &person("srv", "before3")).await.status, 409);
        let log = now.cli(&["audit", "verify"], "").unwrap();
        assert!(log["rows"].as_i64().unwrap() > users);
        let noted = "SELECT COUNT(*) FROM audit_log WHERE action = 'database.restore'";
        assert_eq!(place.database.count(noted).await, 1);
        for sql in [
            "SELECT COUNT(DISTINCT user_id) FROM identities",
            "SELECT COUNT(DISTINCT user_id) FROM credentials",
            "SELECT COUNT(DISTINCT user_id) FROM events",
        ] {
            assert_eq!(place.database.count(sql).await, users + 1, "{sql}");
        }
    }
}

async fn a_backup_in_clear_has_no_key_and_needs_the_right_one(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let ada = server.new_user(&token, "srv", "ada").await;
    let folder = tempfile::tempdir().unwrap();
    let file = back_up(&server, folder.path(), &["--plain"]);
    let (text, keys) = (
        std::fs::read_to_string(&file).unwrap(),
        std::fs::read_to_string(server.folder().join("keys")).unwrap(),
    );
    assert!(keys.split('"').skip(1).step_by(2).all(|key| !text.contains(key)));
    let place = Place::new(kind).await;
    let error = place.restore(&file, &[]).unwrap_err();
    assert!(error.contains("no key file") && error.contains("keys.file"), "{error}");
    // Another installation's key file.
    let other = Server::start(kind).await;
    std::fs::copy(other.folder().join("keys"), place.keys()).unwrap();
    for more in [&[][..], &["--check"]] {
        let error = place.restore(&file, more).unwrap_err();
        assert!(error.contains("audit log") || error.contains("is not the one"), "{error}");
    }
    std::fs::write(place.keys(), &keys).unwrap();
    place.restore(&file, &[]).unwrap();
    assert!(logs_in(&place.serve(kind).await, &ada).await);
}

async fn a_live_installation_is_not_overwritten(kind: Kind) {
    let mut server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let ada = server.new_user(&token, "srv", "ada").await;
    let folder = tempfile::tempdir().unwrap();
    let (public, private) = key_pair(folder.path(), "identity");
    let file = back_up(&server, folder.path(), &["--recipient", &public]);
    let bob = server.new_user(&token, "srv", "bob").await;
    let keys = server.folder().join("keys");
    server.cli(&["keys", "rotate"], "").unwrap();
    let (file, private) = (file.display().to_string(), private.display().to_string());
    let restore = ["restore", &file, "--identity", &private];
    let forced = [&restore[..], &["--replace"]].concat();
    for arguments in [&restore[..], &forced] {
        let error = server.cli(arguments, "").unwrap_err();
        assert!(error.contains("stop the servers"), "{error}");
    }
    server.kill();
    let error = server.cli(&restore, "").unwrap_err();
    assert!(error.contains("not empty") && error.contains("--replace"), "{error}");
    server.restart();
    assert!(logs_in(&server, &bob).await, "a refusal changes nothing");
    server.kill();
    let rotated = std::fs::read(&keys).unwrap();
    let said = server.cli(&forced, "").unwrap();
    // It has all the keys of the backup, and newer ones.
    assert_eq!(said["key_file_kept"], Value::Null);
    assert_eq!(std::fs::read(&keys).unwrap(), rotated);
    server.restart();
    assert!(logs_in(&server, &ada).await && !logs_in(&server, &bob).await);
    server.cli(&["audit", "verify"], "").unwrap();
    server.new_user(&token, "srv", "bob").await;
    server.kill();
    // One that does not fit is kept aside.
    std::fs::write(&keys, "not a key file").unwrap();
    let said = server.cli(&forced, "").unwrap();
    let kept = said["key_file_kept"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "not a key file");
    server.restart();
    assert!(logs_in(&server, &ada).await);
}

async fn old_backups_go_and_nothing_else(kind: Kind) {
    let server = Server::start(kind).await;
    let folder = tempfile::tempdir().unwrap();
    let old =
        |day: u32, hour: u32| format!("doorstep-2026-01-{day:02}T{hour:02}-00-00.000Z.backup");
    for name in [&old(1, 1), &old(2, 1), &old(2, 2), &old(3, 1), &old(3, 2), "doorstep.db", "notes"]
    {
        std::fs::write(folder.path().join(name), "x").unwrap();
    }
    std::fs::write(folder.path().join(".doorstep-unfinished-1"), "x").unwrap();
    let file = back_up(&server, folder.path(), &["--plain", "--keep", "2", "--keep-days", "3"]);
    let mut names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != ".doorstep.lock")
        .collect();
    names.sort();
    let new = file.file_name().unwrap().to_str().unwrap().to_owned();
    let mut expected = vec![old(2, 2), old(3, 2), new, "doorstep.db".into(), "notes".into()];
    expected.sort();
    assert_eq!(names, expected);
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

on_both!(
    a_backup_under_load_holds_every_sign_up_that_was_answered_before,
    a_backup_in_clear_has_no_key_and_needs_the_right_one,
    a_live_installation_is_not_overwritten,
    old_backups_go_and_nothing_else,
);

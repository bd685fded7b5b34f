//! The key file: rotated under a running server, without losing anything.

use std::{
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use doorstep_tests::{Kind, Server, on_both, person, program, run_cli, send};
use reqwest::Method;
use serde_json::Value;

async fn with_token(kind: Kind) -> (Server, String) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    (server, token)
}

/// The versions of a ring, with what `keys list` says of each.
fn versions(server: &Server, ring: &str) -> Vec<Value> {
    let listed = server.cli(&["keys", "list"], "").unwrap();
    let rings = listed["rings"].as_array().unwrap().clone();
    let found = rings.into_iter().find(|it| it["ring"] == ring).unwrap();
    found["versions"].as_array().unwrap().clone()
}

async fn works(server: &Server, (name, password): &(String, String)) -> bool {
    let own = server.request(Method::GET, "/api/users").basic_auth(name, Some(password));
    send(own).await.status == 200
}

/// Until the server works with the new keys.
async fn followed(server: &Server, times: usize) {
    for _ in 0..600 {
        if server.log().matches("the key file was read again").count() >= times {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the server does not follow:\n{}", server.log());
}

async fn what_is_new_uses_the_new_version_and_what_is_old_still_works(kind: Kind) {
    let (server, token) = with_token(kind).await;
    let old = server.new_user(&token, "srv", "old").await;
    let rotated = server.cli(&["keys", "rotate"], "").unwrap();
    for ring in rotated["rings"].as_array().unwrap() {
        assert_eq!(ring["version"], 2, "{ring}");
    }
    let file = std::fs::read_to_string(server.folder().join("keys")).unwrap();
    let keys: Vec<_> = file.split('"').skip(1).step_by(2).collect();
    assert_eq!(keys.len(), 8);
    let said = format!("{rotated} {}", server.cli(&["keys", "list"], "").unwrap());
    assert!(!keys.iter().any(|key| said.contains(key)), "keys are never shown");
    server.signal("HUP");
    followed(&server, 1).await;
    let new = server.new_user(&token, "srv", "new").await;
    for (version, sql) in [
        (1, "SELECT COUNT(*) FROM credentials WHERE secret LIKE 'v1:%'"),
        (2, "SELECT COUNT(*) FROM credentials WHERE secret LIKE 'v2:%'"),
    ] {
        assert_eq!(server.database.count(sql).await, 1, "version {version}");
    }
    assert!(works(&server, &old).await && works(&server, &new).await);
    // A client's secret and a credential on version 1, a credential on version 2.
    let pepper = versions(&server, "pepper");
    let dependents: Vec<_> = pepper.iter().map(|it| it["dependents"].as_i64().unwrap()).collect();
    assert_eq!(dependents, [2, 1]);
    assert_eq!((&pepper[0]["current"], &pepper[1]["current"]), (&false.into(), &true.into()));
    assert!(pepper[1]["created_at"].as_str().unwrap().starts_with("20"));
    server.cli(&["audit", "verify"], "").unwrap();
}

/// Another process used a version that this server has not read yet.
async fn a_version_that_is_not_known_yet_is_looked_up(kind: Kind) {
    let (server, _) = with_token(kind).await;
    server.cli(&["keys", "rotate", "--ring", "pepper"], "").unwrap();
    let made = server
        .cli(
            &["admin", "create", "--email", "root@host.example", "--password-stdin"],
            "correct horse battery\n",
        )
        .unwrap();
    let text = |name: &str| made["api"][name].as_str().unwrap().to_owned();
    assert!(works(&server, &(text("username"), text("password"))).await);
    let client = server.client("register", &[], &[]);
    server.token(&client, "register").await;
}

async fn a_sealed_answer_opens_after_a_rotation(kind: Kind) {
    let (server, token) = with_token(kind).await;
    let ask = async || {
        let request = server
            .request(Method::POST, "/api/users")
            .bearer_auth(&token)
            .header("idempotency-key", "0190f3a8-5c1e-7d7b-9d58-6f0c3a3f9a11")
            .json(&person("srv", "bob"));
        send(request).await
    };
    let first = ask().await;
    assert_eq!(first.status, 201);
    server.cli(&["keys", "rotate", "--ring", "seal"], "").unwrap();
    server.signal("HUP");
    followed(&server, 1).await;
    let again = ask().await;
    assert_eq!((again.status.as_u16(), again.text), (201, first.text));
    assert_eq!(again.headers["idempotent-replayed"], "true");
}

async fn nothing_fails_while_keys_are_rotated(kind: Kind) {
    let (server, token) = with_token(kind).await;
    let (server, token) = (Arc::new(server), Arc::new(token));
    let stop = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let (server, token, stop) = (server.clone(), token.clone(), stop.clone());
            tokio::spawn(async move {
                let mut users = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let name = format!("u{worker}-{}", users.len());
                    users.push(server.new_user(&token, "srv", &name).await);
                    assert!(works(&server, &users[users.len() / 2]).await);
                }
                users
            })
        })
        .collect();
    for times in 1..=3 {
        server.cli(&["keys", "rotate"], "").unwrap();
        server.signal("HUP");
        followed(&server, times).await;
    }
    stop.store(true, Ordering::Relaxed);
    for worker in workers {
        for user in worker.await.unwrap() {
            assert!(works(&server, &user).await);
        }
    }
    assert_eq!(versions(&server, "pepper").len(), 4);
    server.cli(&["audit", "verify"], "").unwrap();
}

async fn an_older_copy_of_the_file_is_refused(kind: Kind) {
    let (mut server, token) = with_token(kind).await;
    let keys = server.folder().join("keys");
    let older = std::fs::read(&keys).unwrap();
    server.cli(&["keys", "rotate", "--ring", "seal"], "").unwrap();
    let newer = std::fs::read(&keys).unwrap();
    server.signal("HUP");
    followed(&server, 1).await;
    std::fs::write(&keys, older).unwrap();
    let error = server.cli(&["client", "list"], "").unwrap_err();
    assert!(error.contains("old one") && error.contains("version 2 of the seal key"), "{error}");
    // A server that runs keeps what it has.
    server.signal("HUP");
    let user = server.new_user(&token, "srv", "bob").await;
    server.kill();
    std::fs::write(&keys, newer).unwrap();
    server.restart();
    assert!(works(&server, &user).await);
}

async fn a_version_goes_when_nothing_needs_it(kind: Kind) {
    let (mut server, token) = with_token(kind).await;
    let user = server.new_user(&token, "srv", "bob").await;
    let retire =
        |ring: &str, version: &str| server.cli(&["keys", "retire", "--ring", ring, version], "");
    assert!(retire("seal", "1").unwrap_err().contains("what new secrets use"));
    assert!(retire("seal", "7").unwrap_err().contains("no version 7"));
    server.cli(&["keys", "rotate"], "").unwrap();
    assert!(retire("seal", "1").unwrap_err().contains("a moment ago"));
    server.database.execute("UPDATE key_versions SET created_at = 0").await;
    assert!(retire("pepper", "1").unwrap_err().contains("is used by 2"));
    assert!(retire("audit", "1").unwrap_err().contains("is used by"));
    retire("seal", "1").unwrap();
    retire("webhook", "1").unwrap();
    let left: Vec<_> = versions(&server, "seal").iter().map(|it| it["version"].clone()).collect();
    assert_eq!(left, [2]);
    server.kill();
    server.restart();
    assert!(works(&server, &user).await);
}

#[test]
fn rotations_at_once_and_killed_ones_lose_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| run_cli(&program(), &[], folder.path(), arguments, "").unwrap();
    run(&["keys", "list"]);
    let rotate = || {
        Command::new(program())
            .args(["keys", "rotate", "--ring", "seal", "--json"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let at_once: Vec<_> = (0..8).map(|_| rotate()).collect();
    for child in at_once {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    let seal = |listed: &Value| listed["rings"][1]["versions"].as_array().unwrap().len();
    let mut before = seal(&run(&["keys", "list"]));
    assert_eq!(before, 9);
    // Killed a little later each time: before, while and after the file is replaced.
    for round in 0..12 {
        let mut child = rotate();
        std::thread::sleep(std::time::Duration::from_millis(round * 4));
        child.kill().unwrap();
        child.wait().unwrap();
        let now = seal(&run(&["keys", "list"]));
        assert!(now == before || now == before + 1, "{before} versions, then {now}");
        before = now;
    }
    let file = folder.path().join("doorstep.keys");
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

on_both!(
    what_is_new_uses_the_new_version_and_what_is_old_still_works,
    a_version_that_is_not_known_yet_is_looked_up,
    a_sealed_answer_opens_after_a_rotation,
    nothing_fails_while_keys_are_rotated,
    an_older_copy_of_the_file_is_refused,
    a_version_goes_when_nothing_needs_it,
);

//! Mails that do not arrive, or not at once: mail servers that are down, busy, strict or
//! silent, workers that are killed, people who are gone.

use doorstep_tests::{Kind, MailServer, Server, on_both, person};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    admin_users::{USERS, admin, call},
    confirmation::{mailing, open, press, shown, until, user},
};

/// Waits until a query counts that many.
async fn counted(server: &Server, sql: &'static str, count: i64) {
    for _ in 0..3_000 {
        if server.database.count(sql).await >= count {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{sql} never is {count}:\n{}", server.log());
}

async fn a_mail_server_that_is_down_gets_the_mail_when_it_is_up(kind: Kind) {
    let mails = MailServer::start();
    let server = mailing(kind, &mails, &[]).await;
    let (_, root) = admin(&server, "root@host.example");
    let stopped = mails.stop();
    let id = user(&server, &root, "ada@mail.example").await;
    counted(&server, "SELECT COUNT(*) FROM jobs WHERE attempts > 2 AND reason IS NOT NULL", 1)
        .await;
    let waiting = shown(&server, &root, id).await;
    assert_eq!(waiting["email_confirmation"]["status"], "waiting");
    let reason = waiting["email_confirmation"]["reason"].as_str().unwrap();
    assert!(reason.contains("127.0.0.1:") && reason.contains("refused"), "{reason}");
    let mails = stopped.start();
    let mail = mails.wait_for(1).await.remove(0);
    let sent = until(&server, &root, id, "sent").await;
    assert_eq!(sent["email_confirmation"]["reason"], Value::Null);
    assert_eq!(press(&server, &mail).await.status, 200);
    assert!(shown(&server, &root, id).await["confirmed_at"].is_string());
    assert_eq!(mails.mails().len(), 1);
}

async fn each_try_has_a_link_of_its_own_and_the_last_one_works(kind: Kind) {
    let mails = MailServer::start();
    let server = mailing(kind, &mails, &[]).await;
    let (_, root) = admin(&server, "root@host.example");
    // The first mail arrives, and the mail server says that it did not.
    let id = user(&server, &root, "twice@mail.example").await;
    let came = mails.wait_for(2).await;
    until(&server, &root, id, "sent").await;
    assert_ne!(came[0].code(), came[1].code());
    assert_ne!(came[0].header("Message-ID"), came[1].header("Message-ID"));
    for old in [open(&server, &came[0]).await, press(&server, &came[0]).await] {
        assert_eq!(old.status, 410);
    }
    assert_eq!(shown(&server, &root, id).await["confirmed_at"], Value::Null);
    assert_eq!(press(&server, &came[1]).await.status, 200);
    // Greylisting: the recipient is refused for a while.
    user(&server, &root, "later@mail.example").await;
    assert_eq!(press(&server, &mails.wait_for(3).await[2]).await.status, 200);
}

async fn a_refusal_for_good_ends_the_job_and_is_seen(kind: Kind) {
    let mails = MailServer::start();
    let server = mailing(kind, &mails, &[]).await;
    let (_, root) = admin(&server, "root@host.example");
    for (email, reason) in [
        ("refused@mail.example", "permanent error (550): 5.1.1 <…>: there is no such person here"),
        ("spam@mail.example", "permanent error (554): 5.7.1 we do not like … for …"),
    ] {
        let id = user(&server, &root, email).await;
        let failed = until(&server, &root, id, "failed").await;
        assert_eq!(failed["email_confirmation"]["reason"], reason);
        assert_eq!(failed["email_confirmation"]["sent_at"], Value::Null);
        let cli = server.cli(&["user", "show", &id.to_string()], "").unwrap();
        assert_eq!(cli["user"]["email_confirmation"], failed["email_confirmation"]);
        let export = server.cli(&["user", "export", &id.to_string()], "").unwrap();
        let part = &export["data"]["confirmations"][0];
        assert_eq!((&part["state"], &part["reason"]), (&json!("failed"), &json!(reason)));
    }
    let buried = "SELECT COUNT(*) FROM jobs WHERE died_at IS NOT NULL AND attempts = 1";
    assert_eq!(server.database.count(buried).await, 2);
    // The mail server may have kept what it refused: its link is worth nothing.
    assert_eq!(press(&server, &mails.mails()[0]).await.status, 410);
    assert!(!server.log().contains("refused@mail.example"), "an address stands in the log");
}

async fn what_is_the_operators_to_mend_is_tried_again(kind: Kind) {
    for (options, expected) in [
        (json!({ "refuse_sender": true }), "you may not send as this address"),
        (json!({ "user": "doorstep", "password": "another-password" }), "(535)"),
    ] {
        let mails = MailServer::start_with(options.clone());
        let wrong = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(wrong.path(), "a-wrong-password").unwrap();
        let path = wrong.path().display().to_string();
        let more = [("DOORSTEP_MAIL__PASSWORD_FILE", path.as_str())];
        let has_login = options["user"].is_string();
        let server = mailing(kind, &mails, if has_login { &more } else { &[] }).await;
        let (_, root) = admin(&server, "root@host.example");
        let id = user(&server, &root, "ada@mail.example").await;
        counted(&server, "SELECT COUNT(*) FROM jobs WHERE attempts > 2", 1).await;
        let waiting = shown(&server, &root, id).await;
        assert_eq!(waiting["email_confirmation"]["status"], "waiting");
        let reason = waiting["email_confirmation"]["reason"].as_str().unwrap();
        assert!(reason.contains(expected), "{reason}");
        assert!(mails.mails().is_empty());
    }
}

async fn a_silent_mail_server_holds_nobody_up(kind: Kind) {
    // It accepts connections, and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port().to_string();
    let settings = [
        ("DOORSTEP_MAIL__HOST", "127.0.0.1"),
        ("DOORSTEP_MAIL__PORT", port.as_str()),
        ("DOORSTEP_MAIL__TLS", "none"),
        ("DOORSTEP_MAIL__FROM", "noreply@cloud.example"),
        ("DOORSTEP_MAIL__TIMEOUT_SECONDS", "1"),
        ("DOORSTEP_JOBS__FIRST_PAUSE_MILLIS", "20"),
    ];
    let server = Server::start_with(kind, &settings).await;
    let (_, root) = admin(&server, "root@host.example");
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let mut last = 0;
    for at in 0..40 {
        let mut ada = person("srv.example", &format!("ada{at}"));
        ada["user"]["email"] = format!("ada{at}@mail.example").into();
        let made = server.sign_up(&token, &ada).await;
        assert_eq!(made.status, 201, "{}", made.text);
        last = made.json()["user"]["id"].as_i64().unwrap();
    }
    counted(&server, "SELECT COUNT(*) FROM jobs WHERE reason = 'no answer within 1 seconds' OR reason LIKE '%no answer within 1 seconds'", 1).await;
    assert_eq!(shown(&server, &root, last).await["email_confirmation"]["status"], "waiting");
}

async fn workers_that_are_killed_leave_one_link_that_works(kind: Kind) {
    let mails = MailServer::start();
    let quick = [
        ("DOORSTEP_JOBS__IN_SERVE", "false"),
        ("DOORSTEP_JOBS__LEASE_MILLIS", "300"),
        ("DOORSTEP_JOBS__POLL_MILLIS", "20"),
    ];
    let mut server = mailing(kind, &mails, &quick).await;
    let (_, root) = admin(&server, "root@host.example");
    let mut ids = Vec::new();
    for place in ["leased", "coded", "mailed"] {
        ids.push(user(&server, &root, &format!("{place}@mail.example")).await);
        if place == "leased" {
            // The server that took the sign-up dies before anybody has seen the job.
            server.kill();
            server.restart();
        }
        let mut worker = server.worker(&[("DOORSTEP_TEST_KILL_AT", &format!("{place}:1"))]);
        let mut patience = 3_000;
        while !worker.has_ended() {
            patience -= 1;
            assert!(patience > 0, "no worker comes to {place}:\n{}", server.log());
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
    let _worker = server.worker(&[]);
    for id in ids {
        let sent = until(&server, &root, id, "sent").await;
        let email = sent["email"].as_str().unwrap();
        let mut own = mails.mails();
        own.retain(|mail| mail.to == [email]);
        let newest = own.pop().unwrap();
        assert_eq!(press(&server, &newest).await.status, 200, "{email}");
        assert!(shown(&server, &root, id).await["confirmed_at"].is_string(), "{email}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM jobs").await, 0);
}

async fn whoever_is_erased_gets_no_mail_and_no_link_of_theirs_works(kind: Kind) {
    let mails = MailServer::start();
    let server = mailing(kind, &mails, &[]).await;
    let (_, root) = admin(&server, "root@host.example");
    let read = user(&server, &root, "read@mail.example").await;
    let mail = mails.wait_for(1).await.remove(0);
    until(&server, &root, read, "sent").await;
    let stopped = mails.stop();
    let unread = user(&server, &root, "unread@mail.example").await;
    for id in [read, unread] {
        let erased =
            call(&server, &root, Method::DELETE, &format!("{USERS}/{id}"), Value::Null).await;
        assert_eq!(erased.status, 204);
    }
    for sql in ["SELECT COUNT(*) FROM confirmations", "SELECT COUNT(*) FROM jobs"] {
        assert_eq!(server.database.count(sql).await, 0, "{sql}");
    }
    let mails = stopped.start();
    // Whoever comes after them gets theirs, and nobody else does.
    let id = user(&server, &root, "next@mail.example").await;
    until(&server, &root, id, "sent").await;
    let came = mails.wait_for(2).await;
    assert_eq!((came.len(), &*came[1].to), (2, &["next@mail.example".to_owned()][..]));
    assert_eq!(press(&server, &mail).await.status, 410);
}

async fn the_connection_is_encrypted_and_says_who_we_are(kind: Kind) {
    for tls in ["implicit", "starttls"] {
        let options = json!({ "tls": tls, "user": "doorstep", "password": "open-sesame-mail" });
        let mails = MailServer::start_with(options.clone());
        let server = mailing(kind, &mails, &[]).await;
        let (_, root) = admin(&server, "root@host.example");
        let id = user(&server, &root, "ada@mail.example").await;
        until(&server, &root, id, "sent").await;
        let mail = mails.wait_for(1).await.remove(0);
        assert!(mail.encrypted);
        assert_eq!(mail.hello, "[127.0.0.1]");
        // Somebody else's authority vouches for nothing.
        let others = MailServer::start_with(json!({ "tls": tls }));
        let path = others.file("ca.pem");
        let strange = mailing(kind, &mails, &[("DOORSTEP_MAIL__CA_FILE", &path)]).await;
        let (_, root) = admin(&strange, "root@host.example");
        let id = user(&strange, &root, "ada@mail.example").await;
        counted(&strange, "SELECT COUNT(*) FROM jobs WHERE attempts > 1", 1).await;
        let shown = shown(&strange, &root, id).await;
        let reason = shown["email_confirmation"]["reason"].as_str().unwrap();
        assert!(reason.contains("certificate"), "{reason}");
        assert_eq!(mails.mails().len(), 1);
    }
}

on_both!(
    a_mail_server_that_is_down_gets_the_mail_when_it_is_up,
    each_try_has_a_link_of_its_own_and_the_last_one_works,
    a_refusal_for_good_ends_the_job_and_is_seen,
    what_is_the_operators_to_mend_is_tried_again,
    a_silent_mail_server_holds_nobody_up,
    workers_that_are_killed_leave_one_link_that_works,
    whoever_is_erased_gets_no_mail_and_no_link_of_theirs_works,
    the_connection_is_encrypted_and_says_who_we_are,
);

//! Addresses that change, mails that are asked for again, and what a stranger tries.

use doorstep_tests::{Answer, Kind, MailServer, Server, on_both, person, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    admin_users::{Login, USERS, admin, call},
    confirmation::{assert_page, mailing, open, press, shown, until, user},
    limits::assert_refused,
};

const OWN: &str = "/api/users/confirmation";

/// Somebody who signed up with an address; the number and the login.
async fn signed_up(server: &Server, name: &str, email: Option<&str>) -> (i64, Login) {
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let mut body = person("srv.example", name);
    if let Some(email) = email {
        body["user"]["email"] = email.into();
    }
    let made = server.sign_up(&token, &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let user = &made.json()["user"];
    let text = |name: &str| user["api"][name].as_str().unwrap().to_owned();
    (user["id"].as_i64().unwrap(), (text("username"), text("password")))
}

async fn ask(server: &Server, who: &Login) -> Answer {
    call(server, who, Method::POST, OWN, Value::Null).await
}

async fn another_address_is_asked_about_anew(kind: Kind) {
    let mails = MailServer::start();
    let server = mailing(kind, &mails, &[]).await;
    let (_, root) = admin(&server, "root@host.example");
    let (id, own) = signed_up(&server, "ada", Some("one@mail.example")).await;
    let first = mails.wait_for(1).await.remove(0);
    let change = |email: &str| json!({ "user": { "email": email } });
    // Before it was confirmed, by the person.
    let by_herself = call(&server, &own, Method::PATCH, "/api/users", change("two@mail.example"));
    assert_eq!(by_herself.await.status, 200);
    let second = mails.wait_for(2).await.remove(1);
    assert_eq!(second.to, ["two@mail.example"]);
    assert_eq!(press(&server, &first).await.status, 410);
    assert_eq!(press(&server, &second).await.status, 200);
    assert!(shown(&server, &root, id).await["confirmed_at"].is_string());
    // Another spelling of the same address changes nothing.
    let spelled = call(&server, &own, Method::PATCH, "/api/users", change("Two@mail.example"));
    assert_eq!(spelled.await.status, 200);
    assert!(shown(&server, &root, id).await["confirmed_at"].is_string());
    // After it was, by an administrator.
    let path = format!("{USERS}/{id}");
    let changed = call(&server, &root, Method::PUT, &path, change("three@mail.example")).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.json()["user"]["confirmed_at"], Value::Null);
    assert_eq!(changed.json()["user"]["email_confirmation"]["status"], "waiting");
    let third = mails.wait_for(3).await.remove(2);
    assert_eq!(third.to, ["three@mail.example"]);
    for old in [&first, &second] {
        assert_eq!(open(&server, old).await.status, 410);
        assert_eq!(press(&server, old).await.status, 410);
    }
    assert_eq!(shown(&server, &root, id).await["confirmed_at"], Value::Null);
    // An administrator vouches for it: the mail that is out says so too.
    let vouched = json!({ "user": { "skip_email_confirm": true } });
    let vouched = call(&server, &root, Method::PUT, &path, vouched).await;
    assert!(vouched.json()["user"]["confirmed_at"].is_string(), "{}", vouched.text);
    assert_eq!(vouched.json()["user"]["email_confirmation"]["status"], "confirmed");
    assert!(press(&server, &third).await.text.contains("Your address is confirmed"));
    // Back to the first one, and vouched for in the same breath: nothing is sent.
    let body = json!({ "user": { "email": "one@mail.example", "skip_email_confirm": true } });
    let back = call(&server, &root, Method::PUT, &path, body).await;
    assert!(back.json()["user"]["confirmed_at"].is_string());
    assert_eq!(press(&server, &first).await.status, 410);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM jobs").await, 0);
    assert_eq!(mails.mails().len(), 3);
}

async fn a_mail_can_be_asked_for_again(kind: Kind) {
    let mails = MailServer::start();
    let server = mailing(kind, &mails, &[]).await;
    let (_, root) = admin(&server, "root@host.example");
    let (id, own) = signed_up(&server, "ada", Some("ada@mail.example")).await;
    until(&server, &root, id, "sent").await;
    let again = ask(&server, &own).await;
    assert_eq!(again.status, 202, "{}", again.text);
    assert_eq!(again.json(), json!({ "email_confirmation": { "status": "waiting" } }));
    let came = mails.wait_for(2).await;
    until(&server, &root, id, "sent").await;
    let path = format!("{USERS}/{id}/confirmation");
    assert_eq!(call(&server, &root, Method::POST, &path, Value::Null).await.status, 202);
    let newest = mails.wait_for(3).await.remove(2);
    until(&server, &root, id, "sent").await;
    for old in &came {
        assert_eq!(press(&server, old).await.status, 410);
    }
    assert_eq!(press(&server, &newest).await.status, 200);
    // There is nothing more to ask.
    for asked in
        [ask(&server, &own).await, call(&server, &root, Method::POST, &path, Value::Null).await]
    {
        assert_eq!(asked.status, 200);
        assert_eq!(asked.json(), json!({ "email_confirmation": { "status": "confirmed" } }));
    }
    assert_eq!(mails.mails().len(), 3);
    let asked = "SELECT COUNT(*) FROM audit_log WHERE action = 'email.ask'";
    assert_eq!(server.database.count(asked).await, 2);

    let (made_up, own) = signed_up(&server, "bob", None).await;
    let path = format!("{USERS}/{made_up}/confirmation");
    for refused in
        [ask(&server, &own).await, call(&server, &root, Method::POST, &path, Value::Null).await]
    {
        assert_eq!(refused.refusal(), (409, "confirmation_unavailable".to_owned()));
        assert!(refused.text.contains("made up"), "{}", refused.text);
    }
    let nobody = format!("{USERS}/999999/confirmation");
    assert_eq!(call(&server, &root, Method::POST, &nobody, Value::Null).await.refusal().0, 404);
}

async fn what_was_sent_counts_until_the_next_mail_goes_out(kind: Kind) {
    let mails = MailServer::start();
    let server = mailing(kind, &mails, &[("DOORSTEP_JOBS__IN_SERVE", "false")]).await;
    let (_, root) = admin(&server, "root@host.example");
    let worker = server.worker(&[]);
    let (id, own) = signed_up(&server, "ada", Some("ada@mail.example")).await;
    until(&server, &root, id, "sent").await;
    drop(worker);
    assert_eq!(ask(&server, &own).await.status, 202);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM jobs").await, 1);
    assert_eq!(press(&server, &mails.mails()[0]).await.status, 200);
    assert!(shown(&server, &root, id).await["confirmed_at"].is_string());
    // Nothing is left to ask.
    assert_eq!(server.database.count("SELECT COUNT(*) FROM jobs").await, 0);
}

async fn nobody_makes_us_write_to_strangers_without_end(kind: Kind) {
    let mails = MailServer::start();
    let rates = [("DOORSTEP_LIMITS__SCALE", "1"), ("DOORSTEP_RATES__CONFIRMATION", "3/h burst 3")];
    let server = mailing(kind, &mails, &rates).await;
    let (_, root) = admin(&server, "root@host.example");
    let (id, own) = signed_up(&server, "ada", Some("ada@mail.example")).await;
    assert_eq!(ask(&server, &own).await.status, 202);
    assert_eq!(ask(&server, &own).await.status, 202);
    let change = |email: &str| json!({ "user": { "email": email } });
    let patch =
        async |email: &str| call(&server, &own, Method::PATCH, "/api/users", change(email)).await;
    assert_eq!(patch("eve@mail.example").await.status, 200);
    assert_refused(&patch("mallory@mail.example").await, "confirmation");
    assert_refused(&ask(&server, &own).await, "confirmation");
    assert_eq!(shown(&server, &root, id).await["email"], "eve@mail.example");
    // Other changes are none of it, and other people have their own share.
    let city = json!({ "user": { "city": "Rome" } });
    assert_eq!(call(&server, &own, Method::PATCH, "/api/users", city).await.status, 200);
    let (_, bob) = signed_up(&server, "bob", Some("bob@mail.example")).await;
    assert_eq!(ask(&server, &bob).await.status, 202);
    until(&server, &root, id, "sent").await;
    assert!(!mails.mails().iter().any(|mail| mail.to == ["mallory@mail.example"]));
}

async fn who_presses_too_often_is_told_so_on_a_page(kind: Kind) {
    let mails = MailServer::start();
    let rates = [("DOORSTEP_LIMITS__SCALE", "1"), ("DOORSTEP_RATES__ADDRESS", "3/h burst 3")];
    let server = mailing(kind, &mails, &rates).await;
    for _ in 0..3 {
        assert_eq!(server.get("/confirm?code=x").await.status, 410);
    }
    let limited = server.get("/confirm?code=x").await;
    assert_eq!(limited.status, 429);
    assert_page(&limited);
    assert!(limited.text.contains("Too many tries"), "{}", limited.text);
    assert!(limited.text.contains("minutes"), "{}", limited.text);
    assert!(limited.header("retry-after").parse::<u64>().unwrap() > 1);
}

async fn a_fault_of_ours_is_told_in_words_for_people(kind: Kind) {
    let mails = MailServer::start();
    let server = mailing(kind, &mails, &[]).await;
    let (_, root) = admin(&server, "root@host.example");
    user(&server, &root, "ada@mail.example").await;
    let mail = mails.wait_for(1).await.remove(0);
    server.database.execute("ALTER TABLE confirmations RENAME TO confirmations_gone").await;
    for broken in [open(&server, &mail).await, press(&server, &mail).await] {
        assert_eq!(broken.status, 500);
        assert_page(&broken);
        assert!(broken.text.contains("This did not work just now"), "{}", broken.text);
        // What finds the cause in the log.
        assert!(broken.text.contains(broken.header("x-request-id")), "{}", broken.text);
    }
    server.database.execute("ALTER TABLE confirmations_gone RENAME TO confirmations").await;
    assert_eq!(press(&server, &mail).await.status, 200);
}

async fn no_text_of_strangers_reaches_a_head_or_a_body(kind: Kind) {
    let mails = MailServer::start();
    let brand = "Zoë & <Söhne> \"Cloud\"";
    let more = [
        ("DOORSTEP_BRANDING__NAME", brand),
        ("DOORSTEP_BRANDING__COLOR", "#b4235a"),
        ("DOORSTEP_BRANDING__LOGO", "https://cdn.example/logo.png"),
    ];
    let server = mailing(kind, &mails, &more).await;
    let (_, root) = admin(&server, "root@host.example");
    let injection = "Ada\r\nBcc: victim@mail.example\r\n\r\nBuy at http://evil.example";
    let mut came = 0;
    for (name, email) in [
        (injection, "ada@mail.example"),
        ("Ada", "ada@mail.example\r\nBcc: victim@mail.example"),
        ("Ada", "ada@mail.example>\r\nRCPT TO:<victim@mail.example"),
        ("=?utf-8?q?=0D=0ABcc=3A_victim=40mail.example?=", "carol@mail.example"),
        ("Buy at http://evil.example", "dora@mail.example"),
        ("<b>Ada</b>", "o'hara+x@mail.example"),
    ] {
        let body = json!({ "user": { "fname": name, "lname": name, "email": email } });
        let made = call(&server, &root, Method::POST, USERS, body).await;
        if made.status == 201 {
            came += 1;
        } else {
            assert_eq!(made.refusal().0, 422, "{}", made.text);
        }
    }
    assert!(came >= 3);
    let all = mails.wait_for(came).await;
    for mail in &all {
        assert_eq!(mail.to.len(), 1, "{mail:?}");
        assert!(!mail.to[0].contains("victim"), "{mail:?}");
        let mut names: Vec<_> = mail.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let expected = [
            "Auto-Submitted",
            "Content-Type",
            "Date",
            "From",
            "MIME-Version",
            "Message-ID",
            "Subject",
            "To",
        ];
        assert_eq!(names, expected, "{}", mail.raw_headers);
        assert_eq!(mail.header("Subject"), format!("Confirm your address – {brand}"));
        assert!(mail.raw_headers.is_ascii());
        for text in [&mail.text, &mail.html, &mail.raw_headers] {
            for strange in ["victim", "evil", "Ada"] {
                assert!(!text.contains(strange), "{text}");
            }
        }
        assert!(mail.text.contains(brand), "{}", mail.text);
        assert!(!mail.html.contains("<Söhne>"), "{}", mail.html);
        assert!(mail.html.contains("Zoë &#38; &#60;Söhne&#62;"), "{}", mail.html);
    }
    let page = open(&server, &all[0]).await;
    assert_page(&page);
    assert!(page.text.contains("Zoë &#38; &#60;Söhne&#62;"), "{}", page.text);
    assert!(page.text.contains("--brand: #b4235a; --on-brand: #ffffff;"), "{}", page.text);
    assert!(page.text.contains("<img src=\"https://cdn.example/logo.png\""), "{}", page.text);
    assert!(page.header("content-security-policy").contains("img-src https://cdn.example;"));
}

async fn addresses_in_other_scripts_are_written_to_as_mail_servers_know_them(kind: Kind) {
    let mails = MailServer::start_with(json!({ "smtputf8": false }));
    let server = mailing(kind, &mails, &[]).await;
    let (_, root) = admin(&server, "root@host.example");
    let id = user(&server, &root, "ada@bücher.example").await;
    let mail = mails.wait_for(1).await.remove(0);
    assert_eq!(mail.to, ["ada@xn--bcher-kva.example"]);
    until(&server, &root, id, "sent").await;
    assert_eq!(press(&server, &mail).await.status, 200);
    // This one would need a mail server that knows RFC 6531.
    let id = user(&server, &root, "zoë@mail.example").await;
    let failed = until(&server, &root, id, "failed").await;
    let reason = failed["email_confirmation"]["reason"].as_str().unwrap();
    assert!(reason.contains("SMTPUTF8"), "{reason}");
    assert_eq!(mails.mails().len(), 1);
}

async fn the_settings_are_looked_at_and_a_change_takes_a_restart(kind: Kind) {
    let mails =
        MailServer::start_with(json!({ "user": "doorstep", "password": "open-sesame-mail" }));
    let server = mailing(kind, &mails, &[]).await;
    let check = |output: std::process::Output| {
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let checks = report["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["check"] == "mail").unwrap()
    };
    let found = check(server.cli_output(&["doctor"], ""));
    assert_eq!(found["status"], "ok", "{found}");
    assert!(found["found"].as_str().unwrap().ends_with("answers and takes our login"), "{found}");
    assert!(mails.mails().is_empty());
    std::fs::write(mails.file("password"), "a-wrong-password").unwrap();
    let found = check(server.cli_output(&["doctor"], ""));
    assert_eq!(found["status"], "fail", "{found}");
    assert!(found["found"].as_str().unwrap().contains("(535)"), "{found}");
    // The password file was read again.
    server.signal("HUP");
    let mut patience = 600;
    while !server.log().contains("these are used after a restart only") {
        patience -= 1;
        assert!(patience > 0, "{}", server.log());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let log = server.log();
    let told = log.lines().find(|line| line.contains("after a restart only")).unwrap();
    assert!(told.contains("\"settings\":\"mail\""), "{told}");
    let (_, root) = admin(&server, "root@host.example");
    let id = user(&server, &root, "ada@mail.example").await;
    until(&server, &root, id, "sent").await;
    let stopped = mails.stop();
    let found = check(server.cli_output(&["doctor"], ""));
    assert_eq!(found["status"], "fail", "{found}");
    drop(stopped);
    assert_eq!(send(server.request(Method::GET, "/docs/errors")).await.status, 200);
}

on_both!(
    another_address_is_asked_about_anew,
    a_mail_can_be_asked_for_again,
    what_was_sent_counts_until_the_next_mail_goes_out,
    nobody_makes_us_write_to_strangers_without_end,
    who_presses_too_often_is_told_so_on_a_page,
    a_fault_of_ours_is_told_in_words_for_people,
    no_text_of_strangers_reaches_a_head_or_a_body,
    addresses_in_other_scripts_are_written_to_as_mail_servers_know_them,
    the_settings_are_looked_at_and_a_change_takes_a_restart,
);

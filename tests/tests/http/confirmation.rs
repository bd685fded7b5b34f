//! Addresses that are confirmed by mail: from the administrator's request over a real
//! mail server to the button on the page.

use doorstep_tests::{Answer, Kind, Mail, MailServer, Server, on_both, person, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::admin_users::{Login, USERS, admin, call};

/// A server that sends its mails there.
pub(crate) async fn mailing(kind: Kind, mail: &MailServer, more: &[(&str, &str)]) -> Server {
    let own = mail.settings();
    let mut settings: Vec<(&str, &str)> =
        own.iter().map(|(name, value)| (*name, value.as_str())).collect();
    // What failed is tried again soon.
    settings.push(("DOORSTEP_JOBS__FIRST_PAUSE_MILLIS", "20"));
    settings.push(("DOORSTEP_JOBS__MOST_PAUSE_MILLIS", "100"));
    settings.extend(more);
    Server::start_with(kind, &settings).await
}

/// Makes a user with an address, who is asked about it.
pub(crate) async fn user(server: &Server, root: &Login, email: &str) -> i64 {
    let body = json!({ "user": { "fname": "Ada", "lname": "Lovelace", "email": email } });
    let made = call(server, root, Method::POST, USERS, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let user = &made.json()["user"];
    assert_eq!(user["confirmed_at"], Value::Null);
    let waiting = json!({ "status": "waiting", "sent_at": null, "reason": null });
    assert_eq!(user["email_confirmation"], waiting);
    user["id"].as_i64().unwrap()
}

/// What an administrator sees of a user.
pub(crate) async fn shown(server: &Server, root: &Login, id: i64) -> Value {
    let found = call(server, root, Method::GET, &format!("{USERS}/{id}"), Value::Null).await;
    assert_eq!(found.status, 200, "{}", found.text);
    found.json()["user"].clone()
}

/// Waits until a user's confirmation is in a state; what an administrator then sees.
pub(crate) async fn until(server: &Server, root: &Login, id: i64, status: &str) -> Value {
    for _ in 0..3_000 {
        let user = shown(server, root, id).await;
        if user["email_confirmation"]["status"] == status {
            return user;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("it never is {status}:\n{}", server.log())
}

/// Opens the page of a link.
pub(crate) async fn open(server: &Server, mail: &Mail) -> Answer {
    let path = mail.link().strip_prefix(&server.url).expect("a link to the server");
    send(server.request(Method::GET, path)).await
}

/// Presses the button on it.
pub(crate) async fn press(server: &Server, mail: &Mail) -> Answer {
    send(server.request(Method::POST, "/confirm").form(&[("code", mail.code())])).await
}

/// What must hold for every page there, whatever it says.
pub(crate) fn assert_page(answer: &Answer) {
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{}", answer.text);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    let policy = answer.header("content-security-policy");
    for part in
        ["default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("script"), "{policy}");
    assert!(!answer.text.contains("<script"), "{}", answer.text);
}

async fn the_link_in_the_mail_confirms_the_address(kind: Kind) {
    let mails = MailServer::start();
    let server = mailing(kind, &mails, &[]).await;
    let (_, root) = admin(&server, "root@host.example");
    let id = user(&server, &root, "ada@mail.example").await;
    let mail = &mails.wait_for(1).await[0];
    assert_eq!(
        (mail.from.as_str(), &*mail.to),
        ("noreply@cloud.example", &["ada@mail.example".to_owned()][..])
    );
    assert_eq!(mail.header("From"), "Example Cloud <noreply@cloud.example>");
    assert_eq!(mail.header("To"), "ada@mail.example");
    assert_eq!(mail.header("Subject"), "Confirm your address – 127.0.0.1");
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert!(mail.header("Message-ID").ends_with("@cloud.example>"), "{:?}", mail.headers);
    assert!(mail.header("Date").len() > 20, "{:?}", mail.headers);
    assert_eq!(mail.kind, "multipart/alternative");
    assert!(mail.link().starts_with(&format!("{}/confirm?code=cfm_", server.url)));
    assert!(mail.html.contains(&format!("href=\"{}\"", mail.link())), "{}", mail.html);
    for part in [&mail.text, &mail.html] {
        assert!(part.contains("for 24 hours, and once"), "{part}");
        assert!(!part.contains("Ada") && !part.contains("Lovelace"), "{part}");
    }

    // Programs follow links, also many times.
    for method in [Method::GET, Method::HEAD, Method::GET] {
        let path = mail.link().strip_prefix(&server.url).unwrap();
        let looked = send(server.request(method.clone(), path)).await;
        assert_eq!(looked.status, 200);
        assert_page(&looked);
        if method == Method::GET {
            assert!(looked.text.contains("<form method=\"post\" action=\"confirm\">"));
            assert!(looked.text.contains(mail.code()));
        }
    }
    let waiting = until(&server, &root, id, "sent").await;
    assert_eq!(waiting["confirmed_at"], Value::Null);
    assert!(waiting["email_confirmation"]["sent_at"].is_string());

    let pressed = press(&server, mail).await;
    assert_eq!(pressed.status, 200, "{}", pressed.text);
    assert_page(&pressed);
    assert!(pressed.text.contains("Your address is confirmed"), "{}", pressed.text);
    let confirmed = shown(&server, &root, id).await;
    assert!(confirmed["confirmed_at"].is_string());
    assert_eq!(confirmed["email_confirmation"]["status"], "confirmed");
    // Who presses twice, or opens the mail again, is told so again.
    for answer in [press(&server, mail).await, open(&server, mail).await] {
        assert_eq!(answer.status, 200);
        assert!(answer.text.contains("Your address is confirmed"));
        assert!(!answer.text.contains("<form"));
    }
    assert_eq!(shown(&server, &root, id).await, confirmed);
    let count = async |sql| server.database.count(sql).await;
    assert_eq!(count("SELECT COUNT(*) FROM events WHERE kind = 'user.updated'").await, 1);
    assert_eq!(count("SELECT COUNT(*) FROM audit_log WHERE action = 'email.confirmed'").await, 1);
    assert_eq!(count("SELECT COUNT(*) FROM jobs").await, 0);
    assert_eq!(mails.mails().len(), 1);
}

async fn of_fifty_presses_at_once_one_confirms(kind: Kind) {
    let mails = MailServer::start();
    let server = mailing(kind, &mails, &[]).await;
    let (_, root) = admin(&server, "root@host.example");
    let id = user(&server, &root, "ada@mail.example").await;
    let mail = mails.wait_for(1).await.remove(0);
    let press_it = || server.request(Method::POST, "/confirm").form(&[("code", mail.code())]);
    let buttons: Vec<_> = (0..50).map(|_| tokio::spawn(send(press_it()))).collect();
    for button in buttons {
        let pressed = button.await.unwrap();
        assert_eq!(pressed.status, 200, "{}", pressed.text);
        assert!(pressed.text.contains("Your address is confirmed"));
    }
    assert!(shown(&server, &root, id).await["confirmed_at"].is_string());
    let count = async |sql| server.database.count(sql).await;
    assert_eq!(count("SELECT COUNT(*) FROM events WHERE kind = 'user.updated'").await, 1);
    assert_eq!(count("SELECT COUNT(*) FROM audit_log WHERE action = 'email.confirmed'").await, 1);
}

async fn links_that_are_none_or_too_old_confirm_nothing(kind: Kind) {
    let mails = MailServer::start();
    let server = mailing(kind, &mails, &[("DOORSTEP_MAIL__CONFIRM_SECONDS", "7200")]).await;
    let (_, root) = admin(&server, "root@host.example");
    let id = user(&server, &root, "ada@mail.example").await;
    let mail = mails.wait_for(1).await.remove(0);
    assert!(mail.text.contains("for 2 hours, and once"), "{}", mail.text);
    let life = "SELECT expires_at - requested_at FROM confirmations";
    assert!((7_200_000..7_300_000).contains(&server.database.count(life).await));
    server.database.execute("UPDATE confirmations SET expires_at = 1").await;
    for answer in [open(&server, &mail).await, press(&server, &mail).await] {
        assert_eq!(answer.status, 410);
        assert_page(&answer);
        assert!(answer.text.contains("This link no longer works"), "{}", answer.text);
    }
    let (head, last) = mail.code().split_at(mail.code().len() - 1);
    let wrong = format!("{head}{}", if last == "x" { "y" } else { "x" });
    for code in ["", "x", &wrong, "<script>alert(1)</script>", "cfm_"] {
        let answer = send(server.request(Method::POST, "/confirm").form(&[("code", code)])).await;
        assert_eq!(answer.status, 410, "{code}");
        assert_page(&answer);
    }
    assert_eq!(server.get("/confirm").await.status, 410);
    let as_json = server.request(Method::POST, "/confirm").json(&json!({ "code": mail.code() }));
    let as_json = send(as_json).await;
    assert_eq!(as_json.status, 415);
    assert_page(&as_json);
    let put = send(server.request(Method::PUT, "/confirm")).await;
    assert_eq!((put.status.as_u16(), put.header("allow")), (405, "GET, POST"));
    assert_page(&put);
    assert_eq!(shown(&server, &root, id).await["confirmed_at"], Value::Null);
}

async fn nobody_is_asked_about_an_address_that_nobody_reads(kind: Kind) {
    let mails = MailServer::start();
    let server = mailing(kind, &mails, &[]).await;
    let (_, root) = admin(&server, "root@host.example");
    let body = json!({ "user": {
        "fname": "Ada", "lname": "Lovelace", "email": "ada@mail.example", "skip_email_confirm": true,
    } });
    let made = call(&server, &root, Method::POST, USERS, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert!(made.json()["user"]["confirmed_at"].is_string());
    assert_eq!(made.json()["user"]["email_confirmation"], Value::Null);
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    // One names no address, the other one that somebody has: both get a made-up one.
    server.new_user(&token, "srv.example", "bob").await;
    let mut carol = person("srv.example", "carol");
    carol["user"]["email"] = "ada@mail.example".into();
    assert_eq!(server.sign_up(&token, &carol).await.status, 201);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM jobs").await, 0);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM confirmations").await, 0);
    // Who signs up with an address of their own is asked.
    let mut dora = person("srv.example", "dora");
    dora["user"]["email"] = "dora@mail.example".into();
    assert_eq!(server.sign_up(&token, &dora).await.status, 201);
    let mail = mails.wait_for(1).await.remove(0);
    assert_eq!(mail.to, ["dora@mail.example"]);
    assert_eq!(press(&server, &mail).await.status, 200);
    let confirmed = "SELECT COUNT(*) FROM users WHERE confirmed_at IS NOT NULL";
    assert_eq!(server.database.count(confirmed).await, 2);
    assert_eq!(mails.mails().len(), 1);
}

async fn without_a_mail_server_nothing_is_asked(kind: Kind) {
    let server = Server::start(kind).await;
    let (_, root) = admin(&server, "root@host.example");
    let body = json!({ "user": { "fname": "A", "lname": "B", "email": "ada@mail.example" } });
    let made = call(&server, &root, Method::POST, USERS, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["user"]["confirmed_at"], Value::Null);
    assert_eq!(made.json()["user"]["email_confirmation"], Value::Null);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM jobs").await, 0);
    let id = made.json()["user"]["id"].as_i64().unwrap();
    let again = format!("{USERS}/{id}/confirmation");
    let refused = call(&server, &root, Method::POST, &again, Value::Null).await;
    assert_eq!(refused.refusal(), (409, "confirmation_unavailable".to_owned()));
}

on_both!(
    the_link_in_the_mail_confirms_the_address,
    of_fifty_presses_at_once_one_confirms,
    links_that_are_none_or_too_old_confirm_nothing,
    nobody_is_asked_about_an_address_that_nobody_reads,
    without_a_mail_server_nothing_is_asked,
);

//! What people are called, in every script: which names are one, which are refused,
//! and that text stays text (cases E).

use doorstep_tests::{Answer, Kind, Server, on_both, person, send};
use reqwest::Method;
use serde_json::{Value, json};

async fn server_and_token(kind: Kind, settings: &[(&str, &str)]) -> (Server, String) {
    let server = Server::start_with(kind, settings).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    (server, token)
}

/// The faults of a refusal, as (pointer, code).
fn faults(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.refusal(), (422, "validation_failed".to_owned()), "{}", answer.text);
    let body = answer.json();
    let faults = body["faults"].as_array().unwrap();
    let text = |fault: &Value, name: &str| fault[name].as_str().unwrap().to_owned();
    faults.iter().map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect()
}

/// One fault, of that field.
fn fault(field: &str, code: &str) -> Vec<(String, String)> {
    vec![(format!("/user/{field}"), code.to_owned())]
}

/// A sign-up of a new person with one answer more.
async fn with(server: &Server, token: &str, who: &str, field: &str, value: Value) -> Answer {
    let mut body = person("srv.example", who);
    body["user"][field] = value;
    server.sign_up(token, &body).await
}

/// T-078.
async fn a_username_is_plain_or_refused_by_name(kind: Kind) {
    let (server, token) = server_and_token(kind, &[]).await;
    let long = "a".repeat(65);
    for bad in [
        "a b",
        "a/b",
        "a\0b",
        "a\nb",
        "a\r\nX-Evil: 1",
        "a\u{202E}b",
        "a\u{200D}b",
        "a\u{1b}[31mb",
        &long,
        "-a",
        ".a",
        "\u{e4}",
        "иван",
    ] {
        let answer = server.sign_up(&token, &person("srv.example", bad)).await;
        let expected = fault("provider_username", "invalid_provider_username");
        assert_eq!(faults(&answer), expected, "{bad:?}");
    }
    // Nothing, in each of its forms, is not sent.
    for nothing in [json!(""), json!(" \t"), Value::Null] {
        let mut body = person("srv.example", "x");
        body["user"]["provider_username"] = nothing;
        let answer = server.sign_up(&token, &body).await;
        assert_eq!(answer.refusal(), (422, "missing_provider_settings".to_owned()), "{body}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 0);
    let longest = "a".repeat(64);
    assert_eq!(server.sign_up(&token, &person("srv.example", &longest)).await.status, 201);
}

/// T-080, with the rules around it: one name for one spelling, and for those that
/// look like it.
async fn usernames_of_other_scripts_are_opted_in(kind: Kind) {
    let on = [("DOORSTEP_ACCOUNTS__UNICODE_USERNAMES", "true")];
    let (server, token) = server_and_token(kind, &on).await;
    let sign_up = async |who: &str| server.sign_up(&token, &person("srv.example", who)).await;
    for who in ["bob", "Иван", "王小明", "müller"] {
        let answer = sign_up(who).await;
        assert_eq!(answer.status, 201, "{who}: {}", answer.text);
        let user = &answer.json()["user"];
        // As it was sent, and no address that mail servers would refuse.
        assert_eq!(user["labels"]["cpanel"]["srv.example"], who);
        assert!(user["email"].as_str().unwrap().is_ascii(), "{}", user["email"]);
    }
    for who in ["BOB", "ｂｏｂ", "иван", "ИВАН", "mu\u{308}ller", "MÜLLER"] {
        assert_eq!(sign_up(who).await.refusal(), (409, "already-registered".to_owned()), "{who}");
    }
    for (who, code) in [
        ("pаypal", "mixed_script"),
        ("bоb", "mixed_script"),
        ("ivanиван", "mixed_script"),
        ("раураӏ", "confusable"),
        ("ив\u{200D}ан", "invalid_provider_username"),
        ("ив\u{202E}ан", "invalid_provider_username"),
        ("ив ан", "invalid_provider_username"),
        (&"и".repeat(65), "invalid_provider_username"),
    ] {
        assert_eq!(faults(&sign_up(who).await), fault("provider_username", code), "{who}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 4);
    // A sign-up token for such a person works, and no other spelling is a mismatch.
    let client = server.client("register", &["tokens.example"], &[]);
    let details = json!({
        "type": "user_registration", "provider_server": "tokens.example",
        "provider_username": "Ольга",
    });
    let minted = server.mint(&client, &details).await.json();
    let body = json!({ "user": { "fname": "O", "lname": "P", "provider_username": "ОЛЬГА" } });
    let request = server
        .request(Method::POST, "/api/users")
        .bearer_auth(minted["access_token"].as_str().unwrap())
        .header("idempotency-key", "a-key-for-the-filled-form");
    let answer = send(request.json(&body)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

/// Of many spellings of one name at once, one gets it.
async fn of_many_look_alikes_at_once_one_gets_the_name(kind: Kind) {
    let on = [("DOORSTEP_ACCOUNTS__UNICODE_USERNAMES", "true")];
    let (server, token) = server_and_token(kind, &on).await;
    let attempts: Vec<_> = (0..50)
        .map(|at| {
            let who = ["иван", "ИВАН", "Иван", "иваН", "ивАн"][at % 5];
            let request = server.request(Method::POST, "/api/users").bearer_auth(&token);
            tokio::spawn(send(request.json(&person("srv.example", who))))
        })
        .collect();
    let mut created = 0;
    for attempt in attempts {
        match attempt.await.unwrap().status.as_u16() {
            201 => created += 1,
            status => assert_eq!(status, 409),
        }
    }
    assert_eq!(created, 1);
}

/// T-074.
async fn servers_that_look_alike_are_two_and_told_apart(kind: Kind) {
    let (mut server, token) = server_and_token(kind, &[]).await;
    // The first letter is Cyrillic; the second line is the same server.
    for (host, status) in
        [("admin.example", 201), ("аdmin.example", 201), ("xn--dmin-43d.example", 409)]
    {
        let answer = server.sign_up(&token, &person(host, "bob")).await;
        assert_eq!(answer.status.as_u16(), status, "{host}: {}", answer.text);
    }
    let noted = "SELECT COUNT(*) FROM audit_log WHERE action = 'user.create'
                 AND details LIKE '%\"confusable\":true%'";
    assert_eq!(server.database.count(noted).await, 1);
    let right = "SELECT COUNT(*) FROM audit_log WHERE details LIKE '%\"confusable\":true%'
                 AND details LIKE '%xn--dmin-43d.example%'";
    assert_eq!(server.database.count(right).await, 1);

    server.kill();
    server.set("DOORSTEP_ACCOUNTS__CONFUSABLE_SERVERS", "refuse");
    server.restart();
    for host in ["аdmin.example", "xn--dmin-43d.example", "https://раураӏ.example/"] {
        let answer = server.sign_up(&token, &person(host, "eve")).await;
        assert_eq!(faults(&answer), fault("provider_server", "confusable"), "{host}");
    }
    for host in ["admin.example", "exämple.de", "пример.example"] {
        let answer = server.sign_up(&token, &person(host, "eve")).await;
        assert_eq!(answer.status, 201, "{host}: {}", answer.text);
    }
}

/// T-081.
async fn a_username_that_is_an_address_opens_nothing_of_its_owner(kind: Kind) {
    let (server, token) = server_and_token(kind, &[]).await;
    let mut ada = person("srv.example", "ada");
    ada["user"]["email"] = "ada@mail.example".into();
    let made = server.sign_up(&token, &ada).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = &made.json()["user"];
    let (_, eves) = server.new_user(&token, "srv.example", "ada@mail.example").await;
    let owns =
        "SELECT COUNT(*) FROM users WHERE email_key = 'ada@mail.example' AND NOT email_generated";
    assert_eq!(server.database.count(owns).await, 1);
    let adas = made["api"]["password"].as_str().unwrap();
    // An API credential has a name of its own; neither address nor username is one.
    for password in [adas, &eves] {
        for name in ["ada@mail.example", "ada"] {
            let request = server.request(Method::GET, "/api/users");
            let answer = send(request.basic_auth(name, Some(password))).await;
            assert_eq!(answer.refusal(), (401, "invalid_credential".to_owned()), "{name}");
        }
    }
    let own = server.request(Method::GET, "/api/users");
    let own = own.basic_auth(made["api"]["username"].as_str().unwrap(), Some(adas));
    assert_eq!(send(own).await.json()["user"]["email"], "ada@mail.example");
}

/// T-082.
async fn names_are_text_in_every_script(kind: Kind) {
    let (server, token) = server_and_token(kind, &[]).await;
    let family = "👩‍👩‍👧‍👦";
    let hundred = family.repeat(100);
    for (at, name) in [
        "Ада",
        "王小明",
        "فاطمة",
        "می‌خواهم",
        "O'Brien-Łukasz",
        family,
        &hundred,
        "<script>alert(1)</script>",
        "{{7*7}}${7*7}",
        "'; DROP TABLE users; --",
        "\\u003cb\\u003e",
    ]
    .into_iter()
    .enumerate()
    {
        let who = format!("u{at}");
        let answer = with(&server, &token, &who, "fname", name.into()).await;
        assert_eq!(answer.status, 201, "{name}: {}", answer.text);
        assert_eq!(answer.json()["user"]["fname"], name);
        assert_eq!(answer.header("content-type"), "application/json");
        let api = &answer.json()["user"]["api"];
        let own = server
            .request(Method::GET, "/api/users")
            .basic_auth(api["username"].as_str().unwrap(), api["password"].as_str());
        assert_eq!(send(own).await.json()["user"]["fname"], name);
    }
    // Composed or not is one name (NFC).
    let answer = with(&server, &token, "composed", "fname", "Jose\u{301}".into()).await;
    assert_eq!(answer.json()["user"]["fname"], "Jos\u{e9}");
    for (name, code) in [
        (family.repeat(101), "too_long"),
        ("a".repeat(101), "too_long"),
        (format!("a{}", "\u{301}".repeat(2_000)), "too_long"),
        ("a\u{202E}b".to_owned(), "control_character"),
        ("a\u{1b}[31mb".to_owned(), "control_character"),
        ("a\r\nb".to_owned(), "control_character"),
        ("a\0b".to_owned(), "control_character"),
        (" \u{3164} ".to_owned(), "required"),
    ] {
        let answer = with(&server, &token, "refused", "fname", name.clone().into()).await;
        assert_eq!(faults(&answer), fault("fname", code), "{name:?}");
    }
}

/// T-083.
async fn addresses_are_those_that_mail_can_carry(kind: Kind) {
    let (server, token) = server_and_token(kind, &[]).await;
    let domain = format!("{}.{}.{}.de", "b".repeat(63), "c".repeat(63), "d".repeat(58));
    let longest = format!("{}@{domain}", "a".repeat(64));
    assert_eq!(longest.len(), 254);
    for (at, good) in
        ["a@ex\u{e4}mple.de", "o'hara+x@mail.example", &longest].into_iter().enumerate()
    {
        let answer = with(&server, &token, &format!("u{at}"), "email", good.into()).await;
        assert_eq!(answer.status, 201, "{good}: {}", answer.text);
        assert_eq!(answer.json()["user"]["email"], good);
    }
    for (bad, code) in [
        ("a@b", "invalid_email"),
        ("\"a b\"@mail.example", "invalid_email"),
        ("\"a\"@mail.example", "invalid_email"),
        ("a@@mail.example", "invalid_email"),
        ("a@[127.0.0.1]", "invalid_email"),
        (&format!("{}@{domain}x", "a".repeat(64)), "too_long"),
        (&format!("{}@mail.example", "a".repeat(65)), "invalid_email"),
        ("x\r\nBcc:y@z.example", "control_character"),
        ("x@mail.example\r\nBcc: y@z.example", "control_character"),
        ("x@mail.example\n.example", "control_character"),
        ("x@mail\0.example", "control_character"),
        ("x\u{202E}@mail.example", "control_character"),
    ] {
        let answer = with(&server, &token, "refused", "email", bad.into()).await;
        assert_eq!(faults(&answer), fault("email", code), "{bad:?}");
    }
}

/// T-084.
async fn codes_are_mapped_as_documented(kind: Kind) {
    let (server, token) = server_and_token(kind, &[]).await;
    // Sent, kept, and whether the answer says that it was replaced.
    for (at, (field, sent, kept, told)) in [
        ("country", "us", "US", false),
        ("country", "DE", "DE", false),
        ("locale", "foo", "en", true),
        ("locale", "en-US", "en", true),
        ("locale", "EN_us", "en", true),
        ("locale", "de", "de", false),
        ("currency", "eur", "EUR", false),
        ("currency", "QQQ", "USD", true),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = with(&server, &token, &format!("u{at}"), field, sent.into()).await;
        assert_eq!(answer.status, 201, "{sent}: {}", answer.text);
        assert_eq!(answer.json()["user"][field], kept, "{sent}");
        let note = json!([{ "field": field, "from": sent, "to": kept }]);
        let expected = if told { note } else { Value::Null };
        assert_eq!(answer.json()["substituted"], expected, "{sent}");
    }
    for (field, sent, code) in [
        ("country", "USA", "unknown_country"),
        ("country", "XX", "unknown_country"),
        ("country", "ZZ", "unknown_country"),
        ("country", "\u{da}S", "unknown_country"),
        ("currency", "EU1", "invalid_currency"),
        ("currency", "EURO", "invalid_currency"),
    ] {
        let answer = with(&server, &token, "refused", field, sent.into()).await;
        assert_eq!(faults(&answer), fault(field, code), "{sent}");
    }
}

on_both!(
    a_username_is_plain_or_refused_by_name,
    usernames_of_other_scripts_are_opted_in,
    of_many_look_alikes_at_once_one_gets_the_name,
    servers_that_look_alike_are_two_and_told_apart,
    a_username_that_is_an_address_opens_nothing_of_its_owner,
    names_are_text_in_every_script,
    addresses_are_those_that_mail_can_carry,
    codes_are_mapped_as_documented,
);

//! The same sign-up again: by another key, another body, another address (cases D).

use std::{collections::BTreeMap, sync::Arc};

use doorstep_tests::{Kind, Server, on_both, person, send};
use reqwest::Method;
use serde_json::json;

const KEY: &str = "0190f3a8-5c1e-7d7b-9d58-6f0c3a3f9a11";

async fn server_and_token(kind: Kind) -> (Server, String) {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    (server, token)
}

/// T-062.
async fn a_body_that_means_the_same_is_the_same(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    let ask = |body: &str| {
        let request = server
            .request(Method::POST, "/api/users")
            .bearer_auth(&token)
            .header("content-type", "application/json")
            .header("idempotency-key", KEY)
            .body(body.to_owned());
        send(request)
    };
    let body = r#"{"user":{"fname":"Ada","lname":"Lovelace","provider_server":"srv","provider_username":"bob"}}"#;
    let first = ask(body).await;
    assert_eq!(first.status, 201, "{}", first.text);
    for same in [
        // Order, white space, and escapes of the same letters.
        r#"{"user":{"provider_username":"bob","provider_server":"srv","lname":"Lovelace","fname":"Ada"}}"#,
        "\t{ \"user\" :\r\n{ \"fname\": \"Ada\",\n\"lname\":\"Lovelace\", \"provider_server\":\"srv\",\"provider_username\":\"bob\" } } ",
        r#"{"user":{"fname":"\u0041da","lname":"Lovelace","provider_server":"srv","provider_username":"bob"}}"#,
    ] {
        let again = ask(same).await;
        assert_eq!((again.status.as_u16(), &again.text), (201, &first.text), "{same}");
        assert_eq!(again.header("idempotent-replayed"), "true", "{same}");
    }
    for other in [
        body.replace("Ada", "Adb"),
        body.replace("Ada", "ada"),
        body.replace("Ada", "Ada "),
        body.replace("\"srv\"", "\"Srv\""),
        body.replace("}}", ",\"city\":null}}"),
        body.replace("}}", "},\"provider\":\"cpanel\"}"),
    ] {
        let refused = ask(&other).await;
        assert_eq!(refused.refusal(), (422, "idempotency-key-reused".to_owned()), "{other}");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 1);
}

/// T-064.
async fn of_a_hundred_keys_for_one_name_one_wins(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    let server = Arc::new(server);
    for round in 0..3 {
        let attempts: Vec<_> = (0..100)
            .map(|at| {
                let request = server
                    .request(Method::POST, "/api/users")
                    .bearer_auth(&token)
                    .header("idempotency-key", format!("{KEY}-{round}-{at}"))
                    .json(&person("srv", &format!("bob{round}")));
                tokio::spawn(send(request))
            })
            .collect();
        let mut outcomes = BTreeMap::new();
        for attempt in attempts {
            let (status, code) = attempt.await.unwrap().refusal();
            *outcomes.entry((status, code)).or_insert(0) += 1;
        }
        let expected = [((201, String::new()), 1), ((409, "already-registered".to_owned()), 99)];
        assert_eq!(outcomes, BTreeMap::from(expected), "round {round}");
    }
    for sql in [
        "SELECT COUNT(*) FROM users",
        "SELECT COUNT(*) FROM credentials",
        "SELECT COUNT(*) FROM events",
        "SELECT COUNT(*) FROM idempotency",
    ] {
        assert_eq!(server.database.count(sql).await, 3, "{sql}");
    }
}

/// T-070, T-071: byte for byte of one class, whatever the page tries.
async fn a_taken_and_a_fresh_address_get_answers_of_one_form(kind: Kind) {
    let server = Server::start(kind).await;
    let client = server.client("register", &["srv.example"], &[]);
    let mut first = person("srv.example", "owner");
    first["user"]["email"] = "ada@mail.example".into();
    let back_end = server.token(&client, "register").await;
    assert_eq!(server.sign_up(&back_end, &first).await.status, 201);
    let mut forms = Vec::new();
    for (who, email) in [("user01", "ada@mail.example"), ("user02", "eve@mail.example")] {
        let token = server.sign_up_token(&client, who).await;
        let ask = || {
            let body = json!({ "user": { "fname": "Ada", "lname": "Lovelace", "email": email } });
            let request = server.request(Method::POST, "/api/users").bearer_auth(&token);
            send(request.header("idempotency-key", format!("{KEY}-{who}")).json(&body))
        };
        // The retry as well: it is read from what was stored.
        for answer in [ask().await, ask().await] {
            assert_eq!(answer.status, 201, "{}", answer.text);
            assert_eq!(answer.json()["user"]["email"], email);
            let class = |text: &str| {
                let class = |byte: u8| match byte {
                    b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => 'x',
                    other => char::from(other),
                };
                text.bytes().map(class).collect::<String>()
            };
            let headers = answer.headers.iter().filter(|(name, _)| *name != "ratelimit");
            let headers: Vec<_> = headers
                .map(|(name, value)| (name.to_string(), class(value.to_str().unwrap())))
                .collect();
            forms.push((headers, class(&answer.text)));
        }
    }
    assert_eq!(forms[0], forms[2]);
    assert_eq!(forms[1], forms[3]);
    let made_up = "SELECT COUNT(*) FROM users WHERE email_generated";
    assert_eq!(server.database.count(made_up).await, 1);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM events").await, 3);
}

on_both!(
    a_body_that_means_the_same_is_the_same,
    of_a_hundred_keys_for_one_name_one_wins,
    a_taken_and_a_fresh_address_get_answers_of_one_form,
);

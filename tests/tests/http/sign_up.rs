//! `POST /api/users`: the documented contract, the one that real clients rely
//! on, and our own rules where theirs were weak.

use doorstep_tests::{Kind, Server, on_both, on_replicas, person, send};
use reqwest::Method;
use serde_json::{Value, json};

async fn server_and_token(kind: Kind) -> (Server, String) {
    let server = Server::start(kind).await;
    let client = server.client("public register", &[], &[]);
    let token = server.token(&client, "public register").await;
    (server, token)
}

async fn the_documented_and_the_implemented_answer_are_one(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    let body = json!({
        "user": { "fname": "Jane", "lname": "Smithers", "locale": "foo", "currency": "eur" },
        "provider_server": "test01", "provider_username": "jsmithers",
    });
    let answer = server.sign_up(&token, &body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("location"), "/api/users");
    let user = &answer.json()["user"];
    assert!(user["id"].as_i64().is_some_and(|id| id > 0));
    assert_eq!(user["fname"], "Jane");
    assert_eq!(user["lname"], "Smithers");
    assert_eq!(user["locale"], "en");
    assert_eq!(user["currency"], "EUR");
    assert_eq!(user["labels"]["cpanel"]["test01"], "jsmithers");
    let email = user["email"].as_str().unwrap();
    let (name, domain) = email.split_once('@').unwrap();
    let suffix = name.strip_prefix("jsmithers_").unwrap();
    assert!(suffix.len() == 12 && suffix.bytes().all(|b| b.is_ascii_hexdigit()), "{email}");
    assert_eq!(domain, "users.invalid");
    assert_eq!(
        answer.json()["substituted"],
        json!([{ "field": "locale", "from": "foo", "to": "en" }])
    );

    let (username, password) =
        (user["api"]["username"].as_str().unwrap(), user["api"]["password"].as_str().unwrap());
    assert_eq!((username.len(), password.len()), (19, 40));
    let own =
        send(server.request(Method::GET, "/api/users").basic_auth(username, Some(password))).await;
    assert_eq!(own.status, 200, "{}", own.text);
    assert_eq!(own.json()["user"]["id"], user["id"]);
    assert_eq!(
        server.database.count("SELECT COUNT(*) FROM events WHERE kind = 'user.created'").await,
        1
    );
    assert_eq!(
        server.database.count("SELECT COUNT(*) FROM audit_log WHERE action = 'user.create'").await,
        1
    );
}

async fn every_documented_field_is_kept(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    let fields = json!({
        "fname": "Ада", "lname": "王小明", "email": "Ada@Example.com", "locale": "de",
        "city": "Köln", "state": "NW", "zip": "50667", "c_sftp_pass": true, "country": "de",
        "address1": "Domkloster 4", "address2": "c/o", "company_name": "<b>&amp;</b>",
        "phone": "+49 221 1234567", "currency": "EUR",
    });
    let mut user = fields.clone();
    user["merge_labels"] = json!({ "key": "value", "other_key": { "key": "value" } });
    user["provider_server"] = "srv1.host.example".into();
    user["provider_username"] = "ada".into();
    let answer = server.sign_up(&token, &json!({ "user": user })).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let made = &answer.json()["user"];
    assert_eq!(made["labels"]["other_key"]["key"], "value");
    assert_eq!(made["country"], "DE");
    assert_eq!(made["company_name"], "<b>&amp;</b>");

    let api = &made["api"];
    let own = send(
        server
            .request(Method::GET, "/api/users")
            .basic_auth(api["username"].as_str().unwrap(), api["password"].as_str()),
    )
    .await
    .json();
    for (name, sent) in fields.as_object().unwrap() {
        let expected = match name.as_str() {
            "country" => json!("DE"),
            "currency" => json!({ "code": "EUR", "symbol": "€" }),
            _ => sent.clone(),
        };
        assert_eq!(own["user"][name], expected, "{name}");
    }
}

async fn provider_settings_are_looked_at_before_anything_else(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    for body in [
        json!({}),
        json!({ "user": { "fname": "", "country": "USA" } }),
        json!({ "user": { "fname": "A", "lname": "B", "provider_server": "s" } }),
        json!({ "user": { "fname": "A", "lname": "B" }, "provider_username": "u", "provider_server": "  " }),
        json!({ "user": { "fname": "A", "lname": "B" }, "provider_username": null, "provider_server": "s" }),
    ] {
        let answer = server.sign_up(&token, &body).await;
        assert_eq!(answer.refusal(), (422, "missing_provider_settings".to_owned()), "{body}");
        assert_eq!(answer.json()["errors"], json!(["missing provider settings"]), "{body}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 0);
}

async fn all_faults_come_at_once_with_pointers(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    let body = json!({
        "user": { "fname": " ", "lname": ["x"], "email": "x\r\nBcc: y@z.example", "country": "USA",
                  "currency": "EU1", "phone": "12", "merge_labels": 7, "provider_server": "s" },
        "provider_username": "a b",
    });
    let answer = server.sign_up(&token, &body).await;
    assert_eq!(answer.refusal(), (422, "validation_failed".to_owned()));
    let problem = answer.json();
    let pointers: Vec<_> = problem["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(
        pointers,
        [
            "/provider_username",
            "/user/merge_labels",
            "/user/fname",
            "/user/lname",
            "/user/email",
            "/user/phone",
            "/user/country",
            "/user/currency",
        ]
    );
    assert_eq!(problem["errors"].as_array().unwrap().len(), pointers.len());
    assert_eq!(problem["errors"][2], "First name is required");
    assert_eq!(problem["request_id"], answer.header("x-request-id"));
}

async fn settings_in_both_places_must_agree(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    let mut body = person("srv1", "u1");
    body["provider_server"] = "srv1".into();
    assert_eq!(server.sign_up(&token, &body).await.status, 201);
    body["provider_server"] = "srv2".into();
    let answer = server.sign_up(&token, &body).await;
    assert_eq!(answer.refusal(), (422, "validation_failed".to_owned()));
    assert_eq!(answer.json()["faults"][0]["code"], "conflict");
}

async fn spellings_of_one_server_and_username_are_one_person(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    let first = person("HTTPS://Srv1.Host.Example:2083/path?q#f", "Bob");
    let answer = server.sign_up(&token, &first).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let id = answer.json()["user"]["id"].clone();
    for (host, username) in [
        ("srv1.host.example", "bob"),
        ("srv1.host.example.", "BOB"),
        ("SRV1.host.example:443", "bob"),
    ] {
        let again = server.sign_up(&token, &person(host, username)).await;
        assert_eq!(again.refusal(), (409, "already-registered".to_owned()), "{host}");
        // The client that made the user learns its number, and no credential.
        assert_eq!(again.json()["user"], json!({ "id": id }));
        assert!(!again.text.contains("password"), "{}", again.text);
    }
    let other = server.client("register", &[], &[]);
    let other = server.token(&other, "register").await;
    let again = server.sign_up(&other, &first).await;
    assert_eq!(again.status, 409);
    assert_eq!(again.json()["user"], Value::Null);
    // Another provider, server or username is another person.
    let mut whmcs = person("srv1.host.example", "bob");
    whmcs["user"]["provider"] = "WHMCS".into();
    assert_eq!(server.sign_up(&token, &whmcs).await.status, 201);
    assert_eq!(server.sign_up(&token, &person("srv2.host.example", "bob")).await.status, 201);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 3);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM credentials").await, 3);
}

async fn a_taken_address_is_replaced_in_any_case(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    for (username, email, kept) in [
        ("a", "joe@x.example", true),
        ("b", "JOE@X.example", false),
        ("c", "joe@x.example", false),
        ("d", "", false),
    ] {
        let mut body = person("srv", username);
        body["user"]["email"] = email.into();
        let answer = server.sign_up(&token, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let got = answer.json()["user"]["email"].as_str().unwrap().to_owned();
        assert_eq!(got == email, kept, "{got}");
        assert!(kept || got.starts_with(&format!("{username}_")), "{got}");
    }
    let mut body = person("srv", "someone@else.example");
    body["user"]["email"] = "joe@x.example".into();
    let answer = server.sign_up(&token, &body).await;
    let email = answer.json()["user"]["email"].as_str().unwrap().to_owned();
    assert!(email.starts_with("someone-else.example_"), "{email}");
}

async fn what_only_the_server_writes_is_passed_over_and_named(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    let mut body = person("srv", "mallory");
    for (name, value) in [
        ("is_admin", json!(true)),
        ("active", json!(false)),
        ("password", json!("x")),
        ("external_id", json!("1")),
        ("bypass_billing", json!(true)),
        ("id", json!(1)),
        ("merge_labels", json!([{ "whmcs": { "client_id": 1 } }, { "mine": 1, "cpanel": {} }])),
    ] {
        body["user"][name] = value;
    }
    body["labels"] = json!({ "CPanel": { "srv": "root" }, "team": "x" });
    let answer = server.sign_up(&token, &body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(
        answer.json()["user"]["labels"],
        json!({ "cpanel": { "srv": "mallory" }, "mine": 1, "team": "x" })
    );
    let ignored = answer.json()["ignored"].to_string();
    for pointer in [
        "/user/is_admin",
        "/user/active",
        "/user/external_id",
        "/labels/CPanel",
        "/user/merge_labels/0/whmcs",
        "/user/merge_labels/1/cpanel",
    ] {
        assert!(ignored.contains(pointer), "{pointer} in {ignored}");
    }
    assert_eq!(
        server.database.count("SELECT COUNT(*) FROM users WHERE is_admin OR NOT active").await,
        0
    );
}

async fn bodies_that_are_no_sign_up_are_refused_each_in_its_way(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    let post = |media: Option<&str>, body: Vec<u8>| {
        let mut request = server.request(Method::POST, "/api/users").bearer_auth(&token).body(body);
        if let Some(media) = media {
            request = request.header("content-type", media);
        }
        request
    };
    let json = Some("application/json");
    let depth = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for (media, body, expected) in [
        (json, b"{\"user\":".to_vec(), (400, "malformed_body")),
        (json, b"[]".to_vec(), (400, "malformed_body")),
        (json, b"".to_vec(), (400, "malformed_body")),
        (json, b"{\"a\":\"\xff\"}".to_vec(), (400, "malformed_body")),
        (json, depth.into_bytes(), (400, "malformed_body")),
        (json, vec![b' '; 32 * 1024 + 1], (413, "body_too_large")),
        (json, vec![b' '; 32 * 1024], (400, "malformed_body")),
        (Some("text/plain"), b"{}".to_vec(), (415, "unsupported_media_type")),
        (Some("application/xml"), b"<user/>".to_vec(), (415, "unsupported_media_type")),
        (None, b"{}".to_vec(), (415, "unsupported_media_type")),
    ] {
        let answer = send(post(media, body)).await;
        assert_eq!(answer.refusal(), (expected.0, expected.1.to_owned()), "{media:?}");
    }
    let compressed = send(post(json, b"{}".to_vec()).header("content-encoding", "gzip")).await;
    assert_eq!(compressed.status, 415);
    let api_json =
        send(post(Some("application/vnd.api+json; charset=utf-8"), b"{}".to_vec())).await;
    assert_eq!(api_json.status, 422);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM users").await, 0);
}

async fn a_server_belongs_to_its_client(kind: Kind) {
    let server = Server::start(kind).await;
    let owner = server.client("register", &["https://Srv1.Host.Example:2083"], &[]);
    let open = server.client("register", &[], &[]);
    let owner = server.token(&owner, "register").await;
    let open = server.token(&open, "register").await;
    let refused = (403, "provider_server_not_allowed".to_owned());
    assert_eq!(server.sign_up(&owner, &person("srv1.host.example", "a")).await.status, 201);
    assert_eq!(server.sign_up(&owner, &person("srv2.host.example", "a")).await.refusal(), refused);
    assert_eq!(server.sign_up(&open, &person("srv1.host.example", "b")).await.refusal(), refused);
    assert_eq!(server.sign_up(&open, &person("srv2.host.example", "b")).await.status, 201);
    let taken = server
        .cli(&["client", "create", "--name", "X", "--provider-server", "srv1.host.example"], "");
    assert!(taken.unwrap_err().contains("assigned to the client"));
    assert_eq!(server.database.count("SELECT COUNT(*) FROM clients").await, 2);
}

async fn one_of_a_hundred_at_once_gets_the_name(kind: Kind) {
    let (server, token) = server_and_token(kind).await;
    let server = std::sync::Arc::new(server);
    let attempts: Vec<_> = (0..100)
        .map(|_| {
            let (server, token) = (server.clone(), token.clone());
            tokio::spawn(async move { server.sign_up(&token, &person("srv", "bob")).await })
        })
        .collect();
    let mut created = 0;
    for attempt in attempts {
        let answer = attempt.await.unwrap();
        if answer.status == 201 {
            created += 1;
        } else {
            assert_eq!(answer.refusal(), (409, "already-registered".to_owned()), "{}", answer.text);
        }
    }
    assert_eq!(created, 1);
    for (table, sql) in [
        ("users", "SELECT COUNT(*) FROM users"),
        ("identities", "SELECT COUNT(*) FROM identities"),
        ("credentials", "SELECT COUNT(*) FROM credentials"),
        ("events", "SELECT COUNT(*) FROM events"),
    ] {
        assert_eq!(server.database.count(sql).await, 1, "{table}");
    }
}

on_both!(
    the_documented_and_the_implemented_answer_are_one,
    every_documented_field_is_kept,
    provider_settings_are_looked_at_before_anything_else,
    all_faults_come_at_once_with_pointers,
    settings_in_both_places_must_agree,
    spellings_of_one_server_and_username_are_one_person,
    a_taken_address_is_replaced_in_any_case,
    what_only_the_server_writes_is_passed_over_and_named,
    bodies_that_are_no_sign_up_are_refused_each_in_its_way,
    a_server_belongs_to_its_client,
    one_of_a_hundred_at_once_gets_the_name,
);

on_replicas!(one_of_a_hundred_at_once_gets_the_name);

//! `GET` and `PATCH /api/users`: one's own account, and nobody else's.

use doorstep_tests::{Answer, Kind, OAuthClient, Server, on_both, send};
use reqwest::Method;
use serde_json::{Value, json};

struct Setup {
    server: Server,
    username: String,
    password: String,
}

async fn setup(kind: Kind) -> Setup {
    let server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let (username, password) = server.new_user(&token, "srv", "bob").await;
    Setup { server, username, password }
}

impl Setup {
    async fn show(&self) -> Answer {
        let request = self.server.request(Method::GET, "/api/users");
        send(request.basic_auth(&self.username, Some(&self.password))).await
    }

    async fn change(&self, body: &Value) -> Answer {
        let request = self.server.request(Method::PATCH, "/api/users").json(body);
        send(request.basic_auth(&self.username, Some(&self.password))).await
    }

    async fn token(&self, scope: &str) -> String {
        let own = OAuthClient { id: self.username.clone(), secret: self.password.clone() };
        self.server.token(&own, scope).await
    }
}

async fn the_whole_documented_schema_is_there(kind: Kind) {
    let setup = setup(kind).await;
    let answer = setup.show().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("cache-control"), "no-store");
    let user = &answer.json()["user"];
    for name in [
        "id",
        "fname",
        "lname",
        "email",
        "phone",
        "address1",
        "address2",
        "city",
        "company_name",
        "country",
        "timezone",
        "currency",
        "c_sftp_pass",
        "zip",
        "vat",
        "state",
        "locale",
        "created_at",
        "updated_at",
        "billing_plan",
        "services",
        "quota",
        "unprocessed_usage",
    ] {
        assert!(user.get(name).is_some(), "{name}");
    }
    assert_eq!(user["currency"], json!({ "code": "USD", "symbol": "$" }));
    assert_eq!(user["billing_plan"], json!({ "id": 1, "name": "default" }));
    assert_eq!(
        user["quota"]["dns_zones"],
        json!({ "current": 0, "quota": 250, "is_over": false, "available": 250 })
    );
    assert_eq!(user["services"]["projects"], 0);
    assert_eq!(user["unprocessed_usage"], 0.0);
    let created = user["created_at"].as_str().unwrap();
    assert!(created.ends_with('Z') && created.len() == 24, "{created}");
}

async fn a_change_is_kept_and_answered_as_documented(kind: Kind) {
    let setup = setup(kind).await;
    let body = json!({ "user": {
        "fname": "Grace", "city": "Arlington", "country": "us", "currency": "gbp", "c_sftp_pass": true,
        "email": "grace@navy.example", "is_admin": true,
        "merge_labels": { "team": "cobol", "cpanel": { "srv": "root" } },
    } });
    let answer = setup.change(&body).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "{}"));
    let user = setup.show().await.json()["user"].clone();
    assert_eq!(user["fname"], "Grace");
    assert_eq!(user["lname"], "Lovelace");
    assert_eq!(user["country"], "US");
    assert_eq!(user["currency"]["code"], "GBP");
    assert_eq!(user["email"], "grace@navy.example");
    assert!(user["updated_at"].as_str() > user["created_at"].as_str());
    let database = &setup.server.database;
    assert_eq!(database.count("SELECT COUNT(*) FROM users WHERE is_admin").await, 0);
    // The label that says who the user is at the provider stays the server's.
    assert_eq!(
        database
            .count(r#"SELECT COUNT(*) FROM users WHERE labels LIKE '%"srv":"bob"%' AND labels LIKE '%"team":"cobol"%'"#)
            .await,
        1
    );
    // Blank clears what can be cleared.
    assert_eq!(setup.change(&json!({ "user": { "city": "", "country": null } })).await.status, 200);
    let user = setup.show().await.json()["user"].clone();
    assert_eq!((&user["city"], &user["country"]), (&Value::Null, &Value::Null));
}

async fn a_faulty_change_is_a_400_and_changes_nothing(kind: Kind) {
    let setup = setup(kind).await;
    let client = setup.server.client("register", &[], &[]);
    let token = setup.server.token(&client, "register").await;
    let mut other = doorstep_tests::person("srv", "alice");
    other["user"]["email"] = "alice@x.example".into();
    assert_eq!(setup.server.sign_up(&token, &other).await.status, 201);
    let before = setup.show().await.text;
    for (body, pointer) in [
        (json!({ "user": { "fname": "", "city": "Rome" } }), "/user/fname"),
        (json!({ "user": { "email": "nope", "city": "Rome" } }), "/user/email"),
        (json!({ "user": { "email": "ALICE@x.example", "city": "Rome" } }), "/user/email"),
        (json!({ "user": { "email": null, "city": "Rome" } }), "/user/email"),
        (json!({ "user": { "locale": "foo" } }), "/user/locale"),
        (json!({ "user": { "merge_labels": 3 } }), "/user/merge_labels"),
    ] {
        let answer = setup.change(&body).await;
        assert_eq!(answer.refusal(), (400, "invalid_change".to_owned()), "{body}");
        assert_eq!(answer.json()["faults"][0]["pointer"], pointer, "{body}");
        assert!(answer.json()["errors"][0].is_string());
    }
    assert_eq!(setup.show().await.text, before);
}

async fn a_credential_is_a_client_of_its_own_user(kind: Kind) {
    let setup = setup(kind).await;
    let read = setup.token("profile_read").await;
    let update = setup.token("profile_update").await;
    assert!(read.starts_with("usr_"));
    let get =
        |token: String| send(setup.server.request(Method::GET, "/api/users").bearer_auth(token));
    let patch = |token: String| {
        let body = json!({ "user": { "city": "Rome" } });
        send(setup.server.request(Method::PATCH, "/api/users").bearer_auth(token).json(&body))
    };
    assert_eq!(get(read.clone()).await.status, 200);
    assert_eq!(patch(update.clone()).await.status, 200);
    let too_little = (403, "insufficient_scope".to_owned());
    assert_eq!(get(update.clone()).await.refusal(), too_little);
    let refused = patch(read.clone()).await;
    assert_eq!(refused.refusal(), too_little);
    assert!(refused.header("www-authenticate").contains("scope=\"profile_update\""));
    // A user registers nobody, by token or by Basic.
    let own = OAuthClient { id: setup.username.clone(), secret: setup.password.clone() };
    let ask = setup
        .server
        .request(Method::POST, "/api/oauth/token")
        .basic_auth(&own.id, Some(&own.secret))
        .form(&[("grant_type", "client_credentials"), ("scope", "register")]);
    assert_eq!(send(ask).await.json()["error"], "invalid_scope");
    let by_basic = setup
        .server
        .request(Method::POST, "/api/users")
        .basic_auth(&own.id, Some(&own.secret))
        .json(&doorstep_tests::person("srv", "eve"));
    assert_eq!(send(by_basic).await.refusal(), too_little);
}

/// T-046, and T-058 for all but erased users.
async fn what_was_ended_is_refused_everywhere(kind: Kind) {
    let setup = setup(kind).await;
    let own = setup.token("profile_read profile_update").await;
    let get = || send(setup.server.request(Method::GET, "/api/users").bearer_auth(&own));
    let change = || {
        let request = setup.server.request(Method::PATCH, "/api/users").bearer_auth(&own);
        send(request.json(&json!({ "user": { "city": "Rome" } })))
    };
    let dead = (401, "invalid_token".to_owned());
    let database = &setup.server.database;
    assert_eq!(get().await.status, 200);
    for (end, begin) in [
        // What is seen when it is over is ended for good, whatever the clock says later.
        (
            "UPDATE tokens SET expires_at = 1",
            "UPDATE tokens SET expires_at = 9999999999999, revoked_at = NULL",
        ),
        ("UPDATE tokens SET revoked_at = 1", "UPDATE tokens SET revoked_at = NULL"),
        ("UPDATE credentials SET revoked_at = 1", "UPDATE credentials SET revoked_at = NULL"),
        ("UPDATE users SET active = FALSE", "UPDATE users SET active = TRUE"),
    ] {
        database.execute(end).await;
        assert_eq!(get().await.refusal(), dead, "{end}");
        assert_eq!(change().await.refusal(), dead, "{end}");
        let by_basic = setup.show().await;
        if !end.contains("tokens") {
            let wrong = send(
                setup
                    .server
                    .request(Method::GET, "/api/users")
                    .basic_auth(&setup.username, Some("no")),
            )
            .await;
            assert_eq!(by_basic.refusal(), (401, "invalid_credential".to_owned()), "{end}");
            assert_eq!(by_basic.json()["detail"], wrong.json()["detail"]);
        }
        database.execute(begin).await;
        assert_eq!(get().await.status, 200, "{begin}");
        assert_eq!(change().await.status, 200, "{begin}");
    }
}

/// T-058: nobody learns from a refusal whether there ever was such a user.
async fn who_was_erased_is_refused_as_nobody_is(kind: Kind) {
    let setup = setup(kind).await;
    let id = setup.show().await.json()["user"]["id"].to_string();
    let try_with = async |name: &str, password: &str| {
        let request = setup.server.request(Method::GET, "/api/users");
        let request = request.basic_auth(name, Some(password)).header("x-request-id", "the-same");
        let answer = send(request).await;
        assert_eq!(answer.refusal(), (401, "invalid_credential".to_owned()));
        let told = answer.headers.iter().filter(|(name, _)| {
            !["date", "ratelimit", "ratelimit-policy"].contains(&name.as_str())
        });
        (
            answer.text.clone(),
            told.map(|(name, value)| format!("{name}: {value:?}")).collect::<Vec<_>>(),
        )
    };
    let wrong = try_with(&setup.username, "no").await;
    assert_eq!(setup.show().await.status, 200);
    setup.server.cli(&["user", "erase", &id], "").unwrap();
    assert_eq!(try_with(&setup.username, &setup.password).await, wrong);
    assert_eq!(try_with(&setup.username, "no").await, wrong);
    assert_eq!(try_with("nobody", &setup.password).await, wrong);
}

async fn changes_at_once_do_not_lose_one_another(kind: Kind) {
    let setup = setup(kind).await;
    let changes: Vec<_> = (0..20)
        .map(|at| {
            let request = setup
                .server
                .request(Method::PATCH, "/api/users")
                .basic_auth(&setup.username, Some(&setup.password))
                .json(&json!({ "user": { "merge_labels": { format!("k{at}"): at } } }));
            tokio::spawn(send(request))
        })
        .collect();
    for change in changes {
        assert_eq!(change.await.unwrap().status, 200);
    }
    let kept = r#"SELECT COUNT(*) FROM users WHERE labels LIKE '%"k0":0%' AND labels LIKE '%"k9":9%' AND labels LIKE '%"k19":19%'"#;
    assert_eq!(setup.server.database.count(kept).await, 1);
}

on_both!(
    the_whole_documented_schema_is_there,
    a_change_is_kept_and_answered_as_documented,
    a_faulty_change_is_a_400_and_changes_nothing,
    a_credential_is_a_client_of_its_own_user,
    what_was_ended_is_refused_everywhere,
    who_was_erased_is_refused_as_nobody_is,
    changes_at_once_do_not_lose_one_another,
);

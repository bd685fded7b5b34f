//! `doorstep user` and `doorstep token`: what the operator does about people.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _};

use doorstep_store::export::{LEFT_OUT, PARTS};
use doorstep_tests::{Kind, OAuthClient, Server, on_both, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    admin_users::{USERS, admin, call, login},
    orders::{customer, ended, id_of, order, place, shop},
};

/// Somebody who left something in every table.
async fn zerlina(server: &Server) -> (i64, (String, String)) {
    let (_, root) = admin(server, "root@host.example");
    let client = server.client("register", &["srv.example"], &["https://panel.example"]);
    let details = json!({
        "type": "user_registration",
        "provider_server": "srv.example",
        "provider_username": "Zerlina",
        "prefill": { "company_name": "Masetto & Co" },
    });
    let minted = server.mint(&client, &details).await;
    let token = minted.json()["access_token"].as_str().unwrap().to_owned();
    let body = json!({ "user": {
        "fname": "Zerlina", "lname": "Contadina", "email": "Zerlina@mail.example",
        "company_name": "Masetto & Co", "city": "Sevilla", "merge_labels": { "note": "la ci darem" },
    } });
    let request = server.request(Method::POST, "/api/users").bearer_auth(&token).json(&body);
    let made = send(request.header("idempotency-key", "a-key-of-some-length")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["user"]["id"].as_i64().unwrap();
    let own = login(&made.json()["user"]["api"]);
    let more = json!({ "external_id": "crm-z", "vat": "ES-B1", "merge_labels": { "whmcs": { "client_id": 33 } } });
    let path = format!("{USERS}/{id}");
    assert_eq!(call(server, &root, Method::PATCH, &path, more).await.status, 200);
    let credential = OAuthClient { id: own.0.clone(), secret: own.1.clone() };
    server.token(&credential, "profile_read").await;
    (id, own)
}

/// T-137.
async fn an_export_has_everything_but_secrets(kind: Kind) {
    let server = Server::start(kind).await;
    let (id, own) = zerlina(&server).await;
    let text = id.to_string();
    let export = server.cli(&["user", "export", &text], "").unwrap();
    assert_eq!((&export["format"], &export["id"]), (&json!("doorstep user export 1"), &json!(id)));
    let data = &export["data"];
    let names: BTreeSet<&str> = data.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, PARTS.iter().map(|part| part.name).collect());

    let account = &data["account"][0];
    assert_eq!(account["email"], "Zerlina@mail.example");
    assert_eq!(account["external_id"], "crm-z");
    assert_eq!((&account["active"], &account["is_admin"]), (&json!(true), &json!(false)));
    for (field, value) in
        [("fname", "Zerlina"), ("lname", "Contadina"), ("city", "Sevilla"), ("vat", "ES-B1")]
    {
        assert_eq!(account["profile"][field], value, "{field}");
    }
    assert_eq!(account["labels"]["note"], "la ci darem");
    assert_eq!(account["labels"]["whmcs"]["client_id"], 33);
    assert_eq!(account["confirmed_at"], Value::Null);
    assert!(account["created_at"].as_str().unwrap().ends_with('Z'));
    let identity = json!({ "provider": "cpanel", "server": "srv.example", "username": "Zerlina" });
    assert_eq!(data["identities"], json!([identity]));
    assert_eq!(data["api_credentials"][0]["username"], own.0);
    assert!(data["api_credentials"][0]["last_used_at"].is_string());
    assert_eq!(data["access_tokens"][0]["scopes"], "profile_read");
    let binding = data["sign_up_tokens"][0]["binding"].to_string();
    assert!(binding.contains("Zerlina") && binding.contains("Masetto & Co"), "{binding}");
    let kinds: Vec<_> =
        data["events"].as_array().unwrap().iter().map(|it| it["kind"].clone()).collect();
    assert_eq!(kinds, ["user.created", "user.updated"]);
    assert_eq!(data["events"][0]["payload"]["fname"], "Zerlina");
    let actions: Vec<_> =
        data["audit"].as_array().unwrap().iter().map(|it| it["action"].clone()).collect();
    assert!(actions.contains(&json!("user.update")), "{actions:?}");

    // Neither a secret nor what could be tried against one; the audit log's pseudonym of
    // the identity looks like a hash of a secret and is none.
    let mut export = export.clone();
    export["data"]["audit"].take();
    let whole = export.to_string();
    assert!(!whole.contains(&own.1));
    for mark in ["$argon2id$", "\"v1:", "hash", "secret", "sealed", "password\":\""] {
        assert!(!whole.contains(mark), "{mark}: {whole}");
    }

    // The same by every name, and into a file of one's own.
    for who in [["--email", "zerlina@MAIL.example"], ["--external-id", "crm-z"]] {
        let same = server.cli(&["user", "export", who[0], who[1]], "").unwrap();
        assert_eq!(same["data"]["account"], data["account"], "{who:?}");
    }
    let file = server.folder().join("export.json");
    fs::write(&file, "before").unwrap();
    let path = file.to_str().unwrap();
    server.cli(&["user", "export", &text, "--output", path], "").unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let written: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(written["data"]["account"], data["account"]);
    let audited =
        "SELECT COUNT(*) FROM audit_log WHERE action = 'user.export' AND actor = 'operator'";
    assert_eq!(server.database.count(audited).await, 4);
}

async fn an_export_has_orders_and_no_password_of_theirs(kind: Kind) {
    let (server, _folder) = shop(kind, &[]).await;
    let who = customer(&server, "ada").await;
    let mut wanted = order("Engines");
    wanted["order"]["containers"][0]["domains"] = json!(["ada.example"]);
    let id = id_of(&place(&server, &who, &wanted).await);
    assert_eq!(ended(&server, &who, &id).await["status"], "completed");
    let user = server.database.count("SELECT user_id FROM orders").await.to_string();
    let export = server.cli(&["user", "export", &user], "").unwrap();
    let data = &export["data"];
    let placed = &data["orders"][0];
    assert_eq!((&placed["id"], &placed["state"]), (&json!(id), &json!("completed")));
    assert_eq!(placed["project_name"], "Engines");
    assert!(placed["document"].to_string().contains("Ada's engines"), "{placed}");
    let last = data["order_changes"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["order_id"], &last["state"]), (&json!(id), &json!("completed")));
    assert_eq!(data["domains"], json!([{ "domain": "ada.example", "order_id": id }]));
    let project = &data["projects"][0];
    assert_eq!((&project["name"], &project["order_id"]), (&json!("Engines"), &json!(id)));
    assert!(project["link"].as_str().unwrap().starts_with("https://projects.example/"));
    let whole = export.to_string();
    assert!(!whole.contains("hunter2") && !whole.contains("sealed"), "{whole}");
}

async fn users_are_shown_listed_and_erased(kind: Kind) {
    let server = Server::start(kind).await;
    let (id, own) = zerlina(&server).await;
    let text = id.to_string();
    let shown = server.cli(&["user", "show", &text], "").unwrap();
    assert_eq!(shown["user"]["email"], "Zerlina@mail.example");
    for who in [["--email", "ZERLINA@mail.example"], ["--external-id", "crm-z"]] {
        assert_eq!(server.cli(&["user", "show", who[0], who[1]], "").unwrap(), shown, "{who:?}");
    }
    let page = server.cli(&["user", "list", "--per-page", "1", "--page", "2"], "").unwrap();
    assert_eq!((&page["total"], &page["page"]), (&json!(2), &json!(2)));
    assert_eq!(page["users"].as_array().unwrap().len(), 1);
    for arguments in [
        vec!["user", "show"],
        vec!["user", "show", "1", "--email", "x@y.example"],
        vec!["user", "show", "999999"],
        vec!["user", "show", "--email", "nobody@mail.example"],
        vec!["user", "show", "--external-id", "nothing"],
        vec!["user", "export", "999999"],
        vec!["user", "erase", "999999"],
        vec!["user", "list", "--page", "0"],
    ] {
        assert!(server.cli(&arguments, "").is_err(), "{arguments:?}");
    }

    let erased = server.cli(&["user", "erase", "--email", "zerlina@mail.example"], "").unwrap();
    assert_eq!(erased, json!({ "id": id, "erased": true }));
    for command in ["show", "export", "erase"] {
        let error = server.cli(&["user", command, &text], "").unwrap_err();
        assert!(error.contains("there is no user"), "{command}: {error}");
    }
    let opens = server.request(Method::GET, "/api/users").basic_auth(&own.0, Some(&own.1));
    assert_eq!(send(opens).await.status, 401);
    // The operator cannot lock everybody out either.
    let last = server.cli(&["user", "erase", "--email", "root@host.example"], "").unwrap_err();
    assert!(last.contains("last administrator"), "{last}");
}

async fn tokens_are_ended_one_by_one_and_by_owner(kind: Kind) {
    let server = Server::start(kind).await;
    let (id, own) = zerlina(&server).await;
    let client = server.client("public register", &["other.example"], &[]);
    let user = OAuthClient { id: own.0, secret: own.1 };
    let works = async |token: &str, path: &str| {
        send(server.request(Method::GET, path).bearer_auth(token)).await.status != 401
    };
    let one = server.token(&client, "register").await;
    let two = server.token(&client, "register").await;
    let users = server.token(&user, "profile_read").await;
    let introspect = server
        .request(Method::POST, "/api/oauth/introspect")
        .basic_auth(&client.id, Some(&client.secret))
        .form(&[("token", &one)]);
    let jti = send(introspect).await.json()["jti"].as_str().unwrap().to_owned();

    let revoke = |arguments: &[&str], input: &str| {
        let arguments: Vec<_> = ["token", "revoke"].iter().chain(arguments).copied().collect();
        server.cli(&arguments, input)
    };
    assert_eq!(revoke(&[&jti], "").unwrap()["revoked"], 1);
    assert!(!works(&one, "/api/users").await && works(&two, "/api/users").await);
    assert!(revoke(&[&jti], "").unwrap_err().contains("no access token"));
    assert_eq!(revoke(&["--token-stdin"], &format!("{two}\n")).unwrap()["revoked"], 1);
    assert!(!works(&two, "/api/users").await);

    let three = server.token(&client, "register").await;
    assert_eq!(revoke(&["--client", &client.id], "").unwrap()["revoked"], 1);
    assert_eq!(revoke(&["--client", &client.id], "").unwrap()["revoked"], 0);
    assert!(!works(&three, "/api/users").await && works(&users, "/api/users").await);
    assert!(revoke(&["--user", &id.to_string()], "").unwrap()["revoked"].as_i64().unwrap() >= 1);
    assert!(!works(&users, "/api/users").await);
    for (arguments, input) in [
        (vec!["tok_%"], ""),
        (vec!["tok_________________________________"], ""),
        (vec![""], ""),
        (vec!["--token-stdin"], "reg_x"),
        (vec!["--client", "cli_x"], ""),
        (vec!["--user", "999999"], ""),
        (vec![], ""),
    ] {
        assert!(revoke(&arguments, input).is_err(), "{arguments:?}");
    }
    let audited = "SELECT COUNT(*) FROM audit_log WHERE action = 'token.revoke'";
    assert_eq!(server.database.count(audited).await, 4);
}

#[test]
fn every_table_that_names_users_is_exported_or_says_why_not() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");
    let mut tables = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for table in text.split("CREATE TABLE ").skip(1) {
            let (name, rest) = table.split_once(" (").unwrap();
            let (columns, _) = rest.split_once("\n);").unwrap();
            if columns.contains("REFERENCES users") || name == "users" {
                tables.insert(name.to_owned());
            }
        }
    }
    assert!(tables.contains("identities") && tables.contains("user_label_index"));
    for table in &tables {
        let exported = PARTS.iter().any(|part| part.tables.contains(&table.as_str()));
        let left_out = LEFT_OUT.iter().any(|(name, _)| name == table);
        assert!(
            exported != left_out,
            "{table} names users: add it to PARTS in crates/store/src/export.rs, or to LEFT_OUT with the reason"
        );
    }
}

on_both!(
    an_export_has_everything_but_secrets,
    an_export_has_orders_and_no_password_of_theirs,
    users_are_shown_listed_and_erased,
    tokens_are_ended_one_by_one_and_by_owner,
);

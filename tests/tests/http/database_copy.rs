//! An installation moves to another database.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::whole::TABLES;
use doorstep_tests::{Database, Kind, Server, on_both, person, send};
use reqwest::Method;
use sqlx::{Connection as _, SqliteConnection};

use crate::{
    backups::logs_in,
    orders::{customer, order, place, shop},
};

const fn other(kind: Kind) -> Kind {
    match kind {
        Kind::Sqlite => Kind::Postgres,
        Kind::Postgres | Kind::Replicas => Kind::Sqlite,
    }
}

async fn an_installation_moves_and_goes_on(kind: Kind) {
    let (mut server, _projects) = shop(kind, &[]).await;
    let ada = customer(&server, "ada").await;
    assert_eq!(place(&server, &ada, &order("Engines")).await.status, 201);
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let bob = server.new_user(&token, "srv", "bob").await;
    server.cli(&["keys", "rotate"], "").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = Database::create(other(kind), folder.path()).await;
    let file = folder.path().join("url");
    std::fs::write(&file, format!("{}\n", target.url)).unwrap();
    let copy = ["db", "copy", "--to-file", file.to_str().unwrap()];
    let error = server.cli(&copy, "").unwrap_err();
    assert!(error.contains("--from") && error.contains("stop the servers"), "{error}");

    server.kill();
    let said = server.cli(&copy, "").unwrap();
    let tables: BTreeMap<_, _> = said["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["table"].as_str().unwrap().to_owned(), it["rows"].as_i64().unwrap()))
        .collect();
    assert_eq!(tables.len(), TABLES.len());
    for (table, rows) in [("users", 2), ("orders", 1), ("client_secrets", 2), ("catalog", 1)] {
        assert_eq!(tables[table], rows, "{table}");
    }
    let error = server.cli(&copy, "").unwrap_err();
    assert!(error.contains("not empty"), "{error}");

    server.set("DOORSTEP_DATABASE_URL", &target.url);
    server.restart();
    assert!(logs_in(&server, &ada).await && logs_in(&server, &bob).await);
    assert_eq!(server.sign_up(&token, &person("srv", "bob")).await.status, 409);
    let carl = server.new_user(&token, "srv", "carl").await;
    assert!(logs_in(&server, &carl).await);
    assert_eq!(place(&server, &carl, &order("More engines")).await.status, 201);
    let orders = server.request(Method::GET, "/api/orders").basic_auth(&ada.0, Some(&ada.1));
    assert_eq!(send(orders).await.json()["orders"].as_array().unwrap().len(), 1);
    server.cli(&["audit", "verify"], "").unwrap();
    assert_eq!(target.count("SELECT COUNT(*) FROM users").await, 3);
    let noted = "SELECT COUNT(*) FROM audit_log WHERE action = 'database.copy'";
    assert_eq!(target.count(noted).await, 1);
    assert_eq!(server.database.count(noted).await, 0, "the source is only read");

    // And back again, what has come since with it.
    server.kill();
    let home = Database::create(kind, folder.path()).await;
    server.cli(&["db", "copy", "--to", &home.url], "").unwrap();
    server.set("DOORSTEP_DATABASE_URL", &home.url);
    server.restart();
    assert!(logs_in(&server, &carl).await);
    server.cli(&["audit", "verify"], "").unwrap();
}

async fn what_cannot_be_copied_is_refused_and_leaves_nothing(kind: Kind) {
    let mut server = Server::start(kind).await;
    let client = server.client("register", &[], &[]);
    let token = server.token(&client, "register").await;
    let ada = server.new_user(&token, "srv", "ada").await;
    server.kill();
    let folder = tempfile::tempdir().unwrap();
    let target = Database::create(other(kind), folder.path()).await;
    for (arguments, named) in [
        (vec!["db", "copy"], "--to"),
        (vec!["db", "copy", "--to", "mysql://x/y"], "--to"),
        (vec!["db", "copy", "--to", "sqlite:///nonexistent/x.db"], "--to"),
        (vec!["db", "copy", "--to-file", "/nonexistent"], "--to-file"),
        (vec!["db", "copy", "--from", "sqlite:///nonexistent/x.db", "--to", &target.url], "--from"),
    ] {
        let error = server.cli(&arguments, "").unwrap_err();
        assert!(error.contains(named), "{arguments:?}: {error}");
    }
    let copy = ["db", "copy", "--to", &target.url];
    server
        .database
        .execute("UPDATE audit_log SET subject = 'x' WHERE action = 'user.create'")
        .await;
    let error = server.cli(&copy, "").unwrap_err();
    assert!(error.contains("audit log"), "{error}");
    let keys = server.folder().join("keys");
    std::fs::rename(&keys, server.folder().join("aside")).unwrap();
    let error = server.cli(&copy, "").unwrap_err();
    assert!(error.contains("key file"), "{error}");
    std::fs::rename(server.folder().join("aside"), &keys).unwrap();
    for table in ["users", "audit_heads", "key_versions", "clients"] {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        assert_eq!(target.count(sql.leak()).await, 0, "{table}");
    }
    server.restart();
    assert!(logs_in(&server, &ada).await);
}

#[tokio::test]
async fn each_table_is_copied_behind_those_that_it_names() {
    let server = Server::start(Kind::Sqlite).await;
    let path = server.database.url.strip_prefix("sqlite://").unwrap();
    let mut connection = SqliteConnection::connect(path).await.unwrap();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table'
               AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations'";
    let there: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
    let (there, listed): (BTreeSet<_>, BTreeSet<_>) =
        (there.iter().map(String::as_str).collect(), TABLES.iter().copied().collect());
    assert_eq!(there, listed, "add the new table to TABLES in crates/store/src/whole/mod.rs");
    assert_eq!(TABLES.len(), listed.len(), "a table stands there twice");
    for (at, table) in TABLES.iter().enumerate() {
        let sql = r#"SELECT "table" FROM pragma_foreign_key_list($1)"#;
        let named: Vec<String> =
            sqlx::query_scalar(sql).bind(table).fetch_all(&mut connection).await.unwrap();
        for name in named {
            assert!(TABLES[..at].contains(&name.as_str()), "{table} stands before {name}");
        }
    }
}

on_both!(an_installation_moves_and_goes_on, what_cannot_be_copied_is_refused_and_leaves_nothing,);

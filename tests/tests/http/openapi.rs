//! The OpenAPI document: the same from the command and from the server, and one that
//! libraries which we did not write can read.

use doorstep_server::http::routes::routes;
use doorstep_tests::{Kind, Server, cli_output, on_both, program, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::oauth_clients;

async fn the_server_and_the_command_say_the_same(kind: Kind) {
    let server =
        Server::start_with(kind, &[("DOORSTEP_PUBLIC_URL", "https://signup.example")]).await;
    let answer = server.get("/openapi.json").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let document = answer.json();
    assert_eq!(document["servers"], json!([{ "url": "https://signup.example" }]));
    assert_eq!(server.cli(&["openapi"], "").unwrap(), document);

    let etag = answer.header("etag").to_owned();
    let again = server.request(Method::GET, "/openapi.json").header("if-none-match", &etag);
    let again = send(again).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    assert_eq!(again.header("etag"), etag);
}

/// Whoever generates a client has no installation yet.
#[tokio::test]
async fn the_command_needs_no_installation() {
    let folder = tempfile::tempdir().unwrap();
    let output = cli_output(&program(), &[], folder.path(), &["openapi"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it has left something");
}

async fn the_document_is_one_by_the_specification(kind: Kind) {
    let server = Server::start(kind).await;
    let document = server.get("/openapi.json").await.json();
    let said = oauth_clients::run(&oauth_clients::python(), "openapi_document.py", &document);
    assert_eq!(said["operations"], routes().count(), "{said}");
    assert_eq!(said["faults"], 0, "{said}");
    assert!(said["examples"].as_i64().is_some_and(|examples| examples > 20), "{said}");
}

/// What the catalogue says of a field is in the document, in each body that takes one.
async fn fields_are_described_by_their_own_rules(kind: Kind) {
    let server = Server::start(kind).await;
    let document = server.get("/openapi.json").await.json();
    for body in ["NewUser", "UserChange", "NewManagedUser", "ManagedUserChange"] {
        let schema = &document["components"]["schemas"][body];
        for field in doorstep_fields::CATALOGUE {
            let property = &schema["properties"][field.name];
            assert_eq!(property["title"], field.label, "{body}: {property}");
        }
        assert_eq!(schema["properties"]["fname"]["maxLength"], 100, "{body}");
    }
    let required = &document["components"]["schemas"]["NewUser"]["required"];
    assert_eq!(*required, json!(["fname", "lname"]));
}

on_both!(
    the_server_and_the_command_say_the_same,
    the_document_is_one_by_the_specification,
    fields_are_described_by_their_own_rules,
);

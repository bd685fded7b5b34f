//! The catalogue that the operator imports.

use doorstep_tests::{Kind, Server, on_both};
use serde_json::json;

/// The sample of the handbook, by the path that people are told.
pub(crate) const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/catalog/sample.toml");

/// Imports a document.
pub(crate) fn import(server: &Server, document: &str) -> Result<serde_json::Value, String> {
    let file = server.folder().join("catalog.toml");
    std::fs::write(&file, document).unwrap();
    server.cli(&["catalog", "import", &file.display().to_string()], "")
}

async fn each_import_is_a_version_and_the_same_document_again_is_none(kind: Kind) {
    let server = Server::start(kind).await;
    let shown = server.cli(&["catalog", "show"], "").unwrap();
    assert_eq!(shown, json!({ "version": 0, "imported_at": null, "document": "" }));

    let imported = server.cli(&["catalog", "import", SAMPLE], "").unwrap();
    assert_eq!((&imported["version"], &imported["changed"]), (&json!(1), &json!(true)));
    assert_eq!(imported["counts"]["currencies"], 3);
    let again = server.cli(&["catalog", "import", SAMPLE], "").unwrap();
    assert_eq!((&again["version"], &again["changed"]), (&json!(1), &json!(false)));
    let shown = server.cli(&["catalog", "show"], "").unwrap();
    assert_eq!(shown["document"], std::fs::read_to_string(SAMPLE).unwrap());

    assert_eq!(import(&server, "").unwrap()["version"], 2);
    // The document before is no longer the one in force, so it is new.
    assert_eq!(server.cli(&["catalog", "import", SAMPLE], "").unwrap()["version"], 3);
    let count = |sql| server.database.count(sql);
    assert_eq!(count("SELECT COUNT(*) FROM catalog").await, 3);
    let audited =
        "SELECT COUNT(*) FROM audit_log WHERE action = 'catalog.import' AND actor = 'operator'";
    assert_eq!(count(audited).await, 3);
}

async fn a_document_with_faults_changes_nothing_and_names_them_all(kind: Kind) {
    let server = Server::start(kind).await;
    server.cli(&["catalog", "import", SAMPLE], "").unwrap();
    let four = ["A", "B", "C", "D"].map(|name| {
        format!("[[apiculus.tax_type]]\nname = \"{name}\"\nrequired = true\nmin = 1\nmax = 2\n")
    });
    let four = four.concat();
    let said = import(&server, &format!("currencies = [\"Euro\"]\n{four}")).unwrap_err();
    for part in ["catalog.toml", "currencies 1", "apiculus.tax_type has 4 types", "3 tax numbers"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(import(&server, "= 1").unwrap_err().contains("not TOML, line 1"));
    assert!(server.cli(&["catalog", "import", "nowhere"], "").unwrap_err().contains("nowhere"));
    assert_eq!(server.cli(&["catalog", "show"], "").unwrap()["version"], 1);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM catalog").await, 1);
}

async fn a_check_imports_nothing(kind: Kind) {
    let server = Server::start(kind).await;
    let checked = server.cli(&["catalog", "import", "--check", SAMPLE], "").unwrap();
    assert_eq!(checked["valid"], true);
    assert_eq!(server.database.count("SELECT COUNT(*) FROM catalog").await, 0);
}

on_both!(
    each_import_is_a_version_and_the_same_document_again_is_none,
    a_document_with_faults_changes_nothing_and_names_them_all,
    a_check_imports_nothing,
);

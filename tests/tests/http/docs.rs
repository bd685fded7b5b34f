//! The handbook as pages: all of it, every link good, nothing that runs.

use std::collections::BTreeSet;

use doorstep_tests::{Answer, Kind, Server, on_both};
use doorstep_wire::Code;

/// What stands in an attribute, each time it occurs.
fn values<'a>(page: &'a str, attribute: &str) -> BTreeSet<&'a str> {
    let begin = format!("{attribute}=\"");
    page.split(begin.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// The path of a link on the page at `from`, and its fragment.
fn resolve(from: &str, link: &str) -> (String, String) {
    let base = reqwest::Url::parse("http://x").unwrap().join(from).unwrap();
    let url = base.join(link).unwrap();
    (url.path().to_owned(), url.fragment().unwrap_or_default().to_owned())
}

fn is_page(answer: &Answer) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !answer.text.contains("<script"), "{policy}");
}

async fn every_page_is_there_and_every_link_leads_somewhere(kind: Kind) {
    let server = Server::start(kind).await;
    let mut open = vec!["/docs".to_owned()];
    let mut seen = BTreeSet::new();
    let mut wanted = Vec::new();
    while let Some(path) = open.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let answer = server.get(&path).await;
        is_page(&answer);
        for link in values(&answer.text, "href") {
            if link.contains("://") {
                continue;
            }
            let (to, fragment) = resolve(&path, link);
            assert!(to.starts_with("/docs"), "{path} leads to {to}");
            wanted.push((path.clone(), to.clone(), fragment));
            open.push(to);
        }
    }
    for (from, to, fragment) in wanted {
        if !fragment.is_empty() {
            let text = server.get(&to).await.text;
            assert!(values(&text, "id").contains(fragment.as_str()), "{from}: {to}#{fragment}");
        }
    }
    // The first page, the errors, and each of the handbook's files.
    assert_eq!(seen.len(), doorstep_handbook::PAGES.len() + 1, "{seen:?}");
    let errors = server.get("/docs/errors").await.text;
    let anchors = values(&errors, "id");
    assert!(Code::ALL.iter().all(|code| anchors.contains(code.name())));

    let tag = server.get("/docs/webhooks").await.header("etag").to_owned();
    let again = server.request(reqwest::Method::GET, "/docs/webhooks").header("if-none-match", tag);
    assert_eq!(doorstep_tests::send(again).await.status, 304);
    assert_eq!(server.get("/docs/nothing").await.refusal().0, 404);
}

on_both!(every_page_is_there_and_every_link_leads_somewhere);

#[test]
fn no_page_of_the_handbook_is_left_out() {
    let handbook = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/handbook");
    let mut files = BTreeSet::new();
    for folder in ["", "decisions"] {
        for entry in std::fs::read_dir(handbook.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let name = path.file_name().unwrap().to_str().unwrap();
                let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
                files.insert(format!("crates/handbook/{folder}{name}"));
            }
        }
    }
    let pages: BTreeSet<_> = doorstep_handbook::PAGES.iter().map(|it| it.path.to_owned()).collect();
    let missing: Vec<_> = files.difference(&pages).collect();
    assert!(missing.is_empty(), "crates/handbook/src/lib.rs lists its pages: add {missing:?}");
}

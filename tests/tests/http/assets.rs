//! The widget's files as pages and browsers get them. `cargo xtask test` builds
//! the widget first; without it the loader says how to.

use std::path::Path;

use doorstep_tests::{Kind, Server, send};
use reqwest::Method;

#[tokio::test(flavor = "multi_thread")]
async fn the_loader_is_short_lived_and_its_files_last_for_ever() {
    let server = Server::start(Kind::Sqlite).await;
    let loader = server.get("/v1/doorstep.js").await;
    // What the build leaves behind, and the server is compiled with.
    let built =
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/dist/manifest.json")).exists();
    if !built {
        assert_eq!(loader.status, 503);
        assert!(loader.text.starts_with("console.error("), "{}", loader.text);
        assert!(loader.text.contains("cargo xtask build"));
        assert!(server.log().contains("without the widget"));
        return;
    }
    assert_eq!(loader.status, 200);
    assert!(loader.header("content-type").starts_with("text/javascript"));
    assert!(loader.header("cache-control").contains("max-age=300"));
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("x-content-type-options", "nosniff"),
        ("vary", "accept-encoding"),
    ] {
        assert_eq!(loader.header(name), value, "{name}");
    }
    let etag = loader.header("etag").to_owned();
    let again =
        send(server.request(Method::GET, "/v1/doorstep.js").header("if-none-match", &etag)).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));

    let mut kinds = Vec::new();
    for name in loader.text.split('"').filter(|part| part.starts_with("assets/")) {
        let plain = server.get(&format!("/v1/{name}")).await;
        assert_eq!(plain.status, 200, "{name}");
        assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
        assert!(plain.headers.get("content-encoding").is_none());
        kinds.push(plain.header("content-type").to_owned());
        for (accepted, sent) in [
            ("br", "br"),
            ("gzip, br", "br"),
            ("gzip", "gzip"),
            ("br;q=0, gzip", "gzip"),
            ("identity", ""),
        ] {
            let request = server.request(Method::GET, &format!("/v1/{name}"));
            let response = request.header("accept-encoding", accepted).send().await.unwrap();
            let coding = response.headers().get("content-encoding");
            let coding = coding.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
            assert_eq!(coding, sent, "{name} for {accepted}");
        }
    }
    // The texts' names are put together by the loader.
    let after = |name: &str| loader.text.split(name).nth(1).unwrap_or_default();
    let hash: String = after("\"texts\":\"").chars().take_while(char::is_ascii_hexdigit).collect();
    for (part, language) in [("text", "en"), ("text", "zh-Hant"), ("order", "ar")] {
        let name = format!("/v1/assets/{part}-{language}-{hash}.json");
        let texts = server.get(&name).await;
        assert_eq!(texts.status, 200, "{name}");
        assert_eq!(texts.header("content-type"), "application/json");
        assert_eq!(texts.header("access-control-allow-origin"), "*");
        assert!(texts.header("cache-control").contains("max-age=300"), "{name}");
        assert!(texts.json().as_array().unwrap().len() > 20, "{name}");
    }
    let count = |kind: &str| kinds.iter().filter(|it| it.starts_with(kind)).count();
    // The form, the order steps and the puzzle's solver; the style of the first two; the glue of all, the frame's host,
    // and the way to the page where no form can be.
    let counts = ["application/wasm", "text/css", "text/javascript"].map(count);
    assert_eq!(counts, [3, 2, 6], "{kinds:?}");
    assert_eq!(server.get("/v1/assets/nothing.wasm").await.status, 404);
    assert_eq!(server.get("/v1/assets/..%2Fdoorstep.js").await.status, 404);
}

/// The operator's words stand in the same files, from the next request after they changed.
#[tokio::test(flavor = "multi_thread")]
async fn texts_are_the_operators_where_they_have_some() {
    let server = Server::start(Kind::Sqlite).await;
    let loader = server.get("/v1/doorstep.js").await.text;
    let Some(rest) = loader.split("\"texts\":\"").nth(1) else { return };
    let hash: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
    let german = format!("/v1/assets/text-de-{hash}.json");
    let file = server.folder().join("doorstep.toml");
    let settle = async |written: &str, logged: &str| {
        let times = server.log().matches(logged).count();
        std::fs::write(&file, written).unwrap();
        server.signal("HUP");
        for _ in 0..600 {
            if server.log().matches(logged).count() > times {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{logged:?} does not stand in the log:\n{}", server.log());
    };
    let ours = server.get(&german).await;
    assert!(ours.text.contains("\"Konto anlegen\""), "{}", ours.text);

    settle("[texts.de.form]\ntitle = \"Moin\"\n", "the settings were read again").await;
    let own = server.get(&german).await;
    assert!(own.text.contains("\"Moin\""), "{}", own.text);
    assert_eq!(own.json().as_array().unwrap().len(), ours.json().as_array().unwrap().len());
    assert!(own.header("cache-control").contains("max-age=300"));
    let etag = own.header("etag").to_owned();
    assert_ne!(etag, ours.header("etag"));
    let again = server.request(Method::GET, &german).header("if-none-match", &etag);
    let again = send(again).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    // Compressed it is another representation, with a tag of its own.
    let request = || server.request(Method::GET, &german).header("accept-encoding", "br, gzip");
    let packed = send(request()).await;
    assert_eq!(packed.header("content-encoding"), "br");
    assert_ne!(packed.header("etag"), etag);
    let again = send(request().header("if-none-match", packed.header("etag"))).await;
    assert_eq!(again.status.as_u16(), 304);
    let french = server.get(&format!("/v1/assets/text-fr-{hash}.json")).await;
    assert!(!french.text.contains("Moin"));

    // Whoever misspells a text is told which, and nothing changes.
    settle("[texts.de.form]\ntitel = \"Tach\"\n", "texts.de.form.titel is none").await;
    assert_eq!(server.get(&german).await.text, own.text);
    settle("", "the settings were read again").await;
    assert_eq!(server.get(&german).await.text, ours.text);
}

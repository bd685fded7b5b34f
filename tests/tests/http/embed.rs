//! What `doorstep embed` prints, and what a page that pins it gets.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorstep_tests::{Kind, Server, on_both, send};
use reqwest::Method;
use sha2::{Digest as _, Sha384};

fn sum(content: &[u8]) -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(content)))
}

const PUBLIC: &str = "https://signup.example";

async fn the_printed_tag_is_of_the_loader_that_is_served(kind: Kind) {
    let server = Server::start_with(kind, &[("DOORSTEP_PUBLIC_URL", PUBLIC)]).await;
    let printed = match server.cli(&["embed"], "") {
        Ok(printed) => printed,
        Err(error) => {
            assert!(error.contains("cargo xtask build"), "{error}");
            assert_eq!(server.get("/v1/0/doorstep.js").await.status, 404);
            return;
        }
    };
    let (src, integrity) =
        (printed["src"].as_str().unwrap(), printed["integrity"].as_str().unwrap());
    let path = src.strip_prefix(PUBLIC).expect("the server's own address");
    let loader = server.get(path).await;
    assert_eq!(loader.status, 200);
    assert_eq!(sum(loader.text.as_bytes()), integrity);
    for (name, value) in [
        ("content-type", "text/javascript; charset=utf-8"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("x-content-type-options", "nosniff"),
        ("vary", "accept-encoding"),
    ] {
        assert_eq!(loader.header(name), value, "{name}");
    }
    let small = server.request(Method::GET, path).header("accept-encoding", "br");
    let small = small.send().await.unwrap();
    assert_eq!(small.headers()["content-encoding"], "br");
    // What it loads lies beside it, and is what it says.
    let (_, sums) = loader.text.split_once("\"sums\":").expect("the loader has hashes");
    let (sums, _) = sums.split_once('}').unwrap();
    let sums: std::collections::BTreeMap<String, String> =
        serde_json::from_str(&format!("{sums}}}")).unwrap();
    assert!(sums.keys().any(|name| name.contains(".wasm")), "{sums:?}");
    let folder = path.strip_suffix("doorstep.js").unwrap();
    for (name, expected) in &sums {
        let answer = server.request(Method::GET, &format!("{folder}{name}")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{name}");
        assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        assert_eq!(&sum(&answer.bytes().await.unwrap()), expected, "{name}");
    }
    // Another version is not answered with this one: its hash would not fit.
    for gone in ["/v1/0123456789abcdef/doorstep.js", "/v1/0123456789abcdef/assets/x.wasm"] {
        let answer = send(server.request(Method::GET, gone)).await;
        assert_eq!(answer.status, 404, "{gone}");
        assert!(answer.text.contains("doorstep embed"), "{}", answer.text);
    }
    assert_eq!(server.get(&format!("{folder}assets/nothing.wasm")).await.status, 404);
    assert_eq!(server.get(&format!("{folder}assets/..%2Fdoorstep.js")).await.status, 404);
}

async fn each_mode_has_its_policy(kind: Kind) {
    let server = Server::start_with(
        kind,
        &[
            ("DOORSTEP_PUBLIC_URL", PUBLIC),
            ("DOORSTEP_BRANDING__LOGO", "https://cdn.example/l.png"),
        ],
    )
    .await;
    let embed = |more: &[&str]| server.cli(&[&["embed"], more].concat(), "");
    let Ok(inline) = embed(&[]) else { return };
    assert_eq!(
        inline["content_security_policy"],
        "script-src https://signup.example 'wasm-unsafe-eval'; connect-src https://signup.example; img-src https://cdn.example"
    );
    let tag = inline["tag"].as_str().unwrap();
    assert!(tag.starts_with("<script async src=\"https://signup.example/v1/"), "{tag}");
    assert!(tag.contains("crossorigin=\"anonymous\"") && tag.ends_with("></script>"), "{tag}");
    let frame = embed(&["--mode", "frame", "--nonce", "4AEemGb0xJptoIGFP3Nd"]).unwrap();
    assert_eq!(
        frame["content_security_policy"],
        "script-src 'nonce-4AEemGb0xJptoIGFP3Nd' 'strict-dynamic'; frame-src https://signup.example"
    );
    let tag = frame["tag"].as_str().unwrap();
    assert!(tag.contains("nonce=\"4AEemGb0xJptoIGFP3Nd\"") && tag.contains("data-mode=\"frame\""));
    let moving = embed(&["--moving"]).unwrap();
    assert_eq!(moving["src"], "https://signup.example/v1/doorstep.js");
    assert_eq!(moving["integrity"], serde_json::Value::Null);
    assert!(!moving["tag"].as_str().unwrap().contains("integrity"));
    // clap says it itself, and the program ends with another code.
    for unsound in [["--nonce", "a\" onload=\"x"], ["--mode", "popup"]] {
        assert!(!server.cli_output(&[&["embed"], &unsound[..]].concat(), "").status.success());
    }
}

on_both!(the_printed_tag_is_of_the_loader_that_is_served, each_mode_has_its_policy);

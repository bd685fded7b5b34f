//! The playground: off unless it is asked for, and then a page that can do nothing but
//! its work.

use doorstep_tests::{Kind, Server, on_both};

const ON: (&str, &str) = ("DOORSTEP_PLAYGROUND__ENABLED", "true");
const FILES: [(&str, &str); 3] = [
    ("playground.js", "text/javascript; charset=utf-8"),
    ("playground.css", "text/css; charset=utf-8"),
    ("description.json", "application/json"),
];

async fn there_is_none_unless_the_operator_says_so(kind: Kind) {
    let server = Server::start(kind).await;
    for path in ["/playground", "/playground/playground.js"] {
        let answer = server.get(path).await;
        assert_eq!(answer.refusal().0, 404, "{path}");
        assert!(answer.text.contains("playground.enabled"), "{}", answer.text);
    }
}

async fn the_playground_can_do_nothing_but_its_work(kind: Kind) {
    let from = ("DOORSTEP_PLAYGROUND__TOKEN_URL", "https://panel.example:2083/sign-up-token?a=1");
    let server = Server::start_with(kind, &[ON, from]).await;
    for (name, media_type) in FILES {
        let file = server.get(&format!("/playground/{name}")).await;
        assert_eq!(file.status, 200, "{name}");
        assert_eq!(file.header("content-type"), media_type);
        assert!(!file.header("etag").is_empty());
    }
    assert_eq!(server.get("/playground/page.html").await.refusal().0, 404);
    let page = server.get("/playground").await;
    if page.status == 503 {
        assert!(page.text.contains("cargo xtask build"), "{}", page.text);
        return;
    }
    assert_eq!(page.status, 200, "{}", page.text);
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"));
    assert!(policy.ends_with("connect-src 'self' https://panel.example:2083"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe-inline"), "{policy}");
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
    assert!(page.text.contains("https://panel.example:2083/sign-up-token?a=1"), "{}", page.text);
    // Nothing inline, and every file is there.
    assert!(!page.text.contains("<style") && !page.text.contains("style="), "{}", page.text);
    assert!(!page.text.contains(" on"), "{}", page.text);
    let scripts: Vec<_> = page.text.split("<script").skip(1).collect();
    assert_eq!(scripts.len(), 2);
    assert!(scripts.iter().all(|tag| tag.contains("></script>") && tag.contains("src=\"/")));
}

async fn without_an_address_for_tokens_it_asks_nobody_else(kind: Kind) {
    let server = Server::start_with(kind, &[ON]).await;
    let page = server.get("/playground").await;
    if page.status == 200 {
        let policy = page.header("content-security-policy");
        assert!(policy.ends_with("; connect-src 'self'"), "{policy}");
    } else {
        assert_eq!(page.status, 503, "{}", page.text);
    }
}

on_both!(
    there_is_none_unless_the_operator_says_so,
    the_playground_can_do_nothing_but_its_work,
    without_an_address_for_tokens_it_asks_nobody_else,
);

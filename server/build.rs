//! Embeds the built widget: every file that `target/dist/manifest.json` lists,
//! with its compressed copies. Without a built widget the list is empty and the
//! server says how to build it.

#![expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts by environment")]

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256, Sha384};

#[derive(serde::Deserialize)]
struct Entry {
    path: String,
    content_type: String,
    immutable: bool,
    sha256: String,
    encodings: Vec<String>,
}

/// Where the loader's list of files begins, which a build of the widget wrote into it.
const LIST: &str = "{\"early\":";

/// The loader for pages that pin it: with the hashes of what it fetches, under a name that says its content, and its own
/// hash for the page. It changes whenever anything does, so only pages that want this get it.
fn pinned(dist: &Path, entries: &[Entry]) -> String {
    let mut source = String::from("/// The loader for pages that pin it.\n");
    let Some(loader) = entries.iter().find(|entry| entry.path == "doorstep.js") else {
        source.push_str("static PINNED: Option<Pinned> = None;\n");
        return source;
    };
    let read = |path: &str| fs::read(dist.join(path)).expect("the manifest's files are there");
    let sum = |content: &[u8]| format!("sha384-{}", STANDARD.encode(Sha384::digest(content)));
    // What is fetched as bytes; a module is brought by `import`, which takes no hash.
    let sums: BTreeMap<&str, String> = entries
        .iter()
        .filter(|entry| {
            ["application/wasm", "text/css; charset=utf-8"].contains(&&*entry.content_type)
        })
        .map(|entry| (entry.path.as_str(), sum(&read(&entry.path))))
        .collect();
    let text = String::from_utf8(read(&loader.path)).expect("the loader is text");
    assert!(text.matches(LIST).count() == 1, "the loader does not list its files as {LIST}…");
    let sums = serde_json::to_string(&sums).expect("texts have a JSON form");
    let text = text.replace(LIST, &format!("{{\"sums\":{sums},\"early\":"));
    let sha256 = Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a string cannot fail");
        hex
    });
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it")).join("pinned.js");
    fs::write(&out, &text).expect("OUT_DIR is writable");
    let mut small = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
    brotli::BrotliCompress(&mut text.as_bytes(), &mut small, &parameters)
        .expect("memory is enough");
    fs::write(out.with_extension("js.br"), small).expect("OUT_DIR is writable");
    writeln!(
        source,
        "static PINNED: Option<Pinned> = Some(Pinned {{ pin: {:?}, integrity: {:?}, asset: Asset {{ path: \"pinned.js\", content_type: {:?}, immutable: true, sha256: {:?}, plain: include_bytes!({:?}), brotli: Some(include_bytes!({:?})), gzip: None }} }});",
        &sha256[..16],
        sum(text.as_bytes()),
        loader.content_type,
        sha256,
        out.to_string_lossy(),
        out.with_extension("js.br").to_string_lossy(),
    )
    .expect("writing to a string cannot fail");
    source
}

fn main() {
    let manifest_dir = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let dist = Path::new(&manifest_dir).join("../target/dist");
    let manifest = dist.join("manifest.json");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", manifest.display());
    // While the manifest is missing cargo runs this script at every build, which
    // is how a first build of the widget is noticed.
    let entries: Vec<Entry> = match fs::read(&manifest) {
        Ok(text) => serde_json::from_slice(&text)
            .expect("target/dist/manifest.json is what `cargo xtask build` wrote"),
        Err(_) => Vec::new(),
    };
    let mut source = String::from("/// The embedded files.\nstatic ASSETS: &[Asset] = &[\n");
    for entry in &entries {
        let file = dist.join(&entry.path);
        let include = |suffix: &str| {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            format!("include_bytes!({:?})", name.to_string_lossy())
        };
        let copy = |encoding: &str, suffix: &str| {
            if entry.encodings.iter().any(|name| name == encoding) {
                format!("Some({})", include(suffix))
            } else {
                "None".to_owned()
            }
        };
        writeln!(
            source,
            "    Asset {{ path: {:?}, content_type: {:?}, immutable: {:?}, sha256: {:?}, plain: {}, brotli: {}, gzip: {} }},",
            entry.path,
            entry.content_type,
            entry.immutable,
            entry.sha256,
            include(""),
            copy("br", ".br"),
            copy("gzip", ".gz"),
        )
        .expect("writing to a string cannot fail");
    }
    source.push_str("];\n");
    source.push_str(&pinned(&dist, &entries));
    let out = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("assets.rs"), source).expect("OUT_DIR is writable");
}

//! Embeds the built widget: every file that `target/dist/manifest.json` lists,
//! with its compressed copies. Without a built widget the list is empty and the
//! server says how to build it.

#![expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts by environment")]

use std::{env, fmt::Write as _, fs, path::Path};

#[derive(serde::Deserialize)]
struct Entry {
    path: String,
    content_type: String,
    immutable: bool,
    sha256: String,
    encodings: Vec<String>,
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
    let out = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("assets.rs"), source).expect("OUT_DIR is writable");
}

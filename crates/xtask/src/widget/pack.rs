//! Names by content, compressed copies, and the manifest the server's build reads.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use brotli::enc::BrotliEncoderParams;
use doorstep_texts::Part;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::widget::shrink::Shrunk;
use crate::widget::texts::Spoken;

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const LOADER: &str = "doorstep.js";
/// How the names begin of what only pages without a back end load.
pub(crate) const PROVER: &str = "assets/prover";
/// Of what a person types into while the module is on its way.
pub(crate) const EARLY: &str = "assets/early";
/// And of what comes after a sign-up.
pub(crate) const ORDER: &str = "assets/order";
/// And of what pages load that forbid wasm.
pub(crate) const HOSTED: &str = "assets/hosted";
/// Of what only the isolated form loads.
pub(crate) const FRAME: &str = "assets/frame";
/// The page that the isolated form is; the server writes into it who may show it.
pub(crate) const FRAME_PAGE: &str = "frame.html";

/// The loader's source names its assets and its version by these words.
const ASSETS_PLACEHOLDER: &str = "__DOORSTEP_ASSETS__";
const VERSION_PLACEHOLDER: &str = "__DOORSTEP_VERSION__";
/// The frame's page names its scripts by these, and leaves the third to the server.
const LOADER_PLACEHOLDER: &str = "__DOORSTEP_LOADER__";
const FRAME_PLACEHOLDER: &str = "__DOORSTEP_FRAME__";
const EMBEDDERS_PLACEHOLDER: &str = "__DOORSTEP_EMBEDDERS__";

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const WASM: &str = "application/wasm";
const CSS: &str = "text/css; charset=utf-8";
const JSON: &str = "application/json";

/// 48 bits of SHA-256: a name that changes with the content, not a proof of it. Of 10,000 versions of a file two have the
/// same name once in five million times, and each character more is a dozen bytes of the loader.
const HASH_CHARACTERS: usize = 12;

/// One line of the manifest.
#[derive(Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) content_type: String,
    /// Whether the name says which content, so that it may be cached for ever.
    pub(crate) immutable: bool,
    /// Of the file as it is before compression.
    pub(crate) sha256: String,
    /// As HTTP calls them; the copies lie beside the file as `.br` and `.gz`.
    pub(crate) encodings: Vec<String>,
}

/// Where the loader finds the rest, relative to its own address.
#[derive(Serialize)]
struct Assets<'a> {
    early: &'a str,
    glue: &'a str,
    wasm: &'a str,
    css: &'a str,
    host: &'a str,
    hosted: &'a str,
    order: &'a str,
    #[serde(rename = "orderWasm")]
    order_wasm: &'a str,
    #[serde(rename = "orderCss")]
    order_css: &'a str,
    prover: &'a str,
    solver: &'a str,
    /// What the names of all texts have in common.
    texts: &'a str,
    languages: Vec<&'a str>,
}

/// Writes everything beside `dist` and then swaps, so that a build that breaks off leaves the last one whole.
pub(crate) fn into_dist(shrunk: &Shrunk, dist: &Path) -> Result<()> {
    let next = dist.with_extension("next");
    if next.exists() {
        fs::remove_dir_all(&next)?;
    }
    fs::create_dir_all(next.join("assets"))?;

    let early = write_named(&next, EARLY, "js", JAVASCRIPT, &shrunk.early)?;
    let glue = write_asset(&next, "js", JAVASCRIPT, &shrunk.glue)?;
    let host = write_named(&next, FRAME, "js", JAVASCRIPT, &shrunk.frame_host)?;
    let hosted = write_named(&next, HOSTED, "js", JAVASCRIPT, &shrunk.hosted)?;
    let frame = write_named(&next, FRAME, "js", JAVASCRIPT, &shrunk.frame)?;
    let wasm = write_asset(&next, "wasm", WASM, &shrunk.wasm)?;
    let css = write_asset(&next, "css", CSS, &shrunk.css)?;
    let order = write_named(&next, ORDER, "js", JAVASCRIPT, &shrunk.order)?;
    let order_wasm = write_named(&next, ORDER, "wasm", WASM, &shrunk.order_wasm)?;
    let order_css = write_named(&next, ORDER, "css", CSS, &shrunk.order_css)?;
    let prover = write_named(&next, PROVER, "js", JAVASCRIPT, &shrunk.prover)?;
    let solver = write_named(&next, PROVER, "wasm", WASM, &shrunk.solver)?;
    let hash = common_hash(&shrunk.texts);
    let mut texts = Vec::new();
    for spoken in &shrunk.texts {
        for (part, content) in Part::ALL.iter().zip(&spoken.parts) {
            let path = format!("assets/{}-{}-{hash}.json", part.name(), spoken.tag);
            // An operator's words may take the place of ours under the same name.
            texts.push(write(&next, &path, JSON, false, content.as_bytes())?);
        }
    }
    let assets = Assets {
        early: &early.path,
        glue: &glue.path,
        wasm: &wasm.path,
        css: &css.path,
        host: &host.path,
        hosted: &hosted.path,
        order: &order.path,
        order_wasm: &order_wasm.path,
        order_css: &order_css.path,
        prover: &prover.path,
        solver: &solver.path,
        texts: &hash,
        languages: shrunk.texts.iter().map(|spoken| spoken.tag).collect(),
    };
    let loader = bake(&shrunk.loader, &assets)?;
    let loader = write(&next, LOADER, JAVASCRIPT, false, loader.as_bytes())?;
    let page = bake_page(&shrunk.frame_page, &loader, &frame)?;
    let page = write(&next, FRAME_PAGE, "text/html; charset=utf-8", false, page.as_bytes())?;

    let mut entries = vec![
        loader, early, css, glue, wasm, host, hosted, page, frame, order, order_wasm, order_css,
        prover, solver,
    ];
    entries.extend(texts);
    let manifest = serde_json::to_string_pretty(&entries)?;
    fs::write(next.join(MANIFEST), manifest + "\n")?;
    if dist.exists() {
        fs::remove_dir_all(dist)?;
    }
    fs::rename(&next, dist).with_context(|| format!("cannot put {} in its place", dist.display()))
}

/// What the manifest lists.
pub(crate) fn entries(dist: &Path) -> Result<Vec<Entry>> {
    let path = dist.join(MANIFEST);
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text)
        .with_context(|| format!("{} is not a manifest of ours", path.display()))
}

/// Whether all that the manifest lists is there.
pub(crate) fn is_whole(dist: &Path) -> bool {
    entries(dist).is_ok_and(|entries| {
        entries.iter().all(|entry| {
            ["", ".br", ".gz"]
                .iter()
                .all(|suffix| dist.join(format!("{}{suffix}", entry.path)).is_file())
        })
    })
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Of all texts together: thirty hashes would be a fifth of the loader.
fn common_hash(texts: &[Spoken]) -> String {
    let mut digest = Sha256::new();
    for part in texts.iter().flat_map(|spoken| &spoken.parts) {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    let mut hash = hexadecimal(&digest.finalize());
    hash.truncate(HASH_CHARACTERS);
    hash
}

/// Puts names and version into the loader.
fn bake(loader: &[u8], assets: &Assets<'_>) -> Result<String> {
    let source = with(loader, "loader.js", &[ASSETS_PLACEHOLDER, VERSION_PLACEHOLDER])?;
    Ok(source
        .replace(ASSETS_PLACEHOLDER, &serde_json::to_string(assets)?)
        .replace(VERSION_PLACEHOLDER, env!("CARGO_PKG_VERSION")))
}

/// Puts the scripts' names into the frame's page. A browser may hold the loader for a day, and here it must be of one
/// build with the rest: hence the hash.
fn bake_page(page: &[u8], loader: &Entry, frame: &Entry) -> Result<String> {
    let names = [LOADER_PLACEHOLDER, FRAME_PLACEHOLDER, EMBEDDERS_PLACEHOLDER];
    let source = with(page, "frame.html", &names)?;
    let loader = format!("{}?{}", loader.path, &loader.sha256[..HASH_CHARACTERS]);
    Ok(source.replace(LOADER_PLACEHOLDER, &loader).replace(FRAME_PLACEHOLDER, &frame.path))
}

/// The text, which must have all the placeholders.
fn with<'a>(content: &'a [u8], name: &str, placeholders: &[&str]) -> Result<&'a str> {
    let source = std::str::from_utf8(content).with_context(|| format!("{name} is not UTF-8"))?;
    for placeholder in placeholders {
        ensure!(source.contains(placeholder), "widget/embed/{name} does not contain {placeholder}");
    }
    Ok(source)
}

fn write_named(
    dist: &Path,
    name: &str,
    extension: &str,
    content_type: &str,
    content: &[u8],
) -> Result<Entry> {
    let hash = &hexadecimal(&Sha256::digest(content))[..HASH_CHARACTERS];
    write(dist, &format!("{name}-{hash}.{extension}"), content_type, true, content)
}

fn write_asset(dist: &Path, extension: &str, content_type: &str, content: &[u8]) -> Result<Entry> {
    write_named(dist, "assets/doorstep", extension, content_type, content)
}

fn write(
    dist: &Path,
    path: &str,
    content_type: &str,
    immutable: bool,
    content: &[u8],
) -> Result<Entry> {
    fs::write(dist.join(path), content)?;
    fs::write(dist.join(format!("{path}.br")), brotli(content)?)?;
    fs::write(dist.join(format!("{path}.gz")), gzip(content)?)?;
    Ok(Entry {
        path: path.to_owned(),
        content_type: content_type.to_owned(),
        immutable,
        sha256: hexadecimal(&Sha256::digest(content)),
        encodings: vec!["br".to_owned(), "gzip".to_owned()],
    })
}

/// Slow and small: it is done once per build, and each visitor downloads the result.
fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let parameters = BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: content.len(),
        ..Default::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::{Assets, bake};

    fn assets() -> Assets<'static> {
        Assets {
            early: "assets/e.js",
            glue: "assets/g.js",
            wasm: "assets/w.wasm",
            css: "assets/c.css",
            host: "assets/h.js",
            hosted: "assets/s.js",
            order: "assets/o.js",
            order_wasm: "assets/o.wasm",
            order_css: "assets/o.css",
            prover: "assets/p.js",
            solver: "assets/p.wasm",
            texts: "0",
            languages: vec!["de", "en"],
        }
    }

    #[test]
    fn the_loader_learns_its_assets_and_version() {
        let baked =
            bake(b"const a=__DOORSTEP_ASSETS__,v=\"__DOORSTEP_VERSION__\";", &assets()).unwrap();
        assert!(
            baked.starts_with(
                r#"const a={"early":"assets/e.js","glue":"assets/g.js","wasm":"assets/w.wasm","css":"assets/c.css","host":"assets/h.js","hosted":"assets/s.js","order":"assets/o.js","orderWasm":"assets/o.wasm","orderCss":"assets/o.css","prover":"assets/p.js","solver":"assets/p.wasm","texts":"0","languages":["de","en"]},v=""#
            ),
            "{baked}"
        );
        assert!(!baked.contains("__DOORSTEP"), "{baked}");
    }

    #[test]
    fn a_loader_without_placeholders_is_refused() {
        let error = bake(b"const a={};", &assets()).unwrap_err().to_string();
        assert!(error.contains("__DOORSTEP_ASSETS__"), "{error}");
    }
}

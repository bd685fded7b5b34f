//! The widget's files, embedded in the program and compressed when it was built.

use axum::{
    body::Bytes,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use brotli::enc::BrotliEncoderParams;
use doorstep_accounts::Fingerprint;
use doorstep_wire::{Code, paths};

use super::{App, cached::is_known, reject::Reject};

/// An embedded file.
#[derive(Debug)]
struct Asset {
    path: &'static str,
    content_type: &'static str,
    immutable: bool,
    sha256: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// The loader that never changes under its name.
#[derive(Debug)]
struct Pinned {
    /// Its name in the path.
    pin: &'static str,
    /// What the page's tag says of it (SRI).
    integrity: &'static str,
    asset: Asset,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Where pages find the loader that they can pin, and what their tag says of it.
pub(crate) fn pinned() -> Option<(String, &'static str)> {
    let Pinned { pin, integrity, .. } = PINNED.as_ref()?;
    Some((paths::PINNED_LOADER.replace("{pin}", pin), integrity))
}

/// The loader's place in the build's list.
const LOADER: &str = "doorstep.js";
/// A page that loads the widget asks again after five minutes at the most, so a
/// fix reaches everybody within that; a day-old copy is better than none while
/// the new one loads.
const SHORT_CACHE: &str = "public, max-age=300, stale-while-revalidate=86400";
/// Texts, which the operator can change, and what is the operator's with them: a form of
/// yesterday would not ask what is demanded today.
const WORDS_CACHE: &str = "public, max-age=300";
/// The name holds the content's hash, so the content never changes.
const ASSET_CACHE: &str = "public, max-age=31536000, immutable";
/// As HTTP calls it.
const BROTLI: &str = "br";
/// How to get a widget into the program.
pub(crate) const NOT_BUILT: &str = "this doorstep binary was built without the widget: run `cargo xtask build` (or `cargo xtask run`) in its checkout";

/// Whether the widget is embedded.
pub(crate) fn is_built() -> bool {
    ASSETS.iter().any(|asset| asset.path == LOADER)
}

/// An embedded page, as it was packed.
pub(super) fn page(path: &str) -> Option<&'static str> {
    let asset = ASSETS.iter().find(|asset| asset.path == path)?;
    std::str::from_utf8(asset.plain).ok()
}

/// `GET /v1/doorstep.js`
pub(crate) async fn loader(headers: HeaderMap) -> Response {
    match ASSETS.iter().find(|asset| asset.path == LOADER) {
        Some(asset) => serve(asset, &headers),
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")],
            format!("console.error({:?});\n", format!("Doorstep: {NOT_BUILT}")),
        )
            .into_response(),
    }
}

/// `GET /v1/{pin}/doorstep.js`
pub(crate) async fn pinned_loader(
    pin: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let pin = pin.map(|Path(pin)| pin).unwrap_or_default();
    match PINNED.as_ref().filter(|pinned| pinned.pin == pin) {
        Some(pinned) => serve(&pinned.asset, &headers),
        None => unpinned(),
    }
}

/// `GET /v1/{pin}/assets/{file}`: where that loader looks for the rest.
pub(crate) async fn pinned_asset(
    app: State<App>,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let (pin, file) = path.map(|Path(path)| path).unwrap_or_default();
    if PINNED.as_ref().is_none_or(|pinned| pinned.pin != pin) {
        return unpinned();
    }
    asset(app, Ok(Path(file)), headers).await
}

fn unpinned() -> Response {
    let detail = "this version of the widget is not here any more: put the snippet that `doorstep embed` prints into the page";
    Reject::new(Code::NotFound, detail).into_response()
}

/// `GET /v1/assets/{file}`
pub(crate) async fn asset(
    State(app): State<App>,
    file: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let file = file.map(|Path(file)| file).unwrap_or_default();
    let asset = ASSETS.iter().find(|asset| asset.path.strip_prefix("assets/") == Some(&file));
    match asset {
        Some(asset) => {
            let operator = |tag: &str| app.settings.form.to_wire(&app.settings.branding, tag);
            match app.settings.texts.put_into(&file, asset.plain, operator) {
                Some(words) => serve_words(asset, words, &headers),
                None => serve(asset, &headers),
            }
        }
        None => Reject::new(Code::NotFound, "there is no such file in this version of the widget")
            .into_response(),
    }
}

fn serve(asset: &Asset, headers: &HeaderMap) -> Response {
    let accepted = accepted(headers);
    let (encoding, bytes) = match (asset.brotli, asset.gzip) {
        (Some(brotli), _) if accepts(accepted, BROTLI) => (Some(BROTLI), brotli),
        (_, Some(gzip)) if accepts(accepted, "gzip") => (Some("gzip"), gzip),
        _ => (None, asset.plain),
    };
    // Each representation has its own tag (RFC 9110 §8.8.3).
    let etag =
        format!("\"{}-{}\"", &asset.sha256[..asset.sha256.len().min(32)], encoding.unwrap_or("id"));
    respond(asset, Bytes::from_static(bytes), encoding, &etag, headers)
}

/// Texts with what is the operator's in them, which nobody has compressed when they were
/// built: a person waits for them before they can type.
fn serve_words(asset: &Asset, words: String, headers: &HeaderMap) -> Response {
    let digest = Fingerprint::of(&[words.as_bytes()]);
    let etag = digest.as_stored().get(..32).unwrap_or_default();
    let (encoding, bytes) = match brotli(words.as_bytes()) {
        Some(packed) if accepts(accepted(headers), BROTLI) => (Some(BROTLI), packed),
        _ => (None, words.into_bytes()),
    };
    let etag = format!("\"{etag}-own-{}\"", encoding.unwrap_or("id"));
    respond(asset, bytes.into(), encoding, &etag, headers)
}

/// Less than the best, which takes ten times as long and saves a fiftieth.
fn brotli(content: &[u8]) -> Option<Vec<u8>> {
    let parameters = BrotliEncoderParams {
        quality: 9,
        size_hint: content.len(),
        ..BrotliEncoderParams::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut packed, &parameters).ok()?;
    Some(packed)
}

fn respond(
    asset: &Asset,
    bytes: Bytes,
    encoding: Option<&'static str>,
    etag: &str,
    headers: &HeaderMap,
) -> Response {
    let fresh = is_known(headers, etag);
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, asset.content_type)], bytes).into_response()
    };
    let set = response.headers_mut();
    if let Some(encoding) = encoding.filter(|_| !fresh) {
        set.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if let Ok(etag) = HeaderValue::from_str(etag) {
        set.insert(header::ETAG, etag);
    }
    let cache = match asset.content_type == "application/json" {
        _ if asset.immutable => ASSET_CACHE,
        true => WORDS_CACHE,
        false => SHORT_CACHE,
    };
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    set.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    // Public files for every page, also for cross-origin isolated ones.
    set.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    set.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    response
}

/// The codings that the reader knows.
fn accepted(headers: &HeaderMap) -> &str {
    headers.get(header::ACCEPT_ENCODING).and_then(|it| it.to_str().ok()).unwrap_or_default()
}

/// Whether a parameter is the weight 0 (RFC 9110 §12.4.2).
fn refuses(parameter: &str) -> bool {
    parameter.strip_prefix("q=").and_then(|weight| weight.parse().ok()) == Some(0.0_f32)
}

/// Whether the list of codings has this one and does not refuse it.
fn accepts(list: &str, coding: &str) -> bool {
    list.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        parts.next() == Some(coding) && !parts.any(refuses)
    })
}

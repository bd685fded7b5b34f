//! `doorstep embed`: the tag to paste, and what the page around it must allow.

use clap::{Args, ValueEnum};
use doorstep_wire::paths;
use serde_json::json;

use super::Output;
use crate::{config::Settings, http};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where the form is: in the page, or in a frame that the page's scripts cannot look into
    #[arg(long, value_enum, default_value = "inline")]
    mode: Mode,
    /// The loader that changes with the server, without a hash
    #[arg(long)]
    moving: bool,
    /// The nonce that the page's policy allows scripts by; a new one for each answer of the page
    #[arg(long, value_name = "NONCE", value_parser = nonce)]
    nonce: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    Inline,
    Frame,
}

/// What may stand in a policy between quotes (CSP 3, `base64-value`).
fn nonce(text: &str) -> Result<String, String> {
    let bare = text.trim_end_matches('=');
    let is_sound = !bare.is_empty()
        && text.len() <= 128
        && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte));
    if is_sound { Ok(text.to_owned()) } else { Err("a nonce is text in Base64".to_owned()) }
}

pub(super) fn run(settings: &Settings, arguments: &Arguments) -> Result<Output, String> {
    let (pinned, integrity) = http::pinned_loader().ok_or(http::WIDGET_NOT_BUILT)?;
    let server = settings.public_url();
    let origin = url::Url::parse(server).map(|url| url.origin().ascii_serialization());
    let origin = origin.map_err(|_| {
        "pages must know where the server is: set server.public_url (DOORSTEP_PUBLIC_URL) to its address, such as https://signup.example.com"
    })?;
    let integrity = (!arguments.moving).then_some(integrity);
    let path = if arguments.moving { paths::LOADER } else { &pinned };
    let src = format!("{server}{path}");
    let mut parts = vec![format!("<script async src=\"{src}\"")];
    if let Some(integrity) = integrity {
        parts.push(format!("integrity=\"{integrity}\" crossorigin=\"anonymous\""));
    }
    if let Some(nonce) = &arguments.nonce {
        parts.push(format!("nonce=\"{nonce}\""));
    }
    if arguments.mode == Mode::Frame {
        parts.push("data-mode=\"frame\"".to_owned());
    }
    parts.push("data-token=\"sgn_…\"></script>".to_owned());
    let tag = parts.join("\n        ");
    let policy = policy(settings, arguments, &origin);
    let note = if arguments.moving {
        "The loader changes with the server: a page always has the newest, and cannot say by its hash which one it wants."
    } else {
        "The hash holds for this version of the widget alone. When the server gets another one, the old tag loads nothing: print and paste it anew then."
    };
    let text = format!("{tag}\n\nContent-Security-Policy: {policy}\n\n{note}");
    let mode = if arguments.mode == Mode::Frame { "frame" } else { "inline" };
    let json = json!({
        "mode": mode,
        "tag": tag,
        "src": src,
        "integrity": integrity,
        "content_security_policy": policy,
    });
    Ok(Output { json, text })
}

/// What the page's policy must allow at least.
fn policy(settings: &Settings, arguments: &Arguments, origin: &str) -> String {
    // A nonce reaches the tag, and by `'strict-dynamic'` what the tag's script loads.
    let scripts = match &arguments.nonce {
        Some(nonce) => format!("'nonce-{nonce}' 'strict-dynamic'"),
        None => origin.to_owned(),
    };
    if arguments.mode == Mode::Frame {
        return format!("script-src {scripts}; frame-src {origin}");
    }
    let logo = settings.branding.to_wire().logo.and_then(|logo| url::Url::parse(&logo).ok());
    let logo = logo.map(|logo| format!("; img-src {}", logo.origin().ascii_serialization()));
    format!(
        "script-src {scripts} 'wasm-unsafe-eval'; connect-src {origin}{}",
        logo.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::nonce;

    #[test]
    fn a_nonce_ends_neither_the_attribute_nor_the_directive() {
        for sound in ["4AEemGb0xJptoIGFP3Nd", "a+/-_b=="] {
            assert_eq!(nonce(sound).as_deref(), Ok(sound));
        }
        for unsound in ["", "==", "a b", "a\"b", "a'; script-src *", "a=b"] {
            assert!(nonce(unsound).is_err(), "{unsound}");
        }
    }
}

//! What must not be found: every secret that this process sent, got or made.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use reqwest::{Method, Request, Url, header};
use serde_json::Value;

use super::Place;
use crate::{Answer, hexadecimal};

/// What is shorter is a word that a test sends in a secret's place. Nobody makes a
/// secret of seven characters, and seven are found by chance.
const SHORTEST: usize = 8;

/// Members of forms and of JSON whose values are secrets.
const MEMBERS: [(&str, &str); 8] = [
    ("access_token", "access token"),
    ("token", "access token"),
    ("client_secret", "client secret"),
    ("client_assertion", "client assertion"),
    ("password", "password"),
    ("claim_code", "claim code"),
    ("code_verifier", "claim verifier"),
    ("altcha", "puzzle solution"),
];

/// Secrets, and texts that may hold none of them.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    kinds: BTreeMap<Vec<u8>, String>,
    said: Vec<Place>,
}

/// Those of this process: each test is one under nextest. Under another runner the
/// tests of a program look for one another's secrets as well, which finds no less.
pub(crate) fn seen() -> MutexGuard<'static, Secrets> {
    static SEEN: Mutex<Secrets> = Mutex::new(Secrets { kinds: BTreeMap::new(), said: Vec::new() });
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Secrets {
    /// Notes one, unless it is a word or a flood of one letter.
    pub(crate) fn note(&mut self, kind: &str, secret: &[u8]) {
        let is_flood = secret.iter().all(|byte| Some(byte) == secret.first());
        if secret.len() >= SHORTEST && !is_flood {
            self.kinds.entry(secret.to_vec()).or_insert_with(|| kind.to_owned());
        }
    }

    /// Each with its kind.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &str)> {
        self.kinds.iter().map(|(secret, kind)| (secret.as_slice(), kind.as_str()))
    }

    /// What was said to those who may not learn a secret by it.
    pub(crate) fn said(&self) -> &[Place] {
        &self.said
    }

    /// Notes the keys of a key file: as they are written there, and as they are.
    pub(crate) fn note_key_file(&mut self, path: &Path) {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let mut kind = String::new();
        for line in text.lines() {
            if let Some(ring) = line.strip_prefix('[') {
                kind = format!("{} key", ring.trim_end_matches(']'));
            } else if let Some((_, value)) = line.split_once(" = \"") {
                let written = value.trim_end_matches('"');
                self.note(&kind, written.as_bytes());
                let Ok(key) = URL_SAFE_NO_PAD.decode(written) else { continue };
                let hex = hexadecimal(&key);
                self.note(&kind, hex.as_bytes());
                self.note(&kind, STANDARD.encode(&key).as_bytes());
                self.note(&kind, &key);
            }
        }
    }

    /// Notes the password of a database URL.
    pub(crate) fn note_database(&mut self, url: &str) {
        if let Some(password) = Url::parse(url).ok().as_ref().and_then(Url::password) {
            self.note("database password", password.as_bytes());
        }
    }

    fn note_member(&mut self, name: &str, value: &str) {
        if let Some((_, kind)) = MEMBERS.iter().find(|(member, _)| *member == name) {
            self.note(kind, value.as_bytes());
        }
    }

    /// Notes the secrets of a document; says whether there were any.
    fn note_json(&mut self, document: &Value) -> bool {
        match document {
            Value::Object(members) => members.iter().fold(false, |any, (name, value)| {
                if let Value::String(text) = value {
                    self.note_member(name, text);
                    any || MEMBERS.iter().any(|(member, _)| member == name)
                } else {
                    self.note_json(value) || any
                }
            }),
            Value::Array(items) => {
                // Each of them, also behind one that has some.
                let with_secrets = items.iter().filter(|item| self.note_json(item));
                with_secrets.count() > 0
            }
            _ => false,
        }
    }

    fn note_form(&mut self, form: &str) {
        let mut url = Url::parse("http://form.example").expect("this is a URL");
        url.set_query(Some(form));
        for (name, value) in url.query_pairs() {
            self.note_member(&name, &value);
        }
    }

    fn note_authorization(&mut self, value: &str) {
        let Some((scheme, rest)) = value.trim().split_once(' ') else { return };
        self.note("Authorization value", rest.trim().as_bytes());
        if scheme.eq_ignore_ascii_case("basic")
            && let Ok(pair) = STANDARD_NO_PAD.decode(rest.trim().trim_end_matches('='))
            && let Ok(pair) = String::from_utf8(pair)
            && let Some((_, password)) = pair.split_once(':')
        {
            self.note("password", password.as_bytes());
        }
    }
}

/// Notes the secrets of a request that is about to be sent.
pub(crate) fn asked(request: &Request) {
    let mut seen = seen();
    for (name, value) in request.headers() {
        let Ok(value) = value.to_str() else { continue };
        match name.as_str() {
            "authorization" => seen.note_authorization(value),
            "x-access-token" => seen.note("session token", value.as_bytes()),
            "dpop" => seen.note("DPoP proof", value.as_bytes()),
            "idempotency-key" => seen.note("Idempotency-Key", value.trim_matches('"').as_bytes()),
            _ => {}
        }
    }
    seen.note_form(request.url().query().unwrap_or_default());
    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
    if let Ok(document) = serde_json::from_slice(body) {
        seen.note_json(&document);
    } else if let Ok(form) = std::str::from_utf8(body) {
        seen.note_form(form);
    }
}

/// Notes the secrets of an answer, or that there may be none in it: a refusal tells
/// nobody a secret, not even his own.
pub(crate) fn answered(method: &Method, url: &Url, answer: &Answer) {
    let mut seen = seen();
    if answer.status.is_client_error() || answer.status.is_server_error() {
        let headers = answer.headers.iter().filter(|(name, _)| **name != header::DATE);
        let mut content = without_hidden_fields(&answer.text).into_bytes();
        for (name, value) in headers {
            content.extend_from_slice(format!("\n{name}: ").as_bytes());
            content.extend_from_slice(value.as_bytes());
        }
        let name = format!("the answer {} to {method} {}", answer.status.as_u16(), url.path());
        seen.said.push(Place { name, content });
    } else {
        seen.note_json(&answer.json());
    }
}

/// A page without what its form sends unseen. A form that is drawn again goes on with the
/// token that it came with, and says so nowhere else.
fn without_hidden_fields(page: &str) -> String {
    let mut parts = page.split("<input type=\"hidden\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('>').map_or("", |(_, rest)| rest))
}

/// Notes the secrets that a command read and printed, and what it printed otherwise.
pub(crate) fn printed(arguments: &[&str], input: &str, stdout: &[u8], stderr: &[u8]) {
    let mut seen = seen();
    if arguments.contains(&"--password-stdin") {
        seen.note("password", input.trim_end().as_bytes());
    }
    let command = arguments.iter().take(2).copied().collect::<Vec<_>>().join(" ");
    let document = serde_json::from_slice(stdout).unwrap_or_default();
    if !seen.note_json(&document) {
        let name = format!("what `doorstep {command}` printed");
        seen.said.push(Place { name, content: stdout.to_vec() });
    }
    let name = format!("what `doorstep {command}` logged");
    seen.said.push(Place { name, content: stderr.to_vec() });
}

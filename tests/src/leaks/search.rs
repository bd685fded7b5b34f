//! The search itself.

use std::fmt::{self, Write as _};

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::Value;

use super::Secrets;

/// Bytes before and after a leak that a failure shows, so that one sees where it is.
const AROUND: usize = 160;
/// Leaks of one place that are told: one mistake logs many secrets.
const TOLD: usize = 3;
/// Of a token, whose beginning alone would help a guesser; and of a list of numbers,
/// for ten bytes in a row are found by chance nowhere.
const TOKEN_BYTES: usize = 24;
const LISTED_BYTES: usize = 10;
/// Of what is longer than anybody logs whole: floods, and signatures by RSA. The end,
/// for what is encoded begins alike.
const MOST_BYTES: usize = 96;

/// Something that may hold no secret.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// What it is.
    pub(crate) name: String,
    /// All of it.
    pub(crate) content: Vec<u8>,
}

/// A secret where it may not be. It does not hold the secret: it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// What kind of secret.
    pub kind: String,
    /// In what.
    pub place: String,
    /// What stands around it, without secrets.
    pub near: String,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}: {}", self.kind, self.place, self.near)
    }
}

/// What was looked for, where, and found.
#[derive(Debug)]
pub struct Report {
    /// How many secrets.
    pub secrets: usize,
    /// In how many bytes.
    pub bytes: usize,
    /// Of what.
    pub places: Vec<String>,
    /// What was found.
    pub leaks: Vec<Leak>,
}

/// Looks for every secret in every place.
pub(crate) fn search(secrets: &Secrets, places: &[Place]) -> Report {
    let mut kinds = Vec::new();
    let mut patterns = Vec::new();
    for (secret, kind) in secrets.iter() {
        for form in forms(secret) {
            patterns.push(form);
            kinds.push(kind);
        }
    }
    let automaton = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(&patterns)
        .expect("the patterns are few and short");
    let mut leaks = Vec::new();
    for place in places {
        for found in automaton.find_iter(&place.content).take(TOLD) {
            leaks.push(Leak {
                kind: kinds[found.pattern().as_usize()].to_owned(),
                place: place.name.clone(),
                near: near(&automaton, &place.content, found.start()),
            });
        }
    }
    Report {
        secrets: secrets.iter().count(),
        bytes: places.iter().map(|place| place.content.len()).sum(),
        places: places.iter().map(|place| place.name.clone()).collect(),
        leaks,
    }
}

/// How a secret looks where somebody wrote it: as it is, in a URL, in JSON, as the
/// numbers of its bytes.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let core = core(secret);
    let listed: Vec<String> = core.iter().take(LISTED_BYTES).map(u8::to_string).collect();
    let mut forms = vec![core.to_vec(), listed.join(", ").into_bytes()];
    if let Ok(text) = std::str::from_utf8(core) {
        let mut in_url = String::new();
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                in_url.push(char::from(byte));
            } else {
                // Writing into a String cannot fail.
                let _ = write!(in_url, "%{byte:02X}");
            }
        }
        let in_json = Value::from(text).to_string();
        let in_json = in_json[1..in_json.len() - 1].to_owned();
        forms.extend([in_url, in_json].map(String::into_bytes));
    }
    forms.sort();
    forms.dedup();
    forms
}

/// What of a secret is looked for. A token that was cut short is told to whoever reads
/// it; of a JWT it is the signature, for its header is everybody's.
fn core(secret: &[u8]) -> &[u8] {
    let is_token = secret.len() > TOKEN_BYTES && secret.get(3) == Some(&b'_');
    let mut parts = secret.split(|byte| *byte == b'.');
    let core = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(_), Some(_), Some(signature), None) if signature.len() > TOKEN_BYTES => signature,
        _ if is_token => &secret[..TOKEN_BYTES],
        _ => secret,
    };
    &core[core.len().saturating_sub(MOST_BYTES)..]
}

/// What stands around, on the same line, with every secret blotted out.
fn near(automaton: &AhoCorasick, content: &[u8], at: usize) -> String {
    const BLOT: &str = "[secret]";
    let line = content[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let start = line.max(at.saturating_sub(AROUND));
    let end = content[at..].iter().position(|byte| *byte == b'\n');
    let end = end.map_or(content.len(), |length| at + length).min(at + 2 * AROUND);
    // Of what begins before or ends after this, a part would be shown.
    let mut text = String::new();
    let mut shown = start;
    for found in automaton.find_iter(content).filter(|it| it.end() > start && it.start() < end) {
        text.push_str(&String::from_utf8_lossy(&content[shown..found.start().max(shown)]));
        text.push_str(BLOT);
        shown = rest_of_word(content, found.end());
    }
    text.push_str(&String::from_utf8_lossy(&content[shown.min(end)..end]));
    text.escape_debug().to_string()
}

/// The end of the text that a secret begins: only a part of it is looked for.
fn rest_of_word(content: &[u8], from: usize) -> usize {
    let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let rest = content[from..].iter().position(|byte| !goes_on(byte));
    rest.map_or(content.len(), |length| from + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "reg_wUqkYk2xO4vXfZ3mT8sLrJcB1nHdGpAeQi7uMoVyKtE_0aZ9";
    const JWT: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.MEUCIQDNKlq8mDk1mTCEsmD0aa6JLkq1nLQZ";

    fn found(content: &[u8]) -> Vec<Leak> {
        let mut secrets = Secrets::default();
        for (kind, secret) in
            [("token", TOKEN), ("proof", JWT), ("password", "pä\"ss wörd"), ("word", "short")]
        {
            secrets.note(kind, secret.as_bytes());
        }
        let place = Place { name: "the log".to_owned(), content: content.to_vec() };
        let report = search(&secrets, &[place]);
        assert_eq!((report.secrets, report.bytes), (3, content.len()));
        report.leaks
    }

    #[test]
    fn each_form_of_a_secret_is_found_and_not_repeated() {
        let numbers = format!("{:?}", TOKEN.as_bytes());
        let signature = JWT.rsplit('.').next().unwrap();
        for (content, kind) in [
            (format!("a\nseen {TOKEN} there\nb"), "token"),
            (format!("cut to {}…", &TOKEN[..30]), "token"),
            (format!("as bytes {numbers}"), "token"),
            (JWT.to_string(), "proof"),
            (format!("only its end: {signature}"), "proof"),
            ("pä\"ss wörd".to_owned(), "password"),
            (r#"{"password":"pä\"ss wörd"}"#.to_owned(), "password"),
            ("?password=p%C3%A4%22ss%20w%C3%B6rd".to_owned(), "password"),
        ] {
            let leaks = found(content.as_bytes());
            assert_eq!(leaks.len(), 1, "{content}: {leaks:?}");
            assert_eq!((leaks[0].kind.as_str(), leaks[0].place.as_str()), (kind, "the log"));
            let near = &leaks[0].near;
            assert!(near.contains("[secret]"), "{near}");
            for secret in [&TOKEN[..20], &TOKEN[24..], signature, "wörd", "w%C3"] {
                assert!(!near.contains(secret), "{near}");
            }
        }
        let context = &found(format!("a\nseen {TOKEN} there\nb").as_bytes())[0].near;
        assert_eq!(context, "seen [secret] there");
    }

    #[test]
    fn what_is_no_secret_is_not_found() {
        for content in ["", "reg_", "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0", "short", &TOKEN[..20]] {
            assert_eq!(found(content.as_bytes()), []);
        }
    }
}

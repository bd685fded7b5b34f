//! One filled form, and the key that makes sending it again harmless.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// What is sent, with its `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The `Idempotency-Key`.
    pub key: String,
    /// JSON.
    pub body: String,
    /// Whether the key is from before the page was reloaded.
    pub is_recalled: bool,
    /// Of what may be kept of the body.
    digest: String,
}

impl Attempt {
    /// The attempt that sends `body`: the last one again if nothing was changed
    /// since, so that the server recognises it; a new one otherwise, because one
    /// key may not stand for two bodies. `note` is what [`Self::note`] gave before
    /// the page was reloaded, or empty. `open` is the body without what is secret,
    /// or the body itself: a digest of it is kept, and whoever finds that can try
    /// what was typed.
    pub fn of(
        last: Option<Self>,
        note: &str,
        body: String,
        open: &str,
        chance: impl FnOnce() -> [u8; 16],
    ) -> Self {
        if let Some(last) = last.filter(|last| last.body == body) {
            return last;
        }
        let digest = digest(open);
        match note.split_once(' ') {
            Some((key, noted)) if noted == digest => {
                Self { key: key.to_owned(), body, is_recalled: true, digest }
            }
            _ => Self { key: uuid(chance()), body, is_recalled: false, digest },
        }
    }

    /// What to keep over a reload of the page: the key, and which body it is for.
    /// Nothing of what was typed can be read from it.
    pub fn note(&self) -> String {
        self.key.clone() + " " + &self.digest
    }
}

/// Tells bodies apart. Two that it takes for one are refused by the server, and
/// sent again with a new key.
fn digest(body: &str) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hex(&hasher.finish().to_be_bytes(), &[])
}

/// A random UUID (RFC 9562 §5.4). `crypto.randomUUID` is absent on pages without
/// TLS, where control panels do live.
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    hex(&bytes, &[4, 6, 8, 10])
}

/// Hexadecimal, with dashes before these bytes.
fn hex(bytes: &[u8], dashes: &[usize]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if dashes.contains(&at) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 0x0f] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_for_the_same_answers_and_for_no_others() {
        let first = Attempt::of(None, "", "{}".to_owned(), "{}", || [0xff; 16]);
        assert_eq!(first.key, "ffffffff-ffff-4fff-bfff-ffffffffffff");
        let again = Attempt::of(Some(first.clone()), "", "{}".to_owned(), "{}", || [0; 16]);
        assert_eq!(again, first);
        let changed = Attempt::of(Some(first), "", "{\"a\":1}".to_owned(), "", || [0; 16]);
        assert_eq!(changed.key, "00000000-0000-4000-8000-000000000000");
    }

    #[test]
    fn a_key_outlives_the_page_for_the_same_answers() {
        let typed = "{\"user\":{\"fname\":\"Ada\"}}".to_owned();
        let before = Attempt::of(None, "", typed.clone(), &typed, || [0xff; 16]);
        let note = before.note();
        assert!(!note.contains("Ada"));
        let after = Attempt::of(None, &note, typed.clone(), &typed, || [0; 16]);
        assert_eq!((after.key, after.is_recalled), (before.key, true));
        for note in ["", "x", "x y", &note] {
            let other = Attempt::of(None, note, "{}".to_owned(), "{}", || [0; 16]);
            assert!(other.key.starts_with("00000000-") && !other.is_recalled, "{note}");
        }
    }

    #[test]
    fn what_is_secret_is_not_in_the_note() {
        let of = |body: &str| Attempt::of(None, "", body.to_owned(), "open", || [0; 16]).note();
        assert_eq!(of("{\"password\":\"a\"}"), of("{\"password\":\"b\"}"));
    }
}

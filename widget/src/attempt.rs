//! One filled form, and the key that makes sending it again harmless.

/// What is sent, with its `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) key: String,
    pub(crate) body: String,
}

impl Attempt {
    /// The attempt that sends `body`: the last one again if nothing was changed
    /// since, so that the server recognises it; a new one otherwise, because one
    /// key may not stand for two bodies.
    pub(crate) fn of(last: Option<Self>, body: String, chance: impl FnOnce() -> [u8; 16]) -> Self {
        match last {
            Some(last) if last.body == body => last,
            _ => Self { key: uuid(chance()), body },
        }
    }
}

/// A random UUID (RFC 9562 §5.4). `crypto.randomUUID` is absent on pages without
/// TLS, where control panels do live.
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
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
        let first = Attempt::of(None, "{}".to_owned(), || [0xff; 16]);
        assert_eq!(first.key, "ffffffff-ffff-4fff-bfff-ffffffffffff");
        let again = Attempt::of(Some(first.clone()), "{}".to_owned(), || [0; 16]);
        assert_eq!(again, first);
        let changed = Attempt::of(Some(first), "{\"a\":1}".to_owned(), || [0; 16]);
        assert_eq!(changed.key, "00000000-0000-4000-8000-000000000000");
    }
}

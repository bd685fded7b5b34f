//! Access tokens and claim codes: what is accepted is exactly what is made.
//!
//! Input: a text that may be a token; and the same bytes once more as the 32 random ones of a token, followed by
//! pairs of a place and a byte to put there.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorstep_accounts::{Entropy, PlainToken, TokenKind};
use sha2::{Digest as _, Sha256};

/// Every kind with its prefix. They are written down once more: scanners know them, so they never change.
const KINDS: [(TokenKind, &str); 4] = [
    (TokenKind::App, "reg_"),
    (TokenKind::User, "usr_"),
    (TokenKind::SignUp, "sgn_"),
    (TokenKind::ClaimCode, "clm_"),
];

/// Holds an input to it.
pub fn check(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        exactly_what_is_made(text);
    }
    let Some((random, edits)) = data.split_first_chunk::<32>() else { return };
    for (kind, prefix) in KINDS {
        let token = PlainToken::generate(kind, &Fixed(*random));
        let text = token.expose();
        assert!(text.starts_with(prefix) && text.len() == 54, "{text}");
        assert!(accepts(kind, text), "{text}");
        assert_eq!(token.hash().as_stored(), crate::hexadecimal(&Sha256::digest(text)));
        let mut changed = text.as_bytes().to_vec();
        for pair in edits.chunks_exact(2) {
            let at = usize::from(pair[0]) % changed.len();
            changed[at] = pair[1];
        }
        if let Ok(changed) = std::str::from_utf8(&changed) {
            exactly_what_is_made(changed);
        }
        // One byte less or more is never a token.
        assert!(!accepts(kind, &text[1..]) && !accepts(kind, &text[..53]));
        assert!(!accepts(kind, &format!("{text} ")));
    }
}

/// Accepted if and only if making it again from its own random bytes gives the very text.
fn exactly_what_is_made(text: &str) {
    for (kind, prefix) in KINDS {
        assert_eq!(accepts(kind, text), made(kind, prefix, text), "{text:?} as {prefix}");
    }
}

fn made(kind: TokenKind, prefix: &str, text: &str) -> bool {
    let random = text.strip_prefix(prefix).and_then(|rest| rest.get(..43));
    let random = random.and_then(|random| URL_SAFE_NO_PAD.decode(random).ok());
    let Some(Ok(random)) = random.map(<[u8; 32]>::try_from) else { return false };
    PlainToken::generate(kind, &Fixed(random)).expose() == text
}

/// By the reader that is for the kind; the other one must refuse it.
fn accepts(kind: TokenKind, text: &str) -> bool {
    let prefix = KINDS.iter().find(|(one, _)| *one == kind).map_or("", |(_, prefix)| prefix);
    let (bearer, code) = (PlainToken::parse(text), PlainToken::parse_claim_code(text));
    assert!(bearer.is_err() || code.is_err(), "{text:?} is two things");
    let parsed = if kind == TokenKind::ClaimCode { code } else { bearer };
    parsed.is_ok_and(|token| {
        assert_eq!(token.expose(), text);
        text.starts_with(prefix)
    })
}

/// Always the same dice.
struct Fixed([u8; 32]);

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.0);
    }
}

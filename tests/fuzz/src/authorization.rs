//! The `Authorization` header: Basic in both alphabets, bearer tokens, DPoP.
//!
//! Input: the header's value.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use doorstep_accounts::Secret;
use doorstep_dialects::Authorization;

/// Holds an input to it.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(authorization) = Authorization::parse(text) else { return };
    let scheme = match &authorization {
        Authorization::Bearer(token) => {
            assert_eq!(token.expose().trim(), token.expose());
            again(&authorization, &format!("Bearer {}", token.expose()));
            "bearer"
        }
        Authorization::Dpop(token) => {
            again(&authorization, &format!("DPoP {}", token.expose()));
            "dpop"
        }
        Authorization::Basic { username, password } => {
            assert!(!username.contains(':'));
            let pair = format!("{username}:{}", password.expose());
            for encoded in [
                STANDARD.encode(&pair),
                STANDARD_NO_PAD.encode(&pair),
                URL_SAFE.encode(&pair),
                URL_SAFE_NO_PAD.encode(&pair),
            ] {
                again(&authorization, &format!("Basic {encoded}"));
                again(&authorization, &format!("bASIC \t {encoded} "));
            }
            "basic"
        }
    };
    assert!(text.trim().to_ascii_lowercase().starts_with(scheme));
    let (Authorization::Bearer(secret)
    | Authorization::Dpop(secret)
    | Authorization::Basic { password: secret, .. }) = &authorization;
    assert_eq!(format!("{secret:?}"), format!("{:?}", Secret::new("")), "secrets do not print");
}

/// Another spelling says the same.
fn again(expected: &Authorization, text: &str) {
    let parsed = Authorization::parse(text);
    let same = match (expected, &parsed) {
        (Authorization::Bearer(one), Some(Authorization::Bearer(other)))
        | (Authorization::Dpop(one), Some(Authorization::Dpop(other))) => {
            one.expose() == other.expose()
        }
        (
            Authorization::Basic { username, password },
            Some(Authorization::Basic { username: name, password: word }),
        ) => username == name && password.expose() == word.expose(),
        _ => false,
    };
    assert!(same, "{text:?}");
}

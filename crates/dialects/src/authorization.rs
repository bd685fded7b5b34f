//! What an `Authorization` header says.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use doorstep_accounts::Secret;

/// Credentials of one of the schemes that are spoken here.
#[derive(Debug)]
pub enum Authorization {
    /// RFC 6750.
    Bearer(Secret),
    /// RFC 9449.
    Dpop(Secret),
    /// RFC 7617.
    Basic {
        /// Up to the first colon.
        username: String,
        /// After it.
        password: Secret,
    },
}

impl Authorization {
    /// Reads the header's value; `None` if it is of no scheme that is spoken here.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once([' ', '\t'])?;
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            Some(Self::Bearer(Secret::new(rest)))
        } else if scheme.eq_ignore_ascii_case("dpop") {
            Some(Self::Dpop(Secret::new(rest)))
        } else if scheme.eq_ignore_ascii_case("basic") {
            let (username, password) = decode_basic(rest)?;
            Some(Self::Basic { username, password })
        } else {
            None
        }
    }
}

/// Both base64 alphabets, with or without padding: the reference
/// implementation's cPanel plugin sends the URL-safe one.
fn decode_basic(text: &str) -> Option<(String, Secret)> {
    let text = text.trim_end_matches('=');
    let bytes = STANDARD_NO_PAD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (username, password) = text.split_once(':')?;
    Some((username.to_owned(), Secret::new(password)))
}

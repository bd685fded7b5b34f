//! Access tokens: prefix, 256 random bits, checksum; hashed at rest.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{
    clock::Entropy,
    secret::{Secret, hex},
};

/// Who a token speaks for.
///
/// **A prefix never changes once released: scanners know it, and every token
/// with the old one would be refused.**
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// An OAuth client.
    App,
    /// A user, through one of the user's API credentials.
    User,
    /// An OAuth client, to sign one person up, once.
    SignUp,
    /// Nobody: a code that a back end exchanges for a password.
    ClaimCode,
    /// A user who logged in with address and password.
    Session,
    /// Nobody: a code that shows that whoever has it reads an address's mail.
    Confirmation,
}

impl TokenKind {
    /// Those that stand in an `Authorization` header.
    const BEARER: [Self; 3] = [Self::App, Self::User, Self::SignUp];

    const fn prefix(self) -> &'static str {
        match self {
            Self::App => "reg_",
            Self::User => "usr_",
            Self::SignUp => doorstep_wire::session::TOKEN_PREFIX,
            Self::ClaimCode => "clm_",
            Self::Session => "ses_",
            Self::Confirmation => "cfm_",
        }
    }
}

/// A token in clear: `<prefix><43 base64url>_<6 base62>`. The checksum lets a
/// typing error or a scanner's guess be refused without asking the database.
#[derive(Clone)]
pub struct PlainToken(Zeroizing<String>);

/// SHA-256 of a token, in hex. The token is 256 random bits, so neither salt
/// nor a slow hash would add anything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenHash(String);

/// The text is not a token that we could have issued.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAToken;

const RANDOM_CHARACTERS: usize = 43;
const CHECKSUM_CHARACTERS: usize = 6;

impl PlainToken {
    /// A new token.
    pub fn generate(kind: TokenKind, entropy: &dyn Entropy) -> Self {
        let mut random = Zeroizing::new([0_u8; 32]);
        entropy.fill(random.as_mut_slice());
        let body = format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(*random));
        let checksum = checksum(&body);
        Self(Zeroizing::new(format!("{body}_{checksum}")))
    }

    /// Reads a token that somebody sent. Accepts exactly what
    /// [`generate`](Self::generate) makes.
    pub fn parse(text: &str) -> Result<Self, NotAToken> {
        Self::parse_any(text, &TokenKind::BEARER)
    }

    /// Reads a claim code that somebody sent.
    pub fn parse_claim_code(text: &str) -> Result<Self, NotAToken> {
        Self::parse_any(text, &[TokenKind::ClaimCode])
    }

    /// Reads the token of a session that somebody sent.
    pub fn parse_session(text: &str) -> Result<Self, NotAToken> {
        Self::parse_any(text, &[TokenKind::Session])
    }

    /// Reads a confirmation code that somebody sent.
    pub fn parse_confirmation(text: &str) -> Result<Self, NotAToken> {
        Self::parse_any(text, &[TokenKind::Confirmation])
    }

    fn parse_any(text: &str, kinds: &[TokenKind]) -> Result<Self, NotAToken> {
        let known = kinds.iter().find_map(|kind| text.strip_prefix(kind.prefix()));
        let rest = known.filter(|rest| {
            rest.is_ascii() && rest.len() == RANDOM_CHARACTERS + 1 + CHECKSUM_CHARACTERS
        });
        let random = rest.and_then(|rest| rest.get(..RANDOM_CHARACTERS)).ok_or(NotAToken)?;
        let decoded = URL_SAFE_NO_PAD.decode(random).map_err(|_| NotAToken)?;
        let (body, sum) =
            text.split_at_checked(text.len() - CHECKSUM_CHARACTERS - 1).ok_or(NotAToken)?;
        if decoded.len() == 32 && sum.strip_prefix('_') == Some(checksum(body).as_str()) {
            Ok(Self(Zeroizing::new(text.to_owned())))
        } else {
            Err(NotAToken)
        }
    }

    /// The token itself, for its owner.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored and looked up.
    pub fn hash(&self) -> TokenHash {
        TokenHash(hex(&Sha256::digest(self.0.as_bytes())))
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainToken(…)")
    }
}

impl TokenHash {
    /// Hexadecimal digits of the hash in [`Self::id`]: 128 bits.
    pub const ID_DIGITS: usize = 32;

    /// The text to store.
    pub fn as_stored(&self) -> &str {
        &self.0
    }

    /// A name for the token (the `jti` of RFC 7662 §2.2) that says nothing of it.
    pub fn id(&self) -> String {
        format!("tok_{}", self.0.get(..Self::ID_DIGITS).unwrap_or_default())
    }
}

/// SHA-256 of a token in base64url: the `ath` of a DPoP proof (RFC 9449 §4.2).
pub(crate) fn base64_digest(token: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token.expose().as_bytes()))
}

/// CRC-32 in base 62: six characters hold all its 32 bits.
fn checksum(body: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut text = [b'0'; CHECKSUM_CHARACTERS];
    for digit in text.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    text.iter().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::tests::Counting;

    #[test]
    fn parses_what_it_makes_and_nothing_near_it() {
        let token = PlainToken::generate(TokenKind::App, &Counting::default());
        let text = token.expose();
        assert_eq!(text.len(), 4 + 43 + 1 + 6);
        assert_eq!(PlainToken::parse(text).unwrap().hash(), token.hash());
        for at in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(PlainToken::parse(&changed).unwrap_err(), NotAToken, "{changed}");
        }
        for bad in
            ["", "reg_", "reg_é", &format!("{text} "), &text[..text.len() - 1], &"é".repeat(27)]
        {
            assert!(PlainToken::parse(bad).is_err(), "{bad:?}");
        }
        let code = PlainToken::generate(TokenKind::ClaimCode, &Counting::default());
        assert!(PlainToken::parse_claim_code(code.expose()).is_ok());
        assert!(PlainToken::parse(code.expose()).is_err(), "a code is no bearer token");
        assert!(PlainToken::parse_claim_code(text).is_err());
        let session = PlainToken::generate(TokenKind::Session, &Counting::default());
        assert!(PlainToken::parse_session(session.expose()).is_ok());
        assert!(PlainToken::parse(session.expose()).is_err(), "a session is no bearer token");
        let confirmation = PlainToken::generate(TokenKind::Confirmation, &Counting::default());
        assert!(PlainToken::parse_confirmation(confirmation.expose()).is_ok());
        assert!(PlainToken::parse(confirmation.expose()).is_err(), "it opens nothing");
        assert!(!format!("{token:?}").contains(text));
    }
}

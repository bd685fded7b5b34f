//! Passwords that people choose: Argon2id (RFC 9106).

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, phc::PasswordHash},
};

use crate::{clock::Entropy, secret::Secret};

/// Shortest password that an administrator may choose (NIST SP 800-63B-4 §3.1.1.2
/// asks for 15 where the password is the only factor).
pub const MIN_CHARACTERS: usize = 15;
/// Longest, so that nobody makes us hash a novel.
pub const MAX_BYTES: usize = 512;

/// Hashes with the crate's defaults (19 MiB, two passes: OWASP's choice).
pub fn hash(password: &Secret, entropy: &dyn Entropy) -> Result<String, String> {
    let text = password.expose();
    if text.chars().count() < MIN_CHARACTERS {
        return Err(format!("the password is too short: use at least {MIN_CHARACTERS} characters"));
    }
    if text.len() > MAX_BYTES {
        return Err(format!("the password is too long: use at most {MAX_BYTES} bytes"));
    }
    let mut salt = [0_u8; 16];
    entropy.fill(&mut salt);
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(text.as_bytes(), &salt)
        .map_err(|error| format!("the password cannot be hashed: {error}"))?;
    Ok(hash.to_string())
}

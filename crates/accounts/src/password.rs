//! Passwords that people choose: Argon2id (RFC 9106).

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};

use crate::{clock::Entropy, secret::Secret};

/// Shortest password that an administrator may choose (NIST SP 800-63B-4 §3.1.1.2
/// asks for 15 where the password is the only factor).
pub const MIN_CHARACTERS: usize = 15;
/// Longest, so that nobody makes us hash a novel.
pub const MAX_BYTES: usize = 512;

/// What the documented contract of the administrators' user API takes.
pub const CHARACTERS: std::ops::RangeInclusive<usize> = 8..=128;

/// Hashes a password that the operator chose for an administrator.
pub fn hash(password: &Secret, entropy: &dyn Entropy) -> Result<String, String> {
    let text = password.expose();
    if text.chars().count() < MIN_CHARACTERS {
        return Err(format!("the password is too short: use at least {MIN_CHARACTERS} characters"));
    }
    if text.len() > MAX_BYTES {
        return Err(format!("the password is too long: use at most {MAX_BYTES} bytes"));
    }
    hash_any(password, entropy)
}

/// Hashes a password whose length was checked ([`CHARACTERS`]), with the crate's
/// defaults (19 MiB, two passes: OWASP's choice).
pub fn hash_any(password: &Secret, entropy: &dyn Entropy) -> Result<String, String> {
    let text = password.expose();
    let mut salt = [0_u8; 16];
    entropy.fill(&mut salt);
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(text.as_bytes(), &salt)
        .map_err(|error| format!("the password cannot be hashed: {error}"))?;
    Ok(hash.to_string())
}

/// Does the work of [`verify`] for a name that has no password, so that its refusal
/// takes as long as that of a wrong one.
pub fn verify_nothing(password: &Secret) -> bool {
    let salt = [0_u8; 16];
    let hash: Result<PasswordHash, _> =
        Argon2::default().hash_password_with_salt(password.expose().as_bytes(), &salt);
    // The compiler must not find that nobody needs the hash.
    drop(std::hint::black_box(hash));
    false
}

/// Whether a password is the one that was hashed.
pub fn verify(hash: &str, password: &Secret) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default().verify_password(password.expose().as_bytes(), &hash).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::tests::Counting;

    #[test]
    fn only_the_password_itself_verifies() {
        let hash = hash_any(&Secret::new("short-one"), &Counting::default()).unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(verify(&hash, &Secret::new("short-one")));
        assert!(!verify(&hash, &Secret::new("short-two")));
        assert!(!verify("", &Secret::new("")));
    }
}

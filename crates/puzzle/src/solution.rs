//! A solution, and whether it is one.

use std::ops::Deref;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::{
    ALGORITHM,
    challenge::{Bound, Challenge, Key, digest, salt, sign},
};

/// What solvers send, in base64: the members of the challenge with the number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solution {
    /// [`ALGORITHM`].
    pub algorithm: String,
    /// As in the challenge.
    pub challenge: String,
    /// The number.
    pub number: u64,
    /// As in the challenge.
    pub salt: String,
    /// As in the challenge.
    pub signature: String,
}

/// A solution that is right. It is good for one use: whoever takes it remembers
/// the challenge until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solved {
    /// The challenge's hash, which no other challenge has.
    pub challenge: String,
    /// Until when it would be good, in seconds since the Unix epoch.
    pub expires: i64,
}

/// Why a solution is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Not base64 of such an object, or longer than any.
    Malformed,
    /// The challenge is not of this server, or the number is not the one.
    Wrong,
    /// The challenge was given to another client or to a page of another origin.
    Elsewhere,
    /// It came too late.
    Expired,
}

/// Three times what an honest one has; a solution is read before anybody is known.
const MAX_BYTES: usize = 2_048;

impl Solution {
    /// Puts the number to its challenge.
    pub fn new(challenge: Challenge, number: u32) -> Self {
        Self {
            algorithm: challenge.algorithm,
            challenge: challenge.challenge,
            number: u64::from(number),
            salt: challenge.salt,
            signature: challenge.signature,
        }
    }

    /// Reads what a solver sent. Members that are not ours, such as the time that
    /// it took, are passed over.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES || !text.is_ascii() {
            return None;
        }
        let bare = text.trim_end_matches('=');
        let bytes = STANDARD_NO_PAD.decode(bare).or_else(|_| URL_SAFE_NO_PAD.decode(bare)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// The text that solvers send.
    pub fn encode(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        base64::engine::general_purpose::STANDARD.encode(json)
    }
}

/// Checks what a solver sent for this client and origin at `now` (seconds since
/// the Unix epoch). `key` gives the key of a version, if there is such a one.
pub fn verify<K: Deref<Target = [u8; 32]>>(
    text: &str,
    bound: Bound<'_>,
    now: i64,
    key: impl FnOnce(u32) -> Option<K>,
) -> Result<Solved, Flaw> {
    let solution = Solution::parse(text).ok_or(Flaw::Malformed)?;
    if solution.algorithm != ALGORITHM {
        return Err(Flaw::Malformed);
    }
    let claims = Claims::read(&solution.salt).ok_or(Flaw::Malformed)?;
    let key = key(claims.version).ok_or(Flaw::Wrong)?;
    let key = Key { version: claims.version, bytes: &key };
    let signature = sign(&solution.challenge, key);
    let is_ours = bool::from(signature.as_bytes().ct_eq(solution.signature.as_bytes()));
    if !is_ours || digest(&solution.salt, solution.number) != solution.challenge {
        return Err(Flaw::Wrong);
    }
    // Written anew and compared as a whole: there is nothing to read differently.
    if salt(claims.nonce, bound, claims.expires, claims.version) != solution.salt {
        return Err(Flaw::Elsewhere);
    }
    if now >= claims.expires {
        return Err(Flaw::Expired);
    }
    Ok(Solved { challenge: solution.challenge, expires: claims.expires })
}

/// What is needed of a salt before it is known to be ours.
struct Claims<'a> {
    nonce: &'a str,
    expires: i64,
    version: u32,
}

impl<'a> Claims<'a> {
    fn read(salt: &'a str) -> Option<Self> {
        let (nonce, query) = salt.strip_suffix('&')?.split_once('?')?;
        let mut members = query.split('&');
        members.next()?.strip_prefix("client=")?;
        let expires = members.next()?.strip_prefix("expires=")?.parse().ok()?;
        let version = members.next()?.strip_prefix("key=")?.parse().ok()?;
        Some(Self { nonce, expires, version })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Search;

    const BOUND: Bound<'_> = Bound { client: "cli_1", origin: "https://panel.example:2083" };
    const KEY: Key<'_> = Key { version: 3, bytes: &[7; 32] };
    const EXPIRES: i64 = 1_700_000_120;

    fn solved() -> Solution {
        let challenge = Challenge::issue(BOUND, EXPIRES, 500, KEY, [9; 20]);
        let mut search =
            Search::new(&challenge.salt, &challenge.challenge, challenge.maxnumber).unwrap();
        let number = search.advance(501).unwrap();
        Solution::new(challenge, number)
    }

    fn check(text: &str, bound: Bound<'_>, now: i64) -> Result<Solved, Flaw> {
        verify(text, bound, now, |version| (version == KEY.version).then_some(KEY.bytes))
    }

    #[test]
    fn a_solution_is_good_where_and_while_it_is() {
        let solution = solved();
        let good = check(&solution.encode(), BOUND, EXPIRES - 1).unwrap();
        assert_eq!(good, Solved { challenge: solution.challenge.clone(), expires: EXPIRES });
        assert_eq!(check(&solution.encode(), BOUND, EXPIRES), Err(Flaw::Expired));
        for elsewhere in [
            Bound { client: "cli_2", ..BOUND },
            Bound { origin: "https://panel.example", ..BOUND },
            Bound { client: "cli_1&expires=9", ..BOUND },
        ] {
            assert_eq!(check(&solution.encode(), elsewhere, 0), Err(Flaw::Elsewhere));
        }
    }

    #[test]
    fn nothing_of_it_can_be_changed() {
        let good = solved();
        let changed = |change: fn(&mut Solution)| {
            let mut solution = good.clone();
            change(&mut solution);
            check(&solution.encode(), BOUND, 0)
        };
        assert_eq!(changed(|it| it.number += 1), Err(Flaw::Wrong));
        assert_eq!(changed(|it| it.signature = "0".repeat(64)), Err(Flaw::Wrong));
        assert_eq!(changed(|it| it.signature.clear()), Err(Flaw::Wrong));
        assert_eq!(changed(|it| it.challenge = "0".repeat(64)), Err(Flaw::Wrong));
        assert_eq!(changed(|it| it.algorithm = "SHA-1".to_owned()), Err(Flaw::Malformed));
        assert_eq!(changed(|it| it.salt = it.salt.replace("key=3", "key=4")), Err(Flaw::Wrong));
        let later = changed(|it| it.salt = it.salt.replace("expires=17", "expires=97"));
        assert_eq!(later, Err(Flaw::Wrong));
        // The digits of the number do not move into the salt.
        let spliced = changed(|it| {
            let digits = it.number.to_string();
            let (head, tail) = digits.split_at(1);
            it.salt.push_str(head);
            it.number = tail.parse().unwrap();
        });
        assert_eq!(spliced, Err(Flaw::Malformed));
        // Nor is a challenge that somebody else signed one of ours.
        let foreign = Challenge::issue(BOUND, EXPIRES, 0, Key { bytes: &[8; 32], ..KEY }, [1; 20]);
        let foreign = Solution::new(foreign, 0);
        assert_eq!(check(&foreign.encode(), BOUND, 0), Err(Flaw::Wrong));
    }

    #[test]
    fn what_is_no_solution_is_malformed() {
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        for text in [
            String::new(),
            "é".repeat(10),
            "=".to_owned(),
            "x".repeat(MAX_BYTES + 1),
            encode("{}"),
            encode("[1]"),
            encode(&"[".repeat(1_000)),
            encode(
                r#"{"algorithm":"SHA-256","challenge":"x","number":-1,"salt":"é?&","signature":"é"}"#,
            ),
            encode(
                r#"{"algorithm":"SHA-256","challenge":"é","number":1,"salt":"é?&","signature":"é"}"#,
            ),
            encode(
                r#"{"algorithm":"SHA-256","challenge":"é","number":1.5,"salt":"?client=&expires=1&key=3&","signature":""}"#,
            ),
        ] {
            assert_eq!(check(&text, BOUND, 0), Err(Flaw::Malformed), "{text}");
        }
        let odd = r#"{"algorithm":"SHA-256","challenge":"é","number":18446744073709551615,"salt":"é?client=é&expires=1&key=3&","signature":"é"}"#;
        assert_eq!(check(&encode(odd), BOUND, 0), Err(Flaw::Wrong));
    }

    #[test]
    fn other_solvers_spellings_are_read() {
        let solution = solved();
        let mut json = serde_json::to_value(&solution).unwrap();
        json["took"] = 12.into();
        let json = json.to_string();
        for text in
            [base64::engine::general_purpose::STANDARD.encode(&json), URL_SAFE_NO_PAD.encode(&json)]
        {
            assert!(check(&text, BOUND, 0).is_ok(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}", salt in "\\PC{0,80}", number: u64) {
            let _ = check(&text, BOUND, 0);
            let solution = Solution { number, salt, ..solved() };
            prop_assert!(check(&solution.encode(), BOUND, 0).is_err());
            let _ = Search::new(&text, &text, 5).map(|mut search| search.advance(10));
        }
    }
}

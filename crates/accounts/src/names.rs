//! Names that people could take for one another, and what an installation does
//! about them (UTS 39, RFC 8265).

use doorstep_fields::is_hidden;
use idna::uts46::{AsciiDenyList, Hyphens, Uts46};
use precis_profiles::{UsernameCaseMapped, precis_core::profile::PrecisFastInvocation as _};
use unicode_security::{
    MixedScript as _, RestrictionLevel, RestrictionLevelDetection as _, skeleton,
};

use crate::provider::ProviderFault;

/// What an installation takes as a name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NameRules {
    /// Whether usernames may be written in any one script, and not in ASCII alone.
    pub unicode_usernames: bool,
    /// Whether a server's name that could be taken for another one is refused, and
    /// not only noted in the audit log.
    pub strict_servers: bool,
}

impl NameRules {
    /// For what was accepted before, by whatever rules there were then. They do not
    /// disagree about a name that both of them take.
    pub(crate) const LENIENT: Self = Self { unicode_usernames: true, strict_servers: false };

    /// The form in which a username is unique.
    pub(crate) fn canonical_username(self, text: &str) -> Result<String, ProviderFault> {
        let text = text.trim();
        match ascii_username(text) {
            Err(_) if self.unicode_usernames && !text.is_ascii() => unicode_username(text),
            ascii => ascii,
        }
    }
}

/// Characters of a username.
const USERNAME_CHARACTERS: usize = 64;

fn ascii_username(text: &str) -> Result<String, ProviderFault> {
    let fits = (1..=USERNAME_CHARACTERS).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._@+-".contains(&byte));
    if fits { Ok(text.to_ascii_lowercase()) } else { Err(ProviderFault::Username) }
}

/// A name in another script: letter case, width and composition do not matter
/// (`UsernameCaseMapped`, RFC 8265 §3.3), and of names that look alike one is taken,
/// for the key is what they look like (UTS 39 §4).
///
/// A name that looks like an ASCII one all through is refused. Names in ASCII keep
/// the key that they have without this rule, so the rule can be switched on later;
/// nobody can then know all of them that the name could be read as, for `0` and `o`,
/// `1` and `l`, `m` and `rn` are each two names.
fn unicode_username(text: &str) -> Result<String, ProviderFault> {
    let fits = text.chars().count() <= USERNAME_CHARACTERS
        && text.starts_with(char::is_alphanumeric)
        && text
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || "._@+-".contains(it) || !it.is_ascii())
        && !text.chars().any(is_hidden);
    let name = UsernameCaseMapped::enforce(text).map_err(|_| ProviderFault::Username)?;
    if !fits {
        return Err(ProviderFault::Username);
    }
    if name.is_ascii() {
        // It was ASCII in another width.
        return ascii_username(&name);
    }
    if !name.is_single_script() {
        return Err(ProviderFault::MixedScript);
    }
    let key: String = skeleton(&name).collect();
    if key.is_ascii() { Err(ProviderFault::ConfusableUsername) } else { Ok(key) }
}

/// Whether a canonical server name shows letters that people would read as others:
/// of several scripts in one label, or all of them look-alikes of ASCII.
pub(crate) fn is_confusable_server(key: &str) -> bool {
    // Canonical names are ASCII; others hide in labels of RFC 3492.
    if !key.contains("xn--") {
        return false;
    }
    let (shown, _) = Uts46::new().to_unicode(key.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow);
    shown.split('.').filter(|label| !label.is_ascii()).any(|label| {
        !label.check_restriction_level(RestrictionLevel::HighlyRestrictive)
            || skeleton(label).all(|character| character.is_ascii())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNICODE: NameRules = NameRules { unicode_usernames: true, strict_servers: false };

    fn key(text: &str) -> Result<String, ProviderFault> {
        UNICODE.canonical_username(text)
    }

    #[test]
    fn ascii_names_have_one_key_whatever_the_rule() {
        for name in ["Bob", "a.b+c@d-e_f", "modern10", "x1"] {
            assert_eq!(key(name), NameRules::default().canonical_username(name), "{name}");
            assert_eq!(key(name), Ok(name.to_lowercase()));
        }
        for bad in
            ["", "-bob", "a b", "a/b", "a\0", "a\nb", "a\u{202E}", "a\u{200D}b", &"a".repeat(65)]
        {
            assert_eq!(key(bad), Err(ProviderFault::Username), "{bad:?}");
            assert!(NameRules::default().canonical_username(bad).is_err(), "{bad:?}");
        }
        assert_eq!(NameRules::default().canonical_username("böb"), Err(ProviderFault::Username));
    }

    #[test]
    fn spellings_of_one_name_have_one_key() {
        for (one, other) in [
            ("Иван", "иван"),
            ("böb", "BÖB"),
            ("böb", "bo\u{308}b"),
            ("ｂｏｂ", "bob"),
            ("иван.петров", "ИВАН.Петров"),
        ] {
            assert_eq!(key(one), key(other), "{one} {other}");
            assert!(key(one).is_ok(), "{one}");
        }
        assert_ne!(key("иван"), key("Ивана"));
        for name in ["王小明", "ひらがな漢字", "한국", "שלום", "Ärger", "müller7", "أحمد"]
        {
            assert!(key(name).is_ok(), "{name}: {:?}", key(name));
        }
    }

    #[test]
    fn names_that_pass_for_others_are_refused() {
        // Cyrillic letters in Latin names, and whole names of them.
        for mixed in ["pаypal", "иванivan", "bоb", "αbc"] {
            assert_eq!(key(mixed), Err(ProviderFault::MixedScript), "{mixed}");
        }
        for alike in ["раураӏ", "соха"] {
            assert_eq!(key(alike), Err(ProviderFault::ConfusableUsername), "{alike}");
        }
        for bad in [
            "ив ан",
            "ив/ан",
            "ив\u{202E}ан",
            "ив\u{200D}ан",
            "ив\nан",
            "-иван",
            "☺",
            &"и".repeat(65),
        ] {
            assert_eq!(key(bad), Err(ProviderFault::Username), "{bad:?}");
        }
        assert!(key(&"и".repeat(64)).is_ok());
    }

    #[test]
    fn servers_that_look_like_others_are_told() {
        let canonical = |text| crate::provider::canonical_server(text).unwrap();
        for alike in ["аdmin.example", "xn--dmin-43d.example", "www.раураӏ.example"] {
            assert!(is_confusable_server(&canonical(alike)), "{alike}");
        }
        for plain in [
            "admin.example",
            "exämple.de",
            "пример.example",
            "日本語.example",
            "日本abc.example",
            "192.0.2.1",
        ] {
            assert!(!is_confusable_server(&canonical(plain)), "{plain}");
        }
    }

    /// Other tables give names other keys, and what was unique may not be so any more.
    #[test]
    fn keys_are_made_by_these_tables() {
        assert_eq!(
            unicode_security::UNICODE_VERSION,
            (18, 0, 0),
            "the look-alikes of stored usernames change: make their keys anew in a migration, then this number"
        );
    }
}

//! For whom an account is: provider, server and username, as sent and in the
//! canonical form that is unique.

use std::net::{IpAddr, Ipv6Addr};

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use crate::names::{NameRules, is_confusable_server};

/// Who somebody is at a provider. Unique by its three keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `cpanel`, `plesk`, `whmcs`, …; lower case.
    pub provider: String,
    /// The server as it was sent, for display.
    pub server: String,
    /// The server's canonical name.
    pub server_key: String,
    /// The username as it was sent, for display.
    pub username: String,
    /// The username in the form that is unique: ASCII ones in lower case.
    pub username_key: String,
}

/// The provider of clients that name none: the documented contract's first panel.
pub const DEFAULT_PROVIDER: &str = "cpanel";

/// Why a provider, server or username cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderFault {
    /// Not a short lower-case word.
    Provider,
    /// Not a host name, an address or a URL of one.
    Server,
    /// A character outside letters, digits and `._@+-`, or too long.
    Username,
    /// A username with letters of several scripts, such as Latin and Cyrillic.
    MixedScript,
    /// A username all of whose letters look like ASCII ones.
    ConfusableUsername,
    /// A server's name that could be taken for another one, where that is refused.
    ConfusableServer,
}

impl ProviderFault {
    /// The stable name, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provider => "invalid_provider",
            Self::Server => "invalid_provider_server",
            Self::Username => "invalid_provider_username",
            Self::MixedScript => "mixed_script",
            Self::ConfusableUsername | Self::ConfusableServer => "confusable",
        }
    }

    /// The field that has it.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Server | Self::ConfusableServer => "provider_server",
            Self::Username | Self::MixedScript | Self::ConfusableUsername => "provider_username",
        }
    }

    /// What is wrong and what to do.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Provider => {
                "provider is not a name like cpanel: use up to 32 letters, digits, dots, dashes"
            }
            Self::Server => {
                "provider_server is not a server's name: send a host name, an IP address, or an http(s) URL of one"
            }
            Self::Username => {
                "provider_username is not a username: use up to 64 letters, digits and . _ @ + - , starting with a letter or digit"
            }
            Self::MixedScript => {
                "provider_username mixes letters of several scripts: use those of one"
            }
            Self::ConfusableUsername => {
                "provider_username looks like another name in Latin letters: use those, or other ones"
            }
            Self::ConfusableServer => {
                "provider_server looks like another server's name: send the name in Latin letters"
            }
        }
    }
}

impl Identity {
    /// Brings all three into canonical form by the default rules, or says everything
    /// that is wrong.
    pub fn parse(provider: &str, server: &str, username: &str) -> Result<Self, Vec<ProviderFault>> {
        Self::parse_by(NameRules::default(), provider, server, username)
    }

    /// The same by an installation's rules.
    pub fn parse_by(
        rules: NameRules,
        provider: &str,
        server: &str,
        username: &str,
    ) -> Result<Self, Vec<ProviderFault>> {
        let provider_key = canonical_provider(provider);
        let server_key = canonical_server(server).and_then(|key| {
            let refused = rules.strict_servers && is_confusable_server(&key);
            if refused { Err(ProviderFault::ConfusableServer) } else { Ok(key) }
        });
        let username_key = rules.canonical_username(username);
        match (provider_key, server_key, username_key) {
            (Ok(provider), Ok(server_key), Ok(username_key)) => Ok(Self {
                provider,
                server: server.trim().to_owned(),
                server_key,
                username: username.trim().to_owned(),
                username_key,
            }),
            (provider, server, username) => {
                Err([provider.err(), server.err(), username.err()].into_iter().flatten().collect())
            }
        }
    }

    /// Whether its server could be taken for another one.
    pub fn is_confusable(&self) -> bool {
        is_confusable_server(&self.server_key)
    }
}

fn canonical_provider(text: &str) -> Result<String, ProviderFault> {
    let text = text.trim().to_ascii_lowercase();
    let fits = (1..=32).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        // Our own name is for the labels that we write.
        && text != "doorstep";
    if fits { Ok(text) } else { Err(ProviderFault::Provider) }
}

/// The canonical name of a provider's server.
///
/// Scheme, port, path, letter case and one trailing dot do not matter, for
/// panels send what their own request's `Host` said. International names become
/// their ASCII form (UTS 46, non-transitional), addresses their canonical text.
/// The name is a label: it is never looked up or connected to.
///
/// ```
/// use doorstep_accounts::provider::canonical_server;
/// for text in ["HTTPS://Srv1.Host.Example:2083/path?q#f", "srv1.host.example.", "srv1.host.example:2083"] {
///     assert_eq!(canonical_server(text).unwrap(), "srv1.host.example");
/// }
/// ```
pub fn canonical_server(text: &str) -> Result<String, ProviderFault> {
    const FAULT: ProviderFault = ProviderFault::Server;
    let text = text.trim();
    // The whole text is kept for display, so all of it must be fit to be shown.
    if text.len() > MAX_SERVER_BYTES || text.chars().any(is_hidden) {
        return Err(FAULT);
    }
    let authority = match text.split_once("://") {
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") =>
        {
            rest.split(['/', '?', '#']).next().unwrap_or_default()
        }
        Some(_) => return Err(FAULT),
        None => text,
    };
    if let Ok(address) = authority.parse::<Ipv6Addr>() {
        return Ok(address.to_string());
    }
    let host = without_port(authority).ok_or(FAULT)?;
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().map(|address| address.to_string()).map_err(|_| FAULT);
    }
    let ascii = if host.is_ascii() {
        host.to_ascii_lowercase()
    } else {
        Uts46::new()
            .to_ascii(host.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow, DnsLength::Ignore)
            .map_err(|_| FAULT)?
            .into_owned()
    };
    let name = ascii.strip_suffix('.').unwrap_or(&ascii);
    let fits = (1..=253).contains(&name.len())
        && name.split('.').all(|label| (1..=63).contains(&label.len()))
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    // `127.1` and `0x7f.1` are addresses to a browser and names to nobody: only
    // the usual form of an address may look like one.
    let last = name.rsplit('.').next().unwrap_or_default();
    let numeric = last.starts_with("0x") || last.bytes().all(|byte| byte.is_ascii_digit());
    if !fits || (numeric && name.parse::<IpAddr>().is_err()) {
        return Err(FAULT);
    }
    Ok(name.parse::<IpAddr>().map_or_else(|_| name.to_owned(), |address| address.to_string()))
}

/// Longer than any URL that a panel has for itself.
const MAX_SERVER_BYTES: usize = 512;

/// Controls, and characters that are invisible or reorder what is around them;
/// `%`, for an escaped name is not a name.
fn is_hidden(character: char) -> bool {
    character == '%' || doorstep_fields::is_hidden(character)
}

/// Drops `:port`; `None` when what follows the colon is no port.
fn without_port(authority: &str) -> Option<&str> {
    let after_bracket = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[after_bracket..].find(':') {
        None => Some(authority),
        Some(at) => {
            let (host, port) = authority.split_at(after_bracket + at);
            let digits = port[1..].bytes().all(|byte| byte.is_ascii_digit());
            (digits && port[1..].parse::<u16>().is_ok()).then_some(host)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(canonical_server(text).ok().as_deref(), expected, "{text:?}");
    }

    #[test]
    fn servers() {
        check("test01", Some("test01"));
        check("HTTP://Test_01/", Some("test_01"));
        check("exämple.de", Some("xn--exmple-cua.de"));
        check("XN--EXMPLE-CUA.de", Some("xn--exmple-cua.de"));
        check("192.0.2.1:2087", Some("192.0.2.1"));
        check("https://[2001:DB8::1]:2087/", Some("2001:db8::1"));
        check("2001:db8:0::1", Some("2001:db8::1"));
        check("аdmin.example", Some("xn--dmin-43d.example"));
        for bad in [
            "",
            " ",
            ".",
            "..",
            "a..b",
            "ftp://a",
            "a b",
            "a/b",
            "a%2eb",
            "u@h",
            "https://u:p@h/",
            "a:b",
            "a:99999",
            "a\0",
            "a\u{202E}b",
            "a\u{200B}b.example/",
            "[::1",
            "javascript:alert(1)",
            "127.1",
            "http://0x7f.1/",
            "2130706433",
            "192.0.02.1",
            "h:+80",
            "https://h/\u{202E}",
            "https://h/a\0b",
            "https://h/%20",
            "//x",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn usernames() {
        for (text, expected) in [("Bob", "bob"), (" bob ", "bob"), ("a.b+c@d-e_f", "a.b+c@d-e_f")] {
            assert_eq!(Identity::parse("cpanel", "s", text).unwrap().username_key, expected);
        }
    }

    #[test]
    fn all_faults_at_once() {
        let faults = Identity::parse("c panel", "a b", "").unwrap_err();
        assert_eq!(
            faults,
            [ProviderFault::Provider, ProviderFault::Server, ProviderFault::Username]
        );
    }

    proptest! {
        #[test]
        fn canonical_server_is_idempotent_and_never_panics(text in "\\PC{0,40}|[a-zA-Z0-9.:/\\[\\]äа。-]{0,40}") {
            if let Ok(once) = canonical_server(&text) {
                prop_assert_eq!(canonical_server(&once), Ok(once.clone()));
                prop_assert_eq!(canonical_server(&once.to_ascii_uppercase()), Ok(once));
            }
        }
    }
}

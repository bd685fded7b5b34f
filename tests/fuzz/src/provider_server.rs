//! Who somebody is at a provider. The canonical form is what is unique in the database, so two spellings must have
//! the same one exactly when they are the same server.
//!
//! Input: a server, another server, a username, another username, one a line.

use std::net::Ipv6Addr;

use doorstep_accounts::{Identity, NameRules, provider::canonical_server};
use doorstep_fields::is_hidden;
use url::Url;

/// Holds an input to it.
pub fn check(data: &[u8]) {
    let Some([one, other, username, another]) = crate::lines(data) else { return };
    for server in [one, other] {
        alone(server);
    }
    let (Ok(first), Ok(second)) = (canonical_server(one), canonical_server(other)) else { return };
    if let (Some(host), Some(another)) = (host(one), host(other)) {
        assert_eq!(first == second, host == another, "{one:?} and {other:?}");
    }
    for username in [username, another] {
        by_both_rules(username);
    }
    let parse = |server, username| Identity::parse("cpanel", server, username).ok();
    if let (Some(left), Some(right)) = (parse(one, username), parse(other, another)) {
        whole(&left);
        whole(&right);
        // What the database finds to be the same row.
        let clash = left.server_key == right.server_key && left.username_key == right.username_key;
        let same_name = username.trim().eq_ignore_ascii_case(another.trim());
        assert_eq!(clash, first == second && same_name, "{data:?}");
    }
}

/// A name in ASCII has the same key whether others may be in another script or not, and none of those has a key
/// that one in ASCII could have: the rule can be switched on later.
fn by_both_rules(username: &str) {
    let key = |rules| Identity::parse_by(rules, "cpanel", "srv.example", username).ok();
    let (ascii, any) = (key(NameRules::default()), key(crate::RULES));
    let Some(any) = any else { return assert!(ascii.is_none(), "{username:?}") };
    assert!(!any.username.chars().any(is_hidden) && !any.username_key.is_empty(), "{username:?}");
    match ascii {
        Some(ascii) => assert_eq!(ascii.username_key, any.username_key, "{username:?}"),
        None if any.username_key.is_ascii() => {
            // It was ASCII in another width, and is taken for just that.
            let plain = NameRules::default();
            let same = Identity::parse_by(plain, "cpanel", "srv.example", &any.username_key);
            assert_eq!(same.map(|it| it.username_key), Ok(any.username_key), "{username:?}");
        }
        None => assert!(!username.is_ascii(), "{username:?}"),
    }
}

/// A server by itself.
fn alone(text: &str) {
    let Ok(canonical) = canonical_server(text) else { return };
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b':');
    assert!((1..=253).contains(&canonical.len()), "{canonical}");
    assert!(canonical.bytes().all(is_plain), "{canonical}");
    let is_v6 = canonical.contains(':');
    assert_eq!(is_v6, canonical.parse::<Ipv6Addr>().is_ok(), "{canonical}");
    let shouted = canonical.to_ascii_uppercase();
    let spellings = if is_v6 {
        vec![
            canonical.clone(),
            shouted,
            format!("[{canonical}]"),
            format!("[{canonical}]:443"),
            format!("https://[{canonical}]:2083/x?y#z"),
        ]
    } else {
        vec![
            canonical.clone(),
            shouted.clone(),
            format!("{canonical}."),
            format!("{canonical}:65535"),
            format!("{canonical}.:1"),
            format!("HTTP://{shouted}/"),
            format!("https://{canonical}:2083/x?y#z"),
        ]
    };
    for spelling in spellings {
        assert_eq!(canonical_server(&spelling).as_ref(), Ok(&canonical), "{text:?}: {spelling:?}");
    }
    // Blanks around do not matter. More of them can make it longer than any server is.
    if text.len() < 500 {
        assert_eq!(canonical_server(&format!(" {text}\t")).as_ref(), Ok(&canonical), "{text:?}");
    }
}

/// What an identity that was accepted is made of.
fn whole(identity: &Identity) {
    for shown in [&identity.server, &identity.username] {
        assert!(!shown.chars().any(is_hidden), "{shown:?} is shown to people");
    }
    let Identity { provider, server_key, username_key, .. } = identity;
    let again = Identity::parse(provider, server_key, username_key).expect("its keys are good");
    let keys = |it: &Identity| [&it.provider, &it.server_key, &it.username_key].map(Clone::clone);
    assert_eq!(keys(&again), keys(identity));
}

/// The host as browsers read it: another reader, to be agreed with about what is the same.
fn host(text: &str) -> Option<String> {
    let text = text.trim();
    let url = if text.contains("://") {
        Url::parse(text)
    } else if text.parse::<Ipv6Addr>().is_ok() {
        Url::parse(&format!("https://[{text}]/"))
    } else {
        Url::parse(&format!("https://{text}/"))
    };
    let url = url.ok()?;
    let host = url.host_str()?;
    Some(host.strip_suffix('.').unwrap_or(host).to_owned())
}

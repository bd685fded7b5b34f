//! Who is at the other end: the peer, or whom a trusted proxy names.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use crate::config::Networks;

/// What proxies write; `Forwarded` (RFC 7239) is not read, for a proxy that sets
/// one of the two passes the other on as the client sent it.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The right-most hop that no trusted proxy is. Each proxy adds its own peer at the
/// right end, so what stands left of the first stranger is that stranger's word.
///
/// A hop that is no address makes it the peer: less precise, and never a way past
/// a limit.
pub(crate) fn find(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> IpAddr {
    if !trusted.contain(peer) {
        return peer;
    }
    let mut nearest = peer;
    for line in headers.get_all(FORWARDED_FOR).iter().rev() {
        let Ok(line) = line.to_str() else { return peer };
        for hop in line.rsplit(',') {
            let Some(address) = parse(hop.trim()) else { return peer };
            nearest = address;
            if !trusted.contain(address) {
                return nearest;
            }
        }
    }
    nearest
}

/// Whether somebody who is not trusted says that there are others behind it.
pub(crate) fn is_strange_proxy(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> bool {
    headers.contains_key(FORWARDED_FOR) && !trusted.contain(peer)
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn parse(hop: &str) -> Option<IpAddr> {
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    hop.parse().ok().or_else(bracketed).or_else(with_port)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use serde::Deserialize as _;
    use serde::de::{IntoDeserializer as _, value::Error};

    use super::*;

    fn check(peer: &str, lines: &[&str], expected: &str) {
        let text = "10.0.0.0/8,::1".into_deserializer();
        let trusted = Networks::deserialize::<serde::de::value::StrDeserializer<'_, Error>>(text);
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        let found = find(peer.parse().unwrap(), &headers, &trusted.unwrap());
        assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
    }

    #[test]
    fn the_right_most_untrusted_hop_is_the_client() {
        check("192.0.2.1", &["203.0.113.9"], "192.0.2.1");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["203.0.113.9"], "203.0.113.9");
        // The client wrote the first ones itself.
        check("10.0.0.1", &["1.1.1.1, 10.9.9.9, 203.0.113.9"], "203.0.113.9");
        check("10.0.0.1", &["1.1.1.1", "203.0.113.9, 10.0.0.2"], "203.0.113.9");
        check("::1", &["[2001:db8::7]:4711"], "2001:db8::7");
        check("::ffff:10.0.0.1", &["203.0.113.9:80"], "203.0.113.9");
        // From inside.
        check("10.0.0.1", &["10.0.0.3"], "10.0.0.3");
    }

    #[test]
    fn what_cannot_be_read_is_never_a_way_around() {
        for line in ["unknown", "", "203.0.113.9, x", "203.0.113.9,", "1.2.3", "_hidden"] {
            check("10.0.0.1", &[line], "10.0.0.1");
        }
        // Left of the first stranger nothing is read.
        check("10.0.0.1", &["rubbish, 203.0.113.9"], "203.0.113.9");
    }
}

//! Where a request comes from, as far as limits are concerned.

use std::{fmt, net::IpAddr};

/// The address of a client: IPv4, or the IPv6 network that one customer gets.
///
/// An IPv6 customer has at least a /64 (RFC 6177), which is 2⁶⁴ addresses to
/// choose from: counting single ones would count nothing. An IPv4 address that is
/// mapped into IPv6 (RFC 4291 §2.5.5.2) is the IPv4 address, and so is one that a
/// NAT64 translated (RFC 6052 §2.1): all of IPv4 is in one of its /64s.
///
/// ```
/// use doorstep_accounts::ClientAddress;
/// let of = |text: &str| ClientAddress::from(text.parse::<std::net::IpAddr>().unwrap());
/// assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
/// assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
/// assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
/// assert_eq!(of("64:ff9b::192.0.2.1"), of("192.0.2.1"));
/// assert_ne!(of("64:ff9b::192.0.2.1"), of("64:ff9b::192.0.2.2"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

/// `64:ff9b::/96` (RFC 6052 §2.1), without the 32 bits of the IPv4 address.
const WELL_KNOWN_PREFIX: u128 = 0x0064_ff9b_u128 << 64;

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) if address.to_bits() >> 32 == WELL_KNOWN_PREFIX => {
                let [.., a, b, c, d] = address.octets();
                IpAddr::V4([a, b, c, d].into())
            }
            IpAddr::V6(address) => {
                let network = address.to_bits() >> 64 << 64;
                IpAddr::V6(network.into())
            }
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => write!(f, "{address}"),
            IpAddr::V6(network) => write!(f, "{network}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashSet,
        net::{Ipv4Addr, Ipv6Addr},
    };

    use super::*;

    #[test]
    fn a_network_is_one_client_and_a_thousand_networks_are_a_thousand() {
        let base = 0x2001_0db8_u128 << 96;
        let count = |step: u128| {
            let addresses = (0..1_000).map(|at| Ipv6Addr::from_bits(base + at * step));
            addresses.map(|at| ClientAddress::from(IpAddr::V6(at))).collect::<HashSet<_>>().len()
        };
        assert_eq!(count(1), 1);
        assert_eq!(count(1 << 64), 1_000);
        let v4 = (0..1_000).map(|at| IpAddr::V4(Ipv4Addr::from_bits(at)));
        assert_eq!(v4.map(ClientAddress::from).collect::<HashSet<_>>().len(), 1_000);
    }
}

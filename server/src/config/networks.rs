//! Lists of networks.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error as _};

/// Networks as CIDR (RFC 4632), or single addresses: a list in the file, separated
/// by commas in the environment.
#[derive(Debug, Clone, Default)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Whether the address is in one of them.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    fn parse<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let texts = texts.map(str::trim).filter(|text| !text.is_empty());
        let networks = texts.map(|text| {
            let single = text.parse().map(|address: IpAddr| IpNet::from(address.to_canonical()));
            text.parse()
                .or(single)
                .map_err(|_| format!("{text:?} is not a network like 10.0.0.0/8 or an address"))
        });
        networks.collect::<Result<_, _>>().map(Self)
    }
}

impl<'de> Deserialize<'de> for Networks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Text(String),
            List(Vec<String>),
        }
        let networks = match Form::deserialize(deserializer)? {
            Form::Text(text) => Self::parse(text.split(',')),
            Form::List(list) => Self::parse(list.iter().map(String::as_str)),
        };
        networks.map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_addresses_are_read() {
        let networks = Networks::parse("10.0.0.0/8, 192.0.2.7,2001:db8::/32,".split(',')).unwrap();
        for (address, inside) in [
            ("10.255.0.1", true),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("::ffff:10.0.0.1", true),
            ("2001:db8::1", true),
            ("::1", false),
        ] {
            assert_eq!(networks.contain(address.parse().unwrap()), inside, "{address}");
        }
        assert!(Networks::parse(["10.0.0.0/33"].into_iter()).unwrap_err().contains("10.0.0.0/33"));
    }
}

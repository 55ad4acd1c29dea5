//! A profile's rules for the addresses that requests may come from.

use crate::json::{self, Decode, DecodeError};
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

/// The networks that are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Addresses and CIDR ranges, IPv4 and IPv6; if empty, all are allowed.
    pub allow: Vec<Range>,
}

json::decode_struct!(strict Network {
    allow: "allow",
});

/// A CIDR range; a single address is a range of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range(IpNet);

impl Network {
    /// Returns whether requests from this address are admitted. An unknown address is not, if any
    /// ranges are named.
    #[must_use]
    pub fn allows(&self, address: Option<&str>) -> bool {
        if self.allow.is_empty() {
            return true;
        }
        let address = address.and_then(|text| text.parse::<IpAddr>().ok());
        address.is_some_and(|address| {
            let address = address.to_canonical();
            self.allow.iter().any(|range| range.0.contains(&address))
        })
    }
}

impl Decode for Range {
    fn initial() -> Self {
        Self(IpNet::default())
    }

    fn decode(&mut self, value: Value) -> Result<(), DecodeError> {
        let text: String = json::from_value(value)?;
        let alone = || text.parse::<IpAddr>().map(IpNet::from);
        let range = text.parse::<IpNet>().or_else(|_| alone());
        let wrong = |_| DecodeError::new(format!("`{text}` is no IP address and no CIDR range"));
        self.0 = canonical(range.map_err(wrong)?);
        Ok(())
    }
}

/// Converts a range of IPv4-mapped IPv6 addresses (RFC 4291 section 2.5.5.2) to IPv4, the form in
/// which addresses are compared.
fn canonical(range: IpNet) -> IpNet {
    let length = range.prefix_len().checked_sub(96);
    let short = length.and_then(|length| IpNet::new(range.addr().to_canonical(), length).ok());
    match range {
        IpNet::V6(long) if long.addr().to_ipv4_mapped().is_some() => short.unwrap_or(range),
        _ => range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_their_addresses() {
        let document = concat!(
            r#"{"allow": ["192.0.2.7", "198.51.100.0/24", "2001:db8::/32", "#,
            r#""::ffff:203.0.113.0/120"]}"#,
        );
        let network: Network = json::from_str(document).unwrap();
        for (address, inside) in [
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("198.51.100.200", true),
            ("::ffff:198.51.100.200", true),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
            ("203.0.113.5", true),
            ("203.0.114.5", false),
            ("nowhere", false),
        ] {
            assert_eq!(network.allows(Some(address)), inside, "{address}");
        }
        assert!(!network.allows(None));
        assert!(Network::default().allows(None));
    }
}

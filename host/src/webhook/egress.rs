//! The addresses that webhooks may connect to. A profile's author chooses the URL, but must not
//! reach the server's own network: only public internet addresses are allowed, unless the operator
//! allows more. The check applies to the address of each connection, so names, notations and
//! resolvers cannot evade it. Redirects are not followed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioIo;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use tokio::net::TcpStream;
use tower_service::Service;

/// Networks that are not "globally reachable" in IANA's IPv4 Special-Purpose Address Registry (RFC
/// 6890), multicast (RFC 5771), and addresses that cloud providers use internally.
const CLOSED_4: [Ipv4Net; 16] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    // Metadata services of most clouds.
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    // Former 6to4 relays.
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4),
    // Includes the limited broadcast address.
    v4(240, 0, 0, 0, 4),
    // Azure's WireServer.
    v4(168, 63, 129, 16, 32),
];

/// The public part of IPv6; everything else is not public (loopback, link-local, unique local with
/// the metadata service `fd00:ec2::254`, multicast, mapped and compatible IPv4).
const GLOBAL_6: Ipv6Net = v6(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Networks in [`GLOBAL_6`] that are not reachable: IANA's IPv6 Special-Purpose Address Registry.
const CLOSED_6: [Ipv6Net; 4] = [
    // Protocol assignments, including Teredo, which tunnels to IPv4.
    v6(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    v6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4, which tunnels to IPv4.
    v6(Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    v6(Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// NAT64 (RFC 6052): the last 32 bits are an IPv4 address, which is checked instead. In a network
/// without IPv4 all IPv4 hosts are reached this way.
const TRANSLATED: Ipv6Net = v6(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(address: Ipv6Addr, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(address, length)
}

/// The rule which addresses webhooks may connect to.
#[derive(Clone, Debug, Default)]
pub struct Egress {
    allowed: Arc<[IpNet]>,
}

impl Egress {
    /// Allows the public internet and these networks.
    #[must_use]
    pub fn allowing(networks: Vec<IpNet>) -> Self {
        Self { allowed: networks.into() }
    }

    /// Returns whether connections to this address are allowed.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = embedded_ipv4(address);
        is_public(address) || self.allowed.iter().any(|network| network.contains(&address))
    }

    fn check(&self, address: IpAddr) -> Result<(), Refused> {
        match self.allows(address) {
            true => Ok(()),
            false => Err(Refused(embedded_ipv4(address))),
        }
    }
}

/// Returns the IPv4 address that an IPv6 address stands for, or the address itself.
fn embedded_ipv4(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if TRANSLATED.contains(&v6) => {
            let [.., a, b, c, d] = v6.octets();
            Ipv4Addr::new(a, b, c, d).into()
        }
        address => address,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !CLOSED_4.iter().any(|network| network.contains(&v4)),
        IpAddr::V6(v6) => {
            GLOBAL_6.contains(&v6) && !CLOSED_6.iter().any(|network| network.contains(&v6))
        }
    }
}

/// An address that webhooks may not connect to.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0} is not on the public internet: `serve --webhook-allow` names networks that webhooks may \
     go to all the same"
)]
struct Refused(IpAddr);

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Answer<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Connects only to allowed addresses.
#[derive(Clone)]
pub(super) struct Connector {
    egress: Egress,
    inner: HttpConnector<Resolver>,
}

impl Connector {
    pub(super) fn new(egress: Egress) -> Self {
        let resolver = Resolver { egress: egress.clone() };
        let mut inner = HttpConnector::new_with_resolver(resolver);
        // The caller chooses between HTTP and HTTPS.
        inner.enforce_http(false);
        Self { egress, inner }
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Answer<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        // A literal address is never resolved, so it is checked here.
        let host = uri.host().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse();
        if let Ok(Err(refused)) = literal.map(|address| self.egress.check(address)) {
            return Box::pin(async { Err(refused.into()) });
        }
        let connecting = self.inner.call(uri);
        Box::pin(async { Ok(connecting.await?) })
    }
}

/// Resolves names, and returns only the allowed addresses.
#[derive(Clone)]
struct Resolver {
    egress: Egress,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Answer<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let egress = self.egress.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let (open, closed): (Vec<_>, Vec<_>) =
                found.partition(|address| egress.allows(address.ip()));
            match closed.first() {
                Some(closed) if open.is_empty() => Err(Refused(embedded_ipv4(closed.ip())).into()),
                _ => Ok(open.into_iter()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(egress: &Egress, address: &str) -> bool {
        egress.allows(address.parse().unwrap())
    }

    #[test]
    fn the_public_internet_is_reached() {
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2606:4700::1111",
            "2a00::1",
        ] {
            assert!(allows(&Egress::default(), public), "{public}");
        }
    }

    #[test]
    fn nothing_else_is() {
        for closed in [
            "0.0.0.0",
            "0.1.2.3",
            "10.255.255.255",
            "100.64.0.0",
            "100.100.100.200",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1.1.1.1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!allows(&Egress::default(), closed), "{closed}");
        }
    }

    #[test]
    fn networks_that_are_allowed_are_reached_in_every_notation() {
        let networks = ["127.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        let egress = Egress::allowing(networks.into());
        for open in ["127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "fd00::1"] {
            assert!(allows(&egress, open), "{open}");
        }
        for closed in ["10.0.0.1", "::1", "fc00::1"] {
            assert!(!allows(&egress, closed), "{closed}");
        }
    }
}

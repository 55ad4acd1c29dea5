//! The client of a request, as the connection and trusted proxies describe it.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use ipnet::IpNet;

use super::forwarded::{self, Hop};

/// The client of a request, and the name by which it addresses this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Client {
    /// The client's address; `None` if it is unknown.
    pub(super) address: Option<IpAddr>,
    /// Scheme and authority as the client uses them, such as `https://scim.example.com`.
    pub(super) server: String,
    /// Whether there are forwarding headers from a proxy that is not trusted.
    pub(super) is_forwarded: bool,
}

impl Client {
    /// Reads the client from a request. Forwarding headers count only if the peer is a trusted
    /// proxy.
    pub(super) fn of(parts: &Parts, trusted: &[IpNet]) -> Self {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(address)| address.ip().to_canonical());
        if !peer.is_some_and(|peer| is_trusted(trusted, peer)) {
            return Self {
                address: peer,
                server: url("http", own_name(parts)),
                is_forwarded: forwarded::is_present(&parts.headers),
            };
        }
        let hops = forwarded::hops(&parts.headers);
        let hop = nearest_untrusted(&hops, trusted);
        let scheme = hop.and_then(|hop| hop.proto.as_deref());
        let host = hop.and_then(|hop| hop.host.as_deref());
        Self {
            address: hop.map_or(peer, |hop| hop.address),
            server: url(scheme.unwrap_or("http"), host.unwrap_or(own_name(parts))),
            is_forwarded: false,
        }
    }
}

/// Returns whether an address belongs to a trusted proxy.
pub(crate) fn is_trusted(trusted: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|network| network.contains(&address))
}

/// Searches from the right: each trusted proxy recorded its own peer, and everything before the
/// first untrusted address is only a claim of that client. If all are trusted, the first one is the
/// client.
fn nearest_untrusted<'h>(hops: &'h [Hop], trusted: &[IpNet]) -> Option<&'h Hop> {
    let is_proxy = |hop: &&Hop| {
        let address = hop.address;
        address.is_some_and(|address| is_trusted(trusted, address))
    };
    let mut from_right = hops.iter().rev();
    from_right.find(|hop| !is_proxy(hop)).or_else(|| hops.first())
}

/// The name of this server in the request.
fn own_name(parts: &Parts) -> &str {
    let header = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = header.or(parts.uri.authority().map(|authority| authority.as_str()));
    host.unwrap_or("localhost")
}

fn url(scheme: &str, host: &str) -> String {
    format!("{scheme}://{host}")
}

/// Returns whether the Host header satisfies RFC 9112 section 3.2: there is exactly one, with an
/// authority without user information, or empty; HTTP/1.0 may omit it.
pub(super) fn has_proper_host(headers: &HeaderMap, is_http_10: bool) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (None, _) => return is_http_10,
        (Some(host), None) => host.to_str().ok(),
        (Some(_), Some(_)) => return false,
    };
    let is_authority = |host: &str| {
        let uri = Uri::builder().scheme("http").authority(host).path_and_query("/");
        !host.contains('@') && uri.build().is_ok()
    };
    host.is_some_and(|host| host.is_empty() || is_authority(host))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn client(peer: &str, headers: &[(&str, &str)]) -> Client {
        let peer: SocketAddr = format!("{peer}:1").parse().unwrap();
        let mut request = Request::get("/").extension(ConnectInfo(peer));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        Client::of(&request.body(()).unwrap().into_parts().0, &trusted)
    }

    fn seen(peer: &str, headers: &[(&str, &str)]) -> (String, String) {
        let client = client(peer, headers);
        let address = client.address.map(|address| address.to_string());
        (address.unwrap_or("unknown".to_owned()), client.server)
    }

    #[test]
    fn the_right_most_untrusted_address_asks() {
        for (name, value, address) in [
            ("x-forwarded-for", "192.0.2.7", "192.0.2.7"),
            ("x-forwarded-for", "1.1.1.1, 192.0.2.7, 10.1.1.1", "192.0.2.7"),
            ("x-forwarded-for", "10.9.9.9,10.1.1.1", "10.9.9.9"),
            ("x-forwarded-for", "192.0.2.7:4711", "192.0.2.7"),
            ("x-forwarded-for", "[2001:db9::1]:4711", "2001:db9::1"),
            ("x-forwarded-for", "1.1.1.1, nonsense", "unknown"),
            ("forwarded", "for=192.0.2.7;proto=http", "192.0.2.7"),
            ("forwarded", "for=1.1.1.1, For=\"[2001:db9::1]:47\"", "2001:db9::1"),
            ("forwarded", "for=1.1.1.1, for=192.0.2.7, for=10.0.0.9", "192.0.2.7"),
            ("forwarded", "for=1.1.1.1, for=unknown", "unknown"),
            ("forwarded", "for=1.1.1.1, for=_hidden", "unknown"),
            ("forwarded", "for=\"1.1.1.1, for=192.0.2.7", "unknown"),
            ("forwarded", "host=\"a, for=1.1.1.1\";for=192.0.2.7", "192.0.2.7"),
        ] {
            let seen = seen("10.0.0.1", &[(name, value)]).0;
            assert_eq!(seen, address, "{name}: {value}");
        }
    }

    #[test]
    fn several_lines_are_one_list() {
        let lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "192.0.2.7")];
        assert_eq!(seen("10.0.0.1", &lines).0, "192.0.2.7");
    }

    #[test]
    fn scheme_and_host_come_from_the_same_hop() {
        let host = ("host", "inner:81");
        for (headers, server) in [
            (&[host][..], "http://inner:81"),
            (
                &[host, ("forwarded", "for=192.0.2.7;proto=https;host=outer.test")],
                "https://outer.test",
            ),
            (
                &[host, ("forwarded", "for=1.1.1.1;host=evil, for=192.0.2.7;proto=HTTPS")],
                "https://inner:81",
            ),
            (
                &[
                    host,
                    ("x-forwarded-for", "1.1.1.1, 192.0.2.7"),
                    ("x-forwarded-proto", "https"),
                    ("x-forwarded-host", "evil, outer.test"),
                ],
                "https://outer.test",
            ),
            (&[host, ("forwarded", "for=192.0.2.7;proto=ftp;host=\"a/b\"")], "http://inner:81"),
        ] {
            assert_eq!(seen("10.0.0.1", headers).1, server, "{headers:?}");
        }
    }

    #[test]
    fn from_others_the_headers_mean_nothing() {
        let headers = [("host", "inner"), ("forwarded", "for=192.0.2.7;proto=https;host=evil")];
        let client = client("203.0.113.1", &headers);
        assert_eq!(client.address, "203.0.113.1".parse().ok());
        assert_eq!(client.server, "http://inner");
        assert!(client.is_forwarded);
    }

    #[test]
    fn one_host_that_is_an_authority() {
        for (hosts, proper) in [
            (&["scim.test:81"][..], true),
            (&["[2001:db8::1]:81"], true),
            (&[""], true),
            (&[], false),
            (&["a", "a"], false),
            (&["a b"], false),
            (&["user@a"], false),
            (&["a/b"], false),
        ] {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, host.parse().unwrap());
            }
            assert_eq!(has_proper_host(&headers, false), proper, "{hosts:?}");
        }
        assert!(has_proper_host(&HeaderMap::new(), true));
    }
}

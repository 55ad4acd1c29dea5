//! The options of `serve` for limits and proxies.

use std::net::IpAddr;
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use scimlet::{RouterOptions, ServerOptions};

/// Files that a server needs besides its connections: databases, listeners, webhooks.
const OTHER_FILES: u64 = 128;

#[derive(Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitOptions {
    /// Refused credentials that one address may send in a minute before it is slowed down.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    failures_per_minute: u32,
    /// Connections at the same time. Beyond, those that have waited the longest for their client
    /// are closed.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 2048,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    connections: u32,
    /// Connections from one address (IPv6: one /64); trusted proxies may have any number.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 256,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    connections_per_address: u32,
    /// Seconds for the head of a request, from its first byte on and from when the connection was
    /// made.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    header_timeout: u64,
    /// Bytes of the head of a request; more are answered with 431.
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 64 << 10,
        value_parser = clap::value_parser!(u32).range(8192..=1 << 20)
    )]
    header_bytes: u32,
    /// Seconds that a connection is kept for its next request; longer than the proxy before it
    /// keeps its own.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 75,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    idle_timeout: u64,
    /// Seconds for a request's body.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    body_timeout: u64,
    /// Bytes a second that a body has to arrive with, on average, after its first five seconds.
    #[arg(long, value_name = "BYTES", default_value_t = 1024)]
    body_rate: u32,
    /// Bytes of all bodies that are read or answered at the same time, a quarter of them for one
    /// tenant at most.
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 64 << 20,
        value_parser = clap::value_parser!(u64).range(1 << 20..)
    )]
    body_memory: u64,
    /// Seconds in which a client has to take some more of its answer.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    write_timeout: u64,
    /// Clients that follow events at the same time.
    #[arg(long, value_name = "N", default_value_t = 256)]
    streams: u32,
    /// Clients of one tenant that follow events at the same time.
    #[arg(long, value_name = "N", default_value_t = 16)]
    streams_per_tenant: u32,
    /// A proxy, or a network of them as a CIDR range, before this server; may be given several
    /// times. Of its requests, Forwarded or X-Forwarded-For tells the client's address, and where
    /// --public-url is not given the scheme and the host. From others these headers mean nothing.
    #[arg(
        long = "trusted-proxy",
        value_name = "CIDR",
        value_parser = network,
        num_args = 1..,
        help_heading = "Proxies"
    )]
    trusted_proxies: Vec<IpNet>,
    /// Connections of trusted proxies begin with a header of the PROXY protocol, version 2, that
    /// tells the client's address.
    #[arg(long, requires = "trusted_proxies", help_heading = "Proxies")]
    proxy_protocol: bool,
}

impl LimitOptions {
    pub(super) fn router(&self, public_url: Option<String>) -> RouterOptions {
        let mut options = RouterOptions::default();
        options.public_url = public_url;
        options.trusted_proxies.clone_from(&self.trusted_proxies);
        options.body_time = Duration::from_secs(self.body_timeout);
        options.body_rate = self.body_rate;
        options.bodies = usize::try_from(self.body_memory).unwrap_or(usize::MAX);
        options.streams = self.streams as usize;
        options.streams_per_tenant = self.streams_per_tenant as usize;
        options.failures = self.failures_per_minute;
        options
    }

    /// Returns the server's limits, with no more connections than this process may open files.
    pub(super) fn server(&self) -> ServerOptions {
        let wanted = u64::from(self.connections);
        let possible = raise_file_limit().saturating_sub(OTHER_FILES).max(1);
        if possible < wanted {
            tracing::warn!("only {possible} connections: the hard limit of open files is too low");
        }
        let mut options = ServerOptions::default();
        options.header_time = Duration::from_secs(self.header_timeout);
        options.idle_time = Duration::from_secs(self.idle_timeout);
        options.write_time = Duration::from_secs(self.write_timeout);
        options.header_bytes = self.header_bytes as usize;
        options.connections = usize::try_from(wanted.min(possible)).unwrap_or(usize::MAX);
        options.connections_per_address = self.connections_per_address as usize;
        options.trusted_proxies.clone_from(&self.trusted_proxies);
        options.proxy_protocol = self.proxy_protocol;
        options
    }

    /// Whether trusted proxies report the name by which clients address this server.
    pub(super) fn has_proxies(&self) -> bool {
        !self.trusted_proxies.is_empty()
    }
}

/// Parses a CIDR range, or an address as a range with one address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let as_address = |_| text.parse::<IpAddr>().map(|address| address.to_canonical().into());
    let network = text.parse::<IpNet>().or_else(as_address);
    network.map_err(|_| "it is no IP address and no CIDR range".to_owned())
}

/// Raises the limit of open files to its maximum and returns it.
#[cfg(unix)]
fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    let now = match setrlimit(Resource::Nofile, limit) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!("the limit of open files cannot be raised: {error}");
            before
        }
    };
    now.unwrap_or(u64::MAX)
}

#[cfg(not(unix))]
fn raise_file_limit() -> u64 {
    u64::MAX
}

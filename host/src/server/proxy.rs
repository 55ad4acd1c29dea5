//! The PROXY protocol, version 2 (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>): a
//! proxy that does not read HTTP sends a header with its client's address first.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use bytes::Bytes;
use proxy_header::{Error, ParseConfig, ProxyHeader};
use tokio::net::TcpStream;

/// The most bytes of a header: addresses take 52, and the rest are extensions that are ignored.
const MAX_HEADER: usize = 4096;

/// Reads a header. Returns the client that it names, `None` if the proxy speaks for itself, and the
/// bytes received after the header.
pub(super) async fn read(stream: &mut TcpStream) -> io::Result<(Option<SocketAddr>, Bytes)> {
    let config = ParseConfig { include_tlvs: false, allow_v1: false, allow_v2: true };
    let (mut bytes, mut buffer) = (Vec::new(), [0; MAX_HEADER]);
    loop {
        match ProxyHeader::parse(&bytes, config) {
            Ok((header, length)) => {
                let client = header.proxied_address().map(|address| address.source);
                return Ok((client, Bytes::copy_from_slice(&bytes[length..])));
            }
            Err(Error::BufferTooShort) if bytes.len() < MAX_HEADER => {}
            Err(error) => return Err(io::Error::new(ErrorKind::InvalidData, error.to_string())),
        }
        stream.readable().await?;
        match stream.try_read(&mut buffer[..MAX_HEADER - bytes.len()]) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(length) => bytes.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

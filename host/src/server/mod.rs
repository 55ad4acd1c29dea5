//! The reference host's HTTP/1.1 server. It limits what connections cost: how many there are, in
//! total and from one address, how long each may be silent, send slowly or leave a response unread,
//! and how large the head of a request is.
//!
//! At the limit, a new connection replaces the one that has waited longest for its client, of the
//! address with the most connections. If requests are being answered on all of them, a small
//! reserve remains in which only `/health` is answered.

mod connections;
mod proxy;
mod stream;

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{interval, sleep};

use self::connections::{Connections, Slot};
use self::stream::{Answered, Watched, linger};
use crate::Router;
use crate::router::{busy, is_health, is_trusted};

/// The limits of connections; the defaults suit the open internet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerOptions {
    /// How long the head of a request may take, from its first byte or from the start of the
    /// connection.
    pub header_time: Duration,
    /// How long a connection may wait for its next request.
    pub idle_time: Duration,
    /// How long a client may read none of a response.
    pub write_time: Duration,
    /// The most bytes of a request's head, at least 8192; more are answered with 431.
    pub header_bytes: usize,
    /// The most connections at the same time.
    pub connections: usize,
    /// The most connections from one address (IPv6: from one /64). Trusted proxies have no limit.
    pub connections_per_address: usize,
    /// Networks of proxies that are trusted to name their clients.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether connections of trusted proxies begin with a PROXY protocol header, version 2.
    pub proxy_protocol: bool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            header_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(75),
            write_time: Duration::from_secs(30),
            header_bytes: 64 << 10,
            connections: 2048,
            connections_per_address: 256,
            trusted_proxies: Vec::new(),
            proxy_protocol: false,
        }
    }
}

/// How often overdue connections are searched for.
const SWEEP: Duration = Duration::from_millis(500);
/// How long the server waits after it failed to accept a connection.
const PAUSE: Duration = Duration::from_millis(50);

/// A [`Router`] behind a TCP listener.
pub struct Server {
    router: Router,
    options: ServerOptions,
    connections: Arc<Connections>,
}

impl Server {
    /// Creates a server; [`Server::serve`] starts it.
    #[must_use]
    pub fn new(router: Router, options: ServerOptions) -> Self {
        Self { router, connections: Arc::new(Connections::new(options.clone())), options }
    }

    /// Serves until the signal completes; then accepts no more connections, and returns once all
    /// requests in progress are answered.
    pub async fn serve(self, listener: TcpListener, signal: impl Future<Output = ()>) {
        let server = Arc::new(self);
        let (closing, closes) = watch::channel(false);
        let (mut signal, mut sweep) = (pin!(signal), interval(SWEEP));
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => server.accept(stream, peer, &closes),
                    Err(error) => server.failed(&error).await,
                },
                _ = sweep.tick() => server.connections.sweep(),
                () = &mut signal => break,
            }
        }
        drop(listener);
        closing.send_replace(true);
        server.connections.end_waiting();
        while !server.connections.is_empty() {
            tokio::select! {
                () = server.connections.left() => {}
                _ = sweep.tick() => server.connections.sweep(),
            }
        }
    }

    fn accept(
        self: &Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        closing: &watch::Receiver<bool>,
    ) {
        // Small responses must not wait for the client's acknowledgement of earlier ones.
        drop(stream.set_nodelay(true));
        let Some(slot) = Connections::enter(&self.connections, peer.ip()) else {
            tracing::debug!(%peer, "a connection too many");
            return;
        };
        let (server, closing) = (Arc::clone(self), closing.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = server.serve_connection(stream, peer, &slot, closing) => {}
                () = slot.ended() => {}
            }
        });
    }

    /// Ends a waiting connection, in case there are too many open files.
    async fn failed(&self, error: &io::Error) {
        tracing::warn!("a connection could not be accepted: {error}");
        self.connections.end_one();
        sleep(PAUSE).await;
    }

    async fn serve_connection(
        &self,
        mut stream: TcpStream,
        mut peer: SocketAddr,
        slot: &Slot,
        closing: watch::Receiver<bool>,
    ) {
        let mut read = Bytes::new();
        if self.options.proxy_protocol && is_trusted(&self.options.trusted_proxies, peer.ip()) {
            let Ok((client, rest)) = proxy::read(&mut stream).await else {
                tracing::warn!(
                    %peer,
                    "a trusted proxy did not begin with a PROXY header of version 2"
                );
                return;
            };
            if let Some(client) = client {
                peer = client;
                self.connections.attribute_to(slot, peer.ip());
            }
            read = rest;
        }
        self.serve_http(Watched::new(stream, read, slot.connection()), peer, slot, closing).await;
    }

    /// Serves HTTP until the connection ends.
    async fn serve_http(
        &self,
        stream: Watched,
        peer: SocketAddr,
        slot: &Slot,
        mut closing: watch::Receiver<bool>,
    ) {
        let (router, connection) = (self.router.clone(), slot.connection());
        let reserve = slot.is_reserve();
        let service = service_fn(move |request| {
            connection.answering();
            let answer = Answered::guard(&connection);
            let router = router.clone();
            Box::pin(async move {
                let response = respond(router, request, peer, reserve).await;
                Ok::<_, Infallible>(response.map(|body| answer.with(body)))
            })
        });
        let mut connection = http1::Builder::new()
            .header_read_timeout(None)
            .keep_alive(!reserve)
            .max_header_size(self.options.header_bytes)
            .max_buf_size(self.options.header_bytes)
            .serve_connection(TokioIo::new(stream), service);
        let mut is_closing = *closing.borrow();
        if is_closing {
            Pin::new(&mut connection).graceful_shutdown();
        }
        let served = loop {
            tokio::select! {
                served = poll_fn(|cx| connection.poll_without_shutdown(cx)) => break served,
                _ = closing.changed(), if !is_closing => {
                    is_closing = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
        };
        if let Err(error) = served {
            tracing::debug!(%peer, "a connection has ended: {error}");
        }
        slot.connection().closing();
        linger(connection.into_parts().io.into_inner()).await;
    }
}

async fn respond(
    router: Router,
    mut request: hyper::Request<Incoming>,
    peer: SocketAddr,
    reserve: bool,
) -> Response {
    if reserve && !is_health(&request) {
        return busy();
    }
    request.extensions_mut().insert(ConnectInfo(peer));
    router.answer(request.map(Body::new)).await
}

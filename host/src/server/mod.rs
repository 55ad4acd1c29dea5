//! The reference host's HTTP/1.1 server. It bounds what connections cost: how many there are, in
//! all and from one address, how long each may be silent, trickle or leave an answer unread, and
//! how large the head of a request is.
//!
//! Where all places are taken, the connection that has waited the longest for its client is closed
//! for a new one, one of the address that has the most. Where each of them is being answered, some
//! places remain in which only `/health` is.

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

use self::connections::{Connections, Seat};
use self::stream::{Answered, Watched, linger};
use crate::Router;
use crate::router::{busy, is_health, is_trusted};

/// What connections may cost; the defaults are for the open internet.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// How long the head of a request may take from its first byte on, and from when a connection
    /// was made.
    pub header_time: Duration,
    /// How long a connection may wait for its next request.
    pub idle_time: Duration,
    /// How long a client may take none of an answer.
    pub write_time: Duration,
    /// Bytes of the head of a request, at least 8192; more are answered with 431.
    pub header_bytes: usize,
    /// Connections at the same time.
    pub connections: usize,
    /// Those from one address (IPv6: from one /64). Trusted proxies may have any number.
    pub connections_per_address: usize,
    /// Proxies that speak for their clients.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether connections of trusted proxies begin with a header of the PROXY protocol, version 2.
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

/// How often connections are looked at that have waited for too long.
const SWEEP: Duration = Duration::from_millis(500);
/// How long no connection is accepted after one could not be.
const PAUSE: Duration = Duration::from_millis(50);

/// A [`Router`] behind a listener.
pub struct Server {
    router: Router,
    options: ServerOptions,
    connections: Arc<Connections>,
}

impl Server {
    /// Serves nothing yet.
    #[must_use]
    pub fn new(router: Router, options: ServerOptions) -> Self {
        Self {
            router,
            connections: Arc::new(Connections::new(options.clone())),
            options,
        }
    }

    /// Serves until the signal; then accepts nothing more, and returns when what has begun is
    /// answered.
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
        // Small answers must not wait for the client's acknowledgement of the ones before.
        drop(stream.set_nodelay(true));
        let Some(seat) = Connections::enter(&self.connections, peer.ip()) else {
            tracing::debug!(%peer, "a connection too many");
            return;
        };
        let (server, closing) = (Arc::clone(self), closing.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = server.attend(stream, peer, &seat, closing) => {}
                () = seat.ended() => {}
            }
        });
    }

    /// Makes room where there are too many open files.
    async fn failed(&self, error: &io::Error) {
        tracing::warn!("a connection could not be accepted: {error}");
        self.connections.end_one();
        sleep(PAUSE).await;
    }

    async fn attend(
        &self,
        mut stream: TcpStream,
        mut peer: SocketAddr,
        seat: &Seat,
        closing: watch::Receiver<bool>,
    ) {
        let mut read = Bytes::new();
        if self.options.proxy_protocol && is_trusted(&self.options.trusted_proxies, peer.ip()) {
            let Ok((client, rest)) = proxy::read(&mut stream).await else {
                tracing::warn!(%peer, "a trusted proxy did not begin with a PROXY header of version 2");
                return;
            };
            if let Some(client) = client {
                peer = client;
                self.connections.rename(seat, peer.ip());
            }
            read = rest;
        }
        self.speak(
            Watched::new(stream, read, seat.connection()),
            peer,
            seat,
            closing,
        )
        .await;
    }

    /// HTTP to the end of the connection.
    async fn speak(
        &self,
        stream: Watched,
        peer: SocketAddr,
        seat: &Seat,
        mut closing: watch::Receiver<bool>,
    ) {
        let (router, connection) = (self.router.clone(), seat.connection());
        let reserve = seat.is_reserve();
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
                served = poll_fn(|context| connection.poll_without_shutdown(context)) => break served,
                _ = closing.changed(), if !is_closing => {
                    is_closing = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
        };
        if let Err(error) = served {
            tracing::debug!(%peer, "a connection has ended: {error}");
        }
        seat.connection().closing();
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

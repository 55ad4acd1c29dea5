//! The byte stream of a connection, which reports its progress.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::{Buf as _, Bytes};
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::connections::Connection;

/// The most bytes that are read from a client after its connection has ended.
const LINGERING: usize = 8 << 20;

/// A socket that reports each read and write to its [`Connection`].
pub(super) struct Watched {
    stream: TcpStream,
    /// Bytes that were read before.
    read: Bytes,
    connection: Arc<Connection>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, read: Bytes, connection: Arc<Connection>) -> Self {
        Self { stream, read, connection }
    }

    fn wrote<T>(&self, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.connection.wrote(written.is_ready());
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.read.is_empty() {
            let length = self.read.len().min(buffer.remaining());
            buffer.put_slice(&self.read[..length]);
            self.read.advance(length);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.connection.received();
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Shuts down the sending side, and discards what the client still sends until it closes: closing
/// at once would reset the connection, and the client would lose the response that it has not read
/// yet.
pub(super) async fn linger(watched: Watched) {
    let mut stream = watched.stream;
    let ended = std::future::poll_fn(|context| Pin::new(&mut stream).poll_shutdown(context));
    if ended.await.is_err() {
        return;
    }
    let (mut discarded, mut buffer) = (0, [0; 8192]);
    while discarded < LINGERING && stream.readable().await.is_ok() {
        match stream.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => discarded += length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

/// Reports to a connection, when dropped, that its response is written or abandoned.
pub(super) struct Guard(Arc<Connection>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// The body of a response, which is finished when it is dropped.
pub(super) struct Answered {
    body: Body,
    _guard: Guard,
}

impl Answered {
    pub(super) fn guard(connection: &Arc<Connection>) -> Guard {
        Guard(Arc::clone(connection))
    }
}

impl Guard {
    pub(super) fn with(self, body: Body) -> Answered {
        Answered { body, _guard: self }
    }
}

impl HttpBody for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

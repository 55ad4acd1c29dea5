//! The server's edge: connections that cost it little, clients without a credential that cost it
//! nothing, rates, proxies.

mod connections;
mod proxies;
mod rates;
mod strangers;
mod wire;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::exchange::TENANT;
use scimlet_tests::server::{self, Server};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};

/// The trials.
pub fn trials() -> Vec<Trial> {
    let mut trials = connections::trials();
    trials.extend(proxies::trials());
    trials.extend(rates::trials());
    trials.extend(strangers::trials());
    trials.extend(wire::trials());
    trials
}

/// Longer than any answer takes, and far shorter than for ever.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server with options, in a folder of its own.
fn serve(options: &[&str]) -> anyhow::Result<(TempDir, Server)> {
    let folder = TempDir::new()?;
    let server = Server::with(folder.path(), options)?;
    Ok((folder, server))
}

/// A connection without any client library.
async fn connect(server: &Server) -> anyhow::Result<TcpStream> {
    let address = server.url.strip_prefix("http://").context("no URL")?;
    Ok(TcpStream::connect(address).await?)
}

/// Sends bytes; returns everything that comes back until the connection ends.
async fn exchange(server: &Server, bytes: &[u8]) -> anyhow::Result<String> {
    let mut connection = connect(server).await?;
    connection.write_all(bytes).await?;
    rest(&mut connection).await
}

/// Returns everything that comes back until the connection ends.
async fn rest(connection: &mut TcpStream) -> anyhow::Result<String> {
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, connection.read_to_end(&mut answer)).await;
    // An error is an end too.
    drop(read.context("the connection stays")?);
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Expects that `/health` is answered on a new connection.
async fn healthy(server: &Server) -> anyhow::Result<()> {
    let ask = b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = exchange(server, ask).await?;
    ensure!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    Ok(())
}

/// Sets fields of the tenant's profile.
fn set(folder: &TempDir, settings: &[&str]) -> anyhow::Result<()> {
    let arguments = [&["tenant", "set", TENANT], settings].concat();
    server::json(folder.path(), &arguments).map(drop)
}

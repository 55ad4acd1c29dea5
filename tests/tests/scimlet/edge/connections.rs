//! Connections that are silent, trickle, or are too many.

use anyhow::{Context as _, ensure};
use libtest_mimic::Trial;
use scimlet_tests::server::Server;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{connect, exchange, healthy, rest, serve};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("edge::connections::health_answers_beside_hundreds", crowd),
        trial("edge::connections::as_many_files_are_opened_as_may_be", files),
        trial("edge::connections::new_ones_are_served_when_all_places_are_taken", full),
        trial("edge::connections::a_trickled_head_ends", trickled),
        trial("edge::connections::a_silent_one_ends", silent),
        trial("edge::connections::an_idle_one_ends", idle),
        trial("edge::connections::a_large_head_is_refused", large),
    ]
}

const HALF_A_HEAD: &[u8] = b"GET /demo/scim/v2/Users HTTP/1.1\r\nHost: a\r\n";

/// Opens connections and holds them: a third of them sends nothing, a third half a head, a third a
/// whole request.
async fn hold(server: &Server, count: usize) -> anyhow::Result<Vec<TcpStream>> {
    let mut held = Vec::new();
    for number in 0..count {
        let mut connection = connect(server).await?;
        let bytes = match number % 3 {
            0 => Vec::new(),
            1 => HALF_A_HEAD.to_vec(),
            _ => [HALF_A_HEAD, b"\r\n"].concat(),
        };
        // It may have been closed for a newer one already.
        drop(connection.write_all(&bytes).await);
        held.push(connection);
    }
    Ok(held)
}

async fn crowd() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let server = Server::with_files(folder.path(), 256)?;
    let _held = hold(&server, 320).await?;
    for _ in 0..3 {
        healthy(&server).await?;
    }
    Ok(())
}

/// The shell's limit, which the server may raise, is not the server's.
async fn files() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let server = Server::with_files(folder.path(), 256)?;
    healthy(&server).await?;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.process()))?;
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let numbers: Vec<&str> =
        line.context("no limit of files")?.split_whitespace().skip(3).collect();
    ensure!(numbers[0] != "256" && numbers[0] == numbers[1], "{numbers:?}");
    Ok(())
}

async fn full() -> anyhow::Result<()> {
    let (_folder, server) = serve(&["--connections", "8", "--connections-per-address", "8"])?;
    let _held = hold(&server, 12).await?;
    let ask = b"GET /demo/scim/v2/Users HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = exchange(&server, ask).await?;
    ensure!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    Ok(())
}

async fn trickled() -> anyhow::Result<()> {
    let (_folder, server) = serve(&["--header-timeout", "1"])?;
    let mut connection = connect(&server).await?;
    connection.write_all(HALF_A_HEAD).await?;
    rest(&mut connection).await?;
    healthy(&server).await
}

async fn silent() -> anyhow::Result<()> {
    let (_folder, server) = serve(&["--header-timeout", "1"])?;
    rest(&mut connect(&server).await?).await.map(drop)
}

async fn idle() -> anyhow::Result<()> {
    let (_folder, server) = serve(&["--idle-timeout", "1"])?;
    let answer = exchange(&server, b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n").await?;
    ensure!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    Ok(())
}

async fn large() -> anyhow::Result<()> {
    let (_folder, server) = serve(&[])?;
    for (bytes, status) in [(40_000, "200"), (70_000, "431")] {
        let filler = "x".repeat(bytes);
        let ask = format!(
            "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\nFiller: {filler}\r\n\r\n"
        );
        let answer = exchange(&server, ask.as_bytes()).await?;
        ensure!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{bytes}: {answer}");
    }
    Ok(())
}

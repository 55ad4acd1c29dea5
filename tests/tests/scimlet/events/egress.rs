//! Where webhooks may go: not into the networks that the server stands in, whatever the URL, the
//! name or a redirect says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::server::{self, Server};
use scimlet_tests::wording::numbers;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::user;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("events::egress::nothing_goes_inside", inside),
        trial("events::egress::what_is_allowed_goes", allowed),
        trial("events::egress::a_redirect_leads_nowhere", redirected),
    ]
}

const NAME: &str = "acme";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A server on this machine that answers anything with this, and counts what comes.
struct Target {
    port: u16,
    came: Arc<AtomicUsize>,
}

impl Target {
    async fn answering(answer: String) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let came = Arc::new(AtomicUsize::new(0));
        let count = came.clone();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let answer = answer.clone();
                tokio::spawn(async move {
                    let mut request = [0; 8192];
                    drop(connection.read(&mut request).await);
                    drop(connection.write_all(answer.as_bytes()).await);
                });
            }
        });
        Ok(Self { port, came })
    }

    async fn new() -> anyhow::Result<Self> {
        Self::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()).await
    }

    fn came(&self) -> usize {
        self.came.load(Ordering::Relaxed)
    }
}

/// A tenant whose events go to these URLs, with one event to send.
async fn tenant(folder: &TempDir, server: &Server, urls: &[String]) -> anyhow::Result<()> {
    let webhook = |url: &String| json!({"url": url, "secret": SECRET});
    let webhooks: Vec<Value> = urls.iter().map(webhook).collect();
    let setting = format!("webhooks={}", json!(webhooks));
    server::json(folder.path(), &["tenant", "create", NAME])?;
    server::json(folder.path(), &["tenant", "set", NAME, &setting])?;
    user(&server.endpoint(NAME)?, "a").await?;
    Ok(())
}

/// Waits until every webhook of `webhook list` is as wanted; returns the list.
async fn listed(folder: &TempDir, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    for _ in 0..300 {
        let list = server::json(folder.path(), &["webhook", "list", NAME])?;
        if list.as_array().context("no list")?.iter().all(&wanted) {
            return Ok(list);
        }
        sleep(Duration::from_millis(100)).await;
    }
    let list = server::json(folder.path(), &["webhook", "list", NAME])?;
    anyhow::bail!("it never is as wanted: {list:#}")
}

/// Webhooks reach neither this machine, by any of its names, nor the networks that are no part of
/// the internet.
async fn inside() -> anyhow::Result<()> {
    let target = Target::new().await?;
    let port = target.port;
    let here = [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::1]",
        "10.1.2.3",
        "100.64.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[ff02::1]",
    ];
    let mut urls: Vec<String> = here.map(|host| format!("https://{host}:{port}/")).to_vec();
    urls.push(format!("http://127.0.0.1:{port}/"));
    urls.push(format!("http://localhost:{port}/"));
    let folder = TempDir::new()?;
    let server = Server::bare(folder.path(), &[])?;
    tenant(&folder, &server, &urls).await?;
    let refused = |webhook: &Value| {
        let error = webhook["pending"][0]["error"].as_str();
        // TLS takes some ways to write an address for no name at all.
        let is_told = |error: &str| error.contains("--webhook-allow") || error.contains("dns name");
        error.is_some_and(is_told)
    };
    listed(&folder, refused).await?;
    ensure!(target.came() == 0, "somebody came");
    Ok(())
}

/// Webhooks reach the addresses that `--webhook-allow` names; a single address is a range of one.
async fn allowed() -> anyhow::Result<()> {
    let target = Target::new().await?;
    let urls = ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{}/", target.port));
    let folder = TempDir::new()?;
    let options = ["--webhook-allow", "127.0.0.1", "10.0.0.0/8"];
    let server = Server::bare(folder.path(), &options)?;
    tenant(&folder, &server, &urls).await?;
    let sent =
        |webhook: &Value| webhook["cursor"].as_u64() >= Some(1) && webhook["pending"] == json!([]);
    listed(&folder, sent).await?;
    for _ in 0..300 {
        if target.came() >= 2 {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("{} came", target.came())
}

/// A redirect is not followed, so that it leads to no address that a webhook may not reach.
async fn redirected() -> anyhow::Result<()> {
    let target = Target::new().await?;
    let mut urls = Vec::new();
    let mut before = Vec::new();
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let location = format!("http://127.0.0.1:{}/", target.port);
        let answer =
            format!("HTTP/1.1 {status}\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let first = Target::answering(answer).await?;
        urls.push(format!("http://127.0.0.1:{}/", first.port));
        before.push(first);
    }
    let folder = TempDir::new()?;
    let server = Server::bare(folder.path(), &["--webhook-allow", "127.0.0.0/8"])?;
    tenant(&folder, &server, &urls).await?;
    let failed = |webhook: &Value| {
        let error = webhook["pending"][0]["error"].as_str();
        error.is_some_and(|error| numbers(error).iter().any(|status| (301..=308).contains(status)))
    };
    listed(&folder, failed).await?;
    ensure!(before.iter().all(|first| first.came() > 0));
    ensure!(target.came() == 0, "the redirect was followed");
    Ok(())
}

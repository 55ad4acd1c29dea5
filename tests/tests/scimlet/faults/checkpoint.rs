//! A write-ahead log that cannot be brought into the database file, since that cannot become
//! larger: requests are served, and the operator is told until it is over.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use scimlet_tests::client::text;
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::server::Server;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

/// Bytes of a user's certificate, in base64.
const CERTIFICATE: usize = 60_000;

/// Users that are more than the log may have before it is brought into the file.
const USERS: usize = 50;

pub async fn is_told() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let told = fails(folder.path()).await;
    told.with_context(|| std::fs::read_to_string(folder.path().join("log")).unwrap_or_default())
}

async fn fails(folder: &Path) -> anyhow::Result<()> {
    let server = Server::unsignalled(folder)?;
    let http = server.endpoint(TENANT)?;
    // A file that is larger than the log gets.
    for number in 0..2 * USERS {
        large_user(&http, number).await?;
    }
    ensure!(told(&server).await? == 0, "{}", server.log()?);
    let size = |name: &str| anyhow::Ok(std::fs::metadata(folder.join(name))?.len());
    let (size, log) = (size("scimlet.db")?, size("scimlet.db-wal")?);
    ensure!(size > log, "the log is longer than the file: {log}, {size}");
    limit(&server, Some(size))?;
    let mut number = 2 * USERS;
    while told(&server).await? == 0 {
        ensure!(number < 4 * USERS, "no checkpoint has failed");
        large_user(&http, number).await?;
        number += 1;
    }
    for _ in 0..3 {
        large_user(&http, number).await?;
        number += 1;
    }
    let log = server.log()?;
    let said = log.lines().filter(|line| line.contains("ERROR"));
    ensure!(said.count() == 1, "{log}");
    limit(&server, None)?;
    for extra in 0.. {
        ensure!(extra < 100, "no checkpoint has succeeded");
        let user = json!({"userName": format!("extra{extra}")});
        http.ask("POST", "/Users", &user).await?.expect(201)?;
        if told(&server).await? == 0 {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    server.stop()?;
    is_whole(folder, number).await
}

/// Expects that every user that was acknowledged is there after a restart.
async fn is_whole(folder: &Path, number: usize) -> anyhow::Result<()> {
    let server = Server::start(folder)?;
    let http = server.endpoint(TENANT)?;
    let list = http.get("/Users?attributes=userName&count=0").await?;
    let total = list.expect(200)?["totalResults"].as_u64().context("a total")?;
    ensure!(total > u64::try_from(number)?, "{total} of {number}");
    Ok(())
}

async fn large_user(http: &Http, number: usize) -> anyhow::Result<()> {
    let certificate = |letter: &str| json!({"value": letter.repeat(CERTIFICATE)});
    let certificates = ["A", "B", "C", "D", "E", "F", "G"].map(certificate);
    let user = json!({"userName": format!("large{number}"), "x509Certificates": certificates});
    let made = http.ask("POST", "/Users", &user).await?.expect(201)?;
    text(&made, "id").map(drop)
}

/// For how many seconds checkpoints have failed, as the server tells.
async fn told(server: &Server) -> anyhow::Result<u64> {
    let answer = reqwest::get(format!("{}/readyz", server.url)).await?;
    ensure!(answer.status() == 200, "{answer:?}");
    let body: Value = answer.json().await?;
    let seconds = body["checkpoints-failing-seconds"].as_u64();
    seconds.with_context(|| body.to_string())
}

/// Lets the server write no file beyond this size.
fn limit(server: &Server, bytes: Option<u64>) -> anyhow::Result<()> {
    let process = Pid::from_raw(i32::try_from(server.process())?).context("a process")?;
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(Some(process), Resource::Fsize, limit)?;
    Ok(())
}

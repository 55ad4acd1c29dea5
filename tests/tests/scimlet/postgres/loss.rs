//! The database goes away and comes back, while a server runs.

use std::time::{Duration, Instant};

use anyhow::ensure;
use scimlet_tests::client::text;
use scimlet_tests::exchange::{Answer, TENANT};
use scimlet_tests::postgres::Cluster;
use scimlet_tests::rounds;
use scimlet_tests::server::Server;
use serde_json::json;
use tempfile::TempDir;

/// While it is away requests get 503 and are told to come again; then they succeed, on the same
/// server.
pub async fn comes_back(_: &Cluster) -> anyhow::Result<()> {
    // One of its own, for all others share theirs.
    let cluster = Cluster::start()?;
    let folder = TempDir::new()?;
    let server = Server::over(folder.path(), &cluster.database()?)?;
    let http = server.endpoint(TENANT)?;
    let user = |name: &str| json!({"userName": name});
    let made = http.ask("POST", "/Users", &user("before")).await?.expect(201)?;
    let target = format!("/Users/{}", text(&made, "id")?);
    for round in 0..rounds::rounds(2)? {
        cluster.crash()?;
        for _ in 0..3 {
            is_away(&http.get(&target).await?)?;
            is_away(&http.ask("POST", "/Users", &user("lost")).await?)?;
        }
        cluster.resume()?;
        let start = Instant::now();
        while http.get(&target).await?.status == 503 {
            ensure!(start.elapsed() < Duration::from_secs(30), "it stays away");
        }
        http.get(&target).await?.expect(200)?;
        let name = format!("after{round}");
        http.ask("POST", "/Users", &user(&name)).await?.expect(201)?;
    }
    ensure!(http.find("/Users", "userName eq \"lost\"").await?.is_empty());
    Ok(())
}

fn is_away(answer: &Answer) -> anyhow::Result<()> {
    let error = answer.expect(503)?;
    ensure!(answer.header("retry-after").is_some(), "{answer:?}");
    ensure!(error["status"] == "503", "{error}");
    Ok(())
}

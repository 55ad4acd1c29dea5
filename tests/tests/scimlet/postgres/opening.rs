//! Errors for a database that cannot be opened, and a new database that many open at once.

use anyhow::{Context, ensure};
use scimlet::store::Database;
use scimlet::store::postgres::Postgres;
use scimlet_tests::client::together;
use scimlet_tests::postgres::Cluster;
use scimlet_tests::server;
use scimlet_tests::wording::mentions;
use tempfile::TempDir;

/// A password in the URL is not repeated, whatever is wrong.
pub async fn secrets(_: &Cluster) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    for url in [
        "postgres://me:pa55word@127.0.0.1:1/none",
        "postgres://me:pa55word@127.0.0.1:port/none",
        "postgres://me:pa55word@127.0.0.1:1/none?sslmode=pa55word",
        "postgres://me:pa55word@%zz/none?what=pa55word",
    ] {
        let output = server::command(folder.path())?
            .args(["--database", url, "tenant", "list"])
            .env("RUST_LOG", "trace")
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(1), "{url} was opened: {said}");
        ensure!(said.lines().any(|line| line.starts_with("scimlet: ")), "{said}");
        ensure!(!said.contains("pa55word"), "{said}");
    }
    Ok(())
}

/// A command that makes no database says so of one without tables, and makes none.
pub async fn empty(cluster: &Cluster) -> anyhow::Result<()> {
    let (folder, url) = (TempDir::new()?, cluster.database()?);
    let output =
        server::command(folder.path())?.args(["--database", &url, "tenant", "list"]).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(1), "{said}");
    ensure!(mentions(&said, "scimlet serve"), "{said}");
    let name = url.rsplit('/').next().context("a name")?;
    let tables = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'";
    ensure!(cluster.sql_in(name, tables)? == "0");
    Ok(())
}

/// Of many hosts that open a new database at once one makes the tables, and all work.
pub async fn many(cluster: &Cluster) -> anyhow::Result<()> {
    let url = cluster.database()?;
    let hosts = (0..8).map(|number| {
        let url = url.clone();
        async move {
            let database = Postgres::open(&url, true).await?;
            database.create_tenant(&format!("t{number}"), 0).await?;
            Ok(database.tenants().await?.len())
        }
    });
    ensure!(together(hosts).await?.contains(&8));
    Ok(())
}

/// Tables of a later version are refused.
pub async fn newer(cluster: &Cluster) -> anyhow::Result<()> {
    let url = cluster.database()?;
    drop(Postgres::open(&url, true).await?);
    let name = url.rsplit('/').next().context("a name")?;
    cluster.sql_in(name, "UPDATE scimlet_schema SET version = 99")?;
    let refused = Postgres::open(&url, true).await.map(drop);
    let why = refused.err().context("it was opened")?.to_string();
    ensure!(mentions(&why, "99"), "{why}");
    Ok(())
}

/// The host warns of a role for which no policy holds, and not of an ordinary one.
pub async fn superuser(cluster: &Cluster) -> anyhow::Result<()> {
    for (role, is_warned) in [("postgres", true), ("scimlet", false)] {
        let folder = TempDir::new()?;
        let url = cluster.database()?.replace("//scimlet@", &format!("//{role}@"));
        ensure!(url.contains(&format!("{role}@")), "{url}");
        let output = server::command(folder.path())?
            .args(["--database", &url, "tenant", "create", "acme"])
            .env("RUST_LOG", "warn")
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "{said}");
        ensure!(said.contains("WARN") == is_warned, "{role}: {said}");
    }
    Ok(())
}

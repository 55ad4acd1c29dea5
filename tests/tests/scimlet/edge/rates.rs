//! The requests that count against a tenant's rate, and for how long.

use std::collections::BTreeMap;

use anyhow::ensure;
use libtest_mimic::Trial;
use scimlet_tests::client::{text, together};
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::server::{self, Server};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::timeout;

use super::{PATIENCE, serve, set};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("edge::rates::strangers_take_nothing", strangers),
        trial("edge::rates::a_limit_that_is_gone_is_gone", gone),
        trial("edge::rates::a_closed_tenant_is_403", closed),
        trial("edge::rates::following_counts", following),
        trial("edge::rates::streams_are_capped", capped),
        trial("edge::rates::a_revocation_ends_the_stream_first", revoked),
    ]
}

/// Answers by status.
async fn ask(http: &Http, count: usize) -> anyhow::Result<BTreeMap<u16, usize>> {
    let mut statuses = BTreeMap::new();
    for _ in 0..count {
        *statuses.entry(http.get("/Users").await?.status).or_default() += 1;
    }
    Ok(statuses)
}

async fn strangers() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    set(&folder, &["rate.requests-per-second=4"])?;
    let good = server.endpoint(TENANT)?;
    good.get("/Users").await?.expect(200)?;
    let bad = Http::new(&good.base, "nothing")?;
    let flood = tokio::spawn(together((0..100).map(move |_| {
        let bad = bad.clone();
        async move { ask(&bad, 10).await }
    })));
    let statuses = ask(&good, 3).await?;
    flood.await??;
    ensure!(statuses.get(&200) == Some(&3), "{statuses:?}");
    Ok(())
}

async fn gone() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    set(&folder, &["rate.requests-per-second=1"])?;
    let http = server.endpoint(TENANT)?;
    let statuses = ask(&http, 80).await?;
    ensure!(statuses.contains_key(&429), "{statuses:?}");
    set(&folder, &["rate.requests-per-second=null"])?;
    let statuses = ask(&http, 20).await?;
    ensure!(statuses.get(&200) == Some(&20), "{statuses:?}");
    Ok(())
}

async fn closed() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    set(&folder, &["rate.requests-per-second=1"])?;
    let http = server.endpoint(TENANT)?;
    let statuses = ask(&http, 20).await?;
    ensure!(statuses.contains_key(&429), "{statuses:?}");
    set(&folder, &["enabled=false"])?;
    let statuses = ask(&http, 20).await?;
    ensure!(statuses.get(&403) == Some(&20), "{statuses:?}");
    set(&folder, &["enabled=true", "rate.requests-per-second=100"])?;
    http.get("/Users").await?.expect(200)?;
    Ok(())
}

/// A credential for the feed, and its id.
fn reader(folder: &TempDir, server: &Server) -> anyhow::Result<(Http, String)> {
    let create = ["credential", "create", TENANT, "--scope", "events"];
    let made = server::json(folder.path(), &create)?;
    let http = Http::new(format!("{}/{TENANT}", server.url), text(&made, "secret")?)?;
    Ok((http, text(&made, "id")?.to_owned()))
}

async fn following() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    set(&folder, &["rate.requests-per-second=2"])?;
    let (feed, _) = reader(&folder, &server)?;
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(feed.get("/events").await?.status);
    }
    ensure!(statuses.contains(&429), "{statuses:?}");
    Ok(())
}

/// Begins to follow.
async fn follow(feed: &Http) -> anyhow::Result<reqwest::Response> {
    let request = feed.client.get(format!("{}/events", feed.base));
    let request = request.bearer_auth(&feed.secret);
    Ok(request.header("accept", "text/event-stream").send().await?)
}

async fn capped() -> anyhow::Result<()> {
    let (folder, server) = serve(&["--streams-per-tenant", "2"])?;
    let (feed, _) = reader(&folder, &server)?;
    let (first, second) = (follow(&feed).await?, follow(&feed).await?);
    ensure!(first.status() == 200 && second.status() == 200);
    ensure!(follow(&feed).await?.status() == 429, "a third one");
    feed.get("/events?wait=1").await?.expect(429)?;
    feed.get("/events").await?.expect(200)?;
    drop(first);
    let again = async {
        while follow(&feed).await?.status() != 200 {}
        anyhow::Ok(())
    };
    timeout(PATIENCE, again).await?
}

async fn revoked() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let http = server.endpoint(TENANT)?;
    let (feed, id) = reader(&folder, &server)?;
    let mut stream = follow(&feed).await?;
    server::json(folder.path(), &["credential", "revoke", TENANT, &id])?;
    let user = json!({"userName": "after"});
    let user = http.ask("POST", "/Users", &user).await?.expect(201)?;
    let mut read = String::new();
    while let Some(chunk) = timeout(PATIENCE, stream.chunk()).await?? {
        read += std::str::from_utf8(&chunk)?;
    }
    ensure!(!read.contains(text(&user, "id")?), "{read}");
    Ok(())
}

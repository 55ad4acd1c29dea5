//! From where on a webhook gets events: from when it was added to the profile, whatever else the
//! profile changes, and whether or not a server runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::store::TenantStorage;
use scimlet::{Plugin, PluginOptions};
use scimlet_tests::outbox;
use scimlet_tests::server::{self, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::receiver::{Received, Receiver};
use super::registered::forget_times;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("events::since::a_second_webhook_gets_what_comes_behind_it", second),
        trial("events::since::a_webhook_put_back_gets_nothing_from_between", put_back),
        trial("events::since::a_webhook_that_stays_gets_everything", stays),
        trial("events::since::a_webhook_of_an_earlier_version_keeps_its_time", earlier),
        trial("events::since::a_restore_of_before_gives_a_new_webhook_nothing_more", restored),
    ]
}

pub const NAME: &str = "acme";

pub fn create(folder: &Path, webhooks: &[Value]) -> anyhow::Result<()> {
    let profile = json!({"extends": "okta", "webhooks": webhooks});
    fs::write(folder.join("acme.json"), profile.to_string())?;
    server::json(folder, &["tenant", "create", NAME, "--profile", "acme.json"])?;
    Ok(())
}

pub fn set(folder: &Path, webhooks: &[Value]) -> anyhow::Result<()> {
    let setting = format!("webhooks={}", Value::from(webhooks));
    server::json(folder, &["tenant", "set", NAME, &setting])?;
    Ok(())
}

/// Makes a user without a server; returns its path.
pub fn user(folder: &Path, name: &str) -> anyhow::Result<String> {
    fs::write(folder.join("user.jsonl"), json!({"userName": name}).to_string())?;
    server::json(folder, &["user", "import", NAME, "user.jsonl"])?;
    let filter = format!("userName eq \"{name}\"");
    let found = server::json(folder, &["user", "list", NAME, "--filter", &filter])?;
    Ok(format!("/Users/{}", found[0]["id"].as_str().unwrap_or_default()))
}

/// Serves until the events of these users came, and waits for what else is on its way: no events of
/// others came.
pub async fn serve(folder: &Path, receiver: &Receiver, users: &[&String]) -> anyhow::Result<()> {
    let server = Server::start(folder)?;
    let wanted: BTreeSet<&str> = users.iter().map(|user| user.as_str()).collect();
    receiver.when(|received| wanted.is_subset(&subjects(received))).await?;
    server.stop()?;
    let received = receiver.received();
    ensure!(subjects(&received) == wanted, "{received:?}");
    Ok(())
}

fn subjects(received: &[Received]) -> BTreeSet<&str> {
    received.iter().map(Received::subject).collect()
}

async fn second() -> anyhow::Result<()> {
    let (first, second) = (Receiver::start(|_| 200).await?, Receiver::start(|_| 200).await?);
    let (folder, server) = server::fresh()?;
    server.stop()?;
    create(folder.path(), &[first.webhook()])?;
    let before = user(folder.path(), "before@example.com")?;
    set(folder.path(), &[first.webhook(), second.webhook()])?;
    let after = user(folder.path(), "after@example.com")?;
    // A change that adds none.
    server::json(folder.path(), &["tenant", "set", NAME, "users.seats=5"])?;
    serve(folder.path(), &first, &[&before, &after]).await?;
    serve(folder.path(), &second, &[&after]).await
}

/// A webhook of a server that has stopped, the server's folder, and the user whose event was
/// delivered.
async fn served_before() -> anyhow::Result<(Receiver, TempDir, String)> {
    let receiver = Receiver::start(|_| 200).await?;
    let (folder, server) = server::fresh()?;
    create(folder.path(), &[receiver.webhook()])?;
    let first = user(folder.path(), "first@example.com")?;
    receiver.when(|received| !received.is_empty()).await?;
    server.stop()?;
    Ok((receiver, folder, first))
}

/// A webhook that a server has served before is taken away and put back.
async fn put_back() -> anyhow::Result<()> {
    let (receiver, folder, first) = served_before().await?;
    set(folder.path(), &[])?;
    user(folder.path(), "between@example.com")?;
    set(folder.path(), &[receiver.webhook()])?;
    let last = user(folder.path(), "last@example.com")?;
    serve(folder.path(), &receiver, &[&first, &last]).await
}

/// A webhook gets all events if its other fields change while no server runs.
async fn stays() -> anyhow::Result<()> {
    let (receiver, folder, first) = served_before().await?;
    let second = user(folder.path(), "second@example.com")?;
    let mut webhook = receiver.webhook();
    webhook["retry-seconds"] = json!(60);
    set(folder.path(), &[webhook])?;
    let third = user(folder.path(), "third@example.com")?;
    serve(folder.path(), &receiver, &[&first, &second, &third]).await
}

/// A webhook is added to a database that was restored and has events of since then.
async fn restored() -> anyhow::Result<()> {
    let receiver = Receiver::start(|_| 200).await?;
    let (folder, server) = server::fresh()?;
    server.stop()?;
    create(folder.path(), &[])?;
    server::json(folder.path(), &["database", "new-epoch"])?;
    user(folder.path(), "before@example.com")?;
    set(folder.path(), &[receiver.webhook()])?;
    let after = user(folder.path(), "after@example.com")?;
    serve(folder.path(), &receiver, &[&after]).await
}

/// The time of the last event.
async fn last(store: &dyn TenantStorage) -> anyhow::Result<u64> {
    let head = store.head().await.map_err(refused)?.sequence;
    let events = store.events(head - 1, 1).await.map_err(refused)?;
    Ok(events.first().context("no event")?.at)
}

pub fn refused(refusal: impl std::fmt::Debug) -> anyhow::Error {
    anyhow::anyhow!("{refusal:?}")
}

/// Earlier versions did not write since when a webhook is there: such a one is as old as its
/// profile, and stays so when others are added.
async fn earlier() -> anyhow::Result<()> {
    // The second URL is a part of the first.
    let webhook = |path: &str| {
        json!({"url": format!("https://hooks.example.com/{path}"),
               "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
    };
    let (folder, server) = server::fresh()?;
    server.stop()?;
    create(folder.path(), &[webhook("events")])?;
    let store = outbox::store(folder.path(), NAME).await?;
    let plugin = Plugin::new(PluginOptions::default())?;
    let since = async || -> anyhow::Result<Vec<u64>> {
        let webhooks = plugin.admin(store.clone()).webhooks().await?;
        Ok(webhooks.iter().map(|webhook| webhook.since).collect())
    };
    let created = last(&*store).await?;
    ensure!(since().await? == [created]);
    forget_times(folder.path()).await?;
    ensure!(since().await? == [created]);
    set(folder.path(), &[webhook("events"), webhook("event")])?;
    let added = last(&*store).await?;
    ensure!(added > created && since().await? == [created, added]);
    // Another change of the profile changes neither.
    server::json(folder.path(), &["tenant", "set", NAME, "users.seats=5"])?;
    ensure!(since().await? == [created, added]);
    set(folder.path(), &[webhook("event")])?;
    set(folder.path(), &[webhook("event"), webhook("events")])?;
    ensure!(since().await? == [added, last(&*store).await?]);
    Ok(())
}

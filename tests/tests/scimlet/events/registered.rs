//! The state of webhooks that a server registered: that of an earlier version is used on, and one
//! that cannot be read stops no other webhook.

use std::path::Path;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::store::{Key, Removal, TenantStorage, Write};
use scimlet_tests::outbox;
use scimlet_tests::server;
use serde_json::Value;

use super::receiver::Receiver;
use super::since::{NAME, create, refused, serve, set, user};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("events::since::a_webhook_registered_earlier_can_be_put_back", put_back),
        trial("events::since::what_an_earlier_version_passed_over_is_not_sent", passed_over),
        trial("events::since::a_damaged_state_stops_no_other_webhook", damaged),
    ]
}

/// Returns the name and the text of the metadata entry with a webhook's progress.
async fn progress(store: &dyn TenantStorage, url: &str) -> anyhow::Result<(String, String)> {
    let found = store.metadata("webhook/".to_owned()).await.map_err(refused)?;
    let its = |(_, text): &(String, String)| text.contains(url);
    found.into_iter().find(its).context("it is not registered")
}

async fn set_metadata(store: &dyn TenantStorage, name: &str, text: &str) -> anyhow::Result<()> {
    let guard = ("nothing".to_owned(), None);
    let change = (name.to_owned(), Some(text.to_owned()));
    ensure!(store.set_metadata(guard, vec![change]).await.map_err(refused)?);
    Ok(())
}

/// An earlier version registered the webhook, without its time. A server of this version has run
/// before the webhook is removed and added again.
async fn put_back() -> anyhow::Result<()> {
    let receiver = Receiver::start(|_| 200).await?;
    let (folder, server) = server::fresh()?;
    server.stop()?;
    let folder = folder.path();
    create(folder, &[receiver.webhook()])?;
    let first = user(folder, "first@example.com")?;
    serve(folder, &receiver, &[&first]).await?;
    let store = outbox::store(folder, NAME).await?;
    let (name, text) = progress(&*store, &receiver.url).await?;
    let mut edited: Value = serde_json::from_str(&text)?;
    edited.as_object_mut().context("no object")?.remove("since").context("no time")?;
    set_metadata(&*store, &name, &edited.to_string()).await?;
    let second = user(folder, "second@example.com")?;
    serve(folder, &receiver, &[&first, &second]).await?;
    set(folder, &[])?;
    user(folder, "between@example.com")?;
    set(folder, &[receiver.webhook()])?;
    let last = user(folder, "last@example.com")?;
    serve(folder, &receiver, &[&first, &second, &last]).await
}

/// An earlier version stored the number of the event up to which all webhooks were registered, and
/// no times.
async fn passed_over() -> anyhow::Result<()> {
    let receiver = Receiver::start(|_| 200).await?;
    let (folder, server) = server::fresh()?;
    server.stop()?;
    let folder = folder.path();
    create(folder, &[receiver.webhook()])?;
    user(folder, "before@example.com")?;
    forget_times(folder).await?;
    let store = outbox::store(folder, NAME).await?;
    let seen = store.head().await.map_err(refused)?.sequence;
    set_metadata(&*store, "webhooks-seen", &seen.to_string()).await?;
    let after = user(folder, "after@example.com")?;
    serve(folder, &receiver, &[&after]).await
}

pub async fn forget_times(folder: &Path) -> anyhow::Result<()> {
    let store = outbox::store(folder, NAME).await?;
    let key = Key { kind: "$webhooks".to_owned(), id: "current".to_owned() };
    let removal = Write::Remove(Removal { key, version: None });
    store.commit(0, "test".to_owned(), vec![removal]).await.map_err(refused)?;
    Ok(())
}

/// Damages the progress of a webhook that the profile names, and adds one that belongs to none.
async fn damaged() -> anyhow::Result<()> {
    let (good, bad) = (Receiver::start(|_| 200).await?, Receiver::start(|_| 200).await?);
    let (folder, server) = server::fresh()?;
    server.stop()?;
    let folder = folder.path();
    create(folder, &[bad.webhook()])?;
    let first = user(folder, "first@example.com")?;
    serve(folder, &bad, &[&first]).await?;
    let store = outbox::store(folder, NAME).await?;
    let (name, _) = progress(&*store, &bad.url).await?;
    set_metadata(&*store, &name, "{").await?;
    let gone = format!("webhook/{}", "0".repeat(32));
    set_metadata(&*store, &gone, "{").await?;
    set(folder, &[bad.webhook(), good.webhook()])?;
    let second = user(folder, "second@example.com")?;
    serve(folder, &good, &[&second]).await?;
    ensure!(store.metadata(gone).await.map_err(refused)?.is_empty(), "it is still there");
    // Removing it helps.
    set(folder, &[good.webhook()])?;
    let third = user(folder, "third@example.com")?;
    serve(folder, &good, &[&second, &third]).await?;
    set(folder, &[good.webhook(), bad.webhook()])?;
    let last = user(folder, "last@example.com")?;
    serve(folder, &bad, &[&first, &last]).await
}

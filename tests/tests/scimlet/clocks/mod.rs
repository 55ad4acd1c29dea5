//! Clocks that go back, and hosts whose clocks differ: a poll for changes since the last answer
//! misses none, and the operator is told.

mod host;
mod servers;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::ensure;
use libtest_mimic::Trial;
use scimlet::clock::now;
use scimlet::store::Database;
use scimlet::store::memory::Memory;
use scimlet::store::sqlite::Sqlite;
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::TENANT;
use scimlet_tests::tenant::target;
use serde_json::{Value, json};
use tempfile::TempDir;

use self::host::{HOUR, Host};
use crate::trial;

/// Makes an empty database, in this folder if it has files.
type Make = fn(&Path) -> anyhow::Result<Arc<dyn Database>>;

const DATABASES: [(&str, Make); 3] = [
    ("sqlite", |folder| Ok(Arc::new(Sqlite::open(folder.join("x.db"))?))),
    ("memory", |_| Ok(Arc::new(Memory::exact()))),
    ("unfiltered", |_| Ok(Arc::new(Memory::unfiltered()))),
];

/// One trial for each store, and those with servers.
pub fn trials() -> Vec<Trial> {
    let mut trials = servers::trials();
    trials.extend(DATABASES.map(|(name, make)| {
        trial(format!("clocks::a_poll_after_the_clock_went_back_{name}"), move || went_back(make))
    }));
    trials
}

/// The readings of the clock at a series of changes, in minutes after the first.
const BACK: [i64; 6] = [0, -60, 0, -59, 1, -60];

async fn went_back(make: Make) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let database = make(folder.path())?;
    database.create_tenant(TENANT, 0).await?;
    let host = Host::new(&*database).await?;
    let (begin, minute) = (now(), i64::try_from(HOUR / 60)?);
    let mut newest = "1970-01-01T00:00:00Z".to_owned();
    for (number, minutes) in BACK.into_iter().enumerate() {
        host.set(begin.saturating_add_signed(minutes * minute));
        let user = json!({"userName": format!("user{number}")});
        let made = host.ask(("POST", "/Users", &user), 201).await?;
        newest = found(&host, &newest, &made).await?;
        let path = format!("/Users/{}", text(&made, "id")?);
        let title = patch(json!([{"op": "add", "path": "title", "value": "x"}]));
        let changed = host.ask(("PATCH", &path, &title), 200).await?;
        ensure!(changed["meta"]["created"] == made["meta"]["created"], "{changed}");
        newest = found(&host, &newest, &changed).await?;
    }
    let events = host.store.events(0, 1000).await;
    let events = events.map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    let times = events.iter().map(|event| event.at);
    ensure!(times.is_sorted(), "{events:?}");
    Ok(())
}

/// Polls for what is newer than all that was seen: that must be this resource, as the answer to the
/// change showed it. Returns what is the newest then.
async fn found(host: &Host, newest: &str, shown: &Value) -> anyhow::Result<String> {
    let filter = format!("meta.lastModified gt \"{newest}\"");
    let target = target("/Users", &[("filter", &filter)]);
    let list = host.ask(("GET", &target, &Value::Null), 200).await?;
    ensure!(list["Resources"] == json!([shown]), "{list} is not {shown}");
    let path = format!("/Users/{}", text(shown, "id")?);
    let read = host.ask(("GET", &path, &Value::Null), 200).await?;
    ensure!(read == *shown, "{read} is not {shown}");
    Ok(text(&shown["meta"], "lastModified")?.to_owned())
}

/// The ids of resources.
fn ids(resources: &[Value]) -> anyhow::Result<BTreeSet<String>> {
    let ids = resources.iter().map(|resource| text(resource, "id"));
    ids.map(|id| Ok(id?.to_owned())).collect()
}

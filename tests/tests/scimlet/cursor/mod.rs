//! Walks by cursor (RFC 9865) where a recorded exchange is too short: what they miss, what they
//! cost, and what a cursor is good for.

mod limit;
pub(crate) mod service;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::store::memory::Memory;
use scimlet_tests::client::text;
use serde_json::Value;

use self::service::Service;
use crate::trial;

/// The queries that are walked through, by name: each is a target below the base URL, without
/// `cursor` and `count`.
const WALKS: [(&str, &str); 6] = [
    ("plain", "/Users?"),
    ("sorted", "/Users?sortBy=displayName&sortOrder=descending&"),
    ("sorted_here", "/Users?sortBy=title&"),
    (
        "weakened",
        "/Users?filter=emails%5Btype%20eq%20%22work%22%20and%20value%20ew%20%22.example%22%5D&",
    ),
    ("root", "/?"),
    ("sorted_root", "/?sortBy=displayName&"),
];

pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("cursor::expires", expires),
        trial("cursor::is_no_use_to_another_tenant", foreign),
        trial("cursor::is_no_use_to_another_query", other_query),
        trial("cursor::shows_nothing", opaque),
        trial("cursor::ends_no_walk_at_the_scan_limit", limit::walk),
        trial("cursor::scan_limit_of_lists", limit::lists),
    ];
    for (name, target) in WALKS {
        for database in ["memory", "unfiltered", "sqlite"] {
            let title = format!("cursor::misses_nothing::{name}::{database}");
            trials.push(trial(title, move || churn(target, database)));
        }
        if name != "sorted_here" {
            let title = format!("cursor::costs_the_same_everywhere::{name}");
            trials.push(trial(title, move || costs(target)));
        }
    }
    trials
}

fn ids(page: &Value) -> Vec<String> {
    let resources = page["Resources"].as_array().into_iter().flatten();
    resources.filter_map(|resource| resource["id"].as_str().map(ToOwned::to_owned)).collect()
}

/// While the walk goes on, what it has seen last and something ahead of it are deleted and others
/// are made: what was there all along is on exactly one page.
async fn churn(target: &str, database: &str) -> anyhow::Result<()> {
    let service = Service::of(database).await?;
    let mut there = Vec::new();
    for number in 0..48 {
        there.push(service.make(number).await?);
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut cursor = String::new();
    for turn in 0.. {
        ensure!(turn < 100, "the walk does not end");
        let page = service.page(target, &cursor, 5).await?;
        let found = ids(&page);
        for id in &found {
            *seen.entry(id.clone()).or_default() += 1;
        }
        let Some(next) = page["nextCursor"].as_str() else {
            break;
        };
        cursor = next.to_owned();
        let last = found.last().cloned().unwrap_or_default();
        let gone =
            |path: &String| path.ends_with(&last) || path == &there[(turn * 7 + 3) % there.len()];
        let goes: Vec<String> = there.iter().filter(|path| gone(path)).cloned().collect();
        for path in &goes {
            service.ask("DELETE", path, Value::Null).await?.expect(204)?;
        }
        there.retain(|path| !goes.contains(path));
        service.make(100 + turn).await?;
    }
    let all = target.starts_with("/?");
    for path in there.iter().filter(|path| all || path.starts_with("/Users/")) {
        let id = path.rsplit('/').next().unwrap_or_default();
        let times = seen.get(id).copied().unwrap_or_default();
        ensure!(times == 1, "{path} was seen {times} times");
    }
    Ok(())
}

/// The last pages of a walk make the store return no more than the first ones do.
async fn costs(target: &str) -> anyhow::Result<()> {
    let service = Service::of("sqlite").await?;
    for number in 0..200 {
        service.make(number).await?;
    }
    let (mut cursor, mut costs) = (String::new(), Vec::new());
    loop {
        let before = service.store.returned();
        let page = service.page(target, &cursor, 10).await?;
        costs.push(service.store.returned() - before);
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    ensure!(costs.len() >= 15, "{} pages", costs.len());
    let weakened = target.contains("filter");
    // Of each of the two types one more than the page holds, and what ends a type.
    let bound = if weakened { 200 } else { 25 };
    ensure!(costs[1..].iter().all(|cost| *cost <= bound), "{costs:?}");
    Ok(())
}

/// A cursor is good until its time is over.
async fn expires() -> anyhow::Result<()> {
    let service = Service::of("memory").await?;
    for number in 0..3 {
        service.make(number).await?;
    }
    let first = service.page("/Users?", "", 1).await?;
    let cursor = text(&first, "nextCursor")?;
    service.watch.0.fetch_add(599, Ordering::Relaxed);
    let second = service.page("/Users?", cursor, 1).await?;
    ensure!(ids(&second).len() == 1, "{second}");
    service.watch.0.fetch_add(1, Ordering::Relaxed);
    let target = format!("/Users?cursor={cursor}&count=1");
    let late = service.ask("GET", &target, Value::Null).await?.expect(400)?;
    ensure!(late["scimType"] == "expiredCursor", "{late}");
    // The second page's cursor is younger.
    let cursor = text(&second, "nextCursor")?;
    service.page("/Users?", cursor, 1).await?;
    Ok(())
}

/// A cursor of one tenant is refused as `invalidCursor` in another tenant of the same database, for
/// the same query.
async fn foreign() -> anyhow::Result<()> {
    let database = Memory::exact();
    let ours = Service::tenant(&database, "ours", tempfile::tempdir()?).await?;
    // One source of bytes, so that the keys differ although they are known.
    let theirs = Service::beside(&database, "theirs", &ours).await?;
    for number in 1..3 {
        ours.make(number).await?;
        theirs.make(number).await?;
    }
    let first = theirs.page("/Users?", "", 1).await?;
    let target = format!("/Users?cursor={}&count=1", text(&first, "nextCursor")?);
    theirs.ask("GET", &target, Value::Null).await?.expect(200)?;
    let refused = ours.ask("GET", &target, Value::Null).await?.expect(400)?;
    ensure!(refused["scimType"] == "invalidCursor", "{refused}");
    Ok(())
}

/// A cursor goes on with the query that it was given for, and with no other: not with one that
/// orders otherwise, and not with one that the store is asked the same for.
async fn other_query() -> anyhow::Result<()> {
    let queries = [
        "/Users?",
        "/Users?sortBy=displayName&",
        "/Users?sortBy=displayName&sortOrder=descending&",
        "/Users?sortBy=title&",
        "/Users?filter=title%20ne%20%22x%22&",
        "/Users?filter=title%20ne%20%22y%22&",
        "/?",
        "/?sortBy=displayName&",
    ];
    let service = Service::of("memory").await?;
    for number in 0..8 {
        service.make(number).await?;
    }
    for own in queries {
        let first = service.page(own, "", 1).await?;
        let cursor = text(&first, "nextCursor")?;
        for query in queries {
            let target = format!("{query}cursor={cursor}&count=1");
            let answer = service.ask("GET", &target, Value::Null).await?;
            if query == own {
                answer.expect(200)?;
            } else {
                let refused = answer.expect(400)?;
                ensure!(refused["scimType"] == "invalidCursor", "{own} {query}: {refused}");
            }
        }
    }
    Ok(())
}

/// Two cursors for the same place have nothing in common, and neither holds what the store's
/// position says.
async fn opaque() -> anyhow::Result<()> {
    let service = Service::of("memory").await?;
    for number in 0..3 {
        service.make(number).await?;
    }
    let target = "/Users?sortBy=displayName&";
    let mut cursors = Vec::new();
    for _ in 0..2 {
        let page = service.page(target, "", 1).await?;
        cursors.push(text(&page, "nextCursor")?.to_owned());
    }
    let same = cursors[0].bytes().zip(cursors[1].bytes());
    let same = same.filter(|(a, b)| a == b).count();
    ensure!(same < cursors[0].len() / 8, "{cursors:?}");
    for cursor in cursors {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        ensure!(cursor.bytes().all(allowed), "{cursor}");
        let bytes = data_encoding::BASE64URL_NOPAD.decode(cursor.as_bytes());
        let bytes = bytes.ok().context("no base64url")?;
        let read = String::from_utf8_lossy(&bytes).to_lowercase();
        ensure!(!read.contains("bob") && !read.contains("after"), "{read}");
    }
    Ok(())
}

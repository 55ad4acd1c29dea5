//! Lists of what is large: RFC 7644 section 3.4.2.4 lets a page have fewer resources than were
//! asked for, and a walk by index or by cursor passes each of them once. `SCIMLET_GROUPS` and
//! `SCIMLET_MEMBERS` make the walks longer, `SCIMLET_LARGE_GROUP` the one large group larger.

mod http;
mod limits;

use std::collections::BTreeMap;
use std::pin::Pin;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::crowd;
use scimlet_tests::rounds::number;
use serde_json::{Value, json};

use crate::cursor::service::Service;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("lists::http::walks", http::walks),
        trial("lists::http::large_users", http::large_users),
        trial("lists::http::large_group", http::large_group),
        trial("lists::a_filter_reads_each_member_once", once),
        Trial::test("lists::inactive_members", || {
            limits::inactive().map_err(|error| format!("{error:#}").into())
        }),
        Trial::test("lists::bodies", || {
            limits::bodies().map_err(|error| format!("{error:#}").into())
        }),
    ];
    for database in ["memory", "unfiltered", "sqlite"] {
        let title = |what: &str| format!("lists::{what}::{database}");
        trials.push(trial(title("groups"), move || groups(database)));
        trials.push(trial(title("users"), move || users(database)));
        trials.push(trial(title("large_bodies"), move || large(database)));
    }
    trials
}

/// The resources of a list, and the number of resources on each of its pages.
pub struct Walked {
    pub resources: Vec<Value>,
    pub pages: Vec<usize>,
}

/// A page on its way.
pub type Answered<'a> = Pin<Box<dyn Future<Output = anyhow::Result<Value>> + Send + 'a>>;

/// How a walk asks.
type Ask<'a> = &'a dyn Fn(String) -> Answered<'a>;

/// Walks by index; the target ends with `?` or `&`.
pub async fn by_index(ask: Ask<'_>, target: &str, count: usize) -> anyhow::Result<Walked> {
    let mut walked = Walked { resources: Vec::new(), pages: Vec::new() };
    loop {
        let start = walked.resources.len() + 1;
        let page = ask(format!("{target}startIndex={start}&count={count}")).await?;
        let shown = walked.add(&page)?;
        let total = page["totalResults"].as_u64().context("no total")?;
        if walked.resources.len() as u64 >= total {
            return Ok(walked);
        }
        ensure!(shown > 0, "{target}: a page of nothing at {start}");
    }
}

/// Walks by cursor.
pub async fn by_cursor(ask: Ask<'_>, target: &str, count: usize) -> anyhow::Result<Walked> {
    let mut walked = Walked { resources: Vec::new(), pages: Vec::new() };
    let mut cursor = String::new();
    loop {
        let page = ask(format!("{target}cursor={cursor}&count={count}")).await?;
        walked.add(&page)?;
        ensure!(walked.pages.len() < 10_000, "the walk does not end");
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return Ok(walked),
        }
    }
}

impl Walked {
    fn add(&mut self, page: &Value) -> anyhow::Result<usize> {
        let shown = page["Resources"].as_array().context("no resources")?;
        ensure!(page["itemsPerPage"] == shown.len(), "{}", page["itemsPerPage"]);
        self.resources.extend(shown.iter().cloned());
        self.pages.push(shown.len());
        Ok(shown.len())
    }

    /// How often each is there.
    pub fn times(&self) -> BTreeMap<&str, usize> {
        let mut times = BTreeMap::new();
        for id in self.ids() {
            *times.entry(id).or_default() += 1;
        }
        times
    }

    fn ids(&self) -> Vec<&str> {
        let ids = self.resources.iter();
        ids.filter_map(|resource| resource["id"].as_str()).collect()
    }

    /// Expects so many resources, each once and with so many values.
    pub fn check(&self, resources: usize, attribute: &str, values: usize) -> anyhow::Result<()> {
        let times = self.times();
        ensure!(
            times.len() == resources && times.values().all(|times| *times == 1),
            "{} of {resources}: {times:?}",
            times.len()
        );
        for resource in &self.resources {
            let shown = resource[attribute].as_array().map_or(0, Vec::len);
            ensure!(shown == values, "{}: {shown} {attribute}", resource["id"]);
        }
        Ok(())
    }
}

/// How many members a large group has: more than fit a mebibyte, a page or what one store call
/// returns.
pub fn large_group() -> anyhow::Result<usize> {
    Ok(number("SCIMLET_LARGE_GROUP")?.unwrap_or(30_000) as usize)
}

/// How many groups of how many members a walk passes.
pub fn sizes() -> anyhow::Result<(usize, usize)> {
    let size = |name, default: u64| anyhow::Ok(number(name)?.unwrap_or(default) as usize);
    Ok((size("SCIMLET_GROUPS", 60)?, size("SCIMLET_MEMBERS", 400)?))
}

async fn groups(database: &'static str) -> anyhow::Result<()> {
    let (groups, members) = sizes()?;
    // Maps are looked through as a whole.
    let members = if database == "sqlite" { members } else { members.min(400) };
    let groups = if database == "sqlite" { groups } else { groups.min(60) };
    let service = Service::of(database).await?;
    crowd::fill(&*service.store, groups, members).await?;
    let ask = |target: String| asked(&service, target);
    for target in [
        "/Groups?",
        "/Groups?sortBy=displayName&",
        "/Groups?sortBy=displayName&sortOrder=descending&",
        "/Groups?filter=displayName%20sw%20%22group%22&",
        "/?filter=meta.resourceType%20eq%20%22Group%22&sortBy=displayName&",
    ] {
        let index = by_index(&ask, target, 100).await.context(target)?;
        index.check(groups, "members", members).context(target)?;
        ensure!(index.pages.len() > 1, "{target}: {:?}", index.pages);
        let cursor = by_cursor(&ask, target, 100).await.context(target)?;
        cursor.check(groups, "members", members).context(target)?;
        ensure!(index.ids() == cursor.ids(), "{target}: other orders");
    }
    let without = "/Groups?excludedAttributes=members&";
    let all = by_index(&ask, without, groups.min(1000)).await?;
    all.check(groups, "members", 0)?;
    ensure!(groups > 1000 || all.pages == [groups], "{:?}", all.pages);
    let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "startIndex": 1, "count": 100});
    for target in ["/Groups/.search", "/.search"] {
        service.ask("POST", target, search.clone()).await?.expect(200)?;
    }
    Ok(())
}

fn asked(service: &Service, target: String) -> Answered<'_> {
    Box::pin(async move {
        let answer = service.ask("GET", &target, Value::Null).await?;
        answer.expect(200).context(target)
    })
}

/// Users in many groups, and through one that contains those in one more.
async fn users(database: &'static str) -> anyhow::Result<()> {
    let service = Service::of(database).await?;
    let (users, groups) = (210, 100);
    crowd::users(&*service.store, users).await?;
    crowd::groups(&*service.store, groups + 1).await?;
    let all = |number| {
        let member = move |user| crowd::member(crowd::group(number), crowd::user(user));
        (0..users).map(member)
    };
    crowd::link(&*service.store, (0..groups).flat_map(all)).await?;
    let inside = |number| crowd::member(crowd::group(groups), crowd::group(number));
    crowd::link(&*service.store, (0..groups).map(inside)).await?;
    let ask = |target: String| asked(&service, target);
    let index = by_index(&ask, "/Users?", 1000).await?;
    index.check(users, "groups", groups + 1)?;
    ensure!(index.pages.len() > 1, "{:?}", index.pages);
    let cursor = by_cursor(&ask, "/Users?attributes=groups.display,groups.type&", 1000).await?;
    cursor.check(users, "groups", groups + 1)?;
    let of = |how: &str| {
        let shown = cursor.resources[7]["groups"].as_array().into_iter().flatten();
        shown.filter(|group| group["type"] == how && group["value"].is_null()).count()
    };
    ensure!((of("direct"), of("indirect")) == (groups, 1), "{}", of("direct"));
    Ok(())
}

/// Users of whom few fill a page: whatever is asked, the pages join up to the same list.
async fn large(database: &'static str) -> anyhow::Result<()> {
    let service = Service::of(database).await?;
    let insert = |number: usize| {
        let place = number * 7919 % 30;
        let title = format!("{place:02}{}", "x".repeat(1000 + place * 20_000));
        let names = json!({"userName": number.to_string(), "title": title,
            "displayName": (900 - number).to_string()});
        crowd::entry(crowd::user(number), names)
    };
    let writes: Vec<_> = (0..30).map(insert).collect();
    for write in writes {
        crowd::commit(&*service.store, [write]).await?;
    }
    let ask = |target: String| asked(&service, target);
    for (target, reversed) in [
        ("/Users?", false),
        ("/Users?attributes=userName&", false),
        ("/Users?filter=title%20pr&attributes=id&", false),
        ("/Users?sortBy=title&attributes=id&", true),
        ("/Users?sortBy=displayName&", true),
        ("/?", false),
        ("/?sortBy=displayName&", true),
    ] {
        for count in [4, 100] {
            let index = by_index(&ask, target, count).await.context(target)?;
            index.check(30, "groups", 0).context(target)?;
            let cursor = by_cursor(&ask, target, count).await.context(target)?;
            ensure!(index.ids() == cursor.ids(), "{target}{count}: other orders");
            let first = if reversed { "u29" } else { "u0" };
            ensure!(
                target.contains("title&") || index.ids()[0] == first,
                "{target}: {:?}",
                index.ids()
            );
        }
    }
    Ok(())
}

/// A group that a filter finds costs the store no more than one read by id: each link is read once,
/// and each member's name.
async fn once() -> anyhow::Result<()> {
    let service = Service::of("sqlite").await?;
    crowd::users(&*service.store, 10_000).await?;
    crowd::groups(&*service.store, 2).await?;
    let member = |number| crowd::member(crowd::group(0), crowd::user(number));
    crowd::link(&*service.store, (0..10_000).map(member)).await?;
    let name = "/Groups?filter=displayName%20eq%20%22group%200%22";
    let cost = |before: (usize, usize)| {
        (service.store.linked() - before.0, service.store.read() - before.1)
    };
    let mut costs = Vec::new();
    for target in ["/Groups/g0", name] {
        let before = (service.store.linked(), service.store.read());
        asked(&service, target.to_owned()).await?;
        costs.push(cost(before));
    }
    ensure!(costs[0].0 == 10_000 && costs[1].0 == 10_000, "{costs:?}");
    ensure!(costs[0].1 < 10_010 && costs[1].1 < 10_010, "{costs:?}");
    Ok(())
}

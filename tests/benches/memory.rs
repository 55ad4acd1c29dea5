//! The memory of `scimlet serve`: as users are created over HTTP in a SQLite file, as instances are
//! kept idle for further requests of their tenants, and as lists of large groups are walked to
//! their end; of those also the time that each member takes. `cargo bench -p scimlet-tests --bench
//! memory -- --users 1000000 --tenants 60 --groups 1000 --members 1000`

use std::time::Instant;

use anyhow::Context;
use scimlet::store::Database as _;
use scimlet::store::sqlite::Sqlite;
use scimlet_tests::bench_support::{Bars, Resident, Series, Site, Spread, Turn, option, run, save};
use scimlet_tests::crowd;
use scimlet_tests::exchange::Http;
use scimlet_tests::server::{self, Server};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// How often the memory is looked at while users come.
const PARTS: u32 = 5;

/// How many tenants are asked between two looks.
const TENANTS: usize = 10;

/// Mebibytes that the server may take, and an idle instance.
const WANTED: (f64, f64) = (200.0, 1.0);

fn main() -> anyhow::Result<()> {
    run(benchmark())
}

async fn benchmark() -> anyhow::Result<()> {
    let users = option("users", 20_000)?;
    let looks = growth(users).await?;
    let idle = idle(option("tenants", 60)?).await?;
    println!("an idle instance: {idle} MiB (wanted: {})", WANTED.1);
    let lists = lists(option("groups", 100)?, option("members", 1000)?).await?;
    let figures = json!({"lists": lists, "users": looks.iter().map(Look::json).collect::<Vec<_>>(),
        "idleInstance": idle.json(), "wanted": {"server": WANTED.0, "idleInstance": WANTED.1}});
    let series = |name: &str, values: &dyn Fn(&Look) -> f64| Series {
        name: name.to_owned(),
        values: looks.iter().map(values).collect(),
    };
    let plot = Bars {
        title: "MiB of memory by users created".to_owned(),
        groups: looks.iter().map(|look| look.users.to_string()).collect(),
        series: vec![
            series("now", &|look| look.resident.now),
            series("peak", &|look| look.resident.peak),
        ],
    };
    save("memory", &figures, &plot)
}

/// Walks through the list of so many groups by index and by cursor, and makes one group more.
async fn lists(groups: usize, members: usize) -> anyhow::Result<Value> {
    let (folder, server) = server::fresh()?;
    let endpoint = server.endpoint("demo")?;
    let database = Sqlite::open(folder.path().join("scimlet.db"))?;
    let store = database.open("demo").await?.context("no tenant")?;
    crowd::fill(&*store, groups, members).await?;
    let before = Resident::of(server.process())?.peak;
    let mut figures = Map::new();
    for (name, paging) in [("index", "startIndex=1"), ("cursor", "cursor=")] {
        let (begun, mut seen, mut next) = (Instant::now(), 0, Some(paging.to_owned()));
        while let Some(paging) = next {
            let page = read(&endpoint, &format!("/Groups?{paging}&count=100")).await?;
            seen += page["itemsPerPage"].as_u64().context("no number")?;
            next = match page["nextCursor"].as_str() {
                Some(cursor) => Some(format!("cursor={cursor}")),
                None => (seen < groups as u64 && name == "index")
                    .then(|| format!("startIndex={}", seen + 1)),
            };
        }
        anyhow::ensure!(seen == groups as u64, "{seen} of {groups} groups");
        let each = begun.elapsed().as_secs_f64() * 1e6 / (groups * members) as f64;
        println!("a member in a list by {name}: {each:.2} µs");
        figures.insert(name.to_owned(), each.into());
    }
    let member = |number| json!({"value": crowd::user(number).id});
    let large = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "all",
        "members": (0..members).map(member).collect::<Vec<_>>(),
    });
    let begun = Instant::now();
    let made = endpoint.ask("POST", "/Groups", &large).await?;
    anyhow::ensure!(made.status == 201, "{made:?}");
    let each = begun.elapsed().as_secs_f64() * 1e6 / members as f64;
    println!("a member of a group that is made: {each:.2} µs");
    figures.insert("made".to_owned(), each.into());
    let peak = Resident::of(server.process())?.peak;
    println!("the server's peak: {peak:.1} MiB, {before:.1} before the walks");
    figures.insert("peak".to_owned(), json!([before, peak]));
    Ok(Value::Object(figures))
}

async fn read(endpoint: &Http, target: &str) -> anyhow::Result<Value> {
    let answer = endpoint.get(target).await?;
    answer.expect(200)
}

/// The server's memory when so many users were there.
struct Look {
    users: u32,
    resident: Resident,
}

impl Look {
    fn json(&self) -> Value {
        let Resident { now, peak } = self.resident;
        json!({"users": self.users, "mebibytes": now, "peak": peak})
    }
}

/// Creates users, and looks in between.
async fn growth(users: u32) -> anyhow::Result<Vec<Look>> {
    let (_folder, server) = server::fresh()?;
    let site = Site::at(&server, "demo")?;
    println!("users       MiB      peak");
    let mut looks = Vec::new();
    for part in 0..=PARTS {
        if part > 0 {
            let turn = Turn { users: users / PARTS, keep: true, ..Turn::default() };
            site.prepare("get", &turn).await?;
        }
        let look = Look { users: users / PARTS * part, resident: Resident::of(server.process())? };
        let Resident { now, peak } = look.resident;
        println!("{:<10}{now:>6.1}{peak:>10.1}", look.users);
        looks.push(look);
    }
    println!("(wanted: less than {})", WANTED.0);
    Ok(looks)
}

/// Mebibytes for each instance that is kept, measured as more and more tenants have one.
async fn idle(tenants: usize) -> anyhow::Result<Spread> {
    let folder = TempDir::new()?;
    let server = Server::reusing(folder.path())?;
    let mut endpoints = vec![server.endpoint("demo")?];
    for number in 0..tenants {
        let name = format!("tenant{number}");
        server::json(folder.path(), &["tenant", "create", &name])?;
        endpoints.push(server.endpoint(&name)?);
    }
    let (first, others) = endpoints.split_first().context("no tenant")?;
    // What all instances share is there from here on.
    for _ in 0..100 {
        ask(first).await?;
    }
    let mut before = Resident::of(server.process())?.now;
    let mut each = Vec::new();
    for endpoints in others.chunks(TENANTS) {
        for endpoint in endpoints {
            ask(endpoint).await?;
        }
        let now = Resident::of(server.process())?.now;
        each.push((now - before) / endpoints.len() as f64);
        before = now;
    }
    Spread::of(each).context("no tenants")
}

async fn ask(endpoint: &Http) -> anyhow::Result<()> {
    let answer = endpoint.ask("GET", "/Users", &Value::Null).await?;
    anyhow::ensure!(answer.status == 200, "{answer:?}");
    Ok(())
}

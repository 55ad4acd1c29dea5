//! The memory of `scimlet serve`: as users are created over HTTP in a SQLite file, and as instances are kept idle for further
//! requests of their tenants.
//! `cargo bench -p scimlet-tests --bench memory -- --users 1000000 --tenants 60`

use anyhow::Context;
use scimlet_tests::exchange::Http;
use scimlet_tests::figures::{Bars, Resident, Series, Site, Spread, Turn, option, run, save};
use scimlet_tests::server::{self, Server};
use serde_json::{Value, json};
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
    let figures = json!({"users": looks.iter().map(Look::json).collect::<Vec<_>>(),
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
            let turn = Turn {
                users: users / PARTS,
                keep: true,
                ..Turn::default()
            };
            site.prepare("get", &turn).await?;
        }
        let look = Look {
            users: users / PARTS * part,
            resident: Resident::of(server.process())?,
        };
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

//! Servers over a database in which a host whose clock was an hour ahead has written.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::clock::now;
use scimlet::store::Database;
use scimlet::store::postgres::Postgres;
use scimlet::store::sqlite::Sqlite;
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::server::Server;
use scimlet_tests::wording::numbers;
use scimlet_tests::{needs, postgres};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use super::host::{HOUR, Host};
use super::ids;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("clocks::one_server_on_a_file", || on_a_file(1)),
        trial("clocks::two_servers_on_a_file", || on_a_file(2)),
    ];
    for (name, count) in [("one_server", 1), ("two_servers", 2)] {
        let run = move |cluster: &'static postgres::Cluster| {
            crate::runtime()?.block_on(async {
                let url = cluster.database()?;
                let database = Postgres::open(&url, true).await?;
                behind(&database, &url, count).await
            })
        };
        let trial = Trial::ignorable_test(format!("clocks::{name}_on_postgres"), move || {
            needs::with(postgres::shared(), run)
        });
        trials.push(trial);
    }
    trials
}

async fn on_a_file(count: usize) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let path = folder.path().join("shared.db");
    let database = Sqlite::open(&path)?;
    behind(&database, path.to_str().context("a path")?, count).await
}

/// A poll for newer resources finds every change that the servers make after a host whose clock is
/// an hour ahead has written, and each server logs that its clock is behind.
async fn behind(database: &dyn Database, name: &str, count: usize) -> anyhow::Result<()> {
    database.create_tenant(TENANT, now()).await?;
    let ahead = Host::new(database).await?;
    ahead.set(now() + HOUR);
    let user = json!({"userName": "ahead"});
    let first = ahead.ask(("POST", "/Users", &user), 201).await?;
    let folders: Vec<TempDir> = (0..count).map(|_| TempDir::new()).collect::<Result<_, _>>()?;
    let servers = folders.iter().map(|folder| Server::over(folder.path(), name));
    let servers: Vec<Server> = servers.collect::<anyhow::Result<_>>()?;
    let secret = servers[0].endpoint(TENANT)?.secret;
    let clients = servers.iter().map(|server| Http::new(server.base(TENANT), &secret));
    let clients: Vec<Http> = clients.collect::<anyhow::Result<_>>()?;
    let mut newest = text(&first["meta"], "lastModified")?.to_owned();
    for round in 0..6 {
        let (one, other) = (&clients[round % count], &clients[(round + 1) % count]);
        newest = changes_are_found(one, other, &newest, round).await?;
    }
    for server in &servers {
        is_told(server).await?;
    }
    Ok(())
}

/// Makes a user by one server and changes it by the other; polls find both. Returns what is the
/// newest then.
async fn changes_are_found(
    one: &Http,
    other: &Http,
    newest: &str,
    round: usize,
) -> anyhow::Result<String> {
    let user = json!({"userName": format!("user{round}")});
    let made = one.ask("POST", "/Users", &user).await?.expect(201)?;
    let path = format!("/Users/{}", text(&made, "id")?);
    let modified = |user: &Value| anyhow::Ok(text(&user["meta"], "lastModified")?.to_owned());
    let is_found = async |since: &str| {
        let filter = format!("meta.lastModified gt \"{since}\"");
        let found = ids(&other.find("/Users", &filter).await?)?;
        ensure!(found == ids(std::slice::from_ref(&made))?, "{found:?}");
        anyhow::Ok(())
    };
    is_found(newest).await?;
    let title = patch(json!([{"op": "add", "path": "title", "value": "x"}]));
    let changed = other.ask("PATCH", &path, &title).await?.expect(200)?;
    is_found(&modified(&made)?).await?;
    let newest = modified(&changed)?;
    let read = one.get(&path).await?.expect(200)?;
    ensure!(modified(&read)? == newest, "{read} is not {changed}");
    Ok(newest)
}

/// Expects that `/readyz` says how far the clock is behind and is ready all the same, and that the
/// log warns once.
async fn is_told(server: &Server) -> anyhow::Result<()> {
    let begun = Instant::now();
    let ready = loop {
        ensure!(begun.elapsed() < Duration::from_secs(90), "it does not tell");
        let answer = reqwest::get(format!("{}/readyz", server.url)).await?;
        ensure!(answer.status() == 200, "{answer:?}");
        let body: Value = answer.json().await?;
        if body["clock-behind-seconds"] != 0 {
            break body;
        }
        sleep(Duration::from_millis(20)).await;
    };
    let behind = ready["clock-behind-seconds"].as_u64().context("a number")?;
    let is_behind = |seconds: &u64| (3000..=3600).contains(seconds);
    ensure!(is_behind(&behind), "{ready}");
    ensure!(ready["ready"] == true, "{ready}");
    let log = server.log()?;
    let warnings =
        log.lines().filter(|line| line.contains("WARN") && numbers(line).iter().any(is_behind));
    ensure!(warnings.count() == 1, "{log}");
    Ok(())
}

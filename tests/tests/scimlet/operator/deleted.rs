//! `scimlet tenant delete`: no value of the tenant is left where it was stored.

use std::path::Path;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::needs;
use scimlet_tests::postgres::{self, Cluster};
use scimlet_tests::server::{self, Server};
use serde_json::json;

use super::Desk;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("operator::a_deleted_tenant_leaves_nothing", alone),
        trial("operator::a_deleted_tenant_leaves_nothing_beside_a_server", served),
        Trial::ignorable_test("operator::a_deleted_tenant_leaves_no_row", || {
            needs::with(postgres::shared(), |cluster| crate::runtime()?.block_on(rows(cluster)))
        }),
    ]
}

/// A text that every value of the tenant's users contains, and nothing else does.
const MARK: &str = "wintermute";
const USERS: usize = 1200;

/// Lines of an import.
fn people() -> String {
    let person = |number| {
        let user = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": format!("{MARK}{number}"),
            "displayName": format!("{MARK} the {number}th").repeat(20),
        });
        format!("{user}\n")
    };
    (0..USERS).map(person).collect()
}

/// How often the mark is in the files of the database.
fn left(folder: &Path) -> anyhow::Result<usize> {
    let mut left = 0;
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with("scimlet.db")) {
            let bytes = std::fs::read(&path)?;
            left += bytes.windows(MARK.len()).filter(|window| *window == MARK.as_bytes()).count();
        }
    }
    Ok(left)
}

fn filled() -> anyhow::Result<Desk> {
    let desk = Desk::new("default")?;
    desk.json(&["tenant", "create", "other"])?;
    desk.write("people.jsonl", &people())?;
    desk.json(&["user", "import", "acme", "people.jsonl"])?;
    desk.write("people.jsonl", "")?;
    ensure!(left(desk.folder())? > USERS, "nobody is there");
    Ok(desk)
}

async fn alone() -> anyhow::Result<()> {
    let desk = filled()?;
    desk.json(&["tenant", "delete", "acme"])?;
    let left = left(desk.folder())?;
    ensure!(left == 0, "{left} are left");
    Ok(())
}

/// A tenant is deleted while a server has the file open, reads it and writes other tenants' events.
async fn served() -> anyhow::Result<()> {
    let desk = filled()?;
    let server = Server::start(desk.folder())?;
    let (gone, other) = (server.endpoint("acme")?, server.endpoint("other")?);
    gone.get(&format!("/Users?filter=userName%20eq%20%22{MARK}1%22")).await?.expect(200)?;
    let reading = tokio::spawn(async move {
        let reads = async || other.get("/Users").await?.expect(200);
        while reads().await.is_ok() {}
    });
    desk.json(&["tenant", "delete", "acme"])?;
    let left = left(desk.folder())?;
    ensure!(left == 0, "{left} are left");
    ensure!(!reading.is_finished(), "the other tenant was not served");
    reading.abort();
    drop(server);
    Ok(())
}

async fn rows(cluster: &'static Cluster) -> anyhow::Result<()> {
    let folder = tempfile::TempDir::new()?;
    let url = cluster.database()?;
    let run = |arguments: &[&str]| {
        let all = [arguments, &["--database", &url]].concat();
        server::json(folder.path(), &all)
    };
    run(&["tenant", "create", "acme"])?;
    std::fs::write(folder.path().join("people.jsonl"), people())?;
    run(&["user", "import", "acme", "people.jsonl"])?;
    run(&["tenant", "delete", "acme"])?;
    let name = url.rsplit('/').next().context("a name")?;
    for table in
        ["entry", "term", "link", "linkset", "field", "kind", "event", "memo", "counter", "sweep"]
    {
        let count = cluster.sql_in(name, &format!("SELECT COUNT(*) FROM scimlet_{table}"))?;
        ensure!(count.trim() == "0", "{count} rows of {table}");
    }
    Ok(())
}

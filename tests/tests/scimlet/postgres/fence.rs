//! PostgreSQL itself keeps tenants apart, whatever SQL a host sends.

use anyhow::{Context, ensure};
use scimlet::store::Database;
use scimlet::store::postgres::Postgres;
use scimlet_contract::kit::*;
use scimlet_tests::postgres::Cluster;

/// Every table with rows of tenants.
const TABLES: [&str; 9] =
    ["kind", "entry", "field", "term", "linkset", "link", "counter", "event", "tenant"];

/// A statement without any condition shows and changes one tenant's rows, and none outside of a
/// tenant's transaction.
pub async fn tenants_are_fenced_off(cluster: &Cluster) -> anyhow::Result<()> {
    let url = cluster.database()?;
    fill(&url).await?;
    holds(cluster, url.rsplit('/').next().context("a name")?)
}

/// Makes two tenants with as many rows each.
pub async fn fill(url: &str) -> anyhow::Result<()> {
    let database = Postgres::open(url, true).await?;
    for name in ["mine", "theirs"] {
        database.create_tenant(name, AT).await?;
        let store = database.open(name).await?.context("it was made")?;
        let writes = vec![
            insert(named("1", name)),
            insert(plain(group("g"))),
            link(group("g"), user("1")),
            adjust("seats", 1, None),
            append("made"),
        ];
        commit(&*store, writes).await?;
    }
    Ok(())
}

/// Expects that policies keep the two tenants apart.
pub fn holds(cluster: &Cluster, name: &str) -> anyhow::Result<()> {
    let mine = cluster.sql_in(name, "SELECT id FROM scimlet_tenant WHERE name = 'mine'")?;
    for table in TABLES {
        let count = format!("SELECT COUNT(*) FROM scimlet_{table}");
        let all: u32 = cluster.sql_in(name, &count)?.parse()?;
        let seen = |scope: &str| -> anyhow::Result<u32> {
            let scope = format!("SET ROLE scimlet; SET scimlet.tenant = '{scope}'; {count}");
            Ok(cluster.sql_in(name, &scope)?.parse()?)
        };
        ensure!(all > 0 && seen(&mine)? * 2 == all, "{table}");
        ensure!(seen("")? == 0, "{table} without a tenant");
    }
    let theirs = format!(
        "SET ROLE scimlet; SET scimlet.tenant = '{mine}';
         INSERT INTO scimlet_counter(tenant, name, value) VALUES ({mine} + 1, 'x', 1)"
    );
    let refused = cluster.sql_in(name, &theirs);
    let why = refused.err().context("it was written")?.to_string();
    ensure!(why.contains("row-level security"), "{why}");
    Ok(())
}

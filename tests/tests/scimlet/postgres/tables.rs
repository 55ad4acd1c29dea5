//! The tables in a PostgreSQL database: those of earlier versions are renamed, and those of an
//! application stay as they are.

use anyhow::{Context, ensure};
use scimlet::store::Database;
use scimlet::store::postgres::Postgres;
use scimlet_contract::kit::*;
use scimlet_sql::database::migrate;
use scimlet_tests::client::{patch, text as text_of, together};
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::postgres::Cluster;
use scimlet_tests::server::{self, Server};
use scimlet_tests::sql::PostgresConnection;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::fence;
use crate::earlier;

/// A database with tables of version 1 has all that it had, and policies, under the new names.
pub async fn renamed(cluster: &Cluster) -> anyhow::Result<()> {
    let (folder, url) = (TempDir::new()?, cluster.database()?);
    let name = url.rsplit('/').next().context("a name")?;
    let server = Server::over(folder.path(), &url)?;
    let http = server.endpoint(TENANT)?;
    let made = http.ask("POST", "/Users", &json!({"userName": "ada"})).await?.expect(201)?;
    let id = text_of(&made, "id")?.to_owned();
    server.stop()?;
    earlier::postgres(cluster, name)?;

    let server = Server::over(folder.path(), &url)?;
    let http = Http::new(server.base(TENANT), &http.secret)?;
    let change = patch(json!([{"op": "replace", "path": "title", "value": "x"}]));
    http.ask("PATCH", &format!("/Users/{id}"), &change).await?.expect(200)?;
    let found = http.get("/Users?filter=userName%20eq%20%22ada%22").await?.expect(200)?;
    ensure!(found["totalResults"] == 1, "{found}");
    let other = http.ask("POST", "/Users", &json!({"userName": "bo"})).await?;
    other.expect(201)?;
    server::json(folder.path(), &["audit", "verify", TENANT, "--database", &url])?;
    server.stop()?;
    // An earlier scimlet works with version 1 only.
    ensure!(cluster.sql_in(name, "SELECT version FROM schema_version")? == "3");
    let left = "SELECT string_agg(relname, ' ') FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')
                AND relname IN ('setting', 'tenant', 'kind', 'entry', 'field', 'term', 'linkset',
                  'link', 'counter', 'event', 'memo', 'sweep', 'entry_seq')";
    ensure!(cluster.sql_in(name, left)?.is_empty());
    Ok(())
}

/// An embedding renames earlier tables too.
pub async fn renamed_by_an_embedding(cluster: &Cluster) -> anyhow::Result<()> {
    let url = cluster.database()?;
    let name = url.rsplit('/').next().context("a name")?;
    fence::fill(&url).await?;
    earlier::postgres(cluster, name)?;
    let connection = PostgresConnection::open(&url).await?;
    let migrated = spawn_blocking(move || migrate::migrate(&connection)).await?;
    migrated.map_err(|why| anyhow::anyhow!("{why:?}"))?;
    let database = Postgres::open(&url, false).await?;
    let store = database.open("mine").await?.context("it is gone")?;
    ensure!(version(&*store, user("1")).await? == 1);
    Ok(())
}

/// Of many hosts that open earlier tables at once one renames them, and the policies hold then.
pub async fn renamed_once(cluster: &Cluster) -> anyhow::Result<()> {
    let url = cluster.database()?;
    let name = url.rsplit('/').next().context("a name")?;
    fence::fill(&url).await?;
    earlier::postgres(cluster, name)?;
    let hosts = (0..8).map(|_| {
        let url = url.clone();
        async move {
            let database = Postgres::open(&url, true).await?;
            let store = database.open("mine").await?.context("it is gone")?;
            Ok(version(&*store, user("1")).await?)
        }
    });
    ensure!(together(hosts).await?.into_iter().all(|version| version == 1));
    fence::holds(cluster, name)
}

/// A transaction of an earlier host that still runs may deadlock with the renaming, which then
/// begins again.
pub async fn in_the_way(cluster: &'static Cluster) -> anyhow::Result<()> {
    let url = cluster.database()?;
    let name = url.rsplit('/').next().context("a name")?.to_owned();
    fence::fill(&url).await?;
    earlier::postgres(cluster, &name)?;
    let waits = |table| {
        format!("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = '{table}'::regclass")
    };
    // Holds the renaming up once it has some of the tables.
    let held = cluster.hold(&name, "BEGIN; LOCK TABLE term IN ROW SHARE MODE")?;
    // Leaves it to the renaming to find the deadlock.
    let transaction = format!(
        "SET deadlock_timeout = '1h'; BEGIN; LOCK TABLE sweep IN ROW SHARE MODE;
         DO $$ BEGIN
           WHILE NOT EXISTS({}) LOOP PERFORM pg_sleep(0.01); END LOOP;
         END $$;
         LOCK TABLE kind IN ROW SHARE MODE; COMMIT",
        waits("term")
    );
    let database = name.clone();
    let other = tokio::task::spawn_blocking(move || cluster.sql_in(&database, &transaction));
    let opening = tokio::spawn(async move { Postgres::open(&url, true).await.map(drop) });
    while cluster.sql_in(&name, &waits("kind"))?.is_empty() {
        tokio::task::yield_now().await;
    }
    drop(held);
    other.await??;
    opening.await??;
    fence::holds(cluster, &name)
}

/// An application's database. Migration tools of applications have a table `schema_version` too.
const APPLICATION: &str = "
    SET ROLE scimlet;
    CREATE TABLE schema_version(version BIGINT); INSERT INTO schema_version VALUES (1);
    CREATE TABLE users(id BIGINT PRIMARY KEY, email TEXT); INSERT INTO users VALUES (1, 'a');
    CREATE TABLE tenant(id BIGINT PRIMARY KEY, name TEXT); INSERT INTO tenant VALUES (1, 'theirs');
    CREATE TABLE entry(id BIGINT PRIMARY KEY, kind TEXT); INSERT INTO entry VALUES (1, 'b');
    CREATE TABLE event(id BIGINT PRIMARY KEY, tenant BIGINT); INSERT INTO event VALUES (1, 1);
    CREATE INDEX entry_order ON entry(kind)";

/// The host makes its tables beside those of an application, and changes nothing of those.
pub async fn shared(cluster: &Cluster) -> anyhow::Result<()> {
    let (folder, url) = (TempDir::new()?, cluster.database()?);
    let name = url.rsplit('/').next().context("a name")?;
    cluster.sql_in(name, APPLICATION)?;
    let rows = "SELECT (SELECT version FROM schema_version), (SELECT users::TEXT FROM users),
                  (SELECT tenant::TEXT FROM tenant), (SELECT entry::TEXT FROM entry),
                  (SELECT event::TEXT FROM event)";
    let before = cluster.sql_in(name, rows)?;
    for _ in 0..2 {
        let server = Server::over(folder.path(), &url)?;
        let http = server.endpoint(TENANT)?;
        let list = http.get("/Users").await?.expect(200)?;
        ensure!(list["totalResults"] == 0, "{list}");
        server.stop()?;
    }
    server::command(folder.path())?
        .args(["tenant", "delete", TENANT, "--database", &url])
        .output()?;
    ensure!(cluster.sql_in(name, rows)? == before);
    Ok(())
}

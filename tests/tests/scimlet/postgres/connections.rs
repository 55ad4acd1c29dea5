//! Connections that are left for the host and for a tenant's other requests.

use anyhow::{Context, ensure};
use scimlet::store::postgres::Postgres;
use scimlet::store::{Channel, Database, Event, Operator, Write};
use scimlet_contract::kit::{AT, commit, compare, get, insert, named, query, text, user};
use scimlet_tests::postgres::Cluster;
use tokio::time::{Duration, sleep, timeout};

/// While commits of many tenants wait for locks and hold all connections that tenants may have, the
/// host still reaches the database.
pub async fn reserve(cluster: &Cluster) -> anyhow::Result<()> {
    let url = cluster.database()?;
    let database = Postgres::open(&url, true).await?;
    let mut stores = Vec::new();
    for number in 0..30 {
        let name = format!("t{number}");
        database.create_tenant(&name, 0).await?;
        stores.push(database.open(&name).await?.context("no tenant")?);
    }
    let name = url.rsplit('/').next().context("a name")?;
    let held = cluster.hold(name, "BEGIN; SELECT 1 FROM scimlet_tenant FOR UPDATE")?;
    let commits = stores.into_iter().map(|store| {
        tokio::spawn(async move {
            let event = Event {
                channel: Channel::Audit,
                name: "tried".to_owned(),
                subject: None,
                body: "{}".to_owned(),
            };
            store.commit(0, "test".to_owned(), vec![Write::Append(event)]).await
        })
    });
    let commits: Vec<_> = commits.collect();
    sleep(Duration::from_millis(500)).await;
    let tenants = timeout(Duration::from_secs(5), database.tenants()).await;
    ensure!(tenants.context("the host waits for tenants")??.len() == 30);
    drop(held);
    for commit in commits {
        let outcome = commit.await?;
        ensure!(outcome.is_ok(), "{outcome:?}");
    }
    Ok(())
}

/// A long search of a tenant stops none of its other requests, even while other tenants are active
/// and leave it the fewest connections.
pub async fn long_search(cluster: &Cluster) -> anyhow::Result<()> {
    let url = cluster.database()?;
    let database = Postgres::open(&url, true).await?;
    let mut stores = Vec::new();
    for name in ["mine", "theirs"] {
        database.create_tenant(name, AT).await?;
        let store = database.open(name).await?.context("it was made")?;
        commit(&*store, vec![insert(named("1", name))]).await?;
        stores.push(store);
    }
    let [mine, theirs] = stores.try_into().ok().context("two stores")?;
    let name = url.rsplit('/').next().context("a name")?;
    let held = cluster.hold(name, "BEGIN; LOCK TABLE scimlet_term")?;
    let search = query(vec![compare("userName", Operator::Contains, text("in"))]);
    let searching = tokio::spawn({
        let mine = mine.clone();
        async move { mine.find(search).await }
    });
    // Longer than the search may take before it starts again as a long one.
    let waits = "SELECT COUNT(*) FROM pg_stat_activity
                 WHERE wait_event_type = 'Lock' AND now() - query_start > interval '200 ms'";
    while cluster.sql_in(name, waits)? == "0" {
        sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..3 {
        ensure!(get(&*theirs, user("1")).await?.is_some());
        ensure!(get(&*mine, user("1")).await?.is_some());
    }
    ensure!(!searching.is_finished(), "the search waits for the table");
    drop(held);
    let page = searching.await?.map_err(|reason| anyhow::anyhow!("{reason:?}"))?;
    ensure!(page.total == Some(1), "{page:?}");
    Ok(())
}

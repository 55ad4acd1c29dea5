//! Sweeping up what large removals left behind, a bounded piece at a time. The rows are out of
//! reach already; this gives their space back. Every host does its share: a piece that one is at,
//! the others pass over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::connections::Connections;
use super::error::PostgresResult;
use super::session::{Parameters, Scope, Session};

/// Rows that one step removes at most.
const STEP: i64 = 1_000;

/// How often a host looks by itself: for what one left that has died.
const ROUND: Duration = Duration::from_secs(60);

/// Sweeps whenever the bell rings, and now and then.
pub(super) async fn keep_sweeping(pool: Connections, bell: Arc<Notify>) {
    loop {
        loop {
            match step(&pool).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(fault) => {
                    tracing::debug!("sweeping has to wait: {fault:?}");
                    break;
                }
            }
        }
        // Either way it is time to look.
        drop(timeout(ROUND, bell.notified()).await);
    }
}

/// Unhooks all that is in a tenant, itself included.
pub(super) async fn retire_tenant(session: &Session, tenant: i64) -> PostgresResult<()> {
    for sql in [
        "INSERT INTO sweep(tenant, what, id) SELECT tenant, 'kind', id FROM kind WHERE tenant = $1",
        "INSERT INTO sweep(tenant, what, id) VALUES ($1, 'tenant', $1)",
        "DELETE FROM kind WHERE tenant = $1",
        "DELETE FROM counter WHERE tenant = $1",
        "DELETE FROM memo WHERE tenant = $1",
        "DELETE FROM tenant WHERE id = $1",
    ] {
        session.run(sql, &[&tenant]).await?;
    }
    Ok(())
}

/// Sweeps one piece in a transaction of its own. Whether more may be left.
async fn step(pool: &Connections) -> PostgresResult<bool> {
    let session = Session::write(pool, Scope::Host).await?;
    let sql = "SELECT what, id FROM sweep LIMIT 1 FOR UPDATE SKIP LOCKED";
    let due = session.rows(sql, &[]).await?;
    let Some(row) = due.first() else {
        session.roll_back().await?;
        return Ok(false);
    };
    let (what, id): (&str, i64) = (row.get("what"), row.get("id"));
    let finished = match what {
        "linkset" => count(&session, LINKS, &[&id, &STEP]).await? < STEP,
        "kind" => entries(&session, id).await?,
        _ => count(&session, EVENTS, &[&id, &STEP]).await? < STEP,
    };
    if finished {
        let sql = "DELETE FROM sweep WHERE what = $1 AND id = $2";
        session.run(sql, &[&what, &id]).await?;
    }
    session.commit().await?;
    Ok(true)
}

const LINKS: &str = "WITH gone AS (
      DELETE FROM link WHERE linkset = $1
      AND target = ANY(ARRAY(SELECT target FROM link WHERE linkset = $1 LIMIT $2)) RETURNING 1)
    SELECT COUNT(*) FROM gone";

const EVENTS: &str = "WITH gone AS (
      DELETE FROM event WHERE tenant = $1
      AND sequence = ANY(ARRAY(SELECT sequence FROM event WHERE tenant = $1 LIMIT $2)) RETURNING 1)
    SELECT COUNT(*) FROM gone";

async fn count(session: &Session, sql: &str, parameters: Parameters<'_>) -> PostgresResult<i64> {
    let rows = session.rows(sql, parameters).await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// Removes entries of a kind that is gone, and what hangs on each. Whether that was all of them.
async fn entries(session: &Session, kind: i64) -> PostgresResult<bool> {
    let sql = "SELECT seq FROM entry WHERE kind = $1 LIMIT $2";
    let rows = session.rows(sql, &[&kind, &STEP]).await?;
    let seqs: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    retire_linksets(session, &seqs).await?;
    for sql in [
        "DELETE FROM link WHERE target = ANY($1)",
        "DELETE FROM term WHERE seq = ANY($1)",
        "DELETE FROM entry WHERE seq = ANY($1)",
    ] {
        session.run(sql, &[&seqs]).await?;
    }
    let finished = (seqs.len() as i64) < STEP;
    if finished {
        let sql = "DELETE FROM field WHERE kind = $1";
        session.run(sql, &[&kind]).await?;
    }
    Ok(finished)
}

/// Unhooks all links that leave these entries.
pub(super) async fn retire_linksets(session: &Session, sources: &[i64]) -> PostgresResult<()> {
    let sql = "WITH gone AS (DELETE FROM linkset WHERE source = ANY($1) RETURNING tenant, id)
               INSERT INTO sweep(tenant, what, id) SELECT tenant, 'linkset', id FROM gone";
    session.run(sql, &[&sources]).await
}

/// Unhooks all links of these names that leave these entries, pair by pair.
pub(super) async fn retire_named(
    session: &Session,
    sources: &[i64],
    names: &[&str],
) -> PostgresResult<()> {
    let sql = "WITH gone AS (
                 DELETE FROM linkset s USING unnest($1::BIGINT[], $2::TEXT[]) AS w(source, name)
                 WHERE s.source = w.source AND s.name = w.name RETURNING s.tenant, s.id)
               INSERT INTO sweep(tenant, what, id) SELECT tenant, 'linkset', id FROM gone";
    session.run(sql, &[&sources, &names]).await
}

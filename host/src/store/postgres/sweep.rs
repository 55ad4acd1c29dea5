//! Deletes what large removals left behind, a bounded step at a time. The rows are unreachable
//! already; this frees their space. All hosts take part: a step that one host has locked is skipped
//! by the others.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::connections::Connections;
use super::error::PostgresResult;
use super::session::{Parameters, Scope, Session};

/// The most rows that one step removes.
const STEP: i64 = 1_000;

/// How often a host looks for garbage without a notification, such as that of a host that has died.
const ROUND: Duration = Duration::from_secs(60);

/// Sweeps on every notification, and at least every [`ROUND`].
pub(super) async fn keep_sweeping(pool: Connections, garbage: Arc<Notify>) {
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
        // Sweep again after a notification or a timeout alike.
        drop(timeout(ROUND, garbage.notified()).await);
    }
}

/// Detaches a tenant with all its data and schedules that for sweeping.
pub(super) async fn retire_tenant(session: &Session, tenant: i64) -> PostgresResult<()> {
    for sql in [
        "INSERT INTO scimlet_sweep(tenant, what, id)
         SELECT tenant, 'kind', id FROM scimlet_kind WHERE tenant = $1",
        "INSERT INTO scimlet_sweep(tenant, what, id) VALUES ($1, 'tenant', $1)",
        "DELETE FROM scimlet_kind WHERE tenant = $1",
        "DELETE FROM scimlet_counter WHERE tenant = $1",
        "DELETE FROM scimlet_memo WHERE tenant = $1",
        "DELETE FROM scimlet_tenant WHERE id = $1",
    ] {
        session.run(sql, &[&tenant]).await?;
    }
    Ok(())
}

/// Sweeps one step in a transaction of its own. Returns whether more may be left.
async fn step(pool: &Connections) -> PostgresResult<bool> {
    let session = Session::write(pool, Scope::Host).await?;
    let sql = "SELECT what, id FROM scimlet_sweep LIMIT 1 FOR UPDATE SKIP LOCKED";
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
        let sql = "DELETE FROM scimlet_sweep WHERE what = $1 AND id = $2";
        session.run(sql, &[&what, &id]).await?;
    }
    session.commit().await?;
    Ok(true)
}

const LINKS: &str = "WITH gone AS (
      DELETE FROM scimlet_link WHERE linkset = $1
      AND target = ANY(ARRAY(SELECT target FROM scimlet_link WHERE linkset = $1 LIMIT $2))
      RETURNING 1)
    SELECT COUNT(*) FROM gone";

const EVENTS: &str = "WITH gone AS (
      DELETE FROM scimlet_event WHERE tenant = $1
      AND sequence = ANY(ARRAY(SELECT sequence FROM scimlet_event WHERE tenant = $1 LIMIT $2))
      RETURNING 1)
    SELECT COUNT(*) FROM gone";

async fn count(session: &Session, sql: &str, parameters: Parameters<'_>) -> PostgresResult<i64> {
    let rows = session.rows(sql, parameters).await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// Removes up to [`STEP`] entries of a removed kind, with their links and terms. Returns whether
/// none are left.
async fn entries(session: &Session, kind: i64) -> PostgresResult<bool> {
    let sql = "SELECT seq FROM scimlet_entry WHERE kind = $1 LIMIT $2";
    let rows = session.rows(sql, &[&kind, &STEP]).await?;
    let seqs: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    retire_linksets(session, &seqs).await?;
    for sql in [
        "DELETE FROM scimlet_link WHERE target = ANY($1)",
        "DELETE FROM scimlet_term WHERE seq = ANY($1)",
        "DELETE FROM scimlet_entry WHERE seq = ANY($1)",
    ] {
        session.run(sql, &[&seqs]).await?;
    }
    let finished = (seqs.len() as i64) < STEP;
    if finished {
        let sql = "DELETE FROM scimlet_field WHERE kind = $1";
        session.run(sql, &[&kind]).await?;
    }
    Ok(finished)
}

/// Detaches all links whose sources are these entries.
pub(super) async fn retire_linksets(session: &Session, sources: &[i64]) -> PostgresResult<()> {
    let sql = "WITH gone AS (
                 DELETE FROM scimlet_linkset WHERE source = ANY($1) RETURNING tenant, id)
               INSERT INTO scimlet_sweep(tenant, what, id) SELECT tenant, 'linkset', id FROM gone";
    session.run(sql, &[&sources]).await
}

/// Detaches the links of these pairs of source and name.
pub(super) async fn retire_named(
    session: &Session,
    sources: &[i64],
    names: &[&str],
) -> PostgresResult<()> {
    let sql = "WITH gone AS (
                 DELETE FROM scimlet_linkset s
                 USING unnest($1::BIGINT[], $2::TEXT[]) AS w(source, name)
                 WHERE s.source = w.source AND s.name = w.name RETURNING s.tenant, s.id)
               INSERT INTO scimlet_sweep(tenant, what, id) SELECT tenant, 'linkset', id FROM gone";
    session.run(sql, &[&sources, &names]).await
}

//! Deletes what large removals left behind, a bounded step at a time, while no commit waits for the
//! writer. The rows are unreachable already; this frees their space.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::checkpoint::Checkpoints;

/// The most rows that one step removes, so that commits never wait long.
const STEP: i64 = 500;

/// Returns whether anything is left to sweep.
pub(super) fn is_due(db: &Connection) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM scimlet_sweep")?.exists([])
}

/// Sweeps one step in a transaction of its own, the log first if `with_log`. Returns whether
/// another step may be useful now.
pub(super) fn step(
    db: &Connection,
    checkpoints: &Checkpoints,
    with_log: bool,
) -> rusqlite::Result<bool> {
    if with_log && empty_log(db, checkpoints)? {
        return Ok(true);
    }
    let transaction = rusqlite::Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    let due: Option<(String, i64)> = transaction
        .prepare_cached("SELECT what, id FROM scimlet_sweep WHERE what <> 'log' LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((what, id)) = due else {
        return Ok(false);
    };
    let finished = match what.as_str() {
        "linkset" => links(&transaction, id)?,
        "kind" => entries(&transaction, id)?,
        _ => events(&transaction, id)?,
    };
    if finished {
        transaction
            .execute("DELETE FROM scimlet_sweep WHERE what = ? AND id = ?", params![what, id])?;
        if what != "linkset" {
            leave_log(&transaction)?;
        }
    }
    transaction.commit()?;
    Ok(true)
}

/// Schedules the write-ahead log to be emptied, since it still holds erased values.
pub(super) fn leave_log(db: &Connection) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR IGNORE INTO scimlet_sweep VALUES ('log', 0)")?
        .execute([])
        .map(drop)
}

/// Empties the write-ahead log if that is scheduled. Returns whether it was done; does not wait for
/// readers that still need the log.
pub(super) fn empty_log(db: &Connection, checkpoints: &Checkpoints) -> rusqlite::Result<bool> {
    let is_due = db.prepare_cached("SELECT 1 FROM scimlet_sweep WHERE what = 'log'")?.exists([])?;
    if !is_due {
        return Ok(false);
    }
    let is_empty = checkpoints.empty(db)?;
    if is_empty {
        db.execute("DELETE FROM scimlet_sweep WHERE what = 'log'", [])?;
    }
    Ok(is_empty)
}

/// Removes all links of a link set: at once if they are few, otherwise detaches them and schedules
/// them for sweeping.
pub(super) fn retire_linkset(db: &Connection, linkset: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM scimlet_linkset WHERE id = ?")?.execute([linkset])?;
    if !links(db, linkset)? {
        leave(db, "linkset", linkset)?;
    }
    Ok(())
}

/// Detaches a tenant with all its data and schedules that for sweeping.
pub(super) fn retire_tenant(db: &Connection, tenant: i64) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO scimlet_sweep SELECT 'kind', id FROM scimlet_kind WHERE tenant = ?",
        [tenant],
    )?;
    leave(db, "tenant", tenant)?;
    db.execute("DELETE FROM scimlet_kind WHERE tenant = ?", [tenant])?;
    db.execute("DELETE FROM scimlet_counter WHERE tenant = ?", [tenant])?;
    db.execute("DELETE FROM scimlet_memo WHERE tenant = ?", [tenant])?;
    db.execute("DELETE FROM scimlet_tenant WHERE id = ?", [tenant])?;
    leave_log(db)
}

fn leave(db: &Connection, what: &str, id: i64) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO scimlet_sweep VALUES (?, ?)")?
        .execute(params![what, id])
        .map(drop)
}

/// Removes up to [`STEP`] links of a link set. Returns whether none are left.
fn links(db: &Connection, linkset: i64) -> rusqlite::Result<bool> {
    let removed = db
        .prepare_cached(
            "DELETE FROM scimlet_link WHERE linkset = ?1
             AND target IN (SELECT target FROM scimlet_link WHERE linkset = ?1 LIMIT ?2)",
        )?
        .execute([linkset, STEP])?;
    Ok((removed as i64) < STEP)
}

fn events(db: &Connection, tenant: i64) -> rusqlite::Result<bool> {
    let removed = db.execute(
        "DELETE FROM scimlet_event WHERE tenant = ?1
         AND sequence IN (SELECT sequence FROM scimlet_event WHERE tenant = ?1 LIMIT ?2)",
        [tenant, STEP],
    )?;
    Ok((removed as i64) < STEP)
}

/// Removes up to [`STEP`] entries of a removed kind, with their links and terms. Returns whether
/// none are left.
fn entries(db: &Connection, kind: i64) -> rusqlite::Result<bool> {
    let mut statement =
        db.prepare_cached("SELECT seq FROM scimlet_entry WHERE kind = ? LIMIT ?")?;
    let found: Vec<i64> =
        statement.query_map([kind, STEP], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for seq in &found {
        for linkset in linksets(db, *seq)? {
            retire_linkset(db, linkset)?;
        }
        for sql in [
            "DELETE FROM scimlet_link WHERE target = ?",
            "DELETE FROM scimlet_term WHERE seq = ?",
            "DELETE FROM scimlet_entry WHERE seq = ?",
        ] {
            db.prepare_cached(sql)?.execute([seq])?;
        }
    }
    let finished = (found.len() as i64) < STEP;
    if finished {
        db.execute("DELETE FROM scimlet_field WHERE kind = ?", [kind])?;
    }
    Ok(finished)
}

/// Returns the link sets of which this entry is the source.
pub(super) fn linksets(db: &Connection, source: i64) -> rusqlite::Result<Vec<i64>> {
    db.prepare_cached("SELECT id FROM scimlet_linkset WHERE source = ?")?
        .query_map([source], |row| row.get(0))?
        .collect()
}

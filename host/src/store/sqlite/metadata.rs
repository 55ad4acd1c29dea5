//! A tenant's data that the guest does not see: the end of its event log, and the host's metadata.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::SqliteResult;
use super::rows::unsigned;
use crate::store::{ChainHead, MetadataEntry, deleted};

/// Returns sequence number and digest of the tenant's last event; [`ChainHead::START`] if the
/// tenant was deleted.
pub(super) fn head(db: &Connection, tenant: i64) -> SqliteResult<ChainHead> {
    let head = db
        .prepare_cached("SELECT sequence, digest FROM scimlet_tenant WHERE id = ?")?
        .query_row([tenant], |row| {
            Ok(ChainHead { sequence: unsigned(row.get(0)?), digest: row.get(1)? })
        })
        .optional()?;
    Ok(head.unwrap_or(ChainHead::START))
}

/// Returns the metadata entries whose names begin with `prefix`, sorted by name.
pub(super) fn with_prefix(
    db: &Connection,
    tenant: i64,
    prefix: &str,
) -> SqliteResult<Vec<(String, String)>> {
    let mut statement = db.prepare_cached(
        "SELECT name, text FROM scimlet_memo
         WHERE tenant = ?1 AND name >= ?2 AND substr(name, 1, length(?2)) = ?2 ORDER BY name",
    )?;
    let metadata =
        statement.query_map(params![tenant, prefix], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(metadata.collect::<Result<_, _>>()?)
}

/// Applies `changes` if the entry `guard` has the given text. Returns whether it did. A change to
/// `None` removes the entry.
pub(super) fn set(
    db: &Connection,
    tenant: i64,
    guard: &MetadataEntry,
    changes: &[MetadataEntry],
) -> SqliteResult<bool> {
    let is_there =
        db.prepare_cached("SELECT 1 FROM scimlet_tenant WHERE id = ?")?.exists([tenant])?;
    if !is_there {
        return Err(deleted().into());
    }
    let found: Option<String> = db
        .prepare_cached("SELECT text FROM scimlet_memo WHERE tenant = ? AND name = ?")?
        .query_row(params![tenant, guard.0], |row| row.get(0))
        .optional()?;
    if found != guard.1 {
        return Ok(false);
    }
    for (name, text) in changes {
        match text {
            Some(text) => db
                .prepare_cached(
                    "INSERT INTO scimlet_memo VALUES (?, ?, ?)
                     ON CONFLICT DO UPDATE SET text = excluded.text",
                )?
                .execute(params![tenant, name, text])?,
            None => db
                .prepare_cached("DELETE FROM scimlet_memo WHERE tenant = ? AND name = ?")?
                .execute(params![tenant, name])?,
        };
    }
    Ok(true)
}

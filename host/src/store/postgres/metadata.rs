//! A tenant's data that the guest does not see: the end of its event log, and the host's metadata.

use scimlet_sql::null_character;

use super::error::PostgresResult;
use super::read::{digest, unsigned};
use super::session::Session;
use crate::store::{ChainHead, MetadataEntry, Refusal, deleted};

/// Returns sequence number and digest of the tenant's last event; [`ChainHead::START`] if the
/// tenant was deleted.
pub(super) async fn head(session: &Session, tenant: i64) -> PostgresResult<ChainHead> {
    let sql = "SELECT sequence, digest FROM scimlet_tenant WHERE id = $1";
    let rows = session.rows(sql, &[&tenant]).await?;
    let head = |row: &tokio_postgres::Row| ChainHead {
        sequence: unsigned(row.get("sequence")),
        digest: digest(row, "digest"),
    };
    Ok(rows.first().map_or(ChainHead::START, head))
}

/// Returns the metadata entries whose names begin with `prefix`, sorted by name.
pub(super) async fn with_prefix(
    session: &Session,
    tenant: i64,
    prefix: &str,
) -> PostgresResult<Vec<(String, String)>> {
    if null_character::has(prefix) {
        return Ok(Vec::new());
    }
    let sql = "SELECT name, text FROM scimlet_memo
               WHERE tenant = $1 AND name >= $2 AND left(name, length($2)) = $2 ORDER BY name";
    let rows = session.rows(sql, &[&tenant, &prefix]).await?;
    let entry = |row: &tokio_postgres::Row| (row.get("name"), row.get("text"));
    Ok(rows.iter().map(entry).collect())
}

/// Applies `changes` if the entry `guard` has the given text. Returns whether it did. A change to
/// `None` removes the entry. Locks the tenant's row, since an entry that does not exist cannot be
/// locked.
pub(super) async fn set(
    session: &Session,
    tenant: i64,
    guard: &MetadataEntry,
    changes: &[MetadataEntry],
) -> PostgresResult<bool> {
    let free = |(name, text): &MetadataEntry| {
        !null_character::has(name) && !text.as_deref().is_some_and(null_character::has)
    };
    if !free(guard) || !changes.iter().all(free) {
        return Err(Refusal::Invalid(null_character::WHY.into()).into());
    }
    let lock = "SELECT 1 FROM scimlet_tenant WHERE id = $1 FOR NO KEY UPDATE";
    if session.rows(lock, &[&tenant]).await?.is_empty() {
        return Err(deleted().into());
    }
    let sql = "SELECT text FROM scimlet_memo WHERE tenant = $1 AND name = $2";
    let found = session.rows(sql, &[&tenant, &guard.0]).await?;
    let found: Option<String> = found.first().map(|row| row.get("text"));
    if found != guard.1 {
        return Ok(false);
    }
    for (name, text) in changes {
        match text {
            Some(text) => {
                let sql = "INSERT INTO scimlet_memo(tenant, name, text) VALUES ($1, $2, $3)
                           ON CONFLICT (tenant, name) DO UPDATE SET text = excluded.text";
                session.run(sql, &[&tenant, name, text]).await?;
            }
            None => {
                let sql = "DELETE FROM scimlet_memo WHERE tenant = $1 AND name = $2";
                session.run(sql, &[&tenant, name]).await?;
            }
        }
    }
    Ok(true)
}

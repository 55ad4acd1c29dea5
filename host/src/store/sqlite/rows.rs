//! Looks up row ids by the names that callers use.

use rusqlite::{Connection, OptionalExtension as _, params};
use scimlet_sql::{Field, Kind};

use crate::store::Key;

/// Returns the kind of this name; `None` if the tenant was deleted or never had such an entry.
pub(super) fn kind(db: &Connection, tenant: i64, name: &str) -> rusqlite::Result<Option<Kind>> {
    db.prepare_cached("SELECT id, entries FROM scimlet_kind WHERE tenant = ? AND name = ?")?
        .query_row(params![tenant, name], |row| Ok(Kind { id: row.get(0)?, entries: row.get(1)? }))
        .optional()
}

/// Returns the field of this path; `None` if no entry of the kind ever had a term for it.
pub(super) fn field(db: &Connection, kind: i64, path: &str) -> rusqlite::Result<Option<Field>> {
    db.prepare_cached("SELECT id, entries FROM scimlet_field WHERE kind = ? AND path = ?")?
        .query_row(params![kind, path], |row| Ok(Field { id: row.get(0)?, entries: row.get(1)? }))
        .optional()
}

/// Returns the row id (`seq`) of the entry with this key.
pub(super) fn seq(db: &Connection, tenant: i64, key: &Key) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached(
        "SELECT e.seq FROM scimlet_kind k JOIN scimlet_entry e ON e.kind = k.id AND e.id = ?3
         WHERE k.tenant = ?1 AND k.name = ?2",
    )?
    .query_row(params![tenant, key.kind, key.id], |row| row.get(0))
    .optional()
}

/// Returns the id of the link set of this source and name.
pub(super) fn linkset(db: &Connection, source: i64, name: &str) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM scimlet_linkset WHERE source = ? AND name = ?")?
        .query_row(params![source, name], |row| row.get(0))
        .optional()
}

/// Converts a signed SQLite integer that is never negative.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

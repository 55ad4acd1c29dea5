//! Checks stored bodies against the digests that were written with them.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::error::SqliteResult;
use crate::store::digest::Body;
use crate::store::{BodyPosition, CheckedBodies, Key};

/// The most bodies that one call of [`check`] examines.
const PAGE: i64 = 500;

/// Checks the next [`PAGE`] of the tenant's bodies after `after`, one kind after the other. Returns
/// what was found and, unless all are checked, the position to go on from.
pub(super) fn check(
    db: &Connection,
    tenant: i64,
    after: BodyPosition,
) -> SqliteResult<CheckedBodies> {
    let mut found = CheckedBodies::default();
    let kind: Option<(i64, String)> = db
        .prepare_cached(
            "SELECT id, name FROM scimlet_kind WHERE tenant = ? AND id >= ? ORDER BY id LIMIT 1",
        )?
        .query_row([tenant, after.kind], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((kind, name)) = kind else {
        return Ok(found);
    };
    let behind = if kind == after.kind { after.seq } else { 0 };
    let mut statement = db.prepare_cached(
        "SELECT seq, id, version, body, digest, digest_version FROM scimlet_entry
         WHERE kind = ? AND seq > ? ORDER BY seq LIMIT ?",
    )?;
    let mut rows = statement.query(params![kind, behind, PAGE])?;
    let mut next = BodyPosition { kind: kind + 1, seq: 0 };
    while let Some(row) = rows.next()? {
        let id = row.get_ref(1)?.as_bytes().unwrap_or_default();
        let key = || Key { kind: name.clone(), id: String::from_utf8_lossy(id).into_owned() };
        found.count(&body(row, [2, 3, 4, 5])?, key);
        next = BodyPosition { kind, seq: row.get(0)? };
    }
    found.next = Some(next);
    Ok(found)
}

/// Reads a body and its digest from a row. `columns` are the indexes of version, text, digest and
/// digest version.
pub(super) fn body<'row>(row: &'row Row<'_>, columns: [usize; 4]) -> rusqlite::Result<Body<'row>> {
    let [version, text, digest, digest_version] = columns;
    Ok(Body {
        text: row.get_ref(text)?.as_bytes().unwrap_or_default(),
        version: row.get(version)?,
        digest: row.get(digest)?,
        digest_version: row.get(digest_version)?,
    })
}

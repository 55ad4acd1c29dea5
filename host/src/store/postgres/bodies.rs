//! Checks stored bodies against the digests that were written with them.

use std::error::Error;

use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use super::error::PostgresResult;
use super::session::Session;
use crate::store::digest::Body;
use crate::store::{BodyPosition, CheckedBodies, Key, limits};

/// The most bodies that one call of [`check`] examines.
const PAGE: i64 = 500;

/// The bytes of a stored text, even if they are damaged and no UTF-8.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> FromSql<'a> for Bytes<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::TEXT
    }
}

/// Checks the next bodies of the tenant after `after`, one kind after the other. Returns what was
/// found and, unless all are checked, the position to go on from.
pub(super) async fn check(
    session: &Session,
    tenant: i64,
    after: BodyPosition,
) -> PostgresResult<CheckedBodies> {
    let mut found = CheckedBodies::default();
    let sql = "SELECT id, name FROM scimlet_kind WHERE tenant = $1 AND id >= $2
               ORDER BY id LIMIT 1";
    let kinds = session.rows(sql, &[&tenant, &after.kind]).await?;
    let Some(row) = kinds.first() else {
        return Ok(found);
    };
    let (kind, name): (i64, String) = (row.get("id"), row.get("name"));
    let behind = if kind == after.kind { after.seq } else { 0 };
    // PostgreSQL adds up the sizes, so that no more bodies travel than fit into one answer.
    let sql = "SELECT * FROM (
           SELECT seq, id, version, body, digest, digest_version,
             sum(octet_length(body)) OVER (ORDER BY seq) - octet_length(body) AS before
           FROM scimlet_entry WHERE kind = $1 AND seq > $2 ORDER BY seq LIMIT $3) AS e
         WHERE before = 0 OR before + octet_length(body) <= $4 ORDER BY seq";
    let most = limits::ANSWER_BYTES as i64;
    let rows = session.rows(sql, &[&kind, &behind, &PAGE, &most]).await?;
    let mut next = BodyPosition { kind: kind + 1, seq: 0 };
    for row in &rows {
        let key = || Key {
            kind: name.clone(),
            id: String::from_utf8_lossy(row.get::<_, Bytes<'_>>("id").0).into_owned(),
        };
        found.count(&body(row), key);
        next = BodyPosition { kind, seq: row.get("seq") };
    }
    found.next = Some(next);
    Ok(found)
}

/// Reads a body and its digest from a row with the columns version, body, digest and
/// digest_version.
pub(super) fn body(row: &Row) -> Body<'_> {
    Body {
        text: row.get::<_, Bytes<'_>>("body").0,
        version: row.get("version"),
        digest: row.get("digest"),
        digest_version: row.get("digest_version"),
    }
}

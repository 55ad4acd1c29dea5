//! The rows of kinds and of their terms' paths, inserted when they are first needed.

use std::collections::BTreeSet;

use scimlet_sql::commit::{Change, FieldRows, Needed};

use crate::store::postgres::error::PostgresResult;
use crate::store::postgres::session::Session;

/// Returns the rows of all kinds and fields that a change needs, and inserts those that are
/// missing.
pub(super) async fn rows(
    session: &Session,
    tenant: i64,
    change: &Change<'_>,
) -> PostgresResult<FieldRows> {
    let needed = Needed::of(change);
    if needed.kinds.is_empty() {
        return Ok(FieldRows::default());
    }
    let rows = look_up(session, tenant, &needed).await?;
    if needed.is_known(&rows) {
        return Ok(rows);
    }
    make(session, tenant, &needed).await?;
    look_up(session, tenant, &needed).await
}

async fn look_up(session: &Session, tenant: i64, needed: &Needed<'_>) -> PostgresResult<FieldRows> {
    let kinds: Vec<&str> = needed.kinds.iter().copied().collect();
    let paths: BTreeSet<&str> = needed.fields.iter().map(|(_, path)| *path).collect();
    let paths: Vec<&str> = paths.into_iter().collect();
    let sql = "SELECT k.name, k.id, f.path, f.id AS field
               FROM scimlet_kind k LEFT JOIN scimlet_field f ON f.kind = k.id AND f.path = ANY($3)
               WHERE k.tenant = $1 AND k.name = ANY($2)";
    let mut rows = FieldRows::default();
    for row in session.rows(sql, &[&tenant, &kinds, &paths]).await? {
        let kind: String = row.get("name");
        if let (Some(path), Some(field)) = (row.get("path"), row.get("field")) {
            rows.add_field(kind.clone(), path, field);
        }
        rows.add_kind(kind, row.get("id"));
    }
    Ok(rows)
}

/// Inserts the missing rows, in one order, so that two commits that need the same new row hardly
/// block each other.
async fn make(session: &Session, tenant: i64, needed: &Needed<'_>) -> PostgresResult<()> {
    let names: Vec<&str> = needed.kinds.iter().copied().collect();
    let sql = "INSERT INTO scimlet_kind(tenant, name)
               SELECT $1, name FROM unnest($2::TEXT[]) AS w(name)
               ORDER BY name ON CONFLICT DO NOTHING";
    session.run(sql, &[&tenant, &names]).await?;
    let of: Vec<&str> = needed.fields.iter().map(|(kind, _)| *kind).collect();
    let paths: Vec<&str> = needed.fields.iter().map(|(_, path)| *path).collect();
    let sql = "INSERT INTO scimlet_field(tenant, kind, path) SELECT $1, k.id, w.path
               FROM unnest($2::TEXT[], $3::TEXT[]) AS w(kind, path)
               JOIN scimlet_kind k ON k.tenant = $1 AND k.name = w.kind
               ORDER BY k.id, w.path ON CONFLICT DO NOTHING";
    session.run(sql, &[&tenant, &of, &paths]).await
}

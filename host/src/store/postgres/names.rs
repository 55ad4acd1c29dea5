//! Looks up the row ids of the names in a query.

use scimlet_sql::{Field, Kind, Names};

use super::error::PostgresResult;
use super::read::{Keys, place};
use super::session::Session;
use crate::store::{Filter, Query};

/// Returns the kind of a query, and the rows of the names in its filter and order.
pub(super) async fn look_up(
    session: &Session,
    tenant: i64,
    query: &Query,
    filter: &Filter,
) -> PostgresResult<(Option<Kind>, Names)> {
    let mut names = Names::default();
    let order = query.order.as_ref().map(|order| order.path.as_str());
    let mut paths = filter.paths();
    paths.extend(order.filter(|path| !path.contains('\0')));
    if query.kind.contains('\0') {
        return Ok((None, names));
    }
    let rows = session
        .rows(
            "SELECT k.id, k.entries, f.path, f.id AS field, f.entries AS having
         FROM scimlet_kind k LEFT JOIN scimlet_field f ON f.kind = k.id AND f.path = ANY($3)
         WHERE k.tenant = $1 AND k.name = $2",
            &[&tenant, &query.kind, &paths],
        )
        .await?;
    for row in &rows {
        if let (Some(path), Some(id), Some(entries)) =
            (row.get("path"), row.get("field"), row.get("having"))
        {
            names.add_field(path, Field { id, entries });
        }
    }
    let kind = rows.first().map(|row| Kind { id: row.get("id"), entries: row.get("entries") });
    look_up_ends(session, tenant, filter, &mut names).await?;
    Ok((kind, names))
}

async fn look_up_ends(
    session: &Session,
    tenant: i64,
    filter: &Filter,
    names: &mut Names,
) -> PostgresResult<()> {
    let relations = filter.relations();
    if relations.is_empty() {
        return Ok(());
    }
    let others = relations.iter().map(|(relation, _)| &relation.other);
    let wanted: Keys<'_> = others.enumerate().collect();
    let called: Vec<&str> = relations.iter().map(|(relation, _)| relation.name.as_str()).collect();
    let rows = session
        .rows(
            "SELECT w.place, e.seq, s.id
         FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[], $5::BIGINT[]) AS w(kind, id, name, place)
         JOIN scimlet_kind k ON k.tenant = $1 AND k.name = w.kind
         JOIN scimlet_entry e ON e.kind = k.id AND e.id = w.id
         LEFT JOIN scimlet_linkset s ON s.source = e.seq AND s.name = w.name",
            &[&tenant, &wanted.kinds, &wanted.ids, &called, &wanted.places],
        )
        .await?;
    for row in rows {
        if let Some((relation, _)) = relations.get(place(&row)) {
            let (other, name) = (relation.other.clone(), relation.name.clone());
            names.add_end(other, name, row.get("seq"), row.get("id"));
        }
    }
    Ok(())
}

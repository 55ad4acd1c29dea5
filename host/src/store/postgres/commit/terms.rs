//! Writes the terms of inserted and replaced entries.

use std::collections::BTreeSet;

use scimlet_sql::commit::{AddedTerm, TermRow};
use scimlet_sql::dialect::encode;
use scimlet_store::{OrderedMap, OrderedSet};

use crate::store::Rejection;
use crate::store::postgres::error::PostgresResult;
use crate::store::postgres::session::Session;

pub(super) async fn delete(session: &Session, gone: &OrderedSet<TermRow>) -> PostgresResult<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let fields: Vec<i64> = gone.iter().map(|(field, ..)| *field).collect();
    let values: Vec<String> = gone.iter().map(|(_, value, _)| encode(value)).collect();
    let seqs: Vec<i64> = gone.iter().map(|(.., seq)| *seq).collect();
    let sql = "DELETE FROM scimlet_term t USING unnest($1::BIGINT[], $2::TEXT[], $3::BIGINT[])
               AS w(field, value, seq)
               WHERE t.field = w.field AND t.value = w.value AND t.seq = w.seq";
    session.run(sql, &[&fields, &values, &seqs]).await
}

/// Inserts the terms in index order, as all commits do. Returns the first write that claims a
/// unique term which another entry holds. Such a row is left out of the statement's result; an
/// uncommitted one is waited for.
pub(super) async fn insert(
    session: &Session,
    tenant: i64,
    added: &OrderedMap<TermRow, AddedTerm<'_>>,
) -> PostgresResult<Option<Rejection>> {
    if added.is_empty() {
        return Ok(None);
    }
    let fields: Vec<i64> = added.keys().map(|(field, ..)| *field).collect();
    let values: Vec<String> = added.keys().map(|(_, value, _)| encode(value)).collect();
    let seqs: Vec<i64> = added.keys().map(|(.., seq)| *seq).collect();
    let unique: Vec<bool> = added.values().map(|term| term.unique).collect();
    let sql = "INSERT INTO scimlet_term(tenant, field, value, seq, is_unique)
               SELECT $1, w.field, w.value, w.seq, w.is_unique
               FROM unnest($2::BIGINT[], $3::TEXT[], $4::BIGINT[], $5::BOOLEAN[]) WITH ORDINALITY
                 AS w(field, value, seq, is_unique, place)
               ORDER BY w.place ON CONFLICT DO NOTHING RETURNING field, seq, value";
    let made = session.rows(sql, &[&tenant, &fields, &values, &seqs, &unique]).await?;
    if made.len() == added.len() {
        return Ok(None);
    }
    let made: BTreeSet<(i64, &str, i64)> =
        made.iter().map(|row| (row.get("field"), row.get("value"), row.get("seq"))).collect();
    let rows = added.iter().zip(&values);
    let left_out = rows
        .filter(|(((field, _, seq), _), value)| !made.contains(&(*field, value.as_str(), *seq)));
    Ok(AddedTerm::first_taken(left_out.map(|((_, term), _)| term)))
}

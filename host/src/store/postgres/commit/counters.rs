//! The counters of a commit.

use scimlet_store::OrderedMap;

use crate::store::postgres::error::PostgresResult;
use crate::store::postgres::session::Session;

/// Returns the values of those of these counters that exist.
pub(super) async fn read(
    session: &Session,
    tenant: i64,
    names: &[&str],
) -> PostgresResult<OrderedMap<String, i64>> {
    if names.is_empty() {
        return Ok(OrderedMap::new());
    }
    let sql = "SELECT name, value FROM scimlet_counter WHERE tenant = $1 AND name = ANY($2)";
    let rows = session.rows(sql, &[&tenant, &names]).await?;
    Ok(rows.iter().map(|row| (row.get("name"), row.get("value"))).collect())
}

/// Sets counters, of which those that are missing are made.
pub(super) async fn write(
    session: &Session,
    tenant: i64,
    values: &OrderedMap<&str, i64>,
) -> PostgresResult<()> {
    if values.is_empty() {
        return Ok(());
    }
    let (names, values): (Vec<&str>, Vec<i64>) = values.iter().unzip();
    let sql = "INSERT INTO scimlet_counter(tenant, name, value)
               SELECT $1, w.name, w.value FROM unnest($2::TEXT[], $3::BIGINT[]) AS w(name, value)
               ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value";
    session.run(sql, &[&tenant, &names, &values]).await
}

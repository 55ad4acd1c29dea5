//! The counters of a commit.

use scimlet_sql::commit::Change;
use scimlet_store::OrderedMap;

use super::Stop;
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

/// Adjusts counters, of which those that are missing are made. The commit has the tenant's lock,
/// which covers them.
///
/// # Errors
/// The first adjustment that would raise a counter beyond its ceiling.
pub(super) async fn adjust(
    session: &Session,
    tenant: i64,
    change: &Change<'_>,
) -> Result<(), Stop> {
    let names: Vec<&str> = change.counters().collect();
    let sums = change.sums(&read(session, tenant, &names).await?)?;
    if sums.is_empty() {
        return Ok(());
    }
    let (names, values): (Vec<&str>, Vec<i64>) = sums.iter().unzip();
    let sql = "INSERT INTO scimlet_counter(tenant, name, value)
               SELECT $1, w.name, w.value FROM unnest($2::TEXT[], $3::BIGINT[]) AS w(name, value)
               ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value";
    Ok(session.run(sql, &[&tenant, &names, &values]).await?)
}

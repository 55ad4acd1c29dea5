//! `find`: one page of the entries that match a query, read from one snapshot.

use std::collections::BTreeMap;

use scimlet_sql::dialect::decode;
use scimlet_sql::{
    COUNTED, Dialect, FEW, Field, Names, Plan, Position, Search, Sql, Test, counted, leaves,
    null_character,
};
use tokio_postgres::Row;

use super::error::{PostgresError, PostgresResult};
use super::names::look_up;
use super::read::{read_entry, unsigned, weigh_body};
use super::session::Session;
use crate::store::{Entry, Filter, Hit, Page, Query, Refusal, limits, too_many_rows};

/// Returns one page of the matching entries.
pub(super) async fn find(
    session: &Session,
    tenant: i64,
    query: &Query,
    filter: Filter,
) -> PostgresResult<Page> {
    let mut page =
        Page { hits: Vec::new(), total: query.count.then_some(0), exact: true, ordered: true };
    let (after, offset) = null_character::window(query)?;
    let filter = null_character::filter(filter);
    let (kind, names) = look_up(session, tenant, query, &filter).await?;
    let Some(kind) = kind else {
        return Ok(page);
    };
    let search = Search {
        plan: choose(session, kind.id, Test::bind(Dialect::Postgres, filter, &names)).await?,
        kind,
        after,
        offset,
        limit: i64::from(query.limit),
    };
    if query.limit > 0 {
        let positions = positions(session, &search, query, &names).await?;
        page.hits = load(session, &query.kind, positions).await?;
    }
    if query.count {
        page.total = Some(total(session, &search).await?);
    }
    Ok(page)
}

/// Chooses the query plan for entries of this kind. One statement counts the matches of all leaves.
async fn choose(session: &Session, kind: i64, test: Test) -> PostgresResult<Plan> {
    let leaves = leaves(&test);
    let mut left = COUNTED;
    for bound in FEW {
        let bound = bound.min(left / leaves.len().max(1));
        let sizes = sizes(session, &leaves, bound).await?;
        left = left.saturating_sub(sizes.values().sum());
        let mut size = |leaf: &Sql, bound: usize| -> PostgresResult<Option<usize>> {
            Ok(sizes.get(leaf).copied().filter(|size| *size <= bound))
        };
        if let Some(plan) = Plan::collect(Dialect::Postgres, kind, &test, bound, &mut size)? {
            return Ok(plan);
        }
    }
    Ok(Plan::walk(Dialect::Postgres, kind, test))
}

async fn sizes<'a>(
    session: &Session,
    leaves: &'a [Sql],
    bound: usize,
) -> PostgresResult<BTreeMap<&'a Sql, usize>> {
    if leaves.is_empty() {
        return Ok(BTreeMap::new());
    }
    let count = |leaf: &Sql| Sql::new("(").append(counted(leaf.clone(), bound)).text(")");
    let sql = Sql::new("SELECT ARRAY[").append(Sql::join(leaves.iter().map(count), ", ")).text("]");
    let rows = session.search(&sql).await?;
    let counts: Vec<i64> = rows.first().map(|row| row.get(0)).unwrap_or_default();
    let counts = counts.into_iter().map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    Ok(leaves.iter().zip(counts).collect())
}

async fn positions(
    session: &Session,
    search: &Search,
    query: &Query,
    names: &Names,
) -> PostgresResult<Vec<Position>> {
    let Some(order) = &query.order else {
        let sql = search.creation().bind(search.limit).bind(search.offset);
        let rows = session.search(&sql).await?;
        return Ok(rows.iter().map(|row| Position::Created(row.get(0))).collect());
    };
    let field = names.field(&order.path);
    let field = field.unwrap_or(Field { id: 0, entries: 0 });
    if search.plan.few {
        let sql = search.sorted(&field, order.descending);
        return page(session, sql, search.limit, search.offset).await;
    }
    walk(session, search, &field, order.descending).await
}

/// Reads a page of positions from the sort index, one part of the index after the other.
async fn walk(
    session: &Session,
    search: &Search,
    field: &Field,
    descending: bool,
) -> PostgresResult<Vec<Position>> {
    let (mut positions, mut skip) = (Vec::new(), search.offset);
    for part in search.parts(field, descending) {
        let wanted = search.limit - positions.len() as i64;
        if wanted == 0 {
            break;
        }
        let found = page(session, part.sql(), wanted, skip).await?;
        skip = if found.is_empty() && skip > 0 {
            skip - count(session, &part.size()).await?
        } else {
            0
        };
        positions.extend(found);
    }
    Ok(positions)
}

async fn page(
    session: &Session,
    sql: Sql,
    limit: i64,
    offset: i64,
) -> PostgresResult<Vec<Position>> {
    let rows = session.search(&sql.bind(limit).bind(offset)).await?;
    let position = |row: &Row| {
        let value: Option<&str> = row.get(1);
        Position::Sorted(row.get(0), value.and_then(decode))
    };
    Ok(rows.iter().map(position).collect())
}

async fn total(session: &Session, search: &Search) -> PostgresResult<u64> {
    Ok(unsigned(match search.total() {
        None => search.kind.entries,
        Some(sql) => count(session, &sql).await?,
    }))
}

async fn count(session: &Session, sql: &Sql) -> PostgresResult<i64> {
    let rows = session.search(sql).await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// Loads the entries at these positions. If they are too large for one answer, ends the page early
/// once it has [`limits::PAGE_BYTES`].
async fn load(
    session: &Session,
    kind: &str,
    mut positions: Vec<Position>,
) -> PostgresResult<Vec<Hit>> {
    let mut rows = bodies(session, &positions).await?;
    if rows.is_none() {
        let few = few(session, &positions).await?;
        positions.truncate(few);
        rows = bodies(session, &positions).await?;
    }
    let rows = rows.ok_or_else(|| Refusal::TooMany("bytes of the page".into()))?;
    let mut entries: BTreeMap<i64, Entry> = BTreeMap::new();
    for row in rows {
        entries.insert(row.get("seq"), read_entry(kind, &row)?);
    }
    let hit = |position: Position| {
        Some(Hit { entry: entries.remove(&seq(&position))?, position: position.encode() })
    };
    Ok(positions.into_iter().filter_map(hit).collect())
}

fn seq(position: &Position) -> i64 {
    match position {
        Position::Created(seq) | Position::Sorted(seq, _) => *seq,
    }
}

async fn bodies(session: &Session, positions: &[Position]) -> PostgresResult<Option<Vec<Row>>> {
    let seqs: Vec<i64> = positions.iter().map(seq).collect();
    let sql = "SELECT seq, id, version, created, modified, body, digest, digest_version
               FROM scimlet_entry WHERE seq = ANY($1)";
    session.weighed(sql, &[&seqs], weigh_body, limits::ANSWER_BYTES).await
}

/// Returns how many of these positions make up [`limits::PAGE_BYTES`].
async fn few(session: &Session, positions: &[Position]) -> PostgresResult<usize> {
    let seqs: Vec<i64> = positions.iter().map(seq).collect();
    let sql = "SELECT seq, octet_length(body)::BIGINT AS bytes
               FROM scimlet_entry WHERE seq = ANY($1)";
    let rows = session.rows(sql, &[&seqs]).await?;
    let size = |row: &Row| (row.get("seq"), unsigned(row.get("bytes")));
    let sizes: BTreeMap<i64, u64> = rows.iter().map(size).collect();
    let mut bytes = 0;
    let goes_on = |seq: &&i64| {
        bytes += sizes.get(seq).copied().unwrap_or(0);
        bytes < limits::PAGE_BYTES as u64
    };
    Ok(seqs.iter().take_while(goes_on).count() + 1)
}

/// Converts an error of a search; one that PostgreSQL cancelled because it took too long becomes
/// [`Refusal::TooMany`].
pub(super) fn bounded(fault: PostgresError) -> Refusal {
    if fault.is_overdue() {
        return too_many_rows();
    }
    fault.into()
}

//! `find`: one page of the entries that match a query.

use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};
use scimlet_sql::{
    COUNTED, Dialect, FEW, Field, Names, Plan, Position, Search, Sql, Test, counted, window,
};

use super::bodies;
use super::error::SqliteResult;
use super::rows::{self, unsigned};
use super::statement::Statement as _;
use super::value::Column;
use crate::store::digest::Damage;
use crate::store::{Entry, Filter, Hit, Key, Page, Query, limits};

/// Returns one page of the matching entries, read from one snapshot.
pub(super) fn find(
    db: &Connection,
    tenant: i64,
    query: &Query,
    filter: Filter,
) -> SqliteResult<Page> {
    let mut page =
        Page { hits: Vec::new(), total: query.count.then_some(0), exact: true, ordered: true };
    let (after, offset) = window(query)?;
    let Some(kind) = rows::kind(db, tenant, &query.kind)? else {
        return Ok(page);
    };
    let test = bind(db, tenant, kind.id, filter)?;
    let search = Search {
        plan: choose(db, kind.id, test)?,
        kind,
        after,
        offset,
        limit: i64::from(query.limit),
    };
    if query.limit > 0 {
        let positions = positions(db, &search, query)?;
        page.hits = load(db, &query.kind, positions)?;
    }
    if query.count {
        page.total = Some(total(db, &search)?);
    }
    Ok(page)
}

/// Looks up the names in a filter for entries of this kind.
pub(super) fn bind(db: &Connection, tenant: i64, kind: i64, filter: Filter) -> SqliteResult<Test> {
    let mut names = Names::default();
    for path in filter.paths() {
        if let Some(field) = rows::field(db, kind, path)? {
            names.add_field(path.to_owned(), field);
        }
    }
    for (relation, incoming) in filter.relations() {
        let Some(seq) = rows::seq(db, tenant, &relation.other)? else {
            continue;
        };
        let linkset = match incoming {
            true => rows::linkset(db, seq, &relation.name)?,
            false => None,
        };
        names.add_end(relation.other.clone(), relation.name.clone(), seq, linkset);
    }
    Ok(Test::bind(Dialect::Sqlite, filter, &names))
}

/// Chooses a query plan for entries of this kind.
pub(super) fn choose(db: &Connection, kind: i64, test: Test) -> SqliteResult<Plan> {
    let mut left = COUNTED;
    let mut size = |leaf: &Sql, bound: usize| -> SqliteResult<Option<usize>> {
        let bound = bound.min(left);
        let found: i64 = counted(leaf.clone(), bound).one(db, |row| row.get(0))?;
        let found = usize::try_from(found).unwrap_or(usize::MAX);
        left = left.saturating_sub(found);
        Ok((found <= bound).then_some(found))
    };
    for bound in FEW {
        if let Some(plan) = Plan::collect(Dialect::Sqlite, kind, &test, bound, &mut size)? {
            return Ok(plan);
        }
    }
    Ok(Plan::walk(Dialect::Sqlite, kind, test))
}

fn positions(db: &Connection, search: &Search, query: &Query) -> SqliteResult<Vec<Position>> {
    let Some(order) = &query.order else {
        let sql = search.creation().bind(search.limit).bind(search.offset);
        return Ok(sql.all(db, |row| Ok(Position::Created(row.get(0)?)))?);
    };
    let field = rows::field(db, search.kind.id, &order.path)?;
    let field = field.unwrap_or(Field { id: 0, entries: 0 });
    if search.plan.few {
        let sql = search.sorted(&field, order.descending);
        return page(db, sql, search.limit, search.offset);
    }
    walk(db, search, &field, order.descending)
}

/// Reads a page of positions from the sort index, one part of the index after the other.
fn walk(
    db: &Connection,
    search: &Search,
    field: &Field,
    descending: bool,
) -> SqliteResult<Vec<Position>> {
    let (mut positions, mut skip) = (Vec::new(), search.offset);
    for part in search.parts(field, descending) {
        let wanted = search.limit - positions.len() as i64;
        if wanted == 0 {
            break;
        }
        let found = page(db, part.sql(), wanted, skip)?;
        skip = if found.is_empty() && skip > 0 {
            skip - part.size().one(db, |row| row.get::<_, i64>(0))?
        } else {
            0
        };
        positions.extend(found);
    }
    Ok(positions)
}

fn page(db: &Connection, sql: Sql, limit: i64, offset: i64) -> SqliteResult<Vec<Position>> {
    Ok(sql.bind(limit).bind(offset).all(db, read_position)?)
}

fn total(db: &Connection, search: &Search) -> SqliteResult<u64> {
    Ok(match search.total() {
        None => unsigned(search.kind.entries),
        Some(count) => count.one(db, |row| row.get(0).map(unsigned))?,
    })
}

/// Loads the entries at these positions. Ends the page early once it has [`limits::PAGE_BYTES`].
fn load(db: &Connection, kind: &str, positions: Vec<Position>) -> SqliteResult<Vec<Hit>> {
    let (mut hits, mut bytes) = (Vec::with_capacity(positions.len()), 0);
    for position in positions {
        let (Position::Created(seq) | Position::Sorted(seq, _)) = &position;
        let entry = entry(db, kind, *seq)?;
        bytes += entry.body.len();
        hits.push(Hit { entry, position: position.encode() });
        if bytes >= limits::PAGE_BYTES {
            break;
        }
    }
    Ok(hits)
}

fn entry(db: &Connection, kind: &str, seq: i64) -> rusqlite::Result<Entry> {
    db.prepare_cached(
        "SELECT id, version, created, modified, body, digest, digest_version
         FROM scimlet_entry WHERE seq = ?",
    )?
    .query_row(params![seq], |row| read_entry(kind, row))
}

/// Reads an entry from the columns id, version, created, modified, body, digest and digest_version.
/// A damaged body is an error: otherwise it would be changed and written back with a valid digest.
pub(super) fn read_entry(kind: &str, row: &Row<'_>) -> rusqlite::Result<Entry> {
    // Each column is read only once: this is a large part of the cost of a read.
    let stored = bodies::body(row, [1, 4, 5, 6])?;
    let body = std::str::from_utf8(stored.text).ok();
    let Some(body) = body.filter(|_| !stored.is_damaged()) else {
        let damage = Damage::of(kind, &row.get::<_, String>(0)?);
        let damage = Box::new(damage);
        return Err(rusqlite::Error::FromSqlConversionFailure(4, Type::Text, damage));
    };
    Ok(Entry {
        key: Key { kind: kind.to_owned(), id: row.get(0)? },
        version: unsigned(stored.version),
        created: unsigned(row.get(2)?),
        modified: unsigned(row.get(3)?),
        body: body.to_owned(),
    })
}

/// Reads a position from the columns seq and value.
fn read_position(row: &Row<'_>) -> rusqlite::Result<Position> {
    let value: Option<Column> = row.get(1)?;
    Ok(Position::Sorted(row.get(0)?, value.map(|Column(stored)| stored)))
}

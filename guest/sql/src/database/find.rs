//! `find`: one page of the entries that match a query, in a transaction that sees one state.

use scimlet_store::{Filter, Hit, OrderedMap, Page, Query, Refusal, Relation, limits};

use super::connection::{Connection, execute, rows};
use super::read::{TENANT, read_entry, size};
use super::row::Row;
use super::source::{List, Type, listed, texts};
use crate::{
    COUNTED, Dialect, FEW, Field, Kind, Names, Plan, Position, Search, Sql, Test, counted, leaves,
    null_character,
};

/// Returns one page of the matching entries.
pub(super) fn find(
    connection: &impl Connection,
    tenant: &str,
    query: &Query,
    filter: Filter,
) -> Result<Page, Refusal> {
    let mut page =
        Page { hits: Vec::new(), total: query.count.then_some(0), exact: true, ordered: true };
    let (after, offset) = null_character::window(query)?;
    let filter = null_character::filter(filter);
    let (kind, names) = look_up(connection, tenant, query, &filter)?;
    let Some(kind) = kind else {
        return Ok(page);
    };
    let test = Test::bind(connection.dialect(), filter, &names);
    let plan = choose(connection, kind.id, test)?;
    let search = Search { plan, kind, after, offset, limit: i64::from(query.limit) };
    if query.limit > 0 {
        let positions = positions(connection, &search, query, &names)?;
        page.hits = load(connection, &query.kind, positions)?;
    }
    if query.count {
        let total = match search.total() {
            None => search.kind.entries,
            Some(sql) => number(connection, sql)?,
        };
        page.total = Some(u64::try_from(total).unwrap_or(0));
    }
    Ok(page)
}

/// Returns the kind of a query, and the rows of the names in its filter and order.
fn look_up(
    connection: &impl Connection,
    tenant: &str,
    query: &Query,
    filter: &Filter,
) -> Result<(Option<Kind>, Names), Refusal> {
    let dialect = connection.dialect();
    let order = query.order.as_ref().map(|order| order.path.as_str());
    let mut paths = filter.paths();
    paths.extend(order.filter(|path| !null_character::has(path)));
    if null_character::has(&query.kind) {
        return Ok((None, Names::default()));
    }
    let mut statements = vec![
        Sql::new(
            "SELECT k.id, k.entries, f.path, f.id, f.entries
             FROM scimlet_kind k LEFT JOIN scimlet_field f ON f.kind = k.id AND f.path IN (",
        )
        .append(texts(dialect, paths.into_iter()))
        .text(") WHERE k.tenant = ")
        .text(TENANT)
        .bind(tenant.to_owned())
        .text(" AND k.name = ?")
        .bind(query.kind.clone()),
    ];
    let relations = filter.relations();
    if !relations.is_empty() {
        statements.push(ends(dialect, tenant, &relations));
    }
    let mut found = execute(connection, statements)?.into_iter();
    let (mut kind, mut names) = (None, Names::default());
    for mut row in found.next().unwrap_or_default() {
        kind = Some(Kind { id: row.integer()?, entries: row.integer()? });
        if let Some(path) = row.optional_text()? {
            names.add_field(path, Field { id: row.integer()?, entries: row.integer()? });
        }
    }
    for mut row in found.next().unwrap_or_default() {
        if let Some((relation, _)) = relations.get(row.place()?) {
            let (other, name) = (relation.other.clone(), relation.name.clone());
            names.add_end(other, name, row.integer()?, row.optional_integer()?);
        }
    }
    Ok((kind, names))
}

/// Returns the query for the ends of relations: index of the relation, row of the entry, and row of
/// its link set.
fn ends(dialect: Dialect, tenant: &str, relations: &[(&Relation, bool)]) -> Sql {
    let mut list = List::new();
    for (index, (Relation { name, other, .. }, _)) in relations.iter().enumerate() {
        list.row(&[(&other.kind).into(), (&other.id).into(), name.into(), index.into()]);
    }
    let columns =
        [("kind", Type::Text), ("id", Type::Text), ("name", Type::Text), ("number", Type::Integer)];
    Sql::new("SELECT w.number, e.seq, s.id FROM ")
        .append(listed(dialect, &columns, list))
        .text(" JOIN scimlet_kind k ON k.tenant = ")
        .text(TENANT)
        .bind(tenant.to_owned())
        .text(
            " AND k.name = w.kind JOIN scimlet_entry e ON e.kind = k.id AND e.id = w.id
             LEFT JOIN scimlet_linkset s ON s.source = e.seq AND s.name = w.name",
        )
}

/// Chooses the query plan for entries of this kind. One statement counts the matches of all leaves.
fn choose(connection: &impl Connection, kind: i64, test: Test) -> Result<Plan, Refusal> {
    let dialect = connection.dialect();
    let leaves = leaves(&test);
    let mut left = COUNTED;
    for bound in FEW {
        let bound = bound.min(left / leaves.len().max(1));
        let sizes = sizes(connection, &leaves, bound)?;
        left = left.saturating_sub(sizes.values().sum());
        let mut size = |leaf: &Sql, bound: usize| -> Result<Option<usize>, Refusal> {
            Ok(sizes.get(leaf).copied().filter(|size| *size <= bound))
        };
        if let Some(plan) = Plan::collect(dialect, kind, &test, bound, &mut size)? {
            return Ok(plan);
        }
    }
    Ok(Plan::walk(dialect, kind, test))
}

fn sizes<'a>(
    connection: &impl Connection,
    leaves: &'a [Sql],
    bound: usize,
) -> Result<OrderedMap<&'a Sql, usize>, Refusal> {
    let mut sizes = OrderedMap::new();
    if leaves.is_empty() {
        return Ok(sizes);
    }
    let count = |leaf: &Sql| Sql::new("(").append(counted(leaf.clone(), bound)).text(")");
    let sql = Sql::new("SELECT ").append(Sql::join(leaves.iter().map(count), ", "));
    for mut row in rows(connection, sql)? {
        for leaf in leaves {
            sizes.insert(leaf, row.place()?);
        }
    }
    Ok(sizes)
}

fn positions(
    connection: &impl Connection,
    search: &Search,
    query: &Query,
    names: &Names,
) -> Result<Vec<Position>, Refusal> {
    let Some(order) = &query.order else {
        let sql = search.creation().bind(search.limit).bind(search.offset);
        let found = rows(connection, sql)?;
        return found.into_iter().map(|mut row| Ok(Position::Created(row.integer()?))).collect();
    };
    let field = names.field(&order.path).unwrap_or(Field { id: 0, entries: 0 });
    if search.plan.few {
        let sql = search.sorted(&field, order.descending);
        return page(connection, sql, search.limit, search.offset);
    }
    walk(connection, search, &field, order.descending)
}

/// Reads a page of positions from the sort index, one part of the index after the other.
fn walk(
    connection: &impl Connection,
    search: &Search,
    field: &Field,
    descending: bool,
) -> Result<Vec<Position>, Refusal> {
    let (mut positions, mut skip) = (Vec::new(), search.offset);
    for part in search.parts(field, descending) {
        let wanted = search.limit - positions.len() as i64;
        if wanted == 0 {
            break;
        }
        let found = page(connection, part.sql(), wanted, skip)?;
        skip = match found.is_empty() && skip > 0 {
            true => skip - number(connection, part.size())?,
            false => 0,
        };
        positions.extend(found);
    }
    Ok(positions)
}

fn page(
    connection: &impl Connection,
    sql: Sql,
    limit: i64,
    offset: i64,
) -> Result<Vec<Position>, Refusal> {
    let is_encoded = connection.dialect() == Dialect::Postgres;
    let position =
        |mut row: Row| Ok(Position::Sorted(row.integer()?, row.optional_term(is_encoded)?));
    rows(connection, sql.bind(limit).bind(offset))?.into_iter().map(position).collect()
}

fn number(connection: &impl Connection, sql: Sql) -> Result<i64, Refusal> {
    let found = rows(connection, sql)?;
    found.into_iter().next().map_or(Ok(0), |mut row| row.integer())
}

/// Loads the entries at these positions. If they are too large for one answer, ends the page early
/// once it has [`limits::PAGE_BYTES`].
fn load(
    connection: &impl Connection,
    kind: &str,
    positions: Vec<Position>,
) -> Result<Vec<Hit>, Refusal> {
    let dialect = connection.dialect();
    let mut seqs = List::new();
    for position in &positions {
        let (Position::Created(seq) | Position::Sorted(seq, _)) = position;
        seqs.row(&[(*seq).into()]);
    }
    let size = size(dialect);
    let sql = Sql::new(&format!(
        "SELECT e.place, e.id, e.version, e.created, e.modified, e.body, CAST(e.digest AS TEXT),
           e.digest_version
         FROM (
           SELECT e.*, w.place, SUM({size}) OVER (ORDER BY w.place) - {size} AS before FROM "
    ))
    .append(listed(dialect, &[("seq", Type::Integer)], seqs))
    .text(
        " CROSS JOIN scimlet_entry e WHERE e.seq = w.seq) AS e WHERE e.before < ? ORDER BY e.place",
    )
    .bind(limits::PAGE_BYTES as i64);
    let mut hits = Vec::with_capacity(positions.len());
    for mut row in rows(connection, sql)? {
        let position = positions.get(row.place()?);
        if let (Some(position), Some(entry)) = (position, read_entry(kind, row)?) {
            hits.push(Hit { entry, position: position.encode() });
        }
    }
    Ok(hits)
}

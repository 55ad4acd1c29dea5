//! `find`: one page of the entries that match. The page's places (`seq` and value) are found from indexes alone; only
//! then are the entries themselves loaded.

use rusqlite::{Connection, Row, params};

use super::fault::Step;
use super::plan::{self, Plan};
use super::position::Position;
use super::predicate::Test;
use super::rows::{self, Field, Kind, unsigned};
use super::sql::Sql;
use super::value::Stored;
use crate::store::{Entry, Filter, Hit, Key, Page, Query, Refusal, Window, bounds};

/// One page, from one snapshot.
pub(super) fn find(db: &Connection, tenant: i64, query: &Query, filter: Filter) -> Step<Page> {
    let mut page = Page {
        hits: Vec::new(),
        total: query.count.then_some(0),
        exact: true,
        ordered: true,
    };
    let (after, offset) = window(query)?;
    let Some(kind) = rows::kind(db, tenant, &query.kind)? else {
        return Ok(page);
    };
    let test = Test::bind(db, tenant, kind.id, filter)?;
    let search = Search {
        db,
        plan: Plan::choose(db, kind.id, test)?,
        kind,
        after,
        offset,
        limit: i64::from(query.limit),
    };
    if query.limit > 0 {
        page.hits = search.load(&query.kind, search.places(query)?)?;
    }
    if query.count {
        page.total = Some(search.total()?);
    }
    Ok(page)
}

/// The position behind which the page begins, or how many to skip.
fn window(query: &Query) -> Step<(Option<Position>, i64)> {
    let text = match &query.window {
        Window::Offset(offset) => return Ok((None, i64::try_from(*offset).unwrap_or(i64::MAX))),
        Window::After(text) => text,
    };
    let position = Position::decode(text)?;
    if query.order.is_some() != matches!(position, Position::Sorted(..)) {
        return Err(
            Refusal::Invalid("the position is of a query with another order".into()).into(),
        );
    }
    Ok((Some(position), 0))
}

/// What the parts of one search share.
pub(super) struct Search<'db> {
    pub(super) db: &'db Connection,
    pub(super) plan: Plan,
    pub(super) kind: Kind,
    pub(super) after: Option<Position>,
    pub(super) offset: i64,
    pub(super) limit: i64,
}

impl Search<'_> {
    fn places(&self, query: &Query) -> Step<Vec<Position>> {
        let Some(order) = &query.order else {
            return self.by_creation();
        };
        let field = rows::field(self.db, self.kind.id, &order.path)?;
        let field = field.unwrap_or(Field { id: 0, entries: 0 });
        if self.plan.few {
            self.sorted(&field, order.descending)
        } else {
            self.walk(&field, order.descending)
        }
    }

    fn by_creation(&self) -> Step<Vec<Position>> {
        let sql = self.creation().bind(self.limit).bind(self.offset);
        Ok(sql.all(self.db, |row| Ok(Position::Created(row.get(0)?)))?)
    }

    /// The matches in the order of creation; the limit and the offset are to be bound.
    pub(super) fn creation(&self) -> Sql {
        let after = match self.after {
            Some(Position::Created(seq)) => seq,
            _ => 0,
        };
        Sql::new("SELECT x.seq FROM ")
            .append(self.matching(self.plan.rows.clone()))
            .text(" AND x.seq > ? ORDER BY x.seq LIMIT ? OFFSET ?")
            .bind(after)
    }

    /// The rows of `rows` that match.
    pub(super) fn matching(&self, rows: Sql) -> Sql {
        if self.plan.test.is_always() {
            return rows;
        }
        rows.text(" AND ").append(self.plan.test.condition())
    }

    fn total(&self) -> Step<u64> {
        if self.plan.test.is_always() {
            return Ok(unsigned(self.kind.entries));
        }
        let count = Sql::new("SELECT COUNT(*) FROM ");
        let sql = match plan::exactly(&self.plan.test) {
            Some(matches) => count.text("(").append(matches).text(")"),
            None => count.append(self.matching(self.plan.rows.clone())),
        };
        Ok(sql.one(self.db, |row| row.get(0).map(unsigned))?)
    }

    fn load(&self, kind: &str, places: Vec<Position>) -> Step<Vec<Hit>> {
        let mut bytes = 0;
        places
            .into_iter()
            .map(|place| {
                let (Position::Created(seq) | Position::Sorted(seq, _)) = &place;
                let entry = entry(self.db, kind, *seq)?;
                bytes += entry.body.len();
                if bytes > bounds::ANSWER_BYTES {
                    return Err(Refusal::TooMany("bytes of the page".into()).into());
                }
                Ok(Hit {
                    entry,
                    position: place.encode(),
                })
            })
            .collect()
    }
}

fn entry(db: &Connection, kind: &str, seq: i64) -> rusqlite::Result<Entry> {
    db.prepare_cached("SELECT id, version, created, modified, body FROM entry WHERE seq = ?")?
        .query_row(params![seq], |row| read_entry(kind, row))
}

/// An entry from the columns id, version, created, modified, body.
pub(super) fn read_entry(kind: &str, row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        key: Key {
            kind: kind.to_owned(),
            id: row.get(0)?,
        },
        version: unsigned(row.get(1)?),
        created: unsigned(row.get(2)?),
        modified: unsigned(row.get(3)?),
        body: row.get(4)?,
    })
}

/// A place from the columns seq and value.
pub(super) fn read_place(row: &Row<'_>) -> rusqlite::Result<Position> {
    Ok(Position::Sorted(
        row.get(0)?,
        row.get::<_, Option<Stored>>(1)?,
    ))
}

//! A filter as SQL. Names are looked up first, so that the SQL depends on the filter's shape alone and its prepared form
//! is used again; then each leaf becomes a probe into an index for the entry `x.seq`.

use rusqlite::Connection;

use super::fault::Step;
use super::rows;
use super::sql::Sql;
use super::value::Stored;
use crate::store::{Comparison, Direction, Filter, Operator, Relation, Scalar};

/// A filter whose names are looked up.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// Some term of the field lies in the range.
    Terms(i64, Range),
    /// The entry is a target of this link set.
    TargetOf(i64),
    /// The entry has a link of this name to the entry with this `seq`.
    SourceOf(i64, String),
    /// All hold; true if there are none.
    All(Vec<Test>),
    /// One holds; false if there are none.
    Any(Vec<Test>),
    /// It does not hold.
    Not(Box<Test>),
}

/// Values between two ends, of one type; `also` is what no index helps with.
#[derive(Clone, Debug, Default)]
pub(super) struct Range {
    from: Option<Sql>,
    to: Option<Sql>,
    also: Option<Sql>,
}

impl Test {
    /// Looks up the names of a filter on entries of this kind.
    pub(super) fn bind(db: &Connection, tenant: i64, kind: i64, filter: Filter) -> Step<Test> {
        let each = |filters: Vec<Filter>| -> Step<Vec<Test>> {
            filters
                .into_iter()
                .map(|filter| Test::bind(db, tenant, kind, filter))
                .collect()
        };
        Ok(match filter {
            Filter::Compare(comparison) => {
                terms(db, kind, &comparison.path, || Range::of(&comparison))?
            }
            Filter::Present(path) => terms(db, kind, &path, Range::default)?,
            Filter::Linked(relation) => related(db, tenant, relation)?,
            Filter::All(filters) => Test::All(each(filters)?),
            Filter::Any(filters) => Test::Any(each(filters)?),
            Filter::Negate(filter) => Test::Not(Box::new(Test::bind(db, tenant, kind, *filter)?)),
        })
    }

    /// Whether it holds for every entry.
    pub(super) fn is_always(&self) -> bool {
        matches!(self, Test::All(tests) if tests.is_empty())
    }

    /// A condition on `x.seq`.
    pub(super) fn condition(&self) -> Sql {
        match self {
            Test::Terms(field, range) => {
                Sql::new("EXISTS(SELECT 1 FROM term t WHERE t.seq = x.seq AND t.field = ?")
                    .bind(*field)
                    .append(range.condition())
                    .text(")")
            }
            Test::TargetOf(linkset) => {
                Sql::new("EXISTS(SELECT 1 FROM link l WHERE l.linkset = ? AND l.target = x.seq)")
                    .bind(*linkset)
            }
            Test::SourceOf(target, name) => Sql::new(
                "EXISTS(SELECT 1 FROM linkset s JOIN link l ON l.linkset = s.id AND l.target = ? \
                 WHERE s.source = x.seq AND s.name = ?)",
            )
            .bind(*target)
            .bind(name.clone()),
            Test::All(tests) => combine(tests, " AND ", "1"),
            Test::Any(tests) => combine(tests, " OR ", "0"),
            Test::Not(test) => Sql::new("NOT ").append(test.condition()),
        }
    }
}

impl Range {
    fn of(
        Comparison {
            operator, value, ..
        }: &Comparison,
    ) -> Range {
        let at = |operator| Some(Sql::new(operator).bind(Stored::from(value.clone())));
        let (floor, ceiling) = (floor(value), ceiling(value));
        match operator {
            Operator::Equal => Range {
                from: at("= ?"),
                ..Range::default()
            },
            Operator::Less => Range {
                from: floor,
                to: at("< ?"),
                also: None,
            },
            Operator::LessOrEqual => Range {
                from: floor,
                to: at("<= ?"),
                also: None,
            },
            Operator::Greater => Range {
                from: at("> ?"),
                to: ceiling,
                also: None,
            },
            Operator::GreaterOrEqual => Range {
                from: at(">= ?"),
                to: ceiling,
                also: None,
            },
            Operator::StartsWith => Range {
                from: at(">= ?"),
                to: behind(value).or(ceiling),
                also: None,
            },
            Operator::Contains | Operator::EndsWith => Range {
                from: floor,
                to: ceiling,
                also: within(*operator, value),
            },
        }
    }

    /// Whether it holds one value: then an entry has at most one term in it.
    pub(super) fn is_one_value(&self) -> bool {
        self.from
            .as_ref()
            .is_some_and(|from| from.as_str() == "= ?")
    }

    /// Conditions on `t.value`, each with `AND` before it.
    pub(super) fn condition(&self) -> Sql {
        match &self.also {
            Some(also) => self.bounds().text(" AND ").append(also.clone()),
            None => self.bounds(),
        }
    }

    /// The part that an index serves: what it leaves out only narrows.
    pub(super) fn bounds(&self) -> Sql {
        let ends = [&self.from, &self.to];
        ends.into_iter().flatten().fold(Sql::default(), |sql, end| {
            sql.text(" AND t.value ").append(end.clone())
        })
    }
}

fn combine(tests: &[Test], operator: &str, none: &str) -> Sql {
    if tests.is_empty() {
        return Sql::new(none);
    }
    let conditions = tests.iter().map(Test::condition);
    Sql::new("(")
        .append(Sql::join(conditions, operator))
        .text(")")
}

/// A path that no entry has a term of matches nothing.
fn terms(db: &Connection, kind: i64, path: &str, range: impl FnOnce() -> Range) -> Step<Test> {
    Ok(match rows::field(db, kind, path)? {
        Some(field) => Test::Terms(field.id, range()),
        None => Test::Any(Vec::new()),
    })
}

fn related(db: &Connection, tenant: i64, relation: Relation) -> Step<Test> {
    let Some(other) = rows::seq(db, tenant, &relation.other)? else {
        return Ok(Test::Any(Vec::new()));
    };
    if let Direction::Outgoing = relation.direction {
        return Ok(Test::SourceOf(other, relation.name));
    }
    let linkset = rows::linkset(db, other, &relation.name)?;
    Ok(linkset.map_or(Test::Any(Vec::new()), Test::TargetOf))
}

/// Where a type's values begin. Numbers come first of all and need no floor.
fn floor(value: &Scalar) -> Option<Sql> {
    match value {
        Scalar::Number(_) => None,
        Scalar::Text(_) => Some(Sql::new(">= ''")),
        Scalar::Boolean(_) => Some(Sql::new(">= x''")),
    }
}

/// Where a type's values end. Booleans come last of all and need no ceiling.
fn ceiling(value: &Scalar) -> Option<Sql> {
    match value {
        Scalar::Number(_) => Some(Sql::new("< ''")),
        Scalar::Text(_) => Some(Sql::new("< x''")),
        Scalar::Boolean(_) => None,
    }
}

/// The end of the texts that start with this one: the text with its last character raised by one. The bytes of UTF-8
/// sort as the characters do, so nothing lies between. `None` if no character can be raised.
fn behind(value: &Scalar) -> Option<Sql> {
    let Scalar::Text(text) = value else {
        return None;
    };
    let mut chars: Vec<char> = text.chars().collect();
    while let Some(last) = chars.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            chars.push(next);
            return Some(Sql::new("< ?").bind(chars.into_iter().collect::<String>()));
        }
    }
    None
}

/// Both compare bytes: SQLite's `length` of a text would stop at U+0000.
fn within(operator: Operator, value: &Scalar) -> Option<Sql> {
    let Scalar::Text(text) = value else {
        return None;
    };
    if text.is_empty() {
        return None;
    }
    let bytes = text.as_bytes().to_vec();
    Some(match operator {
        Operator::EndsWith => Sql::new("substr(CAST(t.value AS BLOB), ?) = ?")
            .bind(-(bytes.len() as i64))
            .bind(bytes),
        _ => Sql::new("instr(CAST(t.value AS BLOB), ?) > 0").bind(bytes),
    })
}

//! The choice of the rows to examine for a filter. A database cannot know that a name matches one
//! entry and `active` a million, so this counts the matches of each part up to a limit before it
//! decides:
//!
//! * few candidates: collect them from the index, and sort;
//! * many: read all entries in the requested order and probe each, which fills a page soon because
//!   many match.

use super::predicate::Test;
use super::statement::Sql;
use crate::Dialect;
use scimlet_store::OrderedSet;

/// Numbers of matches up to which candidates are collected. The smaller one is tried first, so that
/// a part with many matches costs little beside one with few.
pub const FEW: [usize; 2] = [64, 8_192];

/// The most matches that are counted for one query, so that planning a filter of many wide parts
/// does not cost more than running it.
pub const COUNTED: usize = 32_768;

/// The number of rows of a leaf; `None` if it exceeds the bound.
pub type Size = Option<usize>;

/// The rows to examine, and the test for each.
pub struct Plan {
    /// `table x WHERE …`; each row has a distinct `seq`.
    pub rows: Sql,
    /// The condition that each row must also meet.
    pub test: Test,
    /// Whether the rows are few enough to be sorted.
    pub few: bool,
    /// The value of [`Dialect::probe`].
    pub(super) probe: &'static str,
}

impl Plan {
    /// Returns the plan that collects at most `bound` candidates among entries of this kind; `None`
    /// if there are more. `size` returns the number of rows of a leaf, or `None` if it exceeds the
    /// given bound.
    pub fn collect<E>(
        dialect: Dialect,
        kind: i64,
        test: &Test,
        bound: usize,
        size: &mut impl FnMut(&Sql, usize) -> Result<Size, E>,
    ) -> Result<Option<Plan>, E> {
        let found = candidates(test, bound, size)?;
        Ok(found.map(|(_, candidates)| Plan {
            rows: of_kind(kind).text(" AND ").append(dialect.among(candidates)),
            test: test.clone(),
            few: true,
            probe: dialect.probe(),
        }))
    }

    /// Returns the plan that examines all entries of this kind.
    pub fn walk(dialect: Dialect, kind: i64, test: Test) -> Plan {
        Plan { rows: of_kind(kind), test, few: false, probe: dialect.probe() }
    }
}

/// Selects all entries of a kind.
pub(super) fn of_kind(kind: i64) -> Sql {
    Sql::new("scimlet_entry x WHERE x.kind = ?").bind(kind)
}

/// Selects the `seq` of each match once, from one index; `None` if the test needs more than one.
pub(super) fn exactly(test: &Test) -> Option<Sql> {
    match test {
        Test::Terms(_, range) if range.is_one_value() => Some(leaf(test)),
        _ => None,
    }
}

/// The query that counts the rows of a leaf up to one beyond the bound.
pub fn counted(leaf: Sql, bound: usize) -> Sql {
    Sql::new("SELECT COUNT(*) FROM (")
        .append(leaf)
        .text(" LIMIT ?) AS found")
        .bind(i64::try_from(bound).unwrap_or(i64::MAX).saturating_add(1))
}

/// Returns a query for at most `bound` candidates that include all matches, and their number;
/// `None` if there are more.
fn candidates<E>(
    test: &Test,
    bound: usize,
    size: &mut impl FnMut(&Sql, usize) -> Result<Size, E>,
) -> Result<Option<(usize, Sql)>, E> {
    match test {
        Test::All(tests) => fewest(tests, bound, size),
        Test::Any(tests) => union(tests, bound, size),
        Test::Not(_) => Ok(None),
        Test::Terms(..) | Test::TargetOf(_) | Test::SourceOf(..) => {
            let leaf = leaf(test);
            Ok(size(&leaf, bound)?.map(|size| (size, leaf)))
        }
    }
}

fn fewest<E>(
    tests: &[Test],
    bound: usize,
    size: &mut impl FnMut(&Sql, usize) -> Result<Size, E>,
) -> Result<Option<(usize, Sql)>, E> {
    let mut best: Option<(usize, Sql)> = None;
    for test in tests {
        let bound = best.as_ref().map_or(bound, |(count, _)| *count);
        best = candidates(test, bound, size)?.or(best);
    }
    Ok(best)
}

fn union<E>(
    tests: &[Test],
    bound: usize,
    size: &mut impl FnMut(&Sql, usize) -> Result<Size, E>,
) -> Result<Option<(usize, Sql)>, E> {
    let (mut total, mut parts) = (0, Vec::new());
    for test in tests {
        let Some((count, part)) = candidates(test, bound - total, size)? else {
            return Ok(None);
        };
        total += count;
        parts.push(part);
    }
    if parts.is_empty() {
        parts.push(Sql::new("SELECT CAST(NULL AS BIGINT) WHERE FALSE"));
    }
    Ok(Some((total, Sql::join(parts, " UNION ALL "))))
}

/// The query for the candidates of a leaf, from one index.
fn leaf(test: &Test) -> Sql {
    match test {
        Test::Terms(field, range) => Sql::new("SELECT t.seq FROM scimlet_term t WHERE t.field = ?")
            .bind(*field)
            .append(range.bounds()),
        Test::TargetOf(linkset) => {
            Sql::new("SELECT l.target FROM scimlet_link l WHERE l.linkset = ?").bind(*linkset)
        }
        Test::SourceOf(target, name) => Sql::new(
            "SELECT s.source FROM scimlet_link l \
             JOIN scimlet_linkset s ON s.id = l.linkset AND s.name = ? \
             WHERE l.target = ?",
        )
        .bind(name.clone())
        .bind(*target),
        Test::All(_) | Test::Any(_) | Test::Not(_) => {
            Sql::new("SELECT CAST(NULL AS BIGINT) WHERE FALSE")
        }
    }
}

/// Returns the distinct leaves that [`Plan::collect`] may ask about.
pub fn leaves(test: &Test) -> Vec<Sql> {
    let mut leaves = OrderedSet::new();
    gather(test, &mut leaves);
    leaves.into_iter().collect()
}

fn gather(test: &Test, leaves: &mut OrderedSet<Sql>) {
    match test {
        Test::All(tests) | Test::Any(tests) => {
            tests.iter().for_each(|test| gather(test, leaves));
        }
        Test::Not(_) => {}
        Test::Terms(..) | Test::TargetOf(_) | Test::SourceOf(..) => _ = leaves.insert(leaf(test)),
    }
}

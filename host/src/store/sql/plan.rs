//! Which rows to look at for a filter. A database cannot know that a name matches one entry and `active` a million, so this
//! counts the matches of each part up to a bound before it decides:
//!
//! * few candidates: collect them from the index, and sort;
//! * many: walk all entries in the wanted order and probe each, which finds a page soon because many match.

use super::Dialect;
use super::predicate::Test;
use super::statement::Sql;

/// Matches that are worth collecting. The smaller bound is tried first, so that a part with many matches costs little
/// beside one with few.
pub(in crate::store) const FEW: [usize; 2] = [64, 8_192];

/// Matches that are counted for one query at most, so that a filter of many wide parts does not cost more to plan than to
/// run.
pub(in crate::store) const COUNTED: usize = 32_768;

/// How many rows a leaf has; `None` if they are more than the bound.
pub(in crate::store) type Size = Option<usize>;

/// Which rows to look at, and what to ask of each.
pub(in crate::store) struct Plan {
    /// `table x WHERE …`, of which each row has a `seq`, no two the same.
    pub(in crate::store) rows: Sql,
    /// What each row must also fulfil.
    pub(in crate::store) test: Test,
    /// Whether the rows are few enough to be sorted.
    pub(in crate::store) few: bool,
    /// [`Dialect::PROBE`].
    pub(super) probe: &'static str,
}

impl Plan {
    /// The plan to collect the candidates among entries of this kind, if they are at most `bound`. `size` tells how many
    /// rows a leaf has, if not more than it is asked about.
    pub(in crate::store) fn collect<D: Dialect, E>(
        kind: i64,
        test: &Test,
        bound: usize,
        size: &mut impl FnMut(&Sql, usize) -> Result<Size, E>,
    ) -> Result<Option<Plan>, E> {
        let found = candidates(test, bound, size)?;
        Ok(found.map(|(_, candidates)| Plan {
            rows: of_kind(kind).text(" AND ").append(D::among(candidates)),
            test: test.clone(),
            few: true,
            probe: D::PROBE,
        }))
    }

    /// The plan to walk all entries of this kind.
    pub(in crate::store) fn walk<D: Dialect>(kind: i64, test: Test) -> Plan {
        Plan {
            rows: of_kind(kind),
            test,
            few: false,
            probe: D::PROBE,
        }
    }
}

/// All entries of a kind.
pub(super) fn of_kind(kind: i64) -> Sql {
    Sql::new("entry x WHERE x.kind = ?").bind(kind)
}

/// The `seq` of each match, once, from one index; `None` if the test takes more than that.
pub(super) fn exactly(test: &Test) -> Option<Sql> {
    match test {
        Test::Terms(_, range) if range.is_one_value() => Some(leaf(test)),
        _ => None,
    }
}

/// Counts the rows of a leaf as far as one beyond the bound.
pub(in crate::store) fn counted(leaf: Sql, bound: usize) -> Sql {
    Sql::new("SELECT COUNT(*) FROM (")
        .append(leaf)
        .text(" LIMIT ?) AS found")
        .bind(i64::try_from(bound).unwrap_or(i64::MAX).saturating_add(1))
}

/// At most `bound` candidates among which all matches are, and their number; `None` if it takes more.
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

/// The candidates of a leaf, from one index.
fn leaf(test: &Test) -> Sql {
    match test {
        Test::Terms(field, range) => Sql::new("SELECT t.seq FROM term t WHERE t.field = ?")
            .bind(*field)
            .append(range.bounds()),
        Test::TargetOf(linkset) => {
            Sql::new("SELECT l.target FROM link l WHERE l.linkset = ?").bind(*linkset)
        }
        Test::SourceOf(target, name) => Sql::new(
            "SELECT s.source FROM link l JOIN linkset s ON s.id = l.linkset AND s.name = ? \
             WHERE l.target = ?",
        )
        .bind(name.clone())
        .bind(*target),
        Test::All(_) | Test::Any(_) | Test::Not(_) => {
            Sql::new("SELECT CAST(NULL AS BIGINT) WHERE FALSE")
        }
    }
}

/// The leaves that [`Plan::collect`] may ask about, each once.
pub(in crate::store) fn leaves(test: &Test) -> Vec<Sql> {
    let mut leaves = Vec::new();
    gather(test, &mut leaves);
    leaves.sort();
    leaves.dedup();
    leaves
}

fn gather(test: &Test, leaves: &mut Vec<Sql>) {
    match test {
        Test::All(tests) | Test::Any(tests) => {
            tests.iter().for_each(|test| gather(test, leaves));
        }
        Test::Not(_) => {}
        Test::Terms(..) | Test::TargetOf(_) | Test::SourceOf(..) => leaves.push(leaf(test)),
    }
}

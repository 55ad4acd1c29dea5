//! Which rows to look at for a filter. SQLite cannot know that a name matches one entry and `active` a million, so this
//! counts the matches of each part up to a bound before it decides:
//!
//! * few candidates: collect them from the index, and sort;
//! * many: walk all entries in the wanted order and probe each, which finds a page soon because many match.

use rusqlite::Connection;

use super::fault::Step;
use super::predicate::Test;
use super::sql::Sql;

/// Matches that are worth collecting. The smaller bound is tried first, so that a part with many matches costs little
/// beside one with few.
const FEW: [usize; 2] = [64, 8_192];

/// Matches that are counted for one query at most, so that a filter of many wide parts does not cost more to plan than to
/// run.
const COUNTED: usize = 32_768;

/// Which rows to look at, and what to ask of each.
pub(super) struct Plan {
    /// `table x WHERE …`, of which each row has a `seq`, no two the same.
    pub(super) rows: Sql,
    /// What each row must also fulfil.
    pub(super) test: Test,
    /// Whether the rows are few enough to be sorted.
    pub(super) few: bool,
}

impl Plan {
    /// The plan for entries of this kind.
    pub(super) fn choose(db: &Connection, kind: i64, test: Test) -> Step<Plan> {
        let mut counting = Counting { db, left: COUNTED };
        for bound in FEW {
            if let Some((_, candidates)) = counting.candidates(&test, bound)? {
                let rows = of_kind(kind)
                    .text(" AND x.seq IN (")
                    .append(candidates)
                    .text(")");
                return Ok(Plan {
                    rows,
                    test,
                    few: true,
                });
            }
        }
        Ok(Plan {
            rows: of_kind(kind),
            test,
            few: false,
        })
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

/// Counts the matches of a filter's parts.
struct Counting<'db> {
    db: &'db Connection,
    /// Matches that may still be counted.
    left: usize,
}

impl Counting<'_> {
    /// At most `bound` candidates among which all matches are, and their number; `None` if it takes more.
    fn candidates(&mut self, test: &Test, bound: usize) -> Step<Option<(usize, Sql)>> {
        match test {
            Test::All(tests) => self.fewest(tests, bound),
            Test::Any(tests) => self.union(tests, bound),
            Test::Not(_) => Ok(None),
            Test::Terms(..) | Test::TargetOf(_) | Test::SourceOf(..) => {
                self.count(leaf(test), bound)
            }
        }
    }

    fn count(&mut self, leaf: Sql, bound: usize) -> Step<Option<(usize, Sql)>> {
        let bound = bound.min(self.left);
        let count = Sql::new("SELECT COUNT(*) FROM (")
            .append(leaf.clone())
            .text(" LIMIT ?)");
        let found: i64 = count
            .bind(bound as i64 + 1)
            .one(self.db, |row| row.get(0))?;
        let found = usize::try_from(found).unwrap_or(usize::MAX);
        self.left = self.left.saturating_sub(found);
        Ok((found <= bound).then_some((found, leaf)))
    }

    fn fewest(&mut self, tests: &[Test], bound: usize) -> Step<Option<(usize, Sql)>> {
        let mut best: Option<(usize, Sql)> = None;
        for test in tests {
            let bound = best.as_ref().map_or(bound, |(count, _)| *count);
            best = self.candidates(test, bound)?.or(best);
        }
        Ok(best)
    }

    fn union(&mut self, tests: &[Test], bound: usize) -> Step<Option<(usize, Sql)>> {
        let (mut total, mut parts) = (0, Vec::new());
        for test in tests {
            let Some((count, part)) = self.candidates(test, bound - total)? else {
                return Ok(None);
            };
            total += count;
            parts.push(part);
        }
        if parts.is_empty() {
            parts.push(Sql::new("SELECT NULL WHERE 0"));
        }
        Ok(Some((total, Sql::join(parts, " UNION ALL "))))
    }
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
        Test::All(_) | Test::Any(_) | Test::Not(_) => Sql::new("SELECT NULL WHERE 0"),
    }
}

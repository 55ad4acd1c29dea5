//! Pages in the order of a path's values. Entries without a value come last, or first in descending
//! order; entries with equal values are in order of creation either way.
//!
//! Few candidates are sorted. For many, the sort index of the path is read in two parts, the
//! entries with a value and those without, each in its own order.

use super::names::Field;
use super::plan;
use super::position::Position;
use super::search::Search;
use super::statement::Sql;
use super::value::Stored;

/// A part of an index scan: the rows, their columns seq and value, and their order.
pub struct Part {
    rows: Sql,
    columns: &'static str,
    order: &'static str,
}

impl Part {
    /// The query for the part in its order; limit and offset remain to be bound.
    pub fn sql(&self) -> Sql {
        Sql::new(self.columns).append(self.rows.clone()).text(self.order)
    }

    /// The query for the number of rows in the part.
    pub fn size(self) -> Sql {
        Sql::new("SELECT COUNT(*) FROM ").append(self.rows)
    }
}

impl Search {
    /// The query for the sorted candidates with the columns seq and value; limit and offset remain
    /// to be bound.
    pub fn sorted(&self, field: &Field, descending: bool) -> Sql {
        let value = "(SELECT o.value FROM scimlet_term o WHERE o.seq = x.seq AND o.field = ? \
                     ORDER BY o.value LIMIT 1)";
        let order = match descending {
            false => " ORDER BY v IS NULL, v, seq LIMIT ? OFFSET ?",
            true => " ORDER BY v IS NOT NULL, v DESC, seq LIMIT ? OFFSET ?",
        };
        Sql::new("SELECT seq, v FROM (SELECT x.seq AS seq, ")
            .text(value)
            .bind(field.id)
            .text(" AS v FROM ")
            .append(self.matching(self.plan.rows.clone()))
            .text(") AS candidate WHERE ")
            .append(self.behind(descending))
            .text(order)
    }

    /// The condition on `v` and `seq` for rows after the position.
    fn behind(&self, descending: bool) -> Sql {
        let Some(Position::Sorted(seq, value)) = &self.after else {
            return Sql::new("TRUE");
        };
        let sql = match (value, descending) {
            (Some(_), false) => "(v > ? OR (v = ? AND seq > ?) OR v IS NULL)",
            (Some(_), true) => "(v < ? OR (v = ? AND seq > ?))",
            (None, false) => "(v IS NULL AND seq > ?)",
            (None, true) => "(v IS NOT NULL OR seq > ?)",
        };
        let sql = Sql::new(sql);
        match value {
            Some(value) => sql.bind(value.clone()).bind(value.clone()).bind(*seq),
            None => sql.bind(*seq),
        }
    }

    /// Returns the parts after the position, in their order.
    pub fn parts(&self, field: &Field, descending: bool) -> Vec<Part> {
        let valued = |after| Some(self.valued(field, after, descending));
        // An index lists entries with a value, not those without: search for those only if there
        // are any.
        let lacking = field.entries < self.kind.entries;
        let valueless = |after| lacking.then(|| self.valueless(field, after));
        let parts = match (&self.after, descending) {
            (Some(Position::Sorted(seq, Some(value))), false) => {
                [valued(Some((value, *seq))), valueless(0)]
            }
            (Some(Position::Sorted(seq, Some(value))), true) => [valued(Some((value, *seq))), None],
            (Some(Position::Sorted(seq, None)), false) => [valueless(*seq), None],
            (Some(Position::Sorted(seq, None)), true) => [valueless(*seq), valued(None)],
            (_, false) => [valued(None), valueless(0)],
            (_, true) => [valueless(0), valued(None)],
        };
        parts.into_iter().flatten().collect()
    }

    fn valued(&self, field: &Field, after: Option<(&Stored, i64)>, descending: bool) -> Part {
        let rows = Sql::new("scimlet_term x WHERE x.field = ?").bind(field.id);
        let rows = match (after, descending) {
            (None, _) => rows,
            (Some((value, seq)), false) => {
                rows.text(" AND (x.value, x.seq) > (?, ?)").bind(value.clone()).bind(seq)
            }
            // Ties ascend while values descend, which no row comparison expresses; the first
            // condition is for the index.
            (Some((value, seq)), true) => rows
                .text(" AND x.value <= ? AND (x.value < ? OR x.seq > ?)")
                .bind(value.clone())
                .bind(value.clone())
                .bind(seq),
        };
        Part {
            rows: self.matching(rows),
            columns: "SELECT x.seq, x.value FROM ",
            order: match descending {
                false => " ORDER BY x.value, x.seq LIMIT ? OFFSET ?",
                true => " ORDER BY x.value DESC, x.seq LIMIT ? OFFSET ?",
            },
        }
    }

    fn valueless(&self, field: &Field, after: i64) -> Part {
        let rows = plan::of_kind(self.kind.id)
            .text(" AND NOT EXISTS(SELECT 1 FROM scimlet_term o WHERE o.seq = x.seq")
            .text(" AND o.field = ?")
            .bind(field.id)
            .text(self.plan.probe)
            .text(") AND x.seq > ?")
            .bind(after);
        Part {
            rows: self.matching(rows),
            columns: "SELECT x.seq, CAST(NULL AS TEXT) FROM ",
            order: " ORDER BY x.seq LIMIT ? OFFSET ?",
        }
    }
}

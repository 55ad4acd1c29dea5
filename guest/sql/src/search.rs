//! One page of a query as SQL. The page's positions (`seq` and value) come from indexes only; then
//! the entries themselves are loaded.

use super::plan::{self, Plan};
use super::position::Position;
use super::statement::Sql;
use scimlet_store::{Query, Refusal, Window};

/// A kind of entries of a tenant.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The row id, to which `entry` and `field` refer.
    pub id: i64,
    /// The number of entries of the kind.
    pub entries: i64,
}

/// Returns the position after which the page begins, or the number of matches to skip.
pub fn window(query: &Query) -> Result<(Option<Position>, i64), Refusal> {
    let text = match &query.window {
        Window::Offset(offset) => return Ok((None, i64::try_from(*offset).unwrap_or(i64::MAX))),
        Window::After(text) => text,
    };
    let position = Position::decode(text)?;
    if query.order.is_some() != matches!(position, Position::Sorted(..)) {
        return Err(Refusal::Invalid("the position is of a query with another order".into()));
    }
    Ok((Some(position), 0))
}

/// The parameters of one search.
pub struct Search {
    /// The rows to examine.
    pub plan: Plan,
    /// The kind of the entries.
    pub kind: Kind,
    /// The position after which the page begins.
    pub after: Option<Position>,
    /// The number of matches to skip.
    pub offset: i64,
    /// The number of matches to find.
    pub limit: i64,
}

impl Search {
    /// The query for the `seq` of each match in order of creation; limit and offset remain to be
    /// bound.
    pub fn creation(&self) -> Sql {
        let after = match self.after {
            Some(Position::Created(seq)) => seq,
            _ => 0,
        };
        Sql::new("SELECT x.seq FROM ")
            .append(self.matching(self.plan.rows.clone()))
            .text(" AND x.seq > ? ORDER BY x.seq LIMIT ? OFFSET ?")
            .bind(after)
    }

    /// Selects those of `rows` that match.
    pub fn matching(&self, rows: Sql) -> Sql {
        if self.plan.test.is_always() {
            return rows;
        }
        rows.text(" AND ").append(self.plan.test.condition(self.plan.probe))
    }

    /// The query that counts all matches; `None` if all entries of the kind match.
    pub fn total(&self) -> Option<Sql> {
        if self.plan.test.is_always() {
            return None;
        }
        let count = Sql::new("SELECT COUNT(*) FROM ");
        Some(match plan::exactly(&self.plan.test) {
            Some(matches) => count.text("(").append(matches).text(") AS found"),
            None => count.append(self.matching(self.plan.rows.clone())),
        })
    }
}

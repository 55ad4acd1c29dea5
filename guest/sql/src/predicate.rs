//! A filter as SQL. Names are looked up first, so that the SQL depends only on the filter's shape
//! and prepared statements can be reused; each leaf becomes an index probe for the entry `x.seq`.

use super::names::Names;
use super::statement::Sql;
use super::value::Stored;
use crate::Dialect;
use scimlet_store::{Comparison, Direction, Filter, Operator, Relation, Scalar};

/// A filter with its names looked up.
#[derive(Clone, Debug)]
pub enum Test {
    /// Some term of the field lies in the range.
    Terms(i64, Range),
    /// The entry is a target of this link set.
    TargetOf(i64),
    /// The entry has a link of this name to the entry with this `seq`.
    SourceOf(i64, String),
    /// All tests hold; true if there are none.
    All(Vec<Test>),
    /// At least one test holds; false if there are none.
    Any(Vec<Test>),
    /// The test, of terms or links, does not hold.
    Not(Box<Test>),
}

/// Values of one type between two bounds; `also` is the condition that no index serves.
#[derive(Clone, Debug, Default)]
pub struct Range {
    bounds: Vec<Sql>,
    also: Option<Sql>,
}

impl Test {
    /// Looks up the names in the filter.
    pub fn bind(dialect: Dialect, filter: Filter, names: &Names) -> Test {
        let each = |filters: Vec<Filter>| {
            let bind = |filter| Test::bind(dialect, filter, names);
            filters.into_iter().map(bind).collect()
        };
        match filter {
            Filter::Compare(comparison) => {
                terms(names, &comparison.path, || Range::of(dialect, &comparison))
            }
            Filter::Present(path) => terms(names, &path, Range::default),
            Filter::Linked(relation) => related(names, relation),
            Filter::All(filters) => Test::All(each(filters)),
            Filter::Any(filters) => Test::Any(each(filters)),
            Filter::Negate(filter) => Test::bind(dialect, *filter, names).negated(),
        }
    }

    /// Returns the test that holds where this one does not. Only leaves are negated.
    fn negated(self) -> Test {
        let each = |tests: Vec<Test>| tests.into_iter().map(Test::negated).collect();
        match self {
            Test::Not(test) => *test,
            Test::All(tests) => Test::Any(each(tests)),
            Test::Any(tests) => Test::All(each(tests)),
            leaf => Test::Not(Box::new(leaf)),
        }
    }

    /// Returns how many `All` and `Any` are within each other.
    fn depth(&self) -> usize {
        match self {
            Test::All(tests) | Test::Any(tests) => {
                1 + tests.iter().map(Test::depth).max().unwrap_or_default()
            }
            _ => 0,
        }
    }

    /// Whether the test holds for every entry.
    pub fn is_always(&self) -> bool {
        matches!(self, Test::All(tests) if tests.is_empty())
    }

    /// Returns a condition on `x.seq`; `probe` is [`Dialect::probe`].
    pub fn condition(&self, probe: &str) -> Sql {
        match self {
            Test::Terms(field, range) => {
                Sql::new("EXISTS(SELECT 1 FROM scimlet_term t WHERE t.seq = x.seq AND t.field = ?")
                    .bind(*field)
                    .append(range.condition())
                    .text(probe)
                    .text(")")
            }
            Test::TargetOf(linkset) => {
                Sql::new("EXISTS(SELECT 1 FROM scimlet_link l WHERE l.linkset = ?")
                    .bind(*linkset)
                    .text(" AND l.target = x.seq")
                    .text(probe)
                    .text(")")
            }
            Test::SourceOf(target, name) => Sql::new(
                "EXISTS(SELECT 1 FROM scimlet_linkset s \
                 JOIN scimlet_link l ON l.linkset = s.id AND l.target = ? \
                 WHERE s.source = x.seq AND s.name = ?",
            )
            .bind(*target)
            .bind(name.clone())
            .text(probe)
            .text(")"),
            Test::All(tests) => combine(in_order(tests), " AND ", "TRUE", probe),
            Test::Any(tests) => combine(in_order(tests), " OR ", "FALSE", probe),
            Test::Not(test) => Sql::new("NOT ").append(test.condition(probe)),
        }
    }
}

impl Range {
    fn of(dialect: Dialect, comparison: &Comparison) -> Range {
        let (operator, value) = (comparison.operator, &comparison.value);
        let at = |operator| Some(Sql::new(operator).bind(Stored::from(value.clone())));
        let (floor, ceiling) = (floor(dialect, value), ceiling(dialect, value));
        let ends = match operator {
            Operator::Equal => [at("= ?"), None],
            Operator::Less => [floor, at("< ?")],
            Operator::LessOrEqual => [floor, at("<= ?")],
            Operator::Greater => [at("> ?"), ceiling],
            Operator::GreaterOrEqual => [at(">= ?"), ceiling],
            Operator::StartsWith => [at(">= ?"), behind(value).or(ceiling)],
            Operator::Contains | Operator::EndsWith => [floor, ceiling],
        };
        let on_value = |end| Sql::new("t.value ").append(end);
        let mut range = Range {
            bounds: ends.into_iter().flatten().map(on_value).collect(),
            also: within(dialect, operator, value),
        };
        if dialect.searches() {
            range.bounds.extend(range.also.take());
        }
        range
    }

    /// Whether the range is one value, so that an entry has at most one term in it.
    pub(super) fn is_one_value(&self) -> bool {
        matches!(self.bounds.as_slice(), [only] if only.as_str() == "t.value = ?")
    }

    /// Returns the conditions on `t.value`, each preceded by `AND`.
    pub(super) fn condition(&self) -> Sql {
        match &self.also {
            Some(also) => self.bounds().text(" AND ").append(also.clone()),
            None => self.bounds(),
        }
    }

    /// Returns the conditions that an index serves, each preceded by `AND`.
    pub(super) fn bounds(&self) -> Sql {
        self.bounds
            .iter()
            .fold(Sql::default(), |sql, bound| sql.text(" AND ").append(bound.clone()))
    }
}

/// The depth from which on the deepest test goes first.
const DEEP: usize = 8;

/// Returns the tests in the order in which they stand in the SQL. SQLite before 3.46 parses with a
/// stack of 100 symbols, on which everything is that stands before an open parenthesis.
fn in_order(tests: &[Test]) -> Vec<&Test> {
    let mut ordered: Vec<&Test> = tests.iter().collect();
    let depths = tests.iter().map(Test::depth).enumerate();
    if let Some((deepest, DEEP..)) = depths.max_by_key(|(_, depth)| *depth) {
        ordered.swap(0, deepest);
    }
    ordered
}

fn combine(tests: Vec<&Test>, operator: &str, none: &str, probe: &str) -> Sql {
    if tests.is_empty() {
        return Sql::new(none);
    }
    let conditions = tests.into_iter().map(|test| test.condition(probe));
    Sql::new("(").append(Sql::join(conditions, operator)).text(")")
}

/// A path without terms matches nothing.
fn terms(names: &Names, path: &str, range: impl FnOnce() -> Range) -> Test {
    match names.field(path) {
        Some(field) => Test::Terms(field.id, range()),
        None => Test::Any(Vec::new()),
    }
}

fn related(names: &Names, relation: Relation) -> Test {
    let Some(end) = names.end(&relation) else {
        return Test::Any(Vec::new());
    };
    if let Direction::Outgoing = relation.direction {
        return Test::SourceOf(end.seq, relation.name);
    }
    end.linkset.map_or(Test::Any(Vec::new()), Test::TargetOf)
}

/// The lower bound of a type's values. Numbers sort first and need none.
fn floor(dialect: Dialect, value: &Scalar) -> Option<Sql> {
    match value {
        Scalar::Number(_) => None,
        Scalar::Text(_) => Some(Sql::new(dialect.from_text())),
        Scalar::Boolean(_) => Some(Sql::new(dialect.from_boolean())),
    }
}

/// The upper bound of a type's values. Booleans sort last and need none.
fn ceiling(dialect: Dialect, value: &Scalar) -> Option<Sql> {
    match value {
        Scalar::Number(_) => Some(Sql::new(dialect.before_text())),
        Scalar::Text(_) => Some(Sql::new(dialect.before_boolean())),
        Scalar::Boolean(_) => None,
    }
}

/// The upper bound of the texts that start with this one: the text with its last character
/// incremented. UTF-8 bytes sort as the characters do, so no other text lies between. `None` if no
/// character can be incremented.
fn behind(value: &Scalar) -> Option<Sql> {
    let Scalar::Text(text) = value else {
        return None;
    };
    let mut chars: Vec<char> = text.chars().collect();
    while let Some(last) = chars.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            chars.push(next);
            let end = Scalar::Text(chars.into_iter().collect());
            return Some(Sql::new("< ?").bind(Stored::from(end)));
        }
    }
    None
}

fn within(dialect: Dialect, operator: Operator, value: &Scalar) -> Option<Sql> {
    match (operator, value) {
        (Operator::Contains | Operator::EndsWith, Scalar::Text(text)) if !text.is_empty() => {
            Some(dialect.within(operator, text))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf() -> Test {
        Test::TargetOf(1)
    }

    /// The deepest conditions of a right-nested test stand first: little stands before them.
    #[test]
    fn deep_tests_begin_with_their_parentheses() {
        let nested = (0..40).fold(leaf(), |inner, level| match level % 2 {
            0 => Test::All(vec![leaf(), inner]),
            _ => Test::Any(vec![leaf(), inner]),
        });
        let sql = nested.condition("");
        assert!(sql.as_str().starts_with(&"(".repeat(33)), "{}", sql.as_str());
        let shallow = Test::All(vec![leaf(), Test::Any(vec![leaf(), leaf()])]);
        assert!(shallow.condition("").as_str().starts_with("(EXISTS"));
    }

    #[test]
    fn negations_stand_at_leaves_alone() {
        let negated = |test: Test, times| (0..times).fold(test, |test, _| test.negated());
        let even = negated(leaf(), 498).condition("");
        assert!(!even.as_str().contains("NOT"), "{}", even.as_str());
        let odd = negated(Test::All(vec![leaf(), Test::Any(vec![leaf(), leaf()])]), 499);
        let sql = odd.condition("");
        assert_eq!(sql.as_str().matches("NOT EXISTS").count(), 3, "{}", sql.as_str());
        assert_eq!(sql.as_str().matches("NOT").count(), 3, "{}", sql.as_str());
        assert!(negated(Test::Any(Vec::new()), 1).is_always());
    }
}

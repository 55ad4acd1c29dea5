//! The meaning of filters and orders, written as plainly as can be: the measure for every store.

use std::cmp::Ordering;

use crate::{Comparison, Node, Operator, Relation, Scalar, Term};

/// Returns whether the filter holds for an entry with these terms; `linked` says whether it has a
/// link. `None` if the filter is malformed.
pub fn holds(filter: &[Node], terms: &[Term], linked: impl Fn(&Relation) -> bool) -> Option<bool> {
    let mut stack: Vec<bool> = Vec::new();
    for node in filter {
        let result = match node {
            Node::Compare(comparison) => terms.iter().any(|term| compares(term, comparison)),
            Node::Present(path) => terms.iter().any(|term| term.path == *path),
            Node::Linked(relation) => linked(relation),
            Node::All(count) => take(&mut stack, *count)?.into_iter().all(|holds| holds),
            Node::Any(count) => take(&mut stack, *count)?.into_iter().any(|holds| holds),
            Node::Negate => !stack.pop()?,
        };
        stack.push(result);
    }
    match (filter.is_empty(), stack.as_slice()) {
        (true, _) => Some(true),
        (false, [result]) => Some(*result),
        (false, _) => None,
    }
}

fn take(stack: &mut Vec<bool>, count: u32) -> Option<Vec<bool>> {
    let rest = stack.len().checked_sub(count as usize)?;
    Some(stack.split_off(rest))
}

fn compares(term: &Term, comparison: &Comparison) -> bool {
    if term.path != comparison.path {
        return false;
    }
    let Some(ordering) = compare(&term.value, &comparison.value) else {
        return false;
    };
    match comparison.operator {
        Operator::Equal => ordering.is_eq(),
        Operator::Less => ordering.is_lt(),
        Operator::LessOrEqual => ordering.is_le(),
        Operator::Greater => ordering.is_gt(),
        Operator::GreaterOrEqual => ordering.is_ge(),
        Operator::Contains => texts(term, comparison, |whole, part| whole.contains(part)),
        Operator::StartsWith => texts(term, comparison, |whole, part| whole.starts_with(part)),
        Operator::EndsWith => texts(term, comparison, |whole, part| whole.ends_with(part)),
    }
}

fn texts(term: &Term, comparison: &Comparison, holds: impl Fn(&str, &str) -> bool) -> bool {
    match (&term.value, &comparison.value) {
        (Scalar::Text(whole), Scalar::Text(part)) => holds(whole, part),
        _ => false,
    }
}

/// How two values of one type compare; `None` if their types differ.
pub fn compare(a: &Scalar, b: &Scalar) -> Option<Ordering> {
    match (a, b) {
        (Scalar::Text(a), Scalar::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Scalar::Number(a), Scalar::Number(b)) => a.partial_cmp(b),
        (Scalar::Boolean(a), Scalar::Boolean(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Compares two entries by the values that they have of a path: an entry without one is last when
/// ascending, first when descending. Equal entries stay in the order of creation.
pub fn place(a: Option<&Scalar>, b: Option<&Scalar>, descending: bool) -> Ordering {
    let ascending = match (a, b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => compare(a, b).unwrap_or(Ordering::Equal),
    };
    if descending { ascending.reverse() } else { ascending }
}

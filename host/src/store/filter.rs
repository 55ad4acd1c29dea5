//! The filter of a query as a tree. It crosses the boundary as a flat postfix list
//! (`wit/store.wit`, `node`); this is the one place that reads the list and refuses a malformed
//! one.

use super::{Comparison, Node, Operator, Refusal, Relation, Scalar, limits};

/// A well-formed filter: operators fit their values, texts are short and numbers finite.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Some term of the path compares so.
    Compare(Comparison),
    /// There is a term of this path.
    Present(String),
    /// There is this link.
    Linked(Relation),
    /// All of these hold.
    All(Vec<Filter>),
    /// One of these holds.
    Any(Vec<Filter>),
    /// This does not hold.
    Negate(Box<Filter>),
}

impl Filter {
    /// Whether no index may serve it, so that every entry of a kind is looked at: it holds what
    /// stands anywhere in a text, or what does not hold.
    #[must_use]
    pub fn looks_at_all(&self) -> bool {
        match self {
            Filter::Compare(comparison) => {
                matches!(comparison.operator, Operator::Contains | Operator::EndsWith)
            }
            Filter::Present(_) | Filter::Linked(_) => false,
            Filter::All(filters) | Filter::Any(filters) => filters.iter().any(Self::looks_at_all),
            Filter::Negate(_) => true,
        }
    }

    /// Reads the postfix list. An empty one holds for every entry.
    pub fn parse(nodes: Vec<Node>) -> Result<Filter, Refusal> {
        if nodes.len() > limits::NODES {
            return Err(Refusal::TooMany("nodes of the filter".into()));
        }
        if nodes.is_empty() {
            return Ok(Filter::All(Vec::new()));
        }
        let mut stack = Vec::new();
        for node in nodes {
            let filter = reduce(&mut stack, node)?;
            stack.push(filter);
        }
        match (stack.pop(), stack.is_empty()) {
            (Some(filter), true) => Ok(filter),
            _ => Err(invalid("the filter leaves more than one result")),
        }
    }
}

fn reduce(stack: &mut Vec<Filter>, node: Node) -> Result<Filter, Refusal> {
    Ok(match node {
        Node::Compare(comparison) => Filter::Compare(compare(comparison)?),
        Node::Present(path) => Filter::Present(path),
        Node::Linked(relation) => Filter::Linked(relation),
        Node::All(count) => Filter::All(operands(stack, count)?),
        Node::Any(count) => Filter::Any(operands(stack, count)?),
        Node::Negate => match stack.pop() {
            Some(filter) => Filter::Negate(Box::new(filter)),
            None => return Err(invalid("`negate` has nothing before it")),
        },
    })
}

/// The last `count` results, in their order.
fn operands(stack: &mut Vec<Filter>, count: u32) -> Result<Vec<Filter>, Refusal> {
    match stack.len().checked_sub(count as usize) {
        Some(rest) => Ok(stack.split_off(rest)),
        None => Err(invalid("the filter combines more results than there are")),
    }
}

fn compare(comparison: Comparison) -> Result<Comparison, Refusal> {
    scalar(&comparison.value)?;
    let textual = matches!(
        comparison.operator,
        Operator::Contains | Operator::StartsWith | Operator::EndsWith
    );
    if textual && !matches!(comparison.value, Scalar::Text(_)) {
        return Err(invalid(
            "`contains`, `starts-with` and `ends-with` compare text alone",
        ));
    }
    Ok(comparison)
}

/// Refuses what no term may hold: a text over 512 bytes, a number that is not finite.
pub fn scalar(value: &Scalar) -> Result<(), Refusal> {
    match value {
        Scalar::Text(text) if text.len() > limits::TEXT => {
            Err(invalid("a text has over 512 bytes"))
        }
        Scalar::Number(number) if !number.is_finite() => Err(invalid("a number is not finite")),
        _ => Ok(()),
    }
}

fn invalid(why: &str) -> Refusal {
    Refusal::Invalid(why.into())
}

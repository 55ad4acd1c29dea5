//! The filter of a query as a tree. The guest sends it as a flat postfix list (`wit/store.wit`,
//! `node`); this module is the only one that reads the list and refuses a malformed one.

use crate::{Comparison, Direction, Node, Operator, Refusal, Relation, Scalar, limits};

/// A well-formed filter: operators fit their values, texts are at most 512 bytes long and numbers
/// are finite.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Some term of the path compares as stated.
    Compare(Comparison),
    /// The path has a term.
    Present(String),
    /// The link exists.
    Linked(Relation),
    /// All of these filters hold.
    All(Vec<Filter>),
    /// At least one of these filters holds.
    Any(Vec<Filter>),
    /// This filter does not hold.
    Negate(Box<Filter>),
}

impl Filter {
    /// Returns whether no index may serve the filter, so that every entry of the kind is examined:
    /// it searches within texts, or negates.
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

    /// Parses the postfix list. An empty list matches every entry.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] for more than [`limits::NODES`] nodes, [`Refusal::Invalid`] for a
    /// malformed list.
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

    /// Returns the paths in the filter; a path may occur several times.
    #[must_use]
    pub fn paths(&self) -> Vec<&str> {
        let mut paths = Vec::new();
        self.visit(&mut |leaf| match leaf {
            Filter::Compare(comparison) => paths.push(comparison.path.as_str()),
            Filter::Present(path) => paths.push(path.as_str()),
            _ => {}
        });
        paths
    }

    /// Returns the relations in the filter, each with whether the other end's link set is needed.
    #[must_use]
    pub fn relations(&self) -> Vec<(&Relation, bool)> {
        let mut relations = Vec::new();
        self.visit(&mut |leaf| {
            if let Filter::Linked(relation) = leaf {
                let incoming = matches!(relation.direction, Direction::Incoming);
                relations.push((relation, incoming));
            }
        });
        relations
    }

    fn visit<'filter>(&'filter self, leaf: &mut impl FnMut(&'filter Filter)) {
        match self {
            Filter::All(filters) | Filter::Any(filters) => {
                filters.iter().for_each(|filter| filter.visit(leaf));
            }
            Filter::Negate(filter) => filter.visit(leaf),
            Filter::Compare(_) | Filter::Present(_) | Filter::Linked(_) => leaf(self),
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

/// Removes and returns the last `count` results, in their order.
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
        return Err(invalid("`contains`, `starts-with` and `ends-with` compare only text"));
    }
    Ok(comparison)
}

/// Checks a term's value.
///
/// # Errors
/// [`Refusal::Invalid`] for a text of more than 512 bytes or a number that is not finite.
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

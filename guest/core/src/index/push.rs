//! Translates predicates to the store's postfix filters (wit/store.wit). Where the store cannot
//! express a filter, it is weakened so that it matches more, never less; core then evaluates the
//! results again.

use super::terms::{LONG, WHOLE};
use crate::filter::CompareOp;
use crate::instant;
use crate::ordered::OrderedMap;
use crate::predicate::{Field, Operand, Predicate};
use crate::resource_type::{AttributePlace, ResourceType};
use crate::schema::DataType;
use crate::store::{Direction, Key, Node, Operator, Scalar};

/// A filter for the store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pushed {
    /// The filter in postfix order.
    pub nodes: Vec<Node>,
    /// Whether the filter may match entries that the predicate does not.
    pub weakened: bool,
    /// The number of terms that no index serves.
    pub unserved: usize,
}

/// The resources that filters such as `groups.value eq "x"` include, by attribute and id: the
/// resource and all nested in it.
pub type Nested = OrderedMap<(String, String), Vec<Key>>;

/// Translates a predicate. `complete` lists the paths whose terms every entry of the type has (the
/// entry `$index`).
#[must_use]
pub fn push(
    predicate: &Predicate,
    resource_type: &ResourceType,
    complete: &[String],
    nested: &Nested,
) -> Pushed {
    let mut pusher = Pusher { resource_type, complete, nested, weakened: false, unserved: 0 };
    let mut nodes = pusher.predicate(predicate, true);
    if nodes == [Node::All(0)] {
        nodes.clear();
    }
    Pushed { nodes, weakened: pusher.weakened, unserved: pusher.unserved }
}

/// Returns the path that the store can sort by; `None` unless it is complete and has at most one
/// term per entry.
#[must_use]
pub fn order(field: &Field, resource_type: &ResourceType, complete: &[String]) -> Option<String> {
    let path = path_of(field);
    let single = resource_type.index().iter().any(|indexed| {
        let Some(AttributePlace::Attribute { attribute, .. }) = resource_type.place(indexed) else {
            return false;
        };
        indexed.to_string() == path && !attribute.multi_valued
    });
    // A truncated text sorts like its prefix, which is right except for ties among very long texts.
    (single && complete.contains(&path)).then_some(path)
}

/// Returns the path of a field's terms, written as in a filter.
fn path_of(field: &Field) -> String {
    match field.steps.split_first() {
        Some((uri, rest)) if uri.contains(':') => format!("{uri}:{}", rest.join(".")),
        _ => field.steps.join("."),
    }
}

struct Pusher<'a> {
    resource_type: &'a ResourceType,
    complete: &'a [String],
    nested: &'a Nested,
    weakened: bool,
    unserved: usize,
}

impl Pusher<'_> {
    /// `upwards` says whether weakening must let the result match more (true) or less (false, as
    /// below `not`).
    fn predicate(&mut self, predicate: &Predicate, upwards: bool) -> Vec<Node> {
        match predicate {
            Predicate::All(parts) => self.list(parts, upwards, Node::All),
            Predicate::Any(parts) => self.list(parts, upwards, Node::Any),
            Predicate::Not(inner) => {
                let mut nodes = self.predicate(inner, !upwards);
                nodes.push(Node::Negate);
                nodes
            }
            Predicate::Present(field) => match self.indexed(field) {
                Some(path) => vec![present(path, field)],
                None => self.unknown(upwards),
            },
            Predicate::Compare(field, operator, operand) => {
                self.compare(field, *operator, operand, upwards)
            }
            Predicate::Element(field, inner) => self.element(field, inner, upwards),
        }
    }

    fn list(&mut self, parts: &[Predicate], upwards: bool, node: fn(u32) -> Node) -> Vec<Node> {
        let mut nodes: Vec<Node> =
            parts.iter().flat_map(|part| self.predicate(part, upwards)).collect();
        nodes.push(node(u32::try_from(parts.len()).unwrap_or(u32::MAX)));
        nodes
    }

    /// Returns the nodes in place of a part that the store cannot evaluate.
    fn unknown(&mut self, upwards: bool) -> Vec<Node> {
        self.weakened = true;
        self.unserved += 1;
        vec![if upwards { Node::All(0) } else { Node::Any(0) }]
    }

    fn indexed(&self, field: &Field) -> Option<String> {
        let path = path_of(field);
        self.complete.contains(&path).then_some(path)
    }

    fn compare(
        &mut self,
        field: &Field,
        operator: CompareOp,
        operand: &Operand,
        upwards: bool,
    ) -> Vec<Node> {
        if let Some(nodes) = self.linked(field, operator, operand) {
            return nodes;
        }
        let (Some(path), Some(operator)) = (self.indexed(field), operator_of(operator)) else {
            return self.unknown(upwards);
        };
        let value = match operand {
            Operand::Boolean(value) => Scalar::Boolean(*value),
            Operand::Instant(value) if is_order(operator) => {
                Scalar::Text(instant::sortable(*value))
            }
            Operand::Text(value)
                if value.len() <= WHOLE && field.data_type != DataType::DateTime =>
            {
                Scalar::Text(value.clone())
            }
            Operand::Text(_) | Operand::Instant(_) | Operand::Number(_) => {
                return self.unknown(upwards);
            }
        };
        let compared = Node::compare(path.as_str(), operator, value);
        if matches!(operator, Operator::Contains | Operator::EndsWith) {
            self.unserved += 1;
        }
        if is_order(operator) || operator == Operator::StartsWith {
            return vec![compared];
        }
        self.weakened = true;
        let long = Node::Present(format!("{path}{LONG}"));
        if upwards {
            // The match may be in the part of a long value that was cut off.
            vec![compared, long, Node::Any(2)]
        } else if operator == Operator::EndsWith {
            // The end of a long value was cut off.
            vec![compared, long, Node::Negate, Node::All(2)]
        } else {
            vec![compared]
        }
    }

    /// Translates `members.value eq`, `groups.value eq` and similar comparisons to links. The id
    /// may belong to any kind, so all are tried; nested resources count, too.
    fn linked(&self, field: &Field, operator: CompareOp, operand: &Operand) -> Option<Vec<Node>> {
        let ([attribute, value], CompareOp::Equal) = (field.steps.as_slice(), operator) else {
            return None;
        };
        let (Operand::Text(id), "value") = (operand, value.as_str()) else {
            return None;
        };
        let name = attribute.parse().ok()?;
        let (link, direction, others) =
            match (self.resource_type.relation(&name), self.resource_type.mirror(&name)) {
                (Some(relation), _) => {
                    let key = |kind: &String| Key::new(kind.clone(), id.clone());
                    let keys = relation.targets.iter().map(key).collect();
                    (&relation.attribute, Direction::Outgoing, keys)
                }
                (None, Some(mirror)) => {
                    let nested = self.nested.get(&(attribute.clone(), id.clone()))?;
                    (&mirror.relation, Direction::Incoming, nested.clone())
                }
                (None, None) => return None,
            };
        let linked = |other| Node::linked(link.as_str(), direction, other);
        let mut nodes: Vec<Node> = others.into_iter().map(linked).collect();
        nodes.push(Node::Any(u32::try_from(nodes.len()).ok()?));
        Some(nodes)
    }

    /// One value has to satisfy the whole inner filter. The store evaluates each part by itself, so
    /// more entries match; below `not` that would be wrong.
    fn element(&mut self, field: &Field, inner: &Predicate, upwards: bool) -> Vec<Node> {
        if !upwards || holds_negation(inner) {
            // Each of the inner filter's terms is evaluated.
            self.unserved += terms_of(inner).saturating_sub(1);
            return self.unknown(upwards);
        }
        self.weakened = true;
        self.predicate(&below(field, inner), upwards)
    }
}

/// An empty text has a term so that it can be found, but it is not present (RFC 7644 table 3,
/// `pr`).
fn present(path: String, field: &Field) -> Node {
    if !field.data_type.is_text() {
        return Node::Present(path);
    }
    Node::compare(path, Operator::Greater, Scalar::Text(String::new()))
}

fn terms_of(predicate: &Predicate) -> usize {
    match predicate {
        Predicate::All(parts) | Predicate::Any(parts) => parts.iter().map(terms_of).sum(),
        Predicate::Not(inner) | Predicate::Element(_, inner) => terms_of(inner),
        Predicate::Compare(..) | Predicate::Present(_) => 1,
    }
}

fn holds_negation(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::Not(_) | Predicate::Element(..) => true,
        Predicate::All(parts) | Predicate::Any(parts) => parts.iter().any(holds_negation),
        Predicate::Compare(..) | Predicate::Present(_) => false,
    }
}

/// Returns the inner predicate of brackets, with its fields' paths beginning at the resource.
fn below(outer: &Field, inner: &Predicate) -> Predicate {
    let moved = |field: &Field| Field {
        steps: outer.steps.iter().chain(&field.steps).cloned().collect(),
        ..field.clone()
    };
    match inner {
        Predicate::All(parts) => Predicate::All(parts.iter().map(|p| below(outer, p)).collect()),
        Predicate::Any(parts) => Predicate::Any(parts.iter().map(|p| below(outer, p)).collect()),
        Predicate::Not(part) => Predicate::Not(Box::new(below(outer, part))),
        Predicate::Compare(field, operator, operand) => {
            Predicate::Compare(moved(field), *operator, operand.clone())
        }
        Predicate::Present(field) => Predicate::Present(moved(field)),
        Predicate::Element(field, part) => Predicate::Element(moved(field), part.clone()),
    }
}

fn is_order(operator: Operator) -> bool {
    use Operator as O;
    matches!(operator, O::Equal | O::Less | O::LessOrEqual | O::Greater | O::GreaterOrEqual)
}

fn operator_of(operator: CompareOp) -> Option<Operator> {
    match operator {
        CompareOp::Equal => Some(Operator::Equal),
        CompareOp::NotEqual => None,
        CompareOp::Contains => Some(Operator::Contains),
        CompareOp::StartsWith => Some(Operator::StartsWith),
        CompareOp::EndsWith => Some(Operator::EndsWith),
        CompareOp::Greater => Some(Operator::Greater),
        CompareOp::Less => Some(Operator::Less),
        CompareOp::GreaterOrEqual => Some(Operator::GreaterOrEqual),
        CompareOp::LessOrEqual => Some(Operator::LessOrEqual),
    }
}

//! The order of the operations. An operation keeps its position unless it refers to a resource that
//! a later one creates: then it waits, as do later operations on the same resource, so that the
//! result is that of the client's order (RFC 7644 section 3.7). Creations that refer to each other
//! in a cycle are one unit.

use super::request::{BulkOperation, Method};
use crate::ordered::{OrderedMap, OrderedSet};

/// The operations of one commit, as indices: a single one, or several POSTs that refer to each
/// other.
pub(super) type Unit = Vec<usize>;

/// Returns all operations, in the order in which they are performed.
pub(super) fn units(operations: &[BulkOperation]) -> Vec<Unit> {
    ordered(&dependencies(operations))
}

/// Returns, for each operation, those that must precede it whatever the order of the request: those
/// that create what it refers to, and earlier ones on the same resource.
fn dependencies(operations: &[BulkOperation]) -> Vec<OrderedSet<usize>> {
    let named = operations.iter().enumerate();
    let named =
        named.filter_map(|(index, operation)| Some((operation.creates()?.to_owned(), index)));
    let named = OrderedMap::from_iter(named);
    let mut acted: OrderedMap<&[String], usize> = OrderedMap::new();
    let mut all = Vec::with_capacity(operations.len());
    for (index, operation) in operations.iter().enumerate() {
        let mut before = OrderedSet::new();
        if let Ok(action) = &operation.action {
            let names = action.references.iter().map(String::as_str);
            before.extend(names.filter_map(|name| named.get(name).copied()));
            if action.method != Method::Post {
                // INVARIANT: no POST depends on one of these, so none of them is part of a cycle.
                before.extend(acted.insert(action.target.segments(), index));
            }
        }
        all.push(before);
    }
    all
}

/// Returns the strongly connected components of a graph. Each takes the position of its last
/// member, or of its last dependency if that is later, and follows all its dependencies.
fn ordered(dependencies: &[OrderedSet<usize>]) -> Vec<Unit> {
    let mut search = Search {
        dependencies,
        numbers: OrderedMap::new(),
        open: Vec::new(),
        places: OrderedMap::new(),
        units: Vec::new(),
    };
    for node in 0..dependencies.len() {
        if !search.numbers.contains_key(&node) {
            search.visit(node);
        }
    }
    // Units of equal position remain behind their dependencies.
    let mut units: Vec<(usize, Unit)> = Vec::new();
    for (place, unit) in search.units {
        let behind = units.partition_point(|(before, _)| *before <= place);
        units.insert(behind, (place, unit));
    }
    units.into_iter().map(|(_, unit)| unit).collect()
}

/// Tarjan's algorithm, which finds a component after all its dependencies.
struct Search<'g> {
    dependencies: &'g [OrderedSet<usize>],
    /// The order in which nodes were visited.
    numbers: OrderedMap<usize, usize>,
    /// Nodes that were visited and are not in a unit yet.
    open: Vec<usize>,
    /// The position of each node's unit.
    places: OrderedMap<usize, usize>,
    units: Vec<(usize, Unit)>,
}

impl Search<'_> {
    /// Returns the lowest number that can be reached from the node. The number of operations limits
    /// the depth.
    fn visit(&mut self, node: usize) -> usize {
        let number = self.numbers.len();
        self.numbers.insert(node, number);
        self.open.push(node);
        let mut lowest = number;
        for next in self.dependencies.get(node).into_iter().flat_map(OrderedSet::iter) {
            let reached = match self.numbers.get(next) {
                None => self.visit(*next),
                Some(_) if self.places.contains_key(next) => continue,
                Some(number) => *number,
            };
            lowest = lowest.min(reached);
        }
        if lowest == number {
            self.close(node);
        }
        lowest
    }

    /// Makes a unit of the open nodes from this one on.
    fn close(&mut self, node: usize) {
        let start = self.open.iter().rposition(|open| *open == node);
        let unit = self.open.split_off(start.unwrap_or_default());
        let unit: Vec<usize> = OrderedSet::from_iter(unit).into_iter().collect();
        let before = unit
            .iter()
            .filter_map(|node| self.dependencies.get(*node))
            .flat_map(OrderedSet::iter)
            .filter_map(|node| self.places.get(node));
        let place = unit.iter().chain(before).max().copied();
        let place = place.unwrap_or_default();
        self.places.extend(unit.iter().map(|node| (*node, place)));
        self.units.push((place, unit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(dependencies: &[&[usize]]) -> Vec<Unit> {
        let sets = dependencies.iter().map(|list| list.iter().copied().collect());
        ordered(&sets.collect::<Vec<_>>())
    }

    #[test]
    fn what_depends_on_nothing_later_keeps_its_place() {
        assert_eq!(order(&[&[], &[0], &[], &[1, 2]]), [[0], [1], [2], [3]]);
    }

    #[test]
    fn what_depends_on_something_later_waits() {
        assert_eq!(order(&[&[2], &[], &[], &[]]), [[1], [2], [0], [3]]);
        assert_eq!(order(&[&[1], &[3], &[0], &[]]), [[3], [1], [0], [2]]);
        assert_eq!(order(&[&[2], &[2], &[]]), [[2], [0], [1]]);
    }

    #[test]
    fn circles_are_one_unit() {
        assert_eq!(order(&[&[0]]), [[0]]);
        assert_eq!(order(&[&[1], &[0]]), [[0, 1]]);
        let twice: [&[usize]; 6] = [&[2], &[3], &[0, 4], &[1, 0], &[], &[]];
        let expected: [&[usize]; 4] = [&[4], &[0, 2], &[1, 3], &[5]];
        assert_eq!(order(&twice), expected);
        let inner: [&[usize]; 4] = [&[1], &[2], &[1, 3], &[0]];
        assert_eq!(order(&inner), [[0, 1, 2, 3]]);
    }

    /// Compares with the definition: two nodes are in one unit if each can be reached from the
    /// other.
    #[test]
    fn every_graph_of_four_is_ordered_rightly() {
        for bits in 0..1u32 << 16 {
            let row = |from: usize| (0..4).filter(move |to| bits >> (from * 4 + to) & 1 == 1);
            let graph: Vec<OrderedSet<usize>> = (0..4).map(|from| row(from).collect()).collect();
            let mut reach = graph.clone();
            for middle in 0..4 {
                for from in 0..4 {
                    if reach[from].contains(&middle) {
                        let further = reach[middle].clone();
                        reach[from].extend(further);
                    }
                }
            }
            let units = ordered(&graph);
            let unit_of = |node| units.iter().position(|unit| unit.contains(&node));
            for a in 0..4 {
                for b in 0..4 {
                    let together = a == b || reach[a].contains(&b) && reach[b].contains(&a);
                    assert_eq!(unit_of(a) == unit_of(b), together, "{graph:?}");
                    assert!(!reach[a].contains(&b) || unit_of(b) <= unit_of(a), "{graph:?}");
                }
            }
            assert_eq!(units.concat().len(), 4);
        }
    }
}

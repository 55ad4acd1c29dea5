//! What comes before what. An operation keeps its place unless it refers to something that a later one creates: then it waits,
//! and what acts on the same resource after it waits with it, so that the outcome is that of the order which the client chose
//! (RFC 7644 section 3.7). Creations that refer to each other in a circle are one unit.

use std::collections::{BTreeMap, BTreeSet};

use super::request::{BulkOperation, Method};
use crate::ordered;

/// What happens in one commit: one operation, or several POSTs that refer to each other. Each is an index.
pub(super) type Unit = Vec<usize>;

/// All operations, in the order in which they are performed.
pub(super) fn units(operations: &[BulkOperation]) -> Vec<Unit> {
    ordered(&dependencies(operations))
}

/// For each operation, which others come before it whatever the order of the request: what it refers to, and what acts on the
/// same resource before it.
fn dependencies(operations: &[BulkOperation]) -> Vec<BTreeSet<usize>> {
    let named = operations.iter().enumerate();
    let named =
        named.filter_map(|(index, operation)| Some((operation.creates()?.to_owned(), index)));
    let named = ordered::map(named);
    let mut acted: BTreeMap<&[String], usize> = BTreeMap::new();
    let mut all = Vec::with_capacity(operations.len());
    for (index, operation) in operations.iter().enumerate() {
        let mut before = BTreeSet::new();
        if let Ok(action) = &operation.action {
            let names = action.references.iter().map(String::as_str);
            before.extend(names.filter_map(|name| named.get(name).copied()));
            if action.method != Method::Post {
                // INVARIANT: no POST depends on one of these, so that no circle has one.
                before.extend(acted.insert(action.target.segments(), index));
            }
        }
        all.push(before);
    }
    all
}

/// The strongly connected components of a graph. Each takes the place of its last member, or of the last that it depends on if
/// that is later, and stands behind all that it depends on.
fn ordered(dependencies: &[BTreeSet<usize>]) -> Vec<Unit> {
    let mut search = Search {
        dependencies,
        numbers: BTreeMap::new(),
        open: Vec::new(),
        places: BTreeMap::new(),
        units: Vec::new(),
    };
    for node in 0..dependencies.len() {
        if !search.numbers.contains_key(&node) {
            search.visit(node);
        }
    }
    // Units of one place stay behind what they depend on.
    let mut units: Vec<(usize, Unit)> = Vec::new();
    for (place, unit) in search.units {
        let behind = units.partition_point(|(before, _)| *before <= place);
        units.insert(behind, (place, unit));
    }
    units.into_iter().map(|(_, unit)| unit).collect()
}

/// Tarjan's algorithm, which finds a component after all that it depends on.
struct Search<'g> {
    dependencies: &'g [BTreeSet<usize>],
    /// In the order of the visits.
    numbers: BTreeMap<usize, usize>,
    /// Visited, and not yet in a unit.
    open: Vec<usize>,
    /// The place of the unit that a node is in.
    places: BTreeMap<usize, usize>,
    units: Vec<(usize, Unit)>,
}

impl Search<'_> {
    /// Returns the lowest number that the node leads to. Depth is bounded by the number of operations.
    fn visit(&mut self, node: usize) -> usize {
        let number = self.numbers.len();
        self.numbers.insert(node, number);
        self.open.push(node);
        let mut lowest = number;
        for next in self.dependencies.get(node).into_iter().flatten() {
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

    /// What is open from this node on is a unit.
    fn close(&mut self, node: usize) {
        let start = self.open.iter().rposition(|open| *open == node);
        let unit = self.open.split_off(start.unwrap_or_default());
        let unit: Vec<usize> = ordered::set(unit).into_iter().collect();
        let before = unit
            .iter()
            .filter_map(|node| self.dependencies.get(*node))
            .flatten()
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

    /// Against a definition that shows its truth: two are in one unit if each reaches the other.
    #[test]
    fn every_graph_of_four_is_ordered_rightly() {
        for bits in 0..1u32 << 16 {
            let row = |from: usize| (0..4).filter(move |to| bits >> (from * 4 + to) & 1 == 1);
            let graph: Vec<BTreeSet<usize>> = (0..4).map(|from| row(from).collect()).collect();
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

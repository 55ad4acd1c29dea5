//! What the writes of a commit are about, so that it can be locked and loaded at once.

use std::collections::{BTreeMap, BTreeSet};

use super::{LinkName, Name, SetName, name};
use crate::store::{Key, Link, Write};

/// How an entry is held until the commit has happened; each keeps off what the ones before it do, and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hold {
    /// It keeps its version: nothing is locked, since so many commits expect the same few entries that whoever wants to
    /// change one would wait for ever. Its version is looked at again at the end.
    Unchanged,
    /// It stays there.
    There,
    /// Nobody else changes it.
    Changed,
    /// Nobody else relies on it.
    Removed,
}

/// Runs of equal holds that are worth a statement each.
const RUNS: usize = 8;

/// All that the writes name.
#[derive(Default)]
pub(super) struct Demand {
    pub(super) holds: BTreeMap<Name, Hold>,
    /// The entries that are to keep their versions.
    pub(super) expected: BTreeSet<Name>,
    pub(super) links: BTreeSet<LinkName>,
    /// The sets that are emptied.
    pub(super) sets: BTreeSet<SetName>,
    /// The entries that lose their terms.
    pub(super) rewritten: BTreeSet<Name>,
    /// The entries that are removed.
    pub(super) removed: BTreeSet<Name>,
    pub(super) counters: BTreeSet<String>,
    /// How many entries are inserted.
    pub(super) inserts: usize,
}

impl Demand {
    pub(super) fn of(writes: &[Write]) -> Demand {
        let mut demand = Demand::default();
        writes.iter().for_each(|write| demand.add(write));
        demand
    }

    fn add(&mut self, write: &Write) {
        match write {
            Write::Insert(draft) => {
                self.inserts += 1;
                self.hold(&draft.key, Hold::There);
            }
            Write::Replace(replacement) => {
                self.hold(&replacement.draft.key, Hold::Changed);
                self.rewritten.insert(name(&replacement.draft.key));
            }
            Write::Remove(removal) => {
                self.hold(&removal.key, Hold::Removed);
                self.rewritten.insert(name(&removal.key));
                self.removed.insert(name(&removal.key));
            }
            Write::Expect(expectation) => {
                self.hold(&expectation.key, Hold::Unchanged);
                self.expected.insert(name(&expectation.key));
            }
            Write::Link(links) | Write::Unlink(links) => {
                links.iter().for_each(|link| self.link(link));
            }
            Write::UnlinkAll(set) => {
                self.hold(&set.source, Hold::Changed);
                self.sets.insert((name(&set.source), set.name.clone()));
            }
            Write::Adjust(adjustment) => {
                self.counters.insert(adjustment.counter.clone());
            }
            Write::Append(_) | Write::Redact(_) => {}
        }
    }

    fn link(&mut self, link: &Link) {
        self.hold(&link.source, Hold::Changed);
        self.hold(&link.target, Hold::There);
        let ends = (name(&link.source), name(&link.target));
        self.links.insert((ends.0, link.name.clone(), ends.1));
    }

    fn hold(&mut self, key: &Key, hold: Hold) {
        let held = self.holds.entry(name(key)).or_insert(hold);
        *held = hold.max(*held);
    }

    /// The entries in their order, in runs that are held alike. All commits lock in this order, so that no two wait for
    /// each other; where it would take too many statements, all are held as the strongest is.
    pub(super) fn runs(&self) -> Vec<(Hold, Vec<&Name>)> {
        let mut runs: Vec<(Hold, Vec<&Name>)> = Vec::new();
        for (name, hold) in &self.holds {
            match runs.last_mut() {
                Some((last, names)) if last == hold => names.push(name),
                _ => runs.push((*hold, vec![name])),
            }
        }
        match self.holds.values().max() {
            Some(strongest) if runs.len() > RUNS => {
                vec![(*strongest, self.holds.keys().collect())]
            }
            _ => runs,
        }
    }
}

//! The entries, links and counters that the writes of a commit name, so that a few statements can
//! lock and load them.

use std::collections::{BTreeMap, BTreeSet};

use super::{LinkName, Name, SetName, name};
use crate::store::{Key, Link, Write};

/// How strongly an entry is locked until the end of the commit, by PostgreSQL's names. Each mode
/// conflicts with more modes than the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LockMode {
    /// Not locked: its version is compared again at the end. So many commits expect the same few
    /// entries that a commit which changes one of them would otherwise wait forever.
    None,
    /// FOR KEY SHARE: other commits may change it, and cannot remove it.
    KeyShare,
    /// FOR NO KEY UPDATE: no other commit may change it.
    NoKeyUpdate,
    /// FOR UPDATE: no other commit may reference it.
    Update,
}

/// The most runs of equal lock modes that are locked by a statement each.
const RUNS: usize = 8;

/// Everything that a commit locks and loads.
#[derive(Default)]
pub(super) struct LockPlan {
    pub(super) locks: BTreeMap<Name, LockMode>,
    /// The entries that must keep their versions.
    pub(super) expected: BTreeSet<Name>,
    pub(super) links: BTreeSet<LinkName>,
    /// The link sets that are emptied.
    pub(super) sets: BTreeSet<SetName>,
    /// The entries that lose their current terms.
    pub(super) rewritten: BTreeSet<Name>,
    /// The entries that are removed.
    pub(super) removed: BTreeSet<Name>,
    pub(super) counters: BTreeSet<String>,
    /// How many entries are inserted.
    pub(super) inserts: usize,
}

impl LockPlan {
    pub(super) fn of(writes: &[Write]) -> LockPlan {
        let mut plan = LockPlan::default();
        writes.iter().for_each(|write| plan.add(write));
        plan
    }

    fn add(&mut self, write: &Write) {
        match write {
            Write::Insert(draft) => {
                self.inserts += 1;
                self.lock(&draft.key, LockMode::KeyShare);
            }
            Write::Replace(replacement) => {
                self.lock(&replacement.draft.key, LockMode::NoKeyUpdate);
                self.rewritten.insert(name(&replacement.draft.key));
            }
            Write::Remove(removal) => {
                self.lock(&removal.key, LockMode::Update);
                self.rewritten.insert(name(&removal.key));
                self.removed.insert(name(&removal.key));
            }
            Write::Expect(expectation) => {
                self.lock(&expectation.key, LockMode::None);
                self.expected.insert(name(&expectation.key));
            }
            Write::Link(links) | Write::Unlink(links) => {
                links.iter().for_each(|link| self.link(link));
            }
            Write::UnlinkAll(set) => {
                self.lock(&set.source, LockMode::NoKeyUpdate);
                self.sets.insert((name(&set.source), set.name.clone()));
            }
            Write::Adjust(adjustment) => {
                self.counters.insert(adjustment.counter.clone());
            }
            Write::Append(_) | Write::Redact(_) => {}
        }
    }

    fn link(&mut self, link: &Link) {
        self.lock(&link.source, LockMode::NoKeyUpdate);
        self.lock(&link.target, LockMode::KeyShare);
        let ends = (name(&link.source), name(&link.target));
        self.links.insert((ends.0, link.name.clone(), ends.1));
    }

    fn lock(&mut self, key: &Key, mode: LockMode) {
        let locked = self.locks.entry(name(key)).or_insert(mode);
        *locked = mode.max(*locked);
    }

    /// Returns the entries in key order, in runs of one lock mode. All commits lock in this order,
    /// so that no two wait for each other. If there would be more than [`RUNS`] runs, all entries
    /// are locked in the strongest mode.
    pub(super) fn runs(&self) -> Vec<(LockMode, Vec<&Name>)> {
        let mut runs: Vec<(LockMode, Vec<&Name>)> = Vec::new();
        for (name, mode) in &self.locks {
            match runs.last_mut() {
                Some((last, names)) if last == mode => names.push(name),
                _ => runs.push((*mode, vec![name])),
            }
        }
        match self.locks.values().max() {
            Some(strongest) if runs.len() > RUNS => {
                vec![(*strongest, self.locks.keys().collect())]
            }
            _ => runs,
        }
    }
}

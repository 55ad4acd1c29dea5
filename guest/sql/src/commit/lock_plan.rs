//! The entries, links and counters that the writes of a commit name, so that a few statements can
//! lock and load them.

use scimlet_store::{Key, Link, LinkSet, Write};

use super::loaded::Before;
use scimlet_store::{OrderedMap, OrderedSet};

/// How strongly an entry is locked until the end of the commit, by PostgreSQL's names. Each mode
/// conflicts with more modes than the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockMode {
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockPlan {
    /// The entries that the writes name.
    pub locks: OrderedMap<Key, LockMode>,
    /// The entries that must keep their versions.
    pub expected: OrderedSet<Key>,
    /// The links that the writes name one by one.
    pub links: OrderedSet<Link>,
    /// The link sets that are emptied.
    pub sets: OrderedSet<LinkSet>,
    /// The entries that lose their current terms.
    pub rewritten: OrderedSet<Key>,
    /// The entries that are removed.
    pub removed: OrderedSet<Key>,
    /// The counters that are adjusted.
    pub counters: OrderedSet<String>,
    /// How many entries are inserted.
    pub inserts: usize,
}

impl LockPlan {
    /// Returns what these writes name.
    #[must_use]
    pub fn of(writes: &[Write]) -> LockPlan {
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
                self.rewritten.insert(replacement.draft.key.clone());
            }
            Write::Remove(removal) => {
                self.lock(&removal.key, LockMode::Update);
                self.rewritten.insert(removal.key.clone());
                self.removed.insert(removal.key.clone());
            }
            Write::Expect(expectation) => {
                self.lock(&expectation.key, LockMode::None);
                self.expected.insert(expectation.key.clone());
            }
            Write::Link(links) | Write::Unlink(links) => {
                links.iter().for_each(|link| self.link(link));
            }
            Write::UnlinkAll(set) => {
                self.lock(&set.source, LockMode::NoKeyUpdate);
                self.sets.insert(set.clone());
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
        self.links.insert(link.clone());
    }

    fn lock(&mut self, key: &Key, mode: LockMode) {
        match self.locks.get_mut(key) {
            Some(locked) => *locked = mode.max(*locked),
            None => _ = self.locks.insert(key.clone(), mode),
        }
    }

    /// Returns the entries in key order, in runs of one lock mode. All commits lock in this order,
    /// so that no two wait for each other. If there would be more than eight runs, all entries are
    /// locked in the strongest mode.
    #[must_use]
    pub fn runs(&self) -> Vec<(LockMode, Vec<&Key>)> {
        let mut runs: Vec<(LockMode, Vec<&Key>)> = Vec::new();
        for (key, mode) in &self.locks {
            match runs.last_mut() {
                Some((last, keys)) if last == mode => keys.push(key),
                _ => runs.push((*mode, vec![key])),
            }
        }
        match self.locks.values().max() {
            Some(strongest) if runs.len() > RUNS => {
                vec![(*strongest, self.locks.keys().collect())]
            }
            _ => runs,
        }
    }

    /// Whether the plan locks the entry against changes by other commits.
    #[must_use]
    pub fn is_write_locked(&self, key: &Key) -> bool {
        self.locks.get(key) >= Some(&LockMode::NoKeyUpdate)
    }

    /// Returns rows and versions of the expected entries that are locked neither by the plan nor
    /// as `sources` of removed links, so that their versions are to be compared at the end.
    #[must_use]
    pub fn unlocked(
        &self,
        entries: &OrderedMap<Key, Before>,
        sources: &OrderedSet<Key>,
    ) -> Vec<(i64, i64)> {
        let is_locked = |key: &Key| self.is_write_locked(key) || sources.contains(key);
        let expected = self.expected.iter().filter(|key| !is_locked(key));
        let entries = expected.filter_map(|key| entries.get(key));
        entries.map(|before| (before.seq, before.version)).collect()
    }
}

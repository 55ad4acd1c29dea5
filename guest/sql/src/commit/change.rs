//! Applies the writes in memory to the loaded data. [`Change::of`] also checks what depends on all
//! writes (ends of links, unique terms), as far as memory can tell.

use scimlet_store::{
    Adjustment, Draft, Event, Key, Refusal, Rejection, Removal, Replacement, Term, Write,
};

use super::counters;
use super::links::Links;
use super::loaded::{Before, Loaded};
use crate::Stored;
use scimlet_store::{OrderedMap, OrderedSet};

/// An entry that exists after the writes so far.
#[derive(Clone, Copy, Debug)]
pub struct Held<'w> {
    /// The row id.
    pub seq: i64,
    /// The version before the commit; 0 if this commit inserts the entry.
    pub before: i64,
    /// Whether the commit raises the version.
    pub changed: bool,
    /// The new body.
    pub body: Option<&'w str>,
    /// The terms that the entry will have, and the number of the write that set them.
    pub terms: Option<(u32, &'w [Term])>,
}

impl From<&Before> for Held<'_> {
    fn from(before: &Before) -> Self {
        Held { seq: before.seq, before: before.version, changed: false, body: None, terms: None }
    }
}

/// The outcome of a commit's writes.
#[derive(Debug)]
pub struct Change<'w> {
    /// The state before the commit.
    pub loaded: Loaded,
    /// The entries that exist after the writes so far.
    pub entries: OrderedMap<Key, Held<'w>>,
    /// Kinds and rows of the loaded entries that were removed.
    pub removed: Vec<(&'w str, i64)>,
    pub(super) links: Links,
    /// The adjustments of counters, with the numbers of their writes.
    adjustments: Vec<(u32, &'w Adjustment)>,
    /// The sums of the adjusted counters, from the loaded values.
    loaded_sums: OrderedMap<&'w str, i64>,
    /// The events to append.
    pub events: Vec<&'w Event>,
    /// The subjects whose event bodies are redacted, each with the number of the commit's events
    /// before that.
    pub redacted: Vec<(&'w Key, usize)>,
    /// The number of the write in progress.
    write: u32,
    /// Row ids for new entries.
    seqs: std::vec::IntoIter<i64>,
}

impl<'w> Change<'w> {
    /// Applies the writes. Also returns the first failure of the checks that follow the last write:
    /// the database may still find one of an earlier write.
    ///
    /// # Errors
    /// The first write that was refused, and why.
    pub fn of(
        writes: &'w [Write],
        mut loaded: Loaded,
    ) -> Result<(Change<'w>, Option<Rejection>), Rejection> {
        let seqs = std::mem::take(&mut loaded.seqs).into_iter();
        let held = |(key, before): (&Key, &Before)| (key.clone(), Held::from(before));
        let mut change = Change {
            entries: loaded.entries.iter().map(held).collect(),
            removed: Vec::new(),
            links: Links::new(&loaded),
            adjustments: Vec::new(),
            loaded_sums: OrderedMap::new(),
            events: Vec::new(),
            redacted: Vec::new(),
            write: 0,
            seqs,
            loaded,
        };
        for (index, write) in (0u32..).zip(writes) {
            change.write = index;
            let applied = change.apply(write);
            applied.map_err(|reason| Rejection { write: index, reason })?;
        }
        let faults = [change.missing_end(), change.taken_twice()];
        let first = faults.into_iter().flatten().min_by_key(|fault| fault.write);
        Ok((change, first))
    }

    fn apply(&mut self, write: &'w Write) -> Result<(), Refusal> {
        match write {
            Write::Insert(draft) => self.insert(draft)?,
            Write::Replace(replacement) => self.replace(replacement)?,
            Write::Remove(removal) => self.remove(removal)?,
            Write::Expect(expectation) => {
                self.expect(&expectation.key, Some(expectation.version))?;
            }
            Write::Link(links) => {
                for link in links {
                    self.links.link(link, self.write)?;
                    self.mark(&link.source);
                }
            }
            Write::Unlink(links) => {
                for link in links {
                    self.links.unlink(link)?;
                    self.mark(&link.source);
                }
            }
            Write::UnlinkAll(set) => {
                if self.links.unlink_all(set) {
                    self.mark(&set.source);
                }
            }
            Write::Adjust(adjustment) => self.adjust(adjustment)?,
            Write::Append(event) => self.events.push(event),
            Write::Redact(subject) => self.redacted.push((subject, self.events.len())),
        }
        Ok(())
    }

    fn insert(&mut self, draft: &'w Draft) -> Result<(), Refusal> {
        if self.entries.contains_key(&draft.key) {
            return Err(Refusal::Taken("id".into()));
        }
        let lacking = || Refusal::Unavailable("too few numbers were taken".into());
        let held = Held {
            seq: self.seqs.next().ok_or_else(lacking)?,
            before: 0,
            changed: true,
            body: Some(&draft.body),
            terms: Some((self.write, &draft.terms)),
        };
        self.entries.insert(draft.key.clone(), held);
        Ok(())
    }

    fn replace(&mut self, replacement: &'w Replacement) -> Result<(), Refusal> {
        let (write, draft) = (self.write, &replacement.draft);
        let held = self.expect(&draft.key, Some(replacement.version))?;
        held.changed = true;
        held.body = Some(&draft.body);
        held.terms = Some((write, &draft.terms));
        Ok(())
    }

    /// Returns the entry.
    ///
    /// # Errors
    /// [`Refusal::Missing`] if it does not exist, [`Refusal::Stale`] if it had another version
    /// before this commit.
    fn expect(&mut self, key: &Key, version: Option<u64>) -> Result<&mut Held<'w>, Refusal> {
        let Some(held) = self.entries.get_mut(key) else {
            return Err(Refusal::Missing(key.clone()));
        };
        if version.is_some_and(|version| i64::try_from(version) != Ok(held.before)) {
            return Err(Refusal::Stale(key.clone()));
        }
        Ok(held)
    }

    fn remove(&mut self, removal: &'w Removal) -> Result<(), Refusal> {
        let held = self.expect(&removal.key, removal.version)?;
        if held.before > 0 {
            let seq = held.seq;
            self.removed.push((&removal.key.kind, seq));
        }
        self.entries.remove(&removal.key);
        for source in self.links.remove_entry(&removal.key) {
            self.mark(&source);
        }
        Ok(())
    }

    fn mark(&mut self, key: &Key) {
        if let Some(held) = self.entries.get_mut(key) {
            held.changed = true;
        }
    }

    fn adjust(&mut self, adjustment: &'w Adjustment) -> Result<(), Refusal> {
        self.adjustments.push((self.write, adjustment));
        counters::add(&mut self.loaded_sums, &self.loaded.counters, adjustment)
    }

    /// Returns the sums of the adjusted counters from their values `now`, which are those that the
    /// commit holds a lock on; the loaded ones may be older.
    ///
    /// # Errors
    /// The first adjustment that would raise a counter beyond its ceiling.
    pub fn sums(
        &self,
        now: &OrderedMap<String, i64>,
    ) -> Result<OrderedMap<&'w str, i64>, Rejection> {
        let mut sums = OrderedMap::new();
        for (write, adjustment) in &self.adjustments {
            let added = counters::add(&mut sums, now, adjustment);
            added.map_err(|reason| Rejection { write: *write, reason })?;
        }
        Ok(sums)
    }

    /// The names of the adjusted counters.
    pub fn counters(&self) -> impl Iterator<Item = &'w str> {
        self.loaded_sums.keys().copied()
    }

    /// Checks that both ends of every new link exist. Returns the first write for which they do
    /// not.
    fn missing_end(&self) -> Option<Rejection> {
        let ends = self.links.ends.iter();
        let missing = ends.filter(|(end, _)| !self.entries.contains_key(*end));
        let (end, write) = missing.min_by_key(|(end, write)| (**write, *end))?;
        Some(Rejection { write: *write, reason: Refusal::Missing(end.clone()) })
    }

    /// Finds two entries of this commit that claim one unique term. Returns the later of the first
    /// two writes.
    fn taken_twice(&self) -> Option<Rejection> {
        let mut seen = OrderedSet::new();
        for wanted in self.wanted() {
            let unique = wanted.terms.iter().filter(|term| term.unique);
            let unique: OrderedSet<(&str, Stored)> =
                unique.map(|term| (term.path.as_str(), term.value.clone().into())).collect();
            for (path, value) in unique {
                if !seen.insert((wanted.kind, path, value)) {
                    return Some(Rejection {
                        write: wanted.write,
                        reason: Refusal::Taken(path.to_owned()),
                    });
                }
            }
        }
        None
    }

    /// Returns the terms of inserted and replaced entries, in the order of the writes.
    #[must_use]
    pub fn wanted(&self) -> Vec<Wanted<'_>> {
        let all = self.entries.iter().filter_map(Wanted::of);
        let by_write: OrderedMap<u32, Wanted<'_>> = all.map(|one| (one.write, one)).collect();
        by_write.into_iter().map(|(_, one)| one).collect()
    }
}

/// The terms that one entry will have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted<'a> {
    /// The number of the write that set them.
    pub write: u32,
    /// The entry's kind.
    pub kind: &'a str,
    /// The entry's row id.
    pub seq: i64,
    /// The terms.
    pub terms: &'a [Term],
}

impl<'a> Wanted<'a> {
    /// Returns the new terms; `None` if the entry keeps its terms.
    fn of((key, held): (&'a Key, &'a Held<'_>)) -> Option<Wanted<'a>> {
        let (write, terms) = held.terms?;
        Some(Wanted { write, kind: &key.kind, seq: held.seq, terms })
    }
}

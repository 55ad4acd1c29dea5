//! One tenant's data, and what each write does to them.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::{
    ChainHead, Committed, Draft, Entry, Event, Key, Link, LinkSet, RecordedEvent, Refusal, Removal,
    Replacement, Scalar, Term, Write, hash_chain,
};

/// The write that is refused, and why.
pub(super) type Rejected = (u32, Refusal);

/// A key that sorts.
type Name = (String, String);

/// An entry, its terms and its place in the order of creation.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) entry: Entry,
    pub(super) terms: Vec<Term>,
    pub(super) seq: u64,
    /// The version before the commit; 0 if the commit inserted the entry.
    before: u64,
    /// The write that set the terms; `None` if none of this commit did.
    set_by: Option<u32>,
    changed: bool,
}

/// One tenant's data.
#[derive(Clone, Default)]
pub(super) struct Data {
    /// In the order of creation.
    pub(super) records: Vec<Record>,
    made: u64,
    /// Each with its place in the order of linking.
    links: BTreeMap<(Name, String, Name), u64>,
    linked: u64,
    counters: BTreeMap<String, u64>,
    events: Vec<RecordedEvent>,
    /// The host's own.
    pub(super) metadata: BTreeMap<String, String>,
}

fn name(key: &Key) -> Name {
    (key.kind.clone(), key.id.clone())
}

fn key((kind, id): &Name) -> Key {
    Key { kind: kind.clone(), id: id.clone() }
}

fn triple(link: &Link) -> (Name, String, Name) {
    (name(&link.source), link.name.clone(), name(&link.target))
}

impl Data {
    pub(super) fn entry(&self, key: &Key) -> Option<&Entry> {
        self.record(key).map(|record| &record.entry)
    }

    fn record(&self, key: &Key) -> Option<&Record> {
        self.records.iter().find(|record| record.entry.key == *key)
    }

    fn record_mut(&mut self, key: &Key) -> Option<&mut Record> {
        self.records.iter_mut().find(|record| record.entry.key == *key)
    }

    pub(super) fn is_linked(&self, link: &Link) -> bool {
        self.links.contains_key(&triple(link))
    }

    /// All links, each with its place in the order of linking.
    pub(super) fn links(&self) -> impl Iterator<Item = (Link, u64)> {
        self.links.iter().map(|((source, name, target), place)| {
            let link = Link { source: key(source), name: name.clone(), target: key(target) };
            (link, *place)
        })
    }

    pub(super) fn counter(&self, name: &str) -> u64 {
        self.counters.get(name).copied().unwrap_or(0)
    }

    pub(super) fn head(&self) -> ChainHead {
        let last = self.events.last();
        last.map_or(ChainHead::START, |event| ChainHead {
            sequence: event.sequence,
            digest: event.digest,
        })
    }

    pub(super) fn newest_event(&self) -> Option<u64> {
        self.events.last().map(|event| event.at)
    }

    pub(super) fn events_after(&self, after: u64) -> impl Iterator<Item = &RecordedEvent> {
        self.events.iter().filter(move |event| event.sequence > after)
    }

    /// Applies the writes; if one is refused, `self` is to be thrown away.
    pub(super) fn commit(
        &mut self,
        at: u64,
        actor: &str,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejected> {
        let at = self.newest_event().map_or(at, |newest| at.max(newest.saturating_add(1)));
        for record in &mut self.records {
            record.before = record.entry.version;
            (record.set_by, record.changed) = (None, false);
        }
        let mut ends = Vec::new();
        for (index, write) in (0u32..).zip(writes) {
            if let Write::Link(links) = &write {
                let both = |link: &Link| [link.source.clone(), link.target.clone()];
                ends.extend(links.iter().flat_map(both).map(|end| (index, end)));
            }
            self.apply(at, actor, index, write).map_err(|reason| (index, reason))?;
        }
        let faults = self.missing_end(ends).into_iter().chain(self.taken_term());
        match faults.min_by_key(|(write, _)| *write) {
            Some(fault) => Err(fault),
            None => Ok(Committed { at, versions: self.raise_versions(at) }),
        }
    }

    fn apply(&mut self, at: u64, actor: &str, index: u32, write: Write) -> Result<(), Refusal> {
        match write {
            Write::Insert(draft) => self.insert(at, index, draft),
            Write::Replace(replacement) => self.replace(index, replacement),
            Write::Remove(removal) => self.remove(&removal),
            Write::Expect(expectation) => {
                self.expect(&expectation.key, Some(expectation.version)).map(drop)
            }
            Write::Link(links) => links.iter().try_for_each(|link| self.link(link)),
            Write::Unlink(links) => links.iter().try_for_each(|link| self.unlink(link)),
            Write::UnlinkAll(set) => {
                self.unlink_all(&set);
                Ok(())
            }
            Write::Adjust(change) => self.adjust(change.counter, change.by, change.ceiling),
            Write::Append(event) => {
                self.append(at, actor, event);
                Ok(())
            }
            Write::Redact(subject) => {
                self.redact(&subject);
                Ok(())
            }
        }
    }

    fn insert(&mut self, at: u64, index: u32, draft: Draft) -> Result<(), Refusal> {
        if self.record(&draft.key).is_some() {
            return Err(Refusal::Taken("id".into()));
        }
        self.made += 1;
        self.records.push(Record {
            entry: Entry {
                key: draft.key,
                version: 1,
                created: at,
                modified: at,
                body: draft.body,
            },
            terms: draft.terms,
            seq: self.made,
            before: 0,
            set_by: Some(index),
            changed: true,
        });
        Ok(())
    }

    fn replace(
        &mut self,
        index: u32,
        Replacement { draft, version }: Replacement,
    ) -> Result<(), Refusal> {
        let record = self.expect(&draft.key, Some(version))?;
        record.entry.body = draft.body;
        record.terms = draft.terms;
        (record.set_by, record.changed) = (Some(index), true);
        Ok(())
    }

    fn expect(&mut self, key: &Key, version: Option<u64>) -> Result<&mut Record, Refusal> {
        match self.record_mut(key) {
            None => Err(Refusal::Missing(key.clone())),
            Some(record) if version.is_some_and(|version| version != record.before) => {
                Err(Refusal::Stale(key.clone()))
            }
            Some(record) => Ok(record),
        }
    }

    fn remove(&mut self, removal: &Removal) -> Result<(), Refusal> {
        self.expect(&removal.key, removal.version)?;
        let gone = name(&removal.key);
        let arriving: BTreeSet<Name> = self
            .links
            .keys()
            .filter(|(_, _, target)| *target == gone)
            .map(|(source, _, _)| source.clone())
            .collect();
        self.links.retain(|(source, _, target), _| *source != gone && *target != gone);
        self.records.retain(|record| record.entry.key != removal.key);
        arriving.iter().for_each(|source| self.mark(&key(source)));
        Ok(())
    }

    fn mark(&mut self, key: &Key) {
        if let Some(record) = self.record_mut(key) {
            record.changed = true;
        }
    }

    fn link(&mut self, link: &Link) -> Result<(), Refusal> {
        self.linked += 1;
        if self.links.insert(triple(link), self.linked).is_some() {
            return Err(Refusal::Taken(link.name.clone()));
        }
        self.mark(&link.source);
        Ok(())
    }

    fn unlink(&mut self, link: &Link) -> Result<(), Refusal> {
        if self.links.remove(&triple(link)).is_none() {
            return Err(Refusal::Missing(link.target.clone()));
        }
        self.mark(&link.source);
        Ok(())
    }

    fn unlink_all(&mut self, set: &LinkSet) {
        let (source, before) = (name(&set.source), self.links.len());
        self.links.retain(|(from, called, _), _| *from != source || *called != set.name);
        if self.links.len() < before {
            self.mark(&set.source);
        }
    }

    fn adjust(&mut self, counter: String, by: i64, ceiling: Option<u64>) -> Result<(), Refusal> {
        let new = (i128::from(self.counter(&counter)) + i128::from(by)).max(0);
        let ceiling = i128::from(ceiling.unwrap_or(u64::MAX)).min(i128::from(i64::MAX));
        if by >= 0 && new > ceiling {
            return Err(Refusal::OverCeiling(counter));
        }
        self.counters.insert(counter, u64::try_from(new).expect("between 0 and the ceiling"));
        Ok(())
    }

    fn append(&mut self, at: u64, actor: &str, event: Event) {
        let last = self.events.last();
        let previous = last.map_or(hash_chain::START, |event| event.digest);
        let sequence = last.map_or(0, |event| event.sequence) + 1;
        self.events.push(hash_chain::record(&previous, sequence, at, actor, event));
    }

    fn redact(&mut self, subject: &Key) {
        for recorded in &mut self.events {
            if recorded.event.subject.as_ref() == Some(subject) {
                recorded.event.body.clear();
            }
        }
    }

    fn missing_end(&self, ends: Vec<(u32, Key)>) -> Option<Rejected> {
        let missing = ends.into_iter().filter(|(_, end)| self.record(end).is_none());
        let first = missing.min_by_key(|(index, end)| (*index, name(end)));
        first.map(|(index, end)| (index, Refusal::Missing(end)))
    }

    /// The first write that wanted a unique term which another entry holds.
    fn taken_term(&self) -> Option<Rejected> {
        let mut by_write: Vec<&Record> = self.records.iter().collect();
        by_write.sort_by_key(|record| record.set_by.map_or(0, |write| write + 1));
        let mut held: Vec<(&str, &str, &Scalar)> = Vec::new();
        for record in by_write {
            let kind = record.entry.key.kind.as_str();
            let unique = record.terms.iter().filter(|term| term.unique);
            let unique: Vec<_> =
                unique.map(|term| (kind, term.path.as_str(), &term.value)).collect();
            if let Some((_, path, _)) = unique.iter().find(|term| held.contains(term)) {
                return Some((record.set_by.unwrap_or(0), Refusal::Taken((*path).to_owned())));
            }
            held.extend(unique);
        }
        None
    }

    fn raise_versions(&mut self, at: u64) -> Vec<(Key, u64)> {
        let changed = self.records.iter_mut().filter(|record| record.changed);
        changed
            .map(|record| {
                record.entry.version = record.before + 1;
                record.entry.modified = at;
                (record.entry.key.clone(), record.entry.version)
            })
            .collect()
    }
}

//! The links that a commit names, in memory.

use std::collections::{BTreeMap, BTreeSet};

use super::load::Loaded;
use super::{LinkName, Name, SetName, name};
use crate::store::{Link, Refusal};

/// The links after the writes so far, as far as the commit names them.
pub(super) struct Links {
    now: BTreeSet<LinkName>,
    /// The links by their targets.
    arriving: BTreeSet<(Name, LinkName)>,
    /// The link sets that contain further links, which the commit does not name one by one.
    others: BTreeSet<SetName>,
    /// The link sets that were emptied.
    pub(super) emptied: BTreeSet<SetName>,
    /// The ends of all new links, each with the number of the first such write.
    pub(super) ends: BTreeMap<Name, u32>,
}

impl Links {
    pub(super) fn new(loaded: &Loaded) -> Links {
        let mut links = Links {
            now: BTreeSet::new(),
            arriving: BTreeSet::new(),
            others: loaded.others.clone(),
            emptied: BTreeSet::new(),
            ends: BTreeMap::new(),
        };
        for link in loaded.links.keys() {
            links.insert(link.clone());
        }
        links
    }

    fn insert(&mut self, link: LinkName) -> bool {
        self.arriving.insert((link.2.clone(), link.clone()));
        self.now.insert(link)
    }

    fn remove(&mut self, link: &LinkName) -> bool {
        self.arriving.remove(&(link.2.clone(), link.clone()));
        self.now.remove(link)
    }

    pub(super) fn link(&mut self, link: &Link, write: u32) -> Result<(), Refusal> {
        for end in [&link.source, &link.target] {
            self.ends.entry(name(end)).or_insert(write);
        }
        if !self.insert(link_name(link)) {
            return Err(Refusal::Taken(link.name.clone()));
        }
        Ok(())
    }

    pub(super) fn unlink(&mut self, link: &Link) -> Result<(), Refusal> {
        if !self.remove(&link_name(link)) {
            return Err(Refusal::Missing(link.target.clone()));
        }
        Ok(())
    }

    /// Removes all links of a set. Returns whether there were any.
    pub(super) fn unlink_all(&mut self, set: &SetName) -> bool {
        let from = (set.0.clone(), set.1.clone(), Name::default());
        let named = self.now.range(from..);
        let named = named.take_while(|link| link.0 == set.0 && link.1 == set.1);
        let named: Vec<LinkName> = named.cloned().collect();
        for link in &named {
            self.remove(link);
        }
        let any = self.others.remove(set) || !named.is_empty();
        if any {
            self.emptied.insert(set.clone());
        }
        any
    }

    /// Removes all links from and to an entry. Returns the sources of the links to it.
    pub(super) fn remove_entry(&mut self, entry: &Name) -> Vec<Name> {
        let leaving = self.now.range((entry.clone(), String::new(), Name::default())..);
        let leaving: Vec<LinkName> = leaving.take_while(|link| link.0 == *entry).cloned().collect();
        let first = (entry.clone(), LinkName::default());
        let arriving = self.arriving.range(first..);
        let arriving: Vec<LinkName> = arriving
            .take_while(|(target, _)| target == entry)
            .map(|(_, link)| link.clone())
            .collect();
        for link in leaving.iter().chain(&arriving) {
            self.remove(link);
        }
        self.others.retain(|(source, _)| source != entry);
        arriving.into_iter().map(|(source, ..)| source).collect()
    }

    /// Returns the links to delete and to insert, given the rows of removed entries.
    pub(super) fn difference(&self, loaded: &Loaded, removed: &BTreeSet<i64>) -> Difference<'_> {
        let stayed = loaded.links.iter().filter(|((source, set, _), ends)| {
            let emptied = self.emptied.contains(&(source.clone(), set.clone()));
            !emptied && !removed.contains(&ends.0) && !removed.contains(&ends.1)
        });
        let stayed: BTreeMap<&LinkName, (i64, i64)> =
            stayed.map(|(link, ends)| (link, *ends)).collect();
        let lost = stayed.iter().filter(|(link, _)| !self.now.contains(**link));
        Difference {
            deleted: lost.map(|(link, ends)| (ends.0, link.1.clone(), ends.1)).collect(),
            inserted: self.now.iter().filter(|link| !stayed.contains_key(link)).collect(),
        }
    }
}

/// The links to delete and to insert.
pub(super) struct Difference<'a> {
    /// Source row, name and target row.
    pub(super) deleted: Vec<(i64, String, i64)>,
    pub(super) inserted: Vec<&'a LinkName>,
}

fn link_name(link: &Link) -> LinkName {
    (name(&link.source), link.name.clone(), name(&link.target))
}

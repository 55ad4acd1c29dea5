//! The links that a commit names, in memory.

use scimlet_store::{Key, Link, LinkSet, Refusal};

use super::change::Change;
use super::loaded::Loaded;
use scimlet_store::{OrderedMap, OrderedSet};

/// The links after the writes so far, as far as the commit names them.
#[derive(Debug)]
pub(super) struct Links {
    now: OrderedSet<Link>,
    /// The links by their targets.
    arriving: OrderedSet<(Key, Link)>,
    /// The link sets that contain further links, which the commit does not name one by one.
    others: OrderedSet<LinkSet>,
    /// The link sets that were emptied.
    emptied: OrderedSet<LinkSet>,
    /// The ends of all new links, each with the number of the first such write.
    pub(super) ends: OrderedMap<Key, u32>,
}

impl Links {
    pub(super) fn new(loaded: &Loaded) -> Links {
        let mut links = Links {
            now: OrderedSet::new(),
            arriving: OrderedSet::new(),
            others: loaded.others.clone(),
            emptied: OrderedSet::new(),
            ends: OrderedMap::new(),
        };
        for link in loaded.links.keys() {
            links.insert(link.clone());
        }
        links
    }

    fn insert(&mut self, link: Link) -> bool {
        self.arriving.insert((link.target.clone(), link.clone()));
        self.now.insert(link)
    }

    fn remove(&mut self, link: &Link) -> bool {
        self.arriving.remove(&(link.target.clone(), link.clone()));
        self.now.remove(link)
    }

    pub(super) fn link(&mut self, link: &Link, write: u32) -> Result<(), Refusal> {
        for end in [&link.source, &link.target] {
            if !self.ends.contains_key(end) {
                self.ends.insert(end.clone(), write);
            }
        }
        if !self.insert(link.clone()) {
            return Err(Refusal::Taken(link.name.clone()));
        }
        Ok(())
    }

    pub(super) fn unlink(&mut self, link: &Link) -> Result<(), Refusal> {
        if !self.remove(link) {
            return Err(Refusal::Missing(link.target.clone()));
        }
        Ok(())
    }

    /// Removes all links of a set. Returns whether there were any.
    pub(super) fn unlink_all(&mut self, set: &LinkSet) -> bool {
        let least = first(set.source.clone(), set.name.clone());
        let named = self.now.iter_from(&least);
        let named = named.take_while(|link| link.source == set.source && link.name == set.name);
        let named: Vec<Link> = named.cloned().collect();
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
    pub(super) fn remove_entry(&mut self, entry: &Key) -> Vec<Key> {
        let least = first(entry.clone(), String::new());
        let leaving = self.now.iter_from(&least);
        let leaving: Vec<Link> =
            leaving.take_while(|link| link.source == *entry).cloned().collect();
        let least = (entry.clone(), first(no_key(), String::new()));
        let arriving = self.arriving.iter_from(&least);
        let arriving: Vec<Link> = arriving
            .take_while(|(target, _)| target == entry)
            .map(|(_, link)| link.clone())
            .collect();
        for link in leaving.iter().chain(&arriving) {
            self.remove(link);
        }
        self.others.retain(|set| set.source != *entry);
        arriving.into_iter().map(|link| link.source).collect()
    }
}

/// Returns the least link of this source and name.
fn first(source: Key, name: String) -> Link {
    Link { source, name, target: no_key() }
}

/// Returns the least key.
fn no_key() -> Key {
    Key { kind: String::new(), id: String::new() }
}

fn set_of(link: &Link) -> LinkSet {
    LinkSet { source: link.source.clone(), name: link.name.clone() }
}

/// The rows of links that a commit writes. A link is a source's row, a name and a target's row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkRows<'a> {
    /// The links to delete, beside those of `emptied` and of removed entries.
    pub deleted: Vec<(i64, &'a str, i64)>,
    /// Source rows and names of the link sets to empty, before links are inserted.
    pub emptied: Vec<(i64, &'a str)>,
    /// The links to insert.
    pub inserted: Vec<(i64, &'a str, i64)>,
}

impl Change<'_> {
    /// Returns the rows of links to write.
    #[must_use]
    pub fn link_rows(&self) -> LinkRows<'_> {
        let removed = self.removed.iter().map(|(_, seq)| *seq).collect::<OrderedSet<i64>>();
        let emptied = &self.links.emptied;
        let is_emptied = |link: &Link| !emptied.is_empty() && emptied.contains(&set_of(link));
        let stayed = self.loaded.links.iter().filter(|(link, ends)| {
            !removed.contains(&ends.0) && !removed.contains(&ends.1) && !is_emptied(link)
        });
        let stayed: OrderedMap<&Link, (i64, i64)> =
            stayed.map(|(link, ends)| (link, *ends)).collect();
        let lost = stayed.iter().filter(|(link, _)| !self.links.now.contains(**link));
        let new = self.links.now.iter().filter(|link| !stayed.contains_key(link));
        let seq = |key| self.entries.get(key).map(|held| held.seq);
        LinkRows {
            deleted: lost.map(|(link, ends)| (ends.0, link.name.as_str(), ends.1)).collect(),
            emptied: emptied
                .iter()
                .filter_map(|set| Some((self.loaded.entries.get(&set.source)?.seq, &*set.name)))
                .collect(),
            inserted: new
                .filter_map(|link| Some((seq(&link.source)?, &*link.name, seq(&link.target)?)))
                .collect(),
        }
    }
}

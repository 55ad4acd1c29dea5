//! Reads of what a commit is about to change.

use super::subject::name;
use crate::limits;
use crate::resource;
use crate::sorted_map::SortedMap;
use crate::store::{Direction, Entry, Key, Refusal};

/// Reads in calls of limited size.
pub(super) struct Reader<'a> {
    pub(super) store: &'a dyn crate::port::Store,
}

impl Reader<'_> {
    /// Returns the entries of these keys, in their order.
    pub(super) fn entries(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, Refusal> {
        let mut found = Vec::with_capacity(keys.len());
        self.each(keys, |_, entry| found.push(entry))?;
        Ok(found)
    }

    /// Returns the application's ids of those of these resources that have one, by their names.
    pub(super) fn product_ids(&self, keys: &[Key]) -> Result<SortedMap<String>, Refusal> {
        let mut found = SortedMap::new();
        self.each(keys, |key, entry| {
            // A body that cannot be read fails the request elsewhere.
            let id = entry.and_then(|entry| resource::product_id(&entry.body).ok().flatten());
            if let Some(id) = id {
                found.insert(name(key), id);
            }
        })?;
        Ok(found)
    }

    fn each(&self, keys: &[Key], mut see: impl FnMut(&Key, Option<Entry>)) -> Result<(), Refusal> {
        let (mut rest, mut at_once) = (keys, limits::KEYS_PER_CALL);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(at_once.min(rest.len()));
            match self.store.get(now.to_vec()) {
                // Their bodies are too large for one response.
                Err(Refusal::TooMany(_)) if now.len() > 1 => at_once = now.len() / 2,
                found => {
                    now.iter().zip(found?).for_each(|(key, entry)| see(key, entry));
                    rest = later;
                }
            }
        }
        Ok(())
    }

    /// Returns the targets of all links of this name from an entry.
    pub(super) fn targets(&self, source: &Key, name: &str) -> Result<Vec<Key>, Refusal> {
        let (mut found, mut after) = (Vec::new(), None);
        let limit = u32::try_from(limits::LINKS_PER_CALL).unwrap_or(u32::MAX);
        loop {
            let anchor = vec![source.clone()];
            let pages = self.store.links(anchor, name, Direction::Outgoing, after, limit)?;
            let Some(page) = pages.into_iter().next() else {
                return Ok(found);
            };
            let is_empty = page.links.is_empty();
            found.extend(page.links.into_iter().map(|link| link.target));
            if found.len() > limits::LINKS_PER_REQUEST {
                return Err(Refusal::TooMany(format!("`{name}` to replace as a whole")));
            }
            after = page.next;
            // A page without links but with a next page would never end.
            if after.is_none() || is_empty {
                return Ok(found);
            }
        }
    }
}

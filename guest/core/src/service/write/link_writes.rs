//! Translates changes of relations to writes: the links to add and to remove, without those that
//! need no change.

use super::links;
use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::ordered::OrderedSet;
use crate::port::Level;
use crate::relation::{self, Change, Changes};
use crate::resource_type::{Cycles, Relation, ResourceType, UnknownMember};
use crate::service::{Session, nesting};
use crate::store::{Direction, Key, Link, Write};

/// Returns the writes that perform the changes, and the names of the relations that do change.
/// `inserted` are the keys that the same commit inserts, including `source` if it is new: links may
/// refer to them although they do not exist yet.
pub(in crate::service) fn writes(
    session: &Session<'_>,
    resource_type: &ResourceType,
    source: &Key,
    changes: &Changes,
    inserted: &OrderedSet<Key>,
) -> Result<(Vec<Write>, Vec<String>), Error> {
    let (mut writes, mut changed) = (Vec::new(), Vec::new());
    for relation in &resource_type.definition.relations {
        let Some(change) = changes.get(relation.attribute.as_str()) else {
            continue;
        };
        let side = Side { session, relation, source, inserted };
        let needed = side.writes(change)?;
        if !needed.is_empty() {
            changed.push(relation.attribute.as_str().to_owned());
            writes.extend(needed);
        }
    }
    Ok((writes, changed))
}

/// One relation of one resource.
struct Side<'a> {
    session: &'a Session<'a>,
    relation: &'a Relation,
    source: &'a Key,
    inserted: &'a OrderedSet<Key>,
}

impl Side<'_> {
    fn writes(&self, change: &Change) -> Result<Vec<Write>, Error> {
        relation::check_size(self.relation, change.wanted.len())?;
        let is_new = self.inserted.contains(self.source);
        let linked = match change.cleared && !is_new {
            true => self.linked(change)?,
            false => None,
        };
        let wanted = self.targets(change, linked.as_ref())?;
        if is_new {
            // Only resources that refer to each other in a cycle are inserted together.
            let nested = |link: &Link| link.target.kind == self.source.kind;
            let circle = wanted.iter().filter(|link| nested(link));
            if self.relation.cycles == Cycles::Refuse
                && circle.map(|link| &link.target).any(|key| self.inserted.contains(key))
            {
                return Err(self.circular());
            }
            return Ok(link(wanted));
        }
        let mut writes = match change.cleared {
            true => self.replacing(wanted, linked),
            false => self.adjusting(wanted, change)?,
        };
        if self.relation.cycles == Cycles::Refuse {
            writes.extend(self.without_circles(&writes)?);
        }
        Ok(writes)
    }

    /// Refuses links that would close a cycle. Two requests that would close one only together both
    /// replace the entry that this returns, so the later one becomes stale and checks again.
    fn without_circles(&self, writes: &[Write]) -> Result<Option<Write>, Error> {
        let added = writes.iter().filter_map(|write| match write {
            Write::Link(links) => Some(links),
            _ => None,
        });
        let nesting = added.flatten().filter(|link| link.target.kind == self.source.kind);
        let targets: Vec<Key> = nesting.map(|link| link.target.clone()).collect();
        if targets.is_empty() {
            return Ok(None);
        }
        let name = self.relation.attribute.as_str();
        let order = Key::new("$order", name);
        let order = self.session.order(order)?;
        if nesting::would_close_circle(self.session, self.source, &targets, name)? {
            return Err(self.circular());
        }
        Ok(Some(order))
    }

    fn circular(&self) -> Error {
        let name = &self.relation.attribute;
        let detail = format!("`{name}` must not contain each other in a circle");
        Error::new(ErrorKind::InvalidValue, detail)
    }

    /// Returns the links to add and to remove, without those that need no change. Removing a link
    /// that does not exist is no change, so a repeated request succeeds.
    fn adjusting(&self, wanted: Vec<Link>, change: &Change) -> Result<Vec<Write>, Error> {
        let there = self.there(&wanted)?;
        let added = wanted.into_iter().zip(there).filter(|(_, there)| !there).map(|(link, _)| link);
        let mut writes = link(added.collect());
        writes.extend(unlink(self.unwanted(change)?));
        Ok(writes)
    }

    /// Returns the existing links that are to be removed.
    fn unwanted(&self, change: &Change) -> Result<Vec<Link>, Error> {
        let kinds = || self.relation.targets.iter();
        let ids: Vec<&str> = change.ids(false).collect();
        let mut gone = Vec::new();
        for ids in ids.chunks(limits::KEYS_PER_CALL) {
            let links = |id| kinds().map(move |kind| self.link(kind, id));
            let links: Vec<Link> = ids.iter().flat_map(|id| links(*id)).collect();
            let there = self.there(&links)?;
            let there = links.into_iter().zip(there).filter(|(_, there)| *there);
            gone.extend(there.map(|(link, _)| link));
        }
        Ok(gone)
    }

    /// Returns the existing links before a replacement; `None` if there are far more than wanted.
    fn linked(&self, change: &Change) -> Result<Option<OrderedSet<Key>>, Error> {
        let name = self.relation.attribute.as_str();
        let limit = change.wanted.len().saturating_add(1000);
        let anchor = std::slice::from_ref(self.source);
        let there = links::all(self.session, anchor, name, Direction::Outgoing, limit)?;
        Ok(there.into_iter().next().flatten().map(OrderedSet::from_iter))
    }

    /// Returns the writes after which exactly the wanted links exist. If there are far more, or
    /// most of them change, all are removed and the wanted ones are added.
    fn replacing(&self, wanted: Vec<Link>, linked: Option<OrderedSet<Key>>) -> Vec<Write> {
        if let Some(linked) = linked {
            let targets = OrderedSet::from_iter(wanted.iter().map(|link| &link.target));
            let gone = linked.iter().filter(|key| !targets.contains(key));
            let gone: Vec<Link> = gone.map(|key| self.link(&key.kind, &key.id)).collect();
            let stay = linked.len() - gone.len();
            if wanted.len() - stay + gone.len() <= limits::LINKS_PER_REQUEST {
                let wanted = wanted.into_iter();
                let added = wanted.filter(|link| !linked.contains(&link.target));
                return link(added.collect()).into_iter().chain(unlink(gone)).collect();
            }
        }
        let name = self.relation.attribute.as_str();
        let all = Write::unlink_all(self.source.clone(), name);
        std::iter::once(all).chain(link(wanted)).collect()
    }

    /// Returns links to the resources with the wanted ids; an error names an id that no resource
    /// has. Resources that are `linked` already need not be looked up.
    fn targets(
        &self,
        change: &Change,
        linked: Option<&OrderedSet<Key>>,
    ) -> Result<Vec<Link>, Error> {
        let ids: Vec<&str> = change.ids(true).collect();
        let is_known =
            |key: &Key| linked.is_some_and(|all| all.contains(key)) || self.inserted.contains(key);
        let mut links = Vec::with_capacity(ids.len());
        for ids in ids.chunks(limits::KEYS_PER_CALL) {
            let kinds = || self.relation.targets.iter();
            let known = |id: &&str| kinds().map(|kind| Key::new(kind.clone(), *id)).find(is_known);
            let mut found: Vec<Option<Key>> = ids.iter().map(known).collect();
            for kind in kinds() {
                self.look_for(kind, ids, &mut found)?;
            }
            for (id, found) in ids.iter().zip(found) {
                links.extend(self.target(id, found.as_ref())?);
            }
        }
        Ok(links)
    }

    /// Looks up resources of a kind for those ids that have not been found yet.
    fn look_for(&self, kind: &str, ids: &[&str], found: &mut [Option<Key>]) -> Result<(), Error> {
        let missing = ids.iter().zip(found.iter()).filter(|(_, found)| found.is_none());
        let keys: Vec<Key> = missing.map(|(id, _)| Key::new(kind, *id)).collect();
        let mut places = found.iter_mut().filter(|found| found.is_none());
        self.session.each_entry(&keys, |key, entry| {
            if let (Some(place), Some(_)) = (places.next(), entry) {
                *place = Some(key.clone());
            }
            Ok(())
        })
    }

    /// Returns the link to a resource that was found; `None` if there is none and the profile skips
    /// unknown ids.
    fn target(&self, id: &str, found: Option<&Key>) -> Result<Option<Link>, Error> {
        let invalid = |problem: &str| {
            let detail = format!("`{}`: {problem} `{id}`", self.relation.attribute);
            Err(Error::new(ErrorKind::InvalidValue, detail))
        };
        match found {
            None if self.relation.unknown == UnknownMember::Skip => {
                let text =
                    format!("`{}`: skipped `{id}`, which is not there", self.relation.attribute);
                self.session.note(Level::Info, "policy", &text);
                Ok(None)
            }
            None => invalid("there is no resource"),
            Some(key) if key == self.source => invalid("a resource cannot contain itself,"),
            Some(key) => Ok(Some(self.link(&key.kind, id))),
        }
    }

    fn link(&self, kind: &str, id: &str) -> Link {
        let name = self.relation.attribute.as_str().to_owned();
        Link { source: self.source.clone(), name, target: Key::new(kind, id) }
    }

    fn there(&self, links: &[Link]) -> Result<Vec<bool>, Error> {
        let mut there = Vec::with_capacity(links.len());
        for links in links.chunks(limits::KEYS_PER_CALL) {
            there.extend(self.session.ports.store.has(links.to_vec())?);
        }
        Ok(there)
    }
}

fn link(links: Vec<Link>) -> Vec<Write> {
    if links.is_empty() { Vec::new() } else { vec![Write::Link(links)] }
}

fn unlink(links: Vec<Link>) -> Vec<Write> {
    if links.is_empty() { Vec::new() } else { vec![Write::Unlink(links)] }
}

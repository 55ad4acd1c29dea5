//! Changes of relations as writes: which links to add and to take away, and nothing for what is as it should be.

use std::collections::BTreeSet;

use super::{Session, related, walk};
use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::ordered;
use crate::port::Level;
use crate::relation::{self, Change, Changes};
use crate::resource_type::{Cycles, Relation, ResourceType, Unknown};
use crate::store::{Direction, Entry, Key, Link, Write};

/// The writes that bring about the changes, and the names of the relations that do change. `inserted` are the keys that the same
/// commit inserts, `source` among them if it is new: links may lead to them although they are not there yet.
pub(super) fn writes(
    session: &Session<'_>,
    of: &ResourceType,
    source: &Key,
    changes: &Changes,
    inserted: &BTreeSet<Key>,
) -> Result<(Vec<Write>, Vec<String>), Error> {
    let (mut writes, mut changed) = (Vec::new(), Vec::new());
    for relation in &of.definition.relations {
        let Some(change) = changes.get(relation.attribute.as_str()) else {
            continue;
        };
        let side = Side {
            session,
            relation,
            source,
            inserted,
        };
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
    inserted: &'a BTreeSet<Key>,
}

impl Side<'_> {
    fn writes(&self, change: &Change) -> Result<Vec<Write>, Error> {
        relation::check_size(self.relation, change.wanted.len())?;
        let wanted = self.targets(change)?;
        if self.inserted.contains(self.source) {
            // Only what refers to each other in a circle is inserted together.
            let nested = |link: &Link| link.target.kind == self.source.kind;
            let circle = wanted.iter().filter(|link| nested(link));
            if self.relation.cycles == Cycles::Refuse
                && circle
                    .map(|link| &link.target)
                    .any(|key| self.inserted.contains(key))
            {
                return Err(self.circular());
            }
            return Ok(link(wanted));
        }
        let mut writes = match change.cleared {
            true => self.replacing(wanted)?,
            false => self.adjusting(wanted, change)?,
        };
        if self.relation.cycles == Cycles::Refuse {
            writes.extend(self.without_circles(&writes)?);
        }
        Ok(writes)
    }

    /// Refuses links that would close a circle. Two requests that would close one together both replace the entry that this
    /// returns, so that the later one is refused as stale and looks again.
    fn without_circles(&self, writes: &[Write]) -> Result<Option<Write>, Error> {
        let added = writes.iter().filter_map(|write| match write {
            Write::Link(links) => Some(links),
            _ => None,
        });
        let nesting = added
            .flatten()
            .filter(|link| link.target.kind == self.source.kind);
        let targets: Vec<Key> = nesting.map(|link| link.target.clone()).collect();
        if targets.is_empty() {
            return Ok(None);
        }
        let name = self.relation.attribute.as_str();
        let order = Key::new("$order", name);
        let order = self.session.order(order)?;
        if walk::would_close_circle(self.session, self.source, &targets, name)? {
            return Err(self.circular());
        }
        Ok(Some(order))
    }

    fn circular(&self) -> Error {
        let name = &self.relation.attribute;
        let detail = format!("`{name}` must not contain each other in a circle");
        Error::new(ErrorKind::InvalidValue, detail)
    }

    /// Links to add and to take away, without those that are as they should be. Taking away what is not there is no change, so
    /// that a repeated request succeeds.
    fn adjusting(&self, wanted: Vec<Link>, change: &Change) -> Result<Vec<Write>, Error> {
        let there = self.there(&wanted)?;
        let added = wanted
            .into_iter()
            .zip(there)
            .filter(|(_, there)| !there)
            .map(|(link, _)| link);
        let mut writes = link(added.collect());
        let kinds = || self.relation.targets.iter();
        let unwanted: Vec<Link> = change
            .ids(false)
            .flat_map(|id| kinds().map(|kind| self.link(kind, id)))
            .collect();
        let there = self.there(&unwanted)?;
        let gone = unwanted
            .into_iter()
            .zip(there)
            .filter(|(_, there)| *there)
            .map(|(link, _)| link);
        writes.extend(unlink(gone.collect()));
        Ok(writes)
    }

    /// The links that are there become exactly those wanted. Where far more are there, or most of them change, all go and the
    /// wanted ones come anew.
    fn replacing(&self, wanted: Vec<Link>) -> Result<Vec<Write>, Error> {
        let name = self.relation.attribute.as_str();
        let limit = wanted.len().saturating_add(1000);
        let anchor = std::slice::from_ref(self.source);
        let there = related::ends(self.session, anchor, name, Direction::Outgoing, limit)?;
        if let Some(there) = there.into_iter().next().flatten() {
            let there = ordered::set(there);
            let targets = ordered::set(wanted.iter().map(|link| &link.target));
            let is_new = |link: &&Link| !there.contains(&link.target);
            let added: Vec<Link> = wanted.iter().filter(is_new).cloned().collect();
            let gone = there.iter().filter(|key| !targets.contains(key));
            let gone: Vec<Link> = gone.map(|key| self.link(&key.kind, &key.id)).collect();
            if added.len() + gone.len() <= limits::LINKS_PER_REQUEST {
                return Ok(link(added).into_iter().chain(unlink(gone)).collect());
            }
        }
        let all = Write::UnlinkAll(self.source.clone(), name.to_owned());
        Ok(std::iter::once(all).chain(link(wanted)).collect())
    }

    /// Links to the wanted ids, each to the resource that it names; an error names the one that is none.
    fn targets(&self, change: &Change) -> Result<Vec<Link>, Error> {
        let ids: Vec<&str> = change.ids(true).collect();
        let kinds = &self.relation.targets;
        let key = |id: &str, kind: &String| Key::new(kind.clone(), id);
        let keys: Vec<Key> = ids
            .iter()
            .flat_map(|id| kinds.iter().map(|kind| key(id, kind)))
            .collect();
        let entries = self.session.entries(&keys)?;
        let there =
            |(key, entry): &(&Key, &Option<Entry>)| entry.is_some() || self.inserted.contains(*key);
        let found: Vec<_> = keys.iter().zip(&entries).collect();
        let found = found
            .chunks(kinds.len().max(1))
            .map(|kinds| kinds.iter().find(|found| there(found)));
        ids.iter()
            .zip(found)
            .filter_map(|(id, found)| self.target(id, found.map(|(key, _)| *key)).transpose())
            .collect()
    }

    /// The link to what was found; `None` where the profile has unknown ids skipped.
    fn target(&self, id: &str, found: Option<&Key>) -> Result<Option<Link>, Error> {
        let invalid = |problem: &str| {
            let detail = format!("`{}`: {problem} `{id}`", self.relation.attribute);
            Err(Error::new(ErrorKind::InvalidValue, detail))
        };
        match found {
            None if self.relation.unknown == Unknown::Skip => {
                let text = format!(
                    "`{}`: skipped `{id}`, which is not there",
                    self.relation.attribute
                );
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
        Link {
            source: self.source.clone(),
            name,
            target: Key::new(kind, id),
        }
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
    if links.is_empty() {
        Vec::new()
    } else {
        vec![Write::Link(links)]
    }
}

fn unlink(links: Vec<Link>) -> Vec<Write> {
    if links.is_empty() {
        Vec::new()
    } else {
        vec![Write::Unlink(links)]
    }
}

//! Relations and mirrors of resources: what their links show, and which links a change needs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Session;
use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::name::AttributeName;
use crate::projection::Projection;
use crate::relation::{Change, Changes};
use crate::resource::{self, Resource};
use crate::resource_type::{Relation, ResourceType};
use crate::schema::Content;
use crate::store::{Direction, Key, Link, LinkPage, Write};

/// For each resource, in their order, the relations and mirrors that the projection wants.
pub(super) fn shown(
    session: &Session<'_>,
    of: &ResourceType,
    resources: &[Resource],
    projection: &Projection,
) -> Result<Vec<Content>, Error> {
    let mut shown = vec![Content::new(); resources.len()];
    let anchors: Vec<Key> = resources
        .iter()
        .map(|resource| resource.key.clone())
        .collect();
    let relations = of.definition.relations.iter();
    let relations = relations.map(|r| (&r.attribute, &r.attribute, Direction::Outgoing));
    let mirrors = of.definition.mirrors.iter();
    let mirrors = mirrors.map(|m| (&m.attribute, &m.relation, Direction::Incoming));
    for (attribute, link, direction) in relations.chain(mirrors) {
        if anchors.is_empty() || !projection.wants(of, attribute) {
            continue;
        }
        let values = values(session, &anchors, attribute, link, direction)?;
        for (shown, values) in shown.iter_mut().zip(values) {
            if !values.is_empty() {
                shown.insert(attribute.as_str().to_owned(), values.into());
            }
        }
    }
    Ok(shown)
}

/// The values of one attribute for each anchor.
fn values(
    session: &Session<'_>,
    anchors: &[Key],
    attribute: &AttributeName,
    link: &AttributeName,
    direction: Direction,
) -> Result<Vec<Vec<Value>>, Error> {
    let limit = u32::try_from(limits::LINKS_PER_RESPONSE).unwrap_or(u32::MAX);
    let pages =
        session
            .ports
            .store
            .links(anchors.to_vec(), link.as_str(), direction, None, limit)?;
    let total: usize = pages.iter().map(|page| page.links.len()).sum();
    if total > limits::LINKS_PER_RESPONSE || pages.iter().any(|page| page.next.is_some()) {
        let detail = format!(
            "`{attribute}` has more than {} values; ask with excludedAttributes={attribute}",
            limits::LINKS_PER_RESPONSE
        );
        return Err(Error::new(ErrorKind::TooMany, detail));
    }
    let far_ends = |page: LinkPage| -> Vec<Key> {
        page.links
            .into_iter()
            .map(|link| far_end(link, direction))
            .collect()
    };
    let ends: Vec<Vec<Key>> = pages.into_iter().map(far_ends).collect();
    let displays = displays(session, &ends)?;
    let value = |key: &Key| {
        displays
            .get(key)
            .and_then(|display| value(session, key, display, direction))
    };
    Ok(ends
        .iter()
        .map(|ends| ends.iter().filter_map(value).collect())
        .collect())
}

fn far_end(link: Link, direction: Direction) -> Key {
    match direction {
        Direction::Outgoing => link.target,
        Direction::Incoming => link.source,
    }
}

/// The resources at the far ends by key, with what names them to people. One that has gone meanwhile is not among them.
fn displays(
    session: &Session<'_>,
    ends: &[Vec<Key>],
) -> Result<BTreeMap<Key, Option<String>>, Error> {
    let mut keys: Vec<Key> = ends.concat();
    keys.sort();
    keys.dedup();
    let mut displays = BTreeMap::new();
    for entry in session.entries(&keys)?.into_iter().flatten() {
        let resource = Resource::from_entry(entry)?;
        let of = session.admission.policy.registry.named(&resource.key.kind);
        let display = of
            .and_then(|of| resource.display(of))
            .map(ToOwned::to_owned);
        displays.insert(resource.key, display);
    }
    Ok(displays)
}

/// One value: a member has the type of its resource, a group that one belongs to is `direct` (RFC 7643 sections 4.1.2 and 4.2).
fn value(
    session: &Session<'_>,
    key: &Key,
    display: &Option<String>,
    direction: Direction,
) -> Option<Value> {
    let of = session.admission.policy.registry.named(&key.kind)?;
    let kind = match direction {
        Direction::Outgoing => key.kind.as_str(),
        Direction::Incoming => "direct",
    };
    let mut value = json!({
        "value": key.id,
        "$ref": resource::location(of, &session.origin.base_url, &key.id),
        "type": kind,
    });
    if let (Some(object), Some(display)) = (value.as_object_mut(), display) {
        object.insert("display".into(), display.as_str().into());
    }
    Some(value)
}

/// The writes that bring about the changes, and the names of the relations that do change. `source` may not be there yet.
pub(super) fn writes(
    session: &Session<'_>,
    of: &ResourceType,
    source: &Key,
    changes: &Changes,
    exists: bool,
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
        };
        let needed = side.writes(change, exists)?;
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
}

impl Side<'_> {
    fn writes(&self, change: &Change, exists: bool) -> Result<Vec<Write>, Error> {
        let wanted = self.targets(change)?;
        if !exists {
            return Ok(link(wanted));
        }
        match change.cleared {
            true => self.replacing(wanted),
            false => self.adjusting(wanted, change),
        }
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

    /// The links that are there become exactly those wanted. More than wanted and one are not read: then all go and come anew.
    fn replacing(&self, wanted: Vec<Link>) -> Result<Vec<Write>, Error> {
        let limit = u32::try_from(wanted.len().saturating_mul(2) + 100).unwrap_or(u32::MAX);
        let store = self.session.ports.store;
        let name = self.relation.attribute.as_str();
        let anchors = vec![self.source.clone()];
        let pages = store.links(anchors, name, Direction::Outgoing, None, limit)?;
        let Some(page) = pages.into_iter().next() else {
            return Ok(link(wanted));
        };
        if page.next.is_some() {
            let all = Write::UnlinkAll(self.source.clone(), name.to_owned());
            return Ok(std::iter::once(all).chain(link(wanted)).collect());
        }
        let mut there = page.links;
        there.sort();
        let added = wanted
            .iter()
            .filter(|link| there.binary_search(link).is_err());
        let mut writes = link(added.cloned().collect());
        let mut wanted = wanted.clone();
        wanted.sort();
        there.retain(|link| wanted.binary_search(link).is_err());
        writes.extend(unlink(there));
        Ok(writes)
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
        let found = entries
            .chunks(kinds.len().max(1))
            .map(|kinds| kinds.iter().flatten().next());
        ids.iter()
            .zip(found)
            .map(|(id, entry)| self.target(id, entry.map(|e| &e.key)))
            .collect()
    }

    fn target(&self, id: &str, found: Option<&Key>) -> Result<Link, Error> {
        let invalid = |problem: &str| {
            let detail = format!("`{}`: {problem} `{id}`", self.relation.attribute);
            Err(Error::new(ErrorKind::InvalidValue, detail))
        };
        match found {
            None => invalid("there is no resource"),
            Some(key) if key == self.source => invalid("a resource cannot contain itself,"),
            Some(key) => Ok(self.link(&key.kind, id)),
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

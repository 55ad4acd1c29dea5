//! Traversal of relations that nest, such as groups in groups. RFC 7644 section 3.7.1 shows a cycle
//! of groups, so every traversal goes level by level and visits each resource once.

use super::Session;
use super::write::links;
use crate::error::Error;
use crate::limits;
use crate::ordered::{OrderedMap, OrderedSet};
use crate::predicate::Predicate;
use crate::resource_type::{Mirror, ResourceType};
use crate::store::{Direction, Key, Link, Node, Query, Window};

/// The resources that contain a resource, and whether each does so directly.
pub(super) type Containers = Vec<(Key, bool)>;

/// The resources that directly contain others, by what they contain, as far as they have been read.
#[derive(Default)]
pub(super) struct Containing {
    above: OrderedMap<Key, Vec<Key>>,
}

impl Containing {
    /// Reads the containers of these resources, and their containers, up to the top; returns false
    /// if there are more than `limit`.
    pub fn add(
        &mut self,
        session: &Session<'_>,
        name: &str,
        start: Vec<Key>,
        limit: usize,
    ) -> Result<bool, Error> {
        let mut level = OrderedSet::from_iter(start);
        level.retain(|key| self.is_new(session, name, key));
        while !level.is_empty() {
            if self.above.len() + level.len() > limit {
                return Ok(false);
            }
            let keys: Vec<Key> = std::mem::take(&mut level).into_iter().collect();
            let ends = links::all(session, &keys, name, Direction::Incoming, limit)?;
            for (key, ends) in keys.into_iter().zip(ends) {
                let Some(ends) = ends else { return Ok(false) };
                level.extend(ends.iter().cloned());
                self.above.insert(key, ends);
            }
            level.retain(|key| self.is_new(session, name, key));
        }
        Ok(true)
    }

    fn is_new(&self, session: &Session<'_>, name: &str, key: &Key) -> bool {
        !self.above.contains_key(key) && nests(session, name, &key.kind)
    }

    /// Returns the containers of the anchor, each once: the `direct` ones, which have been added,
    /// then all that contain them.
    pub fn of(&self, anchor: &Key, direct: Vec<Key>) -> Containers {
        let mut seen = OrderedSet::from_iter(&direct);
        seen.insert(anchor);
        let mut indirect = Vec::new();
        let mut level: Vec<&Key> = direct.iter().collect();
        while !level.is_empty() {
            let next = level.into_iter().filter_map(|key| self.above.get(key)).flatten();
            level = next.filter(|key| seen.insert(key)).collect();
            indirect.extend(level.iter().map(|key| (*key).clone()));
        }
        let indirect: Containers = indirect.into_iter().map(|key| (key, false)).collect();
        let direct = direct.into_iter().map(|key| (key, true));
        direct.chain(indirect).collect()
    }
}

/// Returns whether resources of this kind can be inside others.
fn nests(session: &Session<'_>, name: &str, kind: &str) -> bool {
    session.admission.policy.registry.types().iter().any(|resource_type| {
        let relation = resource_type.relation_named(name);
        relation.is_some_and(|relation| relation.targets.iter().any(|target| target == kind))
    })
}

/// Returns whether the target contains the source already, directly or indirectly: a link between
/// them would then close a cycle.
pub(super) fn would_close_circle(
    session: &Session<'_>,
    source: &Key,
    targets: &[Key],
    name: &str,
) -> Result<bool, Error> {
    let limit = limits::LINKS_PER_RESPONSE;
    let mut containing = Containing::default();
    let start = vec![source.clone()];
    // Too many containers to search: refused as well, since a cycle cannot be ruled out.
    if !containing.add(session, name, start, limit)? {
        return Ok(true);
    }
    Ok(containing.above.keys().any(|key| targets.contains(key) && key != source))
}

/// Returns, for each filter on a mirror such as `groups.value eq "x"`, the named resource and all
/// nested in it, by attribute and id. Filters with too many are omitted.
pub(super) fn within(
    session: &Session<'_>,
    resource_type: &ResourceType,
    predicate: &Predicate,
) -> Result<OrderedMap<(String, String), Vec<Key>>, Error> {
    let mut named = Vec::new();
    predicate.named_values(&mut named);
    let mut found = OrderedMap::new();
    for (attribute, id) in named {
        let mirror = attribute.parse().ok().and_then(|name| resource_type.mirror(&name).cloned());
        let Some(mirror) = mirror else { continue };
        if let Some(keys) = contents(session, resource_type, &mirror, &id)? {
            found.insert((attribute, id), keys);
        }
    }
    Ok(found)
}

fn contents(
    session: &Session<'_>,
    resource_type: &ResourceType,
    mirror: &Mirror,
    id: &str,
) -> Result<Option<Vec<Key>>, Error> {
    let name = mirror.relation.as_str();
    let mut found = Vec::new();
    for source in session.admission.policy.registry.types() {
        let relation = source.relation(&mirror.relation);
        if !relation.is_some_and(|r| r.targets.iter().any(|target| target == resource_type.name()))
        {
            continue;
        }
        let mut level = vec![Key::new(source.name(), id)];
        while let Some(key) = level.pop() {
            if found.contains(&key) {
                continue;
            }
            if found.len() >= limits::NESTED_PER_FILTER {
                return Ok(None);
            }
            if nests(session, name, source.name()) {
                let Some(below) = below(session, &key, name)? else {
                    return Ok(None);
                };
                level.extend(below);
            }
            found.push(key);
        }
    }
    Ok(Some(found))
}

/// Returns the resources of the same kind inside this one; `None` if there are too many.
fn below(session: &Session<'_>, key: &Key, name: &str) -> Result<Option<Vec<Key>>, Error> {
    let inside = Node::linked(name, Direction::Incoming, key.clone());
    let query = Query {
        kind: key.kind.clone(),
        filter: vec![inside],
        order: None,
        window: Window::Offset(0),
        limit: limits::SCAN_PAGE,
        count: false,
    };
    let page = session.ports.store.find(query)?;
    if !page.is_last(limits::SCAN_PAGE) {
        return Ok(None);
    }
    let keys: Vec<Key> = page.hits.into_iter().map(|hit| hit.entry.key).collect();
    if page.exact {
        return Ok(Some(keys));
    }
    let link =
        |target: &Key| Link { source: key.clone(), name: name.to_owned(), target: target.clone() };
    let there = session.ports.store.has(keys.iter().map(link).collect())?;
    let inside = keys.into_iter().zip(there).filter(|(_, there)| *there);
    Ok(Some(inside.map(|(key, _)| key).collect()))
}

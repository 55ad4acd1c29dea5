//! Walks along relations that nest, such as groups in groups. RFC 7644 section 3.7.1 shows a circle of groups, so every walk goes
//! level by level and visits each resource once.

use std::collections::BTreeMap;

use super::{Session, related};
use crate::error::Error;
use crate::limits;
use crate::ordered;
use crate::predicate::Predicate;
use crate::resource_type::{Mirror, ResourceType};
use crate::store::{Direction, Key, Link, Node, Query, Window};

/// What contains a resource, and whether it does so itself or through another one.
pub(super) type Containers = Vec<(Key, bool)>;

/// For each anchor, what contains it: those that do so themselves first. `None` if there are more than `limit` altogether.
pub(super) fn containers(
    session: &Session<'_>,
    anchors: &[Key],
    name: &str,
    limit: usize,
) -> Result<Option<Vec<Containers>>, Error> {
    let ends = related::ends(session, anchors, name, Direction::Incoming, limit)?;
    let Some(direct) = ends.into_iter().collect::<Option<Vec<Vec<Key>>>>() else {
        return Ok(None);
    };
    let Some(above) = above(session, direct.concat(), name, limit)? else {
        return Ok(None);
    };
    let of_anchor = |(anchor, direct): (&Key, Vec<Key>)| closure(anchor, direct, &above);
    Ok(Some(anchors.iter().zip(direct).map(of_anchor).collect()))
}

/// What contains each of these, and each of those, and so on to the top.
fn above(
    session: &Session<'_>,
    start: Vec<Key>,
    name: &str,
    limit: usize,
) -> Result<Option<BTreeMap<Key, Vec<Key>>>, Error> {
    let mut above: BTreeMap<Key, Vec<Key>> = BTreeMap::new();
    let mut level = ordered::set(start);
    level.retain(|key| nests(session, name, &key.kind));
    while !level.is_empty() {
        if above.len() + level.len() > limit {
            return Ok(None);
        }
        let keys: Vec<Key> = std::mem::take(&mut level).into_iter().collect();
        let ends = related::ends(session, &keys, name, Direction::Incoming, limit)?;
        for (key, ends) in keys.into_iter().zip(ends) {
            let Some(ends) = ends else { return Ok(None) };
            level.extend(ends.iter().cloned());
            above.insert(key, ends);
        }
        level.retain(|key| !above.contains_key(key));
    }
    Ok(Some(above))
}

/// The direct containers and all that contain them, each once.
fn closure(anchor: &Key, direct: Vec<Key>, above: &BTreeMap<Key, Vec<Key>>) -> Containers {
    let mut seen = ordered::set(&direct);
    seen.insert(anchor);
    let mut indirect = Vec::new();
    let mut level: Vec<&Key> = direct.iter().collect();
    while !level.is_empty() {
        let next = level.into_iter().filter_map(|key| above.get(key)).flatten();
        level = next.filter(|key| seen.insert(key)).collect();
        indirect.extend(level.iter().map(|key| (*key).clone()));
    }
    let indirect: Vec<(Key, bool)> = indirect.into_iter().map(|key| (key, false)).collect();
    direct
        .into_iter()
        .map(|key| (key, true))
        .chain(indirect)
        .collect()
}

/// Whether resources of this kind may be inside others.
fn nests(session: &Session<'_>, name: &str, kind: &str) -> bool {
    session.admission.policy.registry.types().iter().any(|of| {
        let relation = of.relation_named(name);
        relation.is_some_and(|relation| relation.targets.iter().any(|target| target == kind))
    })
}

/// Whether the target contains the source already, itself or through others: a link between them would close a circle.
pub(super) fn would_close_circle(
    session: &Session<'_>,
    source: &Key,
    targets: &[Key],
    name: &str,
) -> Result<bool, Error> {
    let limit = limits::LINKS_PER_RESPONSE;
    let found = containers(session, std::slice::from_ref(source), name, limit)?;
    // Too many to tell: refused as well, since it cannot be known to be none.
    let Some(found) = found else { return Ok(true) };
    Ok(found.iter().flatten().any(|(key, _)| targets.contains(key)))
}

/// For each filter on a mirror such as `groups.value eq "x"`: the resource that is named and all that are in it and nest, by
/// attribute and id. Filters for which there are too many are left out.
pub(super) fn within(
    session: &Session<'_>,
    of: &ResourceType,
    predicate: &Predicate,
) -> Result<BTreeMap<(String, String), Vec<Key>>, Error> {
    let mut named = Vec::new();
    predicate.named_values(&mut named);
    let mut found = BTreeMap::new();
    for (attribute, id) in named {
        let mirror = attribute
            .parse()
            .ok()
            .and_then(|name| of.mirror(&name).cloned());
        let Some(mirror) = mirror else { continue };
        if let Some(keys) = contents(session, of, &mirror, &id)? {
            found.insert((attribute, id), keys);
        }
    }
    Ok(found)
}

fn contents(
    session: &Session<'_>,
    of: &ResourceType,
    mirror: &Mirror,
    id: &str,
) -> Result<Option<Vec<Key>>, Error> {
    let name = mirror.relation.as_str();
    let mut found = Vec::new();
    for source in session.admission.policy.registry.types() {
        let relation = source.relation(&mirror.relation);
        if !relation.is_some_and(|r| r.targets.iter().any(|target| target == of.name())) {
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

/// What of the same kind is in this; `None` if it is too much.
fn below(session: &Session<'_>, key: &Key, name: &str) -> Result<Option<Vec<Key>>, Error> {
    let inside = Node::Linked {
        name: name.to_owned(),
        direction: Direction::Incoming,
        other: key.clone(),
    };
    let query = Query {
        kind: key.kind.clone(),
        filter: vec![inside],
        order: None,
        window: Window::Offset(0),
        limit: limits::SCAN_PAGE,
        count: false,
    };
    let page = session.ports.store.find(query)?;
    if u32::try_from(page.hits.len()).is_ok_and(|n| n >= limits::SCAN_PAGE) {
        return Ok(None);
    }
    let keys: Vec<Key> = page.hits.into_iter().map(|(entry, _)| entry.key).collect();
    if page.exact {
        return Ok(Some(keys));
    }
    let link = |target: &Key| Link {
        source: key.clone(),
        name: name.to_owned(),
        target: target.clone(),
    };
    let there = session.ports.store.has(keys.iter().map(link).collect())?;
    let inside = keys.into_iter().zip(there).filter(|(_, there)| *there);
    Ok(Some(inside.map(|(key, _)| key).collect()))
}

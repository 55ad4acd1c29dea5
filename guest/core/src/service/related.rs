//! Relations and mirrors of resources: what their links show.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Session;
use super::walk::{self, Containers};
use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::name::AttributeName;
use crate::projection::Projection;
use crate::resource::{self, Resource};
use crate::resource_type::ResourceType;
use crate::schema::Content;
use crate::store::{Direction, Key, Link, LinkPage};

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
    let limit = limits::LINKS_PER_RESPONSE;
    let too_many = || {
        let detail = format!(
            "`{attribute}` has more than {limit} values; ask with excludedAttributes={attribute}"
        );
        Error::new(ErrorKind::TooMany, detail)
    };
    let ends = match direction {
        Direction::Incoming => walk::containers(session, anchors, link.as_str(), limit)?,
        Direction::Outgoing => {
            let ends = ends(session, anchors, link.as_str(), direction, limit)?;
            let kept = |ends: Vec<Key>| ends.into_iter().map(|key| (key, true)).collect();
            ends.into_iter().map(|ends| ends.map(kept)).collect()
        }
    };
    let ends = ends.ok_or_else(too_many)?;
    if ends.iter().map(Vec::len).sum::<usize>() > limit {
        return Err(too_many());
    }
    let displays = displays(
        session,
        ends.iter().flatten().map(|(key, _)| key.clone()).collect(),
    )?;
    let value = |(key, is_direct): &(Key, bool)| {
        let display = displays.get(key)?.as_deref();
        let of_type = match (direction, is_direct) {
            (Direction::Outgoing, _) => key.kind.as_str(),
            (Direction::Incoming, true) => "direct",
            (Direction::Incoming, false) => "indirect",
        };
        value(session, key, display, of_type)
    };
    let of_anchor = |ends: &Containers| ends.iter().filter_map(value).collect();
    Ok(ends.iter().map(of_anchor).collect())
}

/// The far ends of the links at each anchor; `None` in place of more than `limit` of them.
pub(super) fn ends(
    session: &Session<'_>,
    anchors: &[Key],
    name: &str,
    direction: Direction,
    limit: usize,
) -> Result<Vec<Option<Vec<Key>>>, Error> {
    let at_once = u32::try_from(limit).unwrap_or(u32::MAX);
    let read = |anchors: Vec<Key>, after| {
        session
            .ports
            .store
            .links(anchors, name, direction, after, at_once)
    };
    let mut found = Vec::with_capacity(anchors.len());
    for (anchor, page) in anchors.iter().zip(read(anchors.to_vec(), None)?) {
        let LinkPage {
            mut links,
            mut next,
        } = page;
        while let Some(after) = next.take().filter(|_| links.len() <= limit) {
            let more = read(vec![anchor.clone()], Some(after))?.into_iter().next();
            // A page without links and with a next one would never end.
            let Some(more) = more.filter(|more| !more.links.is_empty()) else {
                break;
            };
            links.extend(more.links);
            next = more.next;
        }
        let ends = links.into_iter().map(|link| far_end(link, direction));
        let ends: Vec<Key> = ends.take(limit.saturating_add(1)).collect();
        found.push((ends.len() <= limit).then_some(ends));
    }
    Ok(found)
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
    mut keys: Vec<Key>,
) -> Result<BTreeMap<Key, Option<String>>, Error> {
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

/// One value. Its `type` is that of a member, or says how one belongs to a group (RFC 7643 sections 4.1.2 and 4.2).
fn value(session: &Session<'_>, key: &Key, display: Option<&str>, of_type: &str) -> Option<Value> {
    let of = session.admission.policy.registry.named(&key.kind)?;
    let mut value = json!({
        "value": key.id,
        "$ref": resource::location(of, &session.origin.base_url, &key.id),
        "type": of_type,
    });
    if let (Some(object), Some(display)) = (value.as_object_mut(), display) {
        object.insert("display".into(), display.into());
    }
    Some(value)
}

//! Relations and mirrors of resources: what their links show.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::walk::{self, Containers};
use super::{Session, life};
use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::name::AttributeName;
use crate::ordered;
use crate::profile::{Groups, InactiveMembers};
use crate::projection::Projection;
use crate::resource::{self, Resource};
use crate::resource_type::ResourceType;
use crate::schema::Content;
use crate::store::{Direction, Key, Link, LinkPage};

/// For each resource of these keys, in their order, the relations and mirrors that the projection wants.
pub(super) fn shown(
    session: &Session<'_>,
    of: &ResourceType,
    anchors: &[Key],
    projection: &Projection,
) -> Result<Vec<Content>, Error> {
    let mut shown = vec![Content::new(); anchors.len()];
    let relations = of.definition.relations.iter();
    let relations = relations.map(|r| (&r.attribute, &r.attribute, Direction::Outgoing));
    let groups = session.admission.policy.groups(of);
    let mirrors = of.definition.mirrors.iter();
    let mirrors = mirrors.map(|m| (&m.attribute, &m.relation, Direction::Incoming));
    for (attribute, link, direction) in relations.chain(mirrors) {
        if anchors.is_empty() || !projection.wants(of, attribute) {
            continue;
        }
        if direction == Direction::Incoming && !session.sees_mirror(link) {
            continue;
        }
        let end = End {
            attribute,
            link,
            direction,
            groups: groups.filter(|groups| groups.members == *attribute),
            limit: match direction {
                Direction::Outgoing => projection.links,
                Direction::Incoming => None,
            }
            .unwrap_or(limits::LINKS_PER_RESPONSE),
        };
        let values = end.values(session, anchors)?;
        for (shown, values) in shown.iter_mut().zip(values) {
            if !values.is_empty() {
                shown.insert(attribute.as_str().to_owned(), values.into());
            }
        }
    }
    Ok(shown)
}

/// One end of a relation, as an attribute shows it.
struct End<'a> {
    attribute: &'a AttributeName,
    link: &'a AttributeName,
    direction: Direction,
    /// The rules for the members of groups, if these are.
    groups: Option<&'a Groups>,
    /// How many values there may be.
    limit: usize,
}

impl End<'_> {
    /// The values for each anchor.
    fn values(&self, session: &Session<'_>, anchors: &[Key]) -> Result<Vec<Vec<Value>>, Error> {
        let (link, limit) = (self.link.as_str(), self.limit);
        let ends = match self.direction {
            Direction::Incoming => walk::containers(session, anchors, link, limit)?,
            Direction::Outgoing => self.outgoing(session, anchors, link)?,
        };
        let mut ends = ends.ok_or_else(|| self.too_many())?;
        if self
            .groups
            .is_some_and(|g| g.inactive_members == InactiveMembers::Show)
        {
            let former = self.outgoing(session, anchors, life::FORMER)?;
            for (ends, former) in ends.iter_mut().zip(former.ok_or_else(|| self.too_many())?) {
                let new: Containers = former
                    .into_iter()
                    .filter(|one| !ends.contains(one))
                    .collect();
                ends.extend(new);
            }
        }
        if ends.iter().map(Vec::len).sum::<usize>() > limit {
            return Err(self.too_many());
        }
        let names = names(
            session,
            ends.iter().flatten().map(|(key, _)| key.clone()).collect(),
        )?;
        let hides = self
            .groups
            .is_some_and(|g| g.inactive_members == InactiveMembers::Hide);
        let value = |(key, is_direct): &(Key, bool)| {
            let name = names.get(key)?;
            if hides && !name.is_active {
                return None;
            }
            let of_type = match (self.direction, is_direct) {
                (Direction::Outgoing, _) => key.kind.as_str(),
                (Direction::Incoming, true) => "direct",
                (Direction::Incoming, false) => "indirect",
            };
            value(session, key, name.display.as_deref(), of_type)
        };
        let of_anchor = |ends: &Containers| ends.iter().filter_map(value).collect();
        Ok(ends.iter().map(of_anchor).collect())
    }

    /// What the links of this name lead to from each anchor.
    fn outgoing(
        &self,
        session: &Session<'_>,
        anchors: &[Key],
        link: &str,
    ) -> Result<Option<Vec<Containers>>, Error> {
        let ends = ends(session, anchors, link, Direction::Outgoing, self.limit)?;
        let kept = |ends: Vec<Key>| ends.into_iter().map(|key| (key, true)).collect();
        Ok(ends.into_iter().map(|ends| ends.map(kept)).collect())
    }

    fn too_many(&self) -> Error {
        let (attribute, limit) = (self.attribute, self.limit);
        let detail = format!(
            "`{attribute}` has more than {limit} values; ask with excludedAttributes={attribute}"
        );
        Error::new(ErrorKind::TooMany, detail)
    }
}

/// The far ends of the links at each anchor; `None` in place of more than `limit` of them.
pub(super) fn ends(
    session: &Session<'_>,
    anchors: &[Key],
    name: &str,
    direction: Direction,
    limit: usize,
) -> Result<Vec<Option<Vec<Key>>>, Error> {
    let at_once = u32::try_from(limit.saturating_add(1)).unwrap_or(u32::MAX);
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

/// What people know a resource by.
struct Name {
    display: Option<String>,
    is_active: bool,
}

/// The resources at the far ends by key. One that has gone meanwhile is not among them.
fn names(session: &Session<'_>, keys: Vec<Key>) -> Result<BTreeMap<Key, Name>, Error> {
    let keys: Vec<Key> = ordered::set(keys).into_iter().collect();
    let policy = &session.admission.policy;
    let mut names = BTreeMap::new();
    for entry in session.entries(&keys)?.into_iter().flatten() {
        let resource = Resource::from_entry(entry)?;
        let of = policy.registry.named(&resource.key.kind);
        let display = of.and_then(|of| resource.display(of));
        let users = of.and_then(|of| policy.users(of));
        let name = Name {
            display: display.map(ToOwned::to_owned),
            is_active: users.is_none_or(|users| life::is_active(users, &resource.content)),
        };
        names.insert(resource.key, name);
    }
    Ok(names)
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

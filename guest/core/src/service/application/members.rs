//! The members that groups gain and lose by a commit.

use super::reader::Reader;
use super::subject::Subjects;
use crate::ordered::OrderedSet;
use crate::store::{Key, Link, LinkSet, Refusal, Write};

/// The members of one group that a commit changes.
#[derive(Clone, Default)]
pub(super) struct Moved {
    pub(super) joined: Vec<Key>,
    pub(super) left: Vec<Key>,
}

/// Returns the changes of the members of each of these resources, in their order. The members of
/// one that goes are not listed.
pub(super) fn moved(
    reader: &Reader<'_>,
    subjects: &Subjects<'_>,
    writes: &[Write],
) -> Result<Vec<Moved>, Refusal> {
    let mut all = vec![Moved::default(); subjects.all.len()];
    for write in writes {
        match write {
            Write::Link(links) => each(subjects, links, &mut all, |moved| &mut moved.joined),
            Write::Unlink(links) => each(subjects, links, &mut all, |moved| &mut moved.left),
            Write::UnlinkAll(LinkSet { source, name }) => {
                if let Some(place) = place(subjects, source, name)
                    && let Some(moved) = all.get_mut(place)
                {
                    moved.left.extend(reader.targets(source, name)?);
                }
            }
            _ => {}
        }
    }
    all.iter_mut().for_each(settle);
    Ok(all)
}

fn each(
    subjects: &Subjects<'_>,
    links: &[Link],
    all: &mut [Moved],
    list: impl Fn(&mut Moved) -> &mut Vec<Key>,
) {
    for link in links {
        if let Some(place) = place(subjects, &link.source, &link.name)
            && let Some(moved) = all.get_mut(place)
        {
            list(moved).push(link.target.clone());
        }
    }
}

/// Returns the place of the resource whose relation this is; `None` if clients do not see the
/// relation, or if the resource goes.
fn place(subjects: &Subjects<'_>, source: &Key, name: &str) -> Option<usize> {
    let place = subjects.place(source)?;
    let subject = subjects.all.get(place)?;
    let relations = &subject.resource_type.definition.relations;
    let stays = match subject.written() {
        Some(draft) => draft.key == subject.key,
        None => !subject.is_gone(),
    };
    (stays && relations.iter().any(|relation| relation.attribute == *name)).then_some(place)
}

/// Drops the members that are linked again.
fn settle(moved: &mut Moved) {
    let left = OrderedSet::from_iter(moved.left.iter());
    let again = moved.joined.iter().filter(|key| left.contains(key)).cloned();
    let again: OrderedSet<Key> = OrderedSet::from_iter(again);
    if !again.is_empty() {
        moved.joined.retain(|key| !again.contains(key));
        moved.left.retain(|key| !again.contains(key));
    }
}

//! Reads the far ends of links in calls of limited size: those of several resources together, those
//! of a resource with many page by page.

use crate::error::Error;
use crate::limits;
use crate::service::Session;
use crate::store::{Direction, Key, Link, LinkPage};

/// The link from a group to a user that a deactivation removed from it.
pub(in crate::service) const FORMER: &str = "#former-members";

/// The link from a user that a changed userName created to the user that the identity provider
/// knows.
pub(in crate::service) const FORKED_FROM: &str = "#forked-from";

/// How many links of each resource are read together with those of others at first.
const FEW: usize = 100;

/// The far ends of links at one resource.
#[derive(Default)]
pub(in crate::service) struct LinkedKeys {
    /// The keys read so far.
    pub keys: Vec<Key>,
    /// The position at which the store continues; `None` if there are no more.
    pub next: Option<String>,
}

/// Reads the links of one name at several resources, one resource after the other.
pub(in crate::service) struct LinkReader<'a> {
    name: &'a str,
    direction: Direction,
    /// The links that were read ahead; those of the next resource are last.
    ready: Vec<LinkedKeys>,
    /// How many links of each resource are read together.
    each: usize,
}

impl<'a> LinkReader<'a> {
    /// Starts before the first of `anchors` resources; at most `limit` links of each are wanted.
    pub fn new(name: &'a str, direction: Direction, anchors: usize, limit: usize) -> Self {
        let share = limits::LINKS_PER_CALL / anchors.max(1);
        let most = limit.saturating_add(1).min(limits::LINKS_PER_CALL);
        Self { name, direction, ready: Vec::new(), each: share.max(FEW).min(most) }
    }

    /// Returns whether no links have been read ahead.
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// Returns the links that were read ahead, beginning with those of the next resource.
    pub fn ready(&self) -> impl Iterator<Item = &LinkedKeys> {
        self.ready.iter().rev()
    }

    /// Unless links have been read ahead, reads those of as many of these resources as fit one
    /// call.
    pub fn fill(&mut self, session: &Session<'_>, anchors: &[Key]) -> Result<(), Error> {
        let most = (limits::LINKS_PER_CALL / self.each).clamp(1, limits::KEYS_PER_CALL);
        let (now, _) = anchors.split_at(most.min(anchors.len()));
        let pages = self.read(session, now.to_vec(), None, self.each)?;
        let unread = pages.iter().filter(|page| page.next.is_some()).count();
        // If most have more links than that, reading more links of fewer resources takes fewer
        // calls.
        if unread * 2 > now.len() {
            self.each = (self.each * 10).min(limits::LINKS_PER_CALL);
        }
        let direction = self.direction;
        let pages = pages.into_iter().rev();
        self.ready = pages.map(|page| of_page(page, direction)).collect();
        Ok(())
    }

    /// Skips the next resource.
    pub fn pass(&mut self) {
        self.ready.pop();
    }

    /// Returns the links of the first of these resources, as far as they have been read.
    pub fn take(&mut self, session: &Session<'_>, anchors: &[Key]) -> Result<LinkedKeys, Error> {
        if self.is_empty() {
            self.fill(session, anchors)?;
        }
        Ok(self.ready.pop().unwrap_or_default())
    }

    /// Returns the links after a position.
    pub fn more(
        &self,
        session: &Session<'_>,
        anchor: &Key,
        after: String,
    ) -> Result<LinkedKeys, Error> {
        let anchors = vec![anchor.clone()];
        let pages = self.read(session, anchors, Some(after), limits::LINKS_PER_CALL)?;
        let ends = pages.into_iter().next();
        let ends = ends.map(|page| of_page(page, self.direction));
        // A page without links but with a next page would never end.
        Ok(ends.filter(|ends| !ends.keys.is_empty()).unwrap_or_default())
    }

    fn read(
        &self,
        session: &Session<'_>,
        anchors: Vec<Key>,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<LinkPage>, Error> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let store = session.ports.store;
        Ok(store.links(anchors, self.name, self.direction, after, limit)?)
    }
}

fn of_page(page: LinkPage, direction: Direction) -> LinkedKeys {
    let end = |link: Link| match direction {
        Direction::Outgoing => link.target,
        Direction::Incoming => link.source,
    };
    LinkedKeys { keys: page.links.into_iter().map(end).collect(), next: page.next }
}

/// Returns the far ends of the links at each anchor; `None` for an anchor with more than `limit`.
pub(in crate::service) fn all(
    session: &Session<'_>,
    anchors: &[Key],
    name: &str,
    direction: Direction,
    limit: usize,
) -> Result<Vec<Option<Vec<Key>>>, Error> {
    let mut reader = LinkReader::new(name, direction, anchors.len(), limit);
    let mut rest = anchors;
    let mut found = Vec::with_capacity(anchors.len());
    while let Some((anchor, later)) = rest.split_first() {
        let mut ends = reader.take(session, rest)?;
        while let Some(after) = ends.next.take().filter(|_| ends.keys.len() <= limit) {
            let more = reader.more(session, anchor, after)?;
            ends.keys.extend(more.keys);
            ends.next = more.next;
        }
        found.push((ends.keys.len() <= limit).then_some(ends.keys));
        rest = later;
    }
    Ok(found)
}

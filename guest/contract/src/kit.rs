//! Functions for the keys, writes, filters and expectations that many cases use.

use std::collections::BTreeMap;

use crate::Store;
use scimlet_store::{
    Adjustment, Channel, Comparison, Direction, Draft, Entry, Event, Expectation, Key, Link,
    LinkSet, Node, Operator, Order, Query, Refusal, Rejection, Relation, Removal, Replacement,
    Scalar, Term, Window, Write,
};

use crate::broken::{Broken, Checked, OrBroken, check, check_eq, short};

/// The time of most commits.
pub const AT: u64 = 1_700_000_000_000;

/// A key.
pub fn key(kind: &str, id: &str) -> Key {
    Key { kind: kind.into(), id: id.into() }
}

/// The key of a user.
pub fn user(id: &str) -> Key {
    key("User", id)
}

/// The key of a group.
pub fn group(id: &str) -> Key {
    key("Group", id)
}

/// A text value.
pub fn text(text: &str) -> Scalar {
    Scalar::Text(text.into())
}

/// A term that is not unique.
pub fn term(path: &str, value: Scalar) -> Term {
    Term { path: path.into(), value, unique: false }
}

/// A unique term.
pub fn unique(path: &str, value: &str) -> Term {
    Term { path: path.into(), value: text(value), unique: true }
}

/// An entry with these terms and a body that names its id.
pub fn draft(key: Key, terms: Vec<Term>) -> Draft {
    let body = format!("{{\"id\":\"{}\"}}", key.id);
    Draft { key, body, terms }
}

/// An entry without terms.
pub fn plain(key: Key) -> Draft {
    draft(key, Vec::new())
}

/// A user with its name as a unique term.
pub fn named(id: &str, name: &str) -> Draft {
    draft(user(id), vec![unique("userName", name)])
}

/// The write that inserts.
pub fn insert(draft: Draft) -> Write {
    Write::Insert(draft)
}

/// The write that replaces the entry that had this version.
pub fn replace(draft: Draft, version: u64) -> Write {
    Write::Replace(Replacement { draft, version })
}

/// The write that removes, whatever the version.
pub fn remove(key: Key) -> Write {
    Write::Remove(Removal { key, version: None })
}

/// The write that expects a version.
pub fn expect(key: Key, version: u64) -> Write {
    Write::Expect(Expectation { key, version })
}

/// A link of the name `members`.
pub fn member(source: Key, target: Key) -> Link {
    Link { source, name: "members".into(), target }
}

/// The write that makes a link of the name `members`.
pub fn link(source: Key, target: Key) -> Write {
    Write::Link(vec![member(source, target)])
}

/// The write that takes a link of the name `members` away.
pub fn unlink(source: Key, target: Key) -> Write {
    Write::Unlink(vec![member(source, target)])
}

/// The write that takes all links of the name `members` away.
pub fn unlink_all(source: Key) -> Write {
    Write::UnlinkAll(LinkSet { source, name: "members".into() })
}

/// The write that adjusts a counter.
pub fn adjust(counter: &str, by: i64, ceiling: Option<u64>) -> Write {
    Write::Adjust(Adjustment { counter: counter.into(), by, ceiling })
}

/// An event of the feed.
pub fn event(name: &str, subject: Option<Key>, body: &str) -> Event {
    Event { channel: Channel::Feed, name: name.into(), subject, body: body.into() }
}

/// The write that appends an event about nobody.
pub fn append(name: &str) -> Write {
    Write::Append(event(name, None, "{}"))
}

/// A comparison.
pub fn compare(path: &str, operator: Operator, value: Scalar) -> Node {
    Node::Compare(Comparison { path: path.into(), operator, value })
}

/// A comparison for a text.
pub fn equal(path: &str, value: &str) -> Node {
    compare(path, Operator::Equal, text(value))
}

/// A relation of the name `members`.
pub fn linked(direction: Direction, other: Key) -> Node {
    Node::Linked(Relation { name: "members".into(), direction, other })
}

/// An order by a path.
pub fn order(path: &str, descending: bool) -> Option<Order> {
    Some(Order { path: path.into(), descending })
}

/// The first thousand users that match, counted.
pub fn query(filter: Vec<Node>) -> Query {
    Query {
        kind: "User".into(),
        filter,
        order: None,
        window: Window::Offset(0),
        limit: 1000,
        count: true,
    }
}

/// Commits at [`AT`] and expects success; the new versions.
pub async fn commit(
    store: &dyn Store,
    writes: Vec<Write>,
) -> Checked<BTreeMap<(String, String), u64>> {
    commit_at(store, AT, writes).await
}

/// Commits and expects success; the new versions.
pub async fn commit_at(
    store: &dyn Store,
    at: u64,
    writes: Vec<Write>,
) -> Checked<BTreeMap<(String, String), u64>> {
    let done = store.commit(at, "tester".into(), writes).await.or_broken("the commit succeeds")?;
    Ok(done.versions.into_iter().map(|(key, version)| ((key.kind, key.id), version)).collect())
}

/// Commits and expects a refusal.
pub async fn refused(store: &dyn Store, writes: Vec<Write>) -> Checked<(u32, Refusal)> {
    match store.commit(AT, "tester".into(), writes).await {
        Err(Rejection { write, reason }) => Ok((write, reason)),
        Ok(done) => Err(Broken::new(format!(
            "expected: the commit is refused; it succeeded with {}",
            short(&done)
        ))),
    }
}

/// The refusal of a unique term, key or link that is there already.
pub fn taken(what: &str) -> Refusal {
    Refusal::Taken(what.into())
}

/// The entry of this key, if it is there.
pub async fn get(store: &dyn Store, key: Key) -> Checked<Option<Entry>> {
    let entries = store.get(vec![key]).await.or_broken("get succeeds")?;
    check_eq!(entries.len(), 1, "one answer for one key");
    Ok(entries.into_iter().next().flatten())
}

/// The entry's version; 0 if it is not there.
pub async fn version(store: &dyn Store, key: Key) -> Checked<u64> {
    Ok(get(store, key).await?.map_or(0, |entry| entry.version))
}

/// Whether there is a link of the name `members`.
pub async fn has(store: &dyn Store, source: Key, target: Key) -> Checked<bool> {
    let answers = store.has(vec![member(source, target)]).await.or_broken("has succeeds")?;
    check_eq!(answers.len(), 1, "one answer for one link");
    Ok(answers.contains(&true))
}

/// The value of a counter. No call returns it, but a change by 0 is refused under a ceiling below
/// it: the ceiling doubles until it is none, and is then halved towards the value.
pub async fn counter(store: &dyn Store, name: &str) -> Checked<u64> {
    let (mut least, mut most) = (0, 0);
    while !is_at_most(store, name, most).await? {
        (least, most) = (most + 1, most.saturating_mul(2).saturating_add(1));
    }
    while least < most {
        let middle = least.midpoint(most);
        match is_at_most(store, name, middle).await? {
            true => most = middle,
            false => least = middle + 1,
        }
    }
    Ok(least)
}

async fn is_at_most(store: &dyn Store, name: &str, ceiling: u64) -> Checked<bool> {
    let change = vec![adjust(name, 0, Some(ceiling))];
    match store.commit(AT, "tester".into(), change).await {
        Ok(_) => Ok(true),
        Err(Rejection { reason: Refusal::OverCeiling(over), .. }) if over == name => Ok(false),
        Err(rejection) => {
            Err(Broken::new(format!("expected: a counter is compared; got {rejection:?}")))
        }
    }
}

/// The ids at the other ends of all links of an anchor, page by page, in their order.
pub async fn linked_ids(
    store: &dyn Store,
    anchor: Key,
    direction: Direction,
    limit: u32,
) -> Checked<Vec<String>> {
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let asked = vec![anchor.clone()];
        let pages = store.links(asked, "members".into(), direction, after, limit).await;
        let page = pages.or_broken("links succeeds")?.pop().or_broken("a page for the anchor")?;
        check!(page.links.len() <= limit as usize, "a page has at most `limit` links");
        for link in page.links {
            let (near, far) = match direction {
                Direction::Outgoing => (link.source, link.target),
                Direction::Incoming => (link.target, link.source),
            };
            check_eq!(near, anchor, "links of the anchor");
            ids.push(far.id);
        }
        after = page.next;
        if after.is_none() {
            return Ok(ids);
        }
    }
}

/// Returns the ids that the anchor is linked with, in alphabetical order: the order of links is the
/// store's.
pub async fn sorted_ids(
    store: &dyn Store,
    anchor: Key,
    direction: Direction,
) -> Checked<Vec<String>> {
    let mut ids = linked_ids(store, anchor, direction, 1000).await?;
    ids.sort();
    Ok(ids)
}

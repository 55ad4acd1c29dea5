//! Changes over states that were not read from a database.

use scimlet_store::{
    Adjustment, ChainHead, Channel, Draft, Event, Key, Link, OrderedMap, Refusal, Removal,
    Replacement, Scalar, Term, Write,
};

use super::{
    AddedTerm, Before, Change, FieldRows, Loaded, LockPlan, Needed, TermRows, Terms, events,
};
use crate::Stored;

fn key(id: &str) -> Key {
    Key { kind: "User".into(), id: id.into() }
}

fn draft(id: &str, name: &str) -> Draft {
    let value = Scalar::Text(name.into());
    let terms = vec![Term { path: "userName".into(), value, unique: true }];
    Draft { key: key(id), body: format!("body of {id}"), terms }
}

fn replaced(id: &str, name: &str) -> Write {
    Write::Replace(Replacement { draft: draft(id, name), version: 3 })
}

fn member(of: &str, target: &str) -> Link {
    Link { source: key(of), name: "members".into(), target: key(target) }
}

fn stored(name: &str) -> Stored {
    Scalar::Text(name.into()).into()
}

/// The rows of the kind `User`, which is 1, and its `userName`, which is 2.
fn rows() -> FieldRows {
    let mut rows = FieldRows::default();
    rows.add_kind("User".into(), 1);
    rows.add_field("User".into(), "userName".into(), 2);
    rows
}

/// Two users at version 3, named by their ids, in the rows 10 and 11; the first has the second as a
/// member.
fn loaded() -> Loaded {
    let users = [("a", 10), ("b", 11)];
    Loaded {
        entries: users.map(|(id, seq)| (key(id), Before { seq, version: 3 })).into_iter().collect(),
        links: [(member("a", "b"), (10, 11))].into_iter().collect(),
        terms: users.map(|(id, seq)| (seq, named(id))).into_iter().collect(),
        seqs: vec![12, 13],
        ..Loaded::default()
    }
}

/// The terms of a user of this name.
fn named(id: &str) -> Terms {
    [((2, stored(id)), true)].into_iter().collect()
}

/// Returns the number of the write that is refused, and why.
fn refused(writes: &[Write]) -> Option<(u32, Refusal)> {
    let rejection = match Change::of(writes, loaded()) {
        Ok((_, fault)) => fault?,
        Err(rejection) => rejection,
    };
    Some((rejection.write, rejection.reason))
}

#[test]
fn swapped_names_are_deleted_before_they_are_inserted() {
    let writes = [replaced("a", "b"), replaced("b", "a")];
    let (change, fault) = Change::of(&writes, loaded()).unwrap();
    assert_eq!(fault, None);
    let rows = rows();
    assert!(Needed::of(&change).is_known(&rows));
    let terms = TermRows::of(&change, &rows);
    let gone: Vec<_> = terms.gone.iter().collect();
    assert_eq!(gone, [&(2, stored("a"), 10), &(2, stored("b"), 11)]);
    let added: Vec<_> = terms.added.keys().collect();
    assert_eq!(added, [&(2, stored("a"), 11), &(2, stored("b"), 10)]);
    assert!(terms.counts.fields.values().all(|by| *by == 0));
    let changed: Vec<_> =
        change.changed_entries().iter().map(|row| (row.seq, row.version)).collect();
    assert_eq!(changed, [(10, 4), (11, 4)]);
}

#[test]
fn a_term_that_stays_is_not_written() {
    let writes = [replaced("a", "a"), Write::Insert(draft("c", "c"))];
    let (change, _) = Change::of(&writes, loaded()).unwrap();
    let rows = rows();
    let terms = TermRows::of(&change, &rows);
    assert!(terms.gone.is_empty());
    assert_eq!(terms.added.keys().collect::<Vec<_>>(), [&(2, stored("c"), 12)]);
    let counts = [&terms.counts.kinds, &terms.counts.fields];
    assert!(counts[0].iter().eq([(&1, &1)]));
    assert!(counts[1].iter().eq([(&2, &1)]));
    let new = change.new_entries(&rows);
    assert_eq!(
        new.iter().map(|row| (row.seq, row.kind, row.id)).collect::<Vec<_>>(),
        [(12, 1, "c")]
    );
    let taken = AddedTerm::first_taken(terms.added.values()).unwrap();
    assert_eq!((taken.write, taken.reason), (1, Refusal::Taken("userName".into())));
}

#[test]
fn of_several_refusals_the_earliest_counts() {
    let new = |id, name| Write::Insert(draft(id, name));
    let lost = || Write::Link(vec![member("a", "nobody")]);
    let taken = Refusal::Taken("userName".into());
    let missing = Refusal::Missing(key("nobody"));
    let (c, d) = (|| new("c", "x"), || new("d", "x"));
    assert_eq!(refused(&[c(), d(), lost()]), Some((1, taken)));
    assert_eq!(refused(&[lost(), c(), d()]), Some((0, missing)));
    let stale = Write::Remove(Removal { key: key("a"), version: Some(2) });
    assert_eq!(refused(&[lost(), stale]), Some((1, Refusal::Stale(key("a")))));
}

#[test]
fn a_target_that_is_removed_changes_its_sources() {
    let writes = [Write::Remove(Removal { key: key("b"), version: None })];
    assert!(LockPlan::of(&writes).removed.contains(&key("b")));
    let (change, fault) = Change::of(&writes, loaded()).unwrap();
    assert_eq!(fault, None);
    assert_eq!(change.removed_rows(), [11]);
    // The links of a removed row are deleted with it.
    assert_eq!(change.link_rows(), super::LinkRows::default());
    assert_eq!(change.versions(), [(key("a"), 4)]);
}

#[test]
fn new_entries_may_link_in_a_circle() {
    let links = vec![member("c", "d"), member("d", "c")];
    let new = ["c", "d"].map(|id| Write::Insert(draft(id, id)));
    let writes = [&[Write::Link(links)][..], &new].concat();
    let (change, fault) = Change::of(&writes, loaded()).unwrap();
    assert_eq!(fault, None);
    assert_eq!(change.link_rows().inserted, [(12, "members", 13), (13, "members", 12)]);
}

#[test]
fn only_earlier_events_are_redacted() {
    let event = |body: &str| {
        let (name, body) = ("changed".to_owned(), body.to_owned());
        Write::Append(Event { channel: Channel::Feed, name, subject: Some(key("a")), body })
    };
    let writes = [event("before"), Write::Redact(key("a")), event("after")];
    let (change, _) = Change::of(&writes, loaded()).unwrap();
    let recorded = events::record(7, "actor", &change, ChainHead::START);
    let bodies: Vec<_> = recorded.iter().map(|one| (one.sequence, &*one.event.body)).collect();
    assert_eq!(bodies, [(1, ""), (2, "after")]);
    assert_eq!(change.redacted, [(&key("a"), 1)]);
}

#[test]
fn counters_are_judged_again_by_their_locked_values() {
    let adjust = |by, ceiling| {
        let counter = "seats".to_owned();
        Write::Adjust(Adjustment { counter, by, ceiling })
    };
    let writes = [adjust(1, Some(5)), adjust(-3, None), adjust(4, Some(5))];
    let before = |value| [("seats".to_owned(), value)].into_iter().collect();
    let loaded = Loaded { counters: before(2), ..loaded() };
    let (change, _) = Change::of(&writes, loaded).unwrap();
    assert!(change.counters().eq(["seats"]));
    let rejected = |value| change.sums(&before(value)).map_err(|rejection| rejection.write);
    assert_eq!(rejected(2), Ok([("seats", 4)].into_iter().collect()));
    assert_eq!(rejected(3), Ok([("seats", 5)].into_iter().collect()));
    assert_eq!(rejected(4), Err(2));
    assert_eq!(rejected(5), Err(0));
    assert_eq!(change.sums(&OrderedMap::new()), Ok([("seats", 4)].into_iter().collect()));
}

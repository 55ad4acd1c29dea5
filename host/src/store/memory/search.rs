//! Pages of entries and links, by looking at all of them.

use scimlet_store::evaluate;

use crate::store::{
    Direction, Hit, Key, LinkPage, Node, Order, Page, Query, Refusal, Relation, Scalar, Window,
    limits,
};

use super::data::{Data, Record};

/// A hit's position: its value in the order, if it has one, and its place in the order of
/// creation.
#[derive(Clone)]
struct Place {
    value: Option<Scalar>,
    seq: u64,
}

/// One page.
pub(super) fn find(data: &Data, query: &Query, filter: &[Node]) -> Result<Page, Refusal> {
    let mut found: Vec<(&Record, Place)> = data
        .records
        .iter()
        .filter(|record| record.entry.key.kind == query.kind && holds(data, record, filter))
        .map(|record| (record, place(record, query.order.as_ref())))
        .collect();
    let descending = query.order.as_ref().is_some_and(|order| order.descending);
    found.sort_by(|(_, a), (_, b)| compare(a, b, descending));
    let total = query.count.then_some(found.len() as u64);
    let start = match &query.window {
        Window::Offset(offset) => usize::try_from(*offset).unwrap_or(usize::MAX),
        Window::After(position) => {
            let after = parse(position, query.order.is_some())?;
            found.partition_point(|(_, place)| compare(place, &after, descending).is_le())
        }
    };
    // A page may end where its bodies get large.
    let mut bytes = 0;
    let goes_on = |(record, _): &(&Record, Place)| {
        let is_small = bytes < limits::PAGE_BYTES;
        bytes += record.entry.body.len();
        is_small
    };
    let hits = found.into_iter().skip(start).take(query.limit as usize);
    let hits = hits.take_while(goes_on);
    let hits = hits.map(|(record, place)| Hit {
        entry: record.entry.clone(),
        position: print(&place, query.order.is_some()),
    });
    Ok(Page { hits: hits.collect(), total, exact: true, ordered: true })
}

fn holds(data: &Data, record: &Record, filter: &[Node]) -> bool {
    let linked = |relation: &Relation| {
        let ends = |source: &Key, target: &Key| match relation.direction {
            Direction::Outgoing => *source == record.entry.key && *target == relation.other,
            Direction::Incoming => *target == record.entry.key && *source == relation.other,
        };
        data.links().any(|(link, _)| link.name == relation.name && ends(&link.source, &link.target))
    };
    evaluate::holds(filter, &record.terms, linked).unwrap_or(false)
}

fn place(record: &Record, order: Option<&Order>) -> Place {
    let term = order.and_then(|order| record.terms.iter().find(|term| term.path == order.path));
    Place { value: term.map(|term| term.value.clone()), seq: record.seq }
}

fn compare(a: &Place, b: &Place, descending: bool) -> std::cmp::Ordering {
    evaluate::place(a.value.as_ref(), b.value.as_ref(), descending).then(a.seq.cmp(&b.seq))
}

/// A position is the place, spelt out.
fn print(place: &Place, ordered: bool) -> String {
    let value = match &place.value {
        None => "-".to_owned(),
        Some(Scalar::Text(text)) => format!("t{text}"),
        Some(Scalar::Number(number)) => format!("n{number:?}"),
        Some(Scalar::Boolean(flag)) => format!("b{flag}"),
    };
    format!("{ordered} {} {value}", place.seq)
}

fn parse(position: &str, ordered: bool) -> Result<Place, Refusal> {
    let invalid = || Refusal::Invalid("no position".into());
    let (shape, rest) = position.split_once(' ').ok_or_else(invalid)?;
    let (seq, value) = rest.split_once(' ').ok_or_else(invalid)?;
    if shape != ordered.to_string() {
        return Err(invalid());
    }
    let value = match value.split_at_checked(1).ok_or_else(invalid)? {
        ("-", "") => None,
        ("t", text) => Some(Scalar::Text(text.into())),
        ("n", number) => Some(Scalar::Number(number.parse().map_err(|_| invalid())?)),
        ("b", flag) => Some(Scalar::Boolean(flag.parse().map_err(|_| invalid())?)),
        _ => return Err(invalid()),
    };
    Ok(Place { value, seq: seq.parse().map_err(|_| invalid())? })
}

/// The place in the order of linking that a position of `links` stands for.
pub(super) fn link_position(position: &str) -> Result<u64, Refusal> {
    let number = position.strip_prefix("link ").and_then(|number| number.parse().ok());
    number.ok_or_else(|| Refusal::Invalid("no position".into()))
}

/// One page of links at an anchor, in the order of linking.
pub(super) fn link_page(
    data: &Data,
    anchor: &Key,
    name: &str,
    direction: Direction,
    after: Option<u64>,
    limit: u32,
) -> LinkPage {
    let is_at_anchor = |source: &Key, target: &Key| match direction {
        Direction::Outgoing => source == anchor,
        Direction::Incoming => target == anchor,
    };
    let start = after.unwrap_or(0);
    let mut found: Vec<_> = data
        .links()
        .filter(|(link, place)| {
            *place > start && link.name == name && is_at_anchor(&link.source, &link.target)
        })
        .collect();
    found.sort_by_key(|(_, place)| *place);
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().map_or(start, |(_, place)| *place);
    LinkPage {
        next: more.then(|| format!("link {last}")),
        links: found.into_iter().map(|(link, _)| link).collect(),
    }
}

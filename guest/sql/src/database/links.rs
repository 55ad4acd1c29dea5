//! Pages of links.

use scimlet_store::{Direction, Key, Link, LinkPage, Refusal, limits};

use super::connection::{Connection, execute};
use super::read::TENANT;
use super::row::Row;
use crate::null_character;
use crate::{Sql, decode_link, encode_link};

/// The parts of a call of `links` that are equal for each anchor.
pub(super) struct LinkQuery<'a> {
    name: &'a str,
    direction: Direction,
    after: i64,
    limit: usize,
}

impl<'a> LinkQuery<'a> {
    /// Decodes the position `after`.
    ///
    /// # Errors
    /// `Invalid` if the position does not belong to this direction.
    pub(super) fn new(
        name: &'a str,
        direction: Direction,
        after: Option<&str>,
        limit: u32,
    ) -> Result<LinkQuery<'a>, Refusal> {
        let after = after.map_or(Ok(0), |position| decode_link(direction, position))?;
        let limit = limit.min(limits::LINKS) as usize;
        Ok(LinkQuery { name, direction, after, limit })
    }
}

/// The most statements of one list.
const LIST: usize = 100;

/// Returns one page of links for each anchor, in the order of the anchors: together at most
/// [`limits::LINKS`].
pub(super) fn links(
    connection: &impl Connection,
    tenant: &str,
    anchors: &[Key],
    query: &LinkQuery<'_>,
) -> Result<Vec<LinkPage>, Refusal> {
    let mut left = limits::LINKS as usize;
    let mut pages = Vec::with_capacity(anchors.len());
    let mut rest = anchors;
    while !rest.is_empty() {
        let limit = left.min(query.limit);
        let full = left.checked_div(limit).unwrap_or(LIST).clamp(1, LIST);
        let (now, later) = rest.split_at(full.min(rest.len()));
        let one = |anchor| statement(tenant, anchor, query, limit);
        let found = execute(connection, now.iter().map(one).collect());
        for (anchor, rows) in now.iter().zip(found?) {
            let page = page(anchor, query, limit, rows)?;
            left -= page.links.len();
            pages.push(page);
        }
        rest = later;
    }
    Ok(pages)
}

/// Returns the query for the links of one anchor: position, kind and id of the other end, and one
/// row more than the page has.
fn statement(tenant: &str, anchor: &Key, query: &LinkQuery<'_>, limit: usize) -> Sql {
    let (from, links) = match query.direction {
        Direction::Outgoing => (
            "SELECT l.target, ok.name, e.id
             FROM scimlet_kind k CROSS JOIN scimlet_entry a CROSS JOIN scimlet_linkset s
             CROSS JOIN scimlet_link l CROSS JOIN scimlet_entry e CROSS JOIN scimlet_kind ok",
            "s.source = a.seq AND s.name = ? AND l.linkset = s.id AND l.target > ?
             AND e.seq = l.target AND ok.id = e.kind ORDER BY l.target LIMIT ?",
        ),
        Direction::Incoming => (
            "SELECT l.linkset, ok.name, e.id
             FROM scimlet_kind k CROSS JOIN scimlet_entry a CROSS JOIN scimlet_link l
             CROSS JOIN scimlet_linkset s CROSS JOIN scimlet_entry e CROSS JOIN scimlet_kind ok",
            "l.target = a.seq AND s.id = l.linkset AND s.name = ? AND l.linkset > ?
             AND e.seq = s.source AND ok.id = e.kind ORDER BY l.linkset LIMIT ?",
        ),
    };
    let texts = [&anchor.kind, &anchor.id].map(|text| storable(text));
    let [kind, id] = texts;
    Sql::new(from)
        .text(" WHERE k.tenant = ")
        .text(TENANT)
        .text(" AND k.name = ? AND a.kind = k.id AND a.id = ? AND ")
        .text(links)
        .bind(tenant.to_owned())
        .bind(kind)
        .bind(id)
        .bind(storable(query.name))
        .bind(query.after)
        .bind(limit as i64 + 1)
}

/// Returns a text for a parameter: PostgreSQL takes none with U+0000. No name in a database is
/// empty, as the text in its place is.
fn storable(text: &str) -> String {
    if null_character::has(text) { String::new() } else { text.to_owned() }
}

fn page(
    anchor: &Key,
    query: &LinkQuery<'_>,
    limit: usize,
    rows: Vec<Row>,
) -> Result<LinkPage, Refusal> {
    let follow = rows.len() > limit;
    let (mut links, mut last) = (Vec::with_capacity(rows.len().min(limit)), query.after);
    for mut row in rows.into_iter().take(limit) {
        last = row.integer()?;
        let other = Key { kind: row.text()?, id: row.text()? };
        let (source, target) = match query.direction {
            Direction::Outgoing => (anchor.clone(), other),
            Direction::Incoming => (other, anchor.clone()),
        };
        links.push(Link { source, name: query.name.to_owned(), target });
    }
    Ok(LinkPage { links, next: follow.then(|| encode_link(query.direction, last)) })
}

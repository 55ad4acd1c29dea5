//! Reads by key: entries, links, counters and events. Each call runs in one read transaction, so
//! all parts of an answer come from one snapshot.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use scimlet_sql::{decode_link, encode_link};

use super::error::SqliteResult;
use super::find::read_entry;
use super::rows::{self, unsigned};
use crate::store::{
    Channel, Direction, Entry, Event, Key, Link, LinkPage, RecordedEvent, limits, too_many_bytes,
};

/// Returns the entries of these keys, in the order of the keys; `None` for those that do not exist.
pub(super) fn get(db: &Connection, tenant: i64, keys: &[Key]) -> SqliteResult<Vec<Option<Entry>>> {
    let mut statement = db.prepare_cached(
        "SELECT e.id, e.version, e.created, e.modified, e.body, e.digest, e.digest_version
         FROM scimlet_kind k JOIN scimlet_entry e ON e.kind = k.id AND e.id = ?3 WHERE k.tenant = ?1
         AND k.name = ?2",
    )?;
    let (mut entries, mut bytes) = (Vec::with_capacity(keys.len()), 0);
    for key in keys {
        let entry = statement
            .query_row(params![tenant, key.kind, key.id], |row| read_entry(&key.kind, row))
            .optional()?;
        bytes += entry.as_ref().map_or(0, |entry| entry.body.len());
        if bytes > limits::ANSWER_BYTES && keys.len() > 1 {
            return Err(too_many_bytes().into());
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// Returns whether each link exists, in the order of `links`.
pub(super) fn has(db: &Connection, tenant: i64, links: &[Link]) -> SqliteResult<Vec<bool>> {
    links.iter().map(|link| Ok(is_linked(db, tenant, link)?)).collect()
}

fn is_linked(db: &Connection, tenant: i64, link: &Link) -> rusqlite::Result<bool> {
    let Some(source) = rows::seq(db, tenant, &link.source)? else {
        return Ok(false);
    };
    let Some(target) = rows::seq(db, tenant, &link.target)? else {
        return Ok(false);
    };
    db.prepare_cached(
        "SELECT 1 FROM scimlet_linkset s JOIN scimlet_link l ON l.linkset = s.id AND l.target = ?3
         WHERE s.source = ?1 AND s.name = ?2",
    )?
    .exists(params![source, link.name, target])
}

/// The parameters of `links` that are the same for each anchor.
pub(super) struct LinkQuery {
    pub(super) name: String,
    pub(super) direction: Direction,
    pub(super) after: Option<String>,
    pub(super) limit: u32,
}

/// Returns one page of links for each anchor, in the order of the anchors.
pub(super) fn links(
    db: &Connection,
    tenant: i64,
    anchors: &[Key],
    query: &LinkQuery,
) -> SqliteResult<Vec<LinkPage>> {
    let after = match &query.after {
        Some(position) => decode_link(query.direction, position)?,
        None => 0,
    };
    let mut left = limits::LINKS as usize;
    let mut pages = Vec::with_capacity(anchors.len());
    for anchor in anchors {
        let limit = left.min(query.limit as usize);
        let page = link_page(db, tenant, anchor, query, after, limit)?;
        left -= page.links.len();
        pages.push(page);
    }
    Ok(pages)
}

fn link_page(
    db: &Connection,
    tenant: i64,
    anchor: &Key,
    query: &LinkQuery,
    after: i64,
    limit: usize,
) -> SqliteResult<LinkPage> {
    let mut page = LinkPage { links: Vec::new(), next: None };
    let Some(seq) = rows::seq(db, tenant, anchor)? else {
        return Ok(page);
    };
    let mut statement = db.prepare_cached(match query.direction {
        Direction::Outgoing => OUTGOING,
        Direction::Incoming => INCOMING,
    })?;
    let mut rows = statement.query(params![seq, query.name, after, limit as i64 + 1])?;
    let mut last = after;
    while let Some(row) = rows.next()? {
        if page.links.len() == limit {
            page.next = Some(encode_link(query.direction, last));
            break;
        }
        last = row.get(0)?;
        let other = Key { kind: row.get(1)?, id: row.get(2)? };
        page.links.push(link(query, anchor.clone(), other));
    }
    Ok(page)
}

const OUTGOING: &str = "SELECT l.target, k.name, e.id
    FROM scimlet_linkset s JOIN scimlet_link l ON l.linkset = s.id
    JOIN scimlet_entry e ON e.seq = l.target JOIN scimlet_kind k ON k.id = e.kind
    WHERE s.source = ?1 AND s.name = ?2 AND l.target > ?3 ORDER BY l.target LIMIT ?4";

const INCOMING: &str = "SELECT l.linkset, k.name, e.id
    FROM scimlet_link l JOIN scimlet_linkset s ON s.id = l.linkset AND s.name = ?2
    JOIN scimlet_entry e ON e.seq = s.source JOIN scimlet_kind k ON k.id = e.kind
    WHERE l.target = ?1 AND l.linkset > ?3 ORDER BY l.linkset LIMIT ?4";

fn link(query: &LinkQuery, anchor: Key, other: Key) -> Link {
    let (source, target) = match query.direction {
        Direction::Outgoing => (anchor, other),
        Direction::Incoming => (other, anchor),
    };
    Link { source, name: query.name.clone(), target }
}

/// Returns the value of one counter; 0 if it was never adjusted.
pub(super) fn counter(db: &Connection, tenant: i64, name: &str) -> rusqlite::Result<i64> {
    let value = db
        .prepare_cached("SELECT value FROM scimlet_counter WHERE tenant = ? AND name = ?")?
        .query_row(params![tenant, name], |row| row.get(0))
        .optional()?;
    Ok(value.unwrap_or(0))
}

/// Returns the events after sequence number `after`: as many as fit into an answer, but at least
/// one.
pub(super) fn events(
    db: &Connection,
    tenant: i64,
    after: u64,
    limit: u32,
) -> SqliteResult<Vec<RecordedEvent>> {
    let mut statement = db.prepare_cached(
        "SELECT sequence, at, actor, channel, name, subject_kind, subject_id, body, body_digest,
         digest
         FROM scimlet_event WHERE tenant = ?1 AND EXISTS(SELECT 1 FROM scimlet_tenant WHERE id = ?1)
         AND sequence > ?2
         ORDER BY sequence LIMIT ?3",
    )?;
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![tenant, after, limit.min(limits::EVENTS)])?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let event = read_event(row)?;
        bytes += event.event.body.len();
        if bytes > limits::ANSWER_BYTES && !events.is_empty() {
            break;
        }
        events.push(event);
    }
    Ok(events)
}

fn read_event(row: &Row<'_>) -> rusqlite::Result<RecordedEvent> {
    let subject = match (row.get(5)?, row.get(6)?) {
        (Some(kind), Some(id)) => Some(Key { kind, id }),
        _ => None,
    };
    let channel = match row.get::<_, i64>(3)? {
        0 => Channel::Feed,
        _ => Channel::Audit,
    };
    Ok(RecordedEvent {
        sequence: unsigned(row.get(0)?),
        at: unsigned(row.get(1)?),
        actor: row.get(2)?,
        event: Event { channel, name: row.get(4)?, subject, body: row.get(7)? },
        body_digest: row.get(8)?,
        digest: row.get(9)?,
    })
}

//! The reads by key: entries, links, counters and events, each in one statement however many keys there are.

use tokio_postgres::Row;

use super::fault::Step;
use super::session::Session;
use crate::store::sql::{decode_link, encode_link};
use crate::store::{
    Channel, Direction, Entry, Event, Key, Link, LinkPage, RecordedEvent, bounds, chain,
};

/// Keys side by side, as arrays for one statement: kinds, ids and the place of each. Those with U+0000 are left out:
/// nothing in the database has it.
#[derive(Default)]
pub(super) struct Keys<'a> {
    pub(super) kinds: Vec<&'a str>,
    pub(super) ids: Vec<&'a str>,
    pub(super) places: Vec<i64>,
}

impl<'a> FromIterator<(usize, &'a Key)> for Keys<'a> {
    fn from_iter<I: IntoIterator<Item = (usize, &'a Key)>>(keys: I) -> Keys<'a> {
        let mut all = Keys::default();
        for (place, key) in keys {
            if !key.kind.contains('\0') && !key.id.contains('\0') {
                all.kinds.push(&key.kind);
                all.ids.push(&key.id);
                all.places.push(place as i64);
            }
        }
        all
    }
}

/// A number that PostgreSQL keeps signed and that is never below 0.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Which of the caller's keys a row is about.
pub(super) fn place(row: &Row) -> usize {
    usize::try_from(row.get::<_, i64>("place")).unwrap_or(usize::MAX)
}

/// The entries of these keys, in their order.
pub(super) async fn get(session: &Session, tenant: i64, keys: &[Key]) -> Step<Vec<Option<Entry>>> {
    let wanted: Keys<'_> = keys.iter().enumerate().collect();
    let rows = session
        .weighed(
            "SELECT w.place, e.id, e.version, e.created, e.modified, e.body
         FROM unnest($2::TEXT[], $3::TEXT[], $4::BIGINT[]) AS w(kind, id, place)
         JOIN kind k ON k.tenant = $1 AND k.name = w.kind
         JOIN entry e ON e.kind = k.id AND e.id = w.id",
            &[&tenant, &wanted.kinds, &wanted.ids, &wanted.places],
            weigh_body,
            (bounds::ANSWER_BYTES, "bytes of the entries"),
        )
        .await?;
    let mut entries = vec![None; keys.len()];
    for row in rows {
        let place = place(&row);
        if let (Some(entry), Some(key)) = (entries.get_mut(place), keys.get(place)) {
            *entry = Some(read_entry(&key.kind, &row));
        }
    }
    Ok(entries)
}

/// The bytes of a row's body.
pub(super) fn weigh_body(row: &Row) -> usize {
    row.get::<_, &str>("body").len()
}

/// An entry from the columns id, version, created, modified, body.
pub(super) fn read_entry(kind: &str, row: &Row) -> Entry {
    Entry {
        key: Key {
            kind: kind.to_owned(),
            id: row.get("id"),
        },
        version: unsigned(row.get("version")),
        created: unsigned(row.get("created")),
        modified: unsigned(row.get("modified")),
        body: row.get("body"),
    }
}

/// Whether each link is there, in their order.
pub(super) async fn has(session: &Session, tenant: i64, links: &[Link]) -> Step<Vec<bool>> {
    let storable = |(_, link): &(usize, &Link)| {
        let texts = [&link.source.kind, &link.source.id, &link.name];
        let all = texts
            .into_iter()
            .chain([&link.target.kind, &link.target.id]);
        all.into_iter().all(|text| !text.contains('\0'))
    };
    let wanted: Vec<(usize, &Link)> = links.iter().enumerate().filter(storable).collect();
    let sources: Keys<'_> = wanted.iter().map(|(n, link)| (*n, &link.source)).collect();
    let targets: Keys<'_> = wanted.iter().map(|(n, link)| (*n, &link.target)).collect();
    let names: Vec<&str> = wanted.iter().map(|(_, link)| link.name.as_str()).collect();
    let rows = session.rows(
        "SELECT w.place FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::BIGINT[])
           AS w(source_kind, source, name, target_kind, target, place)
         JOIN kind sk ON sk.tenant = $1 AND sk.name = w.source_kind
         JOIN entry s ON s.kind = sk.id AND s.id = w.source
         JOIN kind tk ON tk.tenant = $1 AND tk.name = w.target_kind
         JOIN entry t ON t.kind = tk.id AND t.id = w.target
         JOIN linkset set ON set.source = s.seq AND set.name = w.name
         JOIN link l ON l.linkset = set.id AND l.target = t.seq",
        &[
            &tenant,
            &sources.kinds,
            &sources.ids,
            &names,
            &targets.kinds,
            &targets.ids,
            &sources.places,
        ],
    ).await?;
    let mut there = vec![false; links.len()];
    for row in rows {
        if let Some(link) = there.get_mut(place(&row)) {
            *link = true;
        }
    }
    Ok(there)
}

/// What `links` asks for at each anchor.
pub(super) struct LinkQuery {
    pub(super) name: String,
    pub(super) direction: Direction,
    pub(super) after: i64,
    pub(super) limit: u32,
}

impl LinkQuery {
    /// Checks the position.
    pub(super) fn new(
        name: String,
        direction: Direction,
        after: Option<&str>,
        limit: u32,
    ) -> Step<LinkQuery> {
        let after = match after {
            Some(position) => decode_link(direction, position)?,
            None => 0,
        };
        Ok(LinkQuery {
            name,
            direction,
            after,
            limit,
        })
    }
}

/// One page of links for each anchor, in their order. As many anchors are asked about at once as may have full pages.
pub(super) async fn links(
    session: &Session,
    tenant: i64,
    anchors: &[Key],
    query: &LinkQuery,
) -> Step<Vec<LinkPage>> {
    let mut left = bounds::LINKS as usize;
    let mut pages = Vec::with_capacity(anchors.len());
    let mut rest = anchors;
    while !rest.is_empty() {
        let limit = left.min(query.limit as usize);
        let full = left.checked_div(limit).unwrap_or(rest.len());
        let (now, later) = rest.split_at(full.min(rest.len()));
        let found = link_pages(session, tenant, now, query, limit).await?;
        left -= found.iter().map(|page| page.links.len()).sum::<usize>();
        pages.extend(found);
        rest = later;
    }
    Ok(pages)
}

async fn link_pages(
    session: &Session,
    tenant: i64,
    anchors: &[Key],
    query: &LinkQuery,
    limit: usize,
) -> Step<Vec<LinkPage>> {
    let empty = || LinkPage {
        links: Vec::new(),
        next: None,
    };
    let mut pages: Vec<LinkPage> = anchors.iter().map(|_| empty()).collect();
    if query.name.contains('\0') {
        return Ok(pages);
    }
    let wanted: Keys<'_> = anchors.iter().enumerate().collect();
    let sql = match query.direction {
        Direction::Outgoing => OUTGOING,
        Direction::Incoming => INCOMING,
    };
    let one_more = limit as i64 + 1;
    let rows = session
        .rows(
            sql,
            &[
                &tenant,
                &wanted.kinds,
                &wanted.ids,
                &wanted.places,
                &query.name,
                &query.after,
                &one_more,
            ],
        )
        .await?;
    let mut last = query.after;
    for row in rows {
        let place = place(&row);
        let (Some(page), Some(anchor)) = (pages.get_mut(place), anchors.get(place)) else {
            continue;
        };
        if page.links.len() == limit {
            let behind = if limit == 0 { query.after } else { last };
            page.next = Some(encode_link(query.direction, behind));
            continue;
        }
        last = row.get("position");
        page.links.push(link(query, anchor, &row));
    }
    Ok(pages)
}

const OUTGOING: &str = "SELECT w.place, o.position, o.kind, o.id
    FROM unnest($2::TEXT[], $3::TEXT[], $4::BIGINT[]) AS w(kind, id, place)
    JOIN kind k ON k.tenant = $1 AND k.name = w.kind
    JOIN entry a ON a.kind = k.id AND a.id = w.id
    CROSS JOIN LATERAL (
      SELECT l.target AS position, ok.name AS kind, e.id
      FROM linkset s JOIN link l ON l.linkset = s.id
      JOIN entry e ON e.seq = l.target JOIN kind ok ON ok.id = e.kind
      WHERE s.source = a.seq AND s.name = $5 AND l.target > $6 ORDER BY l.target LIMIT $7) AS o
    ORDER BY w.place, o.position";

const INCOMING: &str = "SELECT w.place, o.position, o.kind, o.id
    FROM unnest($2::TEXT[], $3::TEXT[], $4::BIGINT[]) AS w(kind, id, place)
    JOIN kind k ON k.tenant = $1 AND k.name = w.kind
    JOIN entry a ON a.kind = k.id AND a.id = w.id
    CROSS JOIN LATERAL (
      SELECT l.linkset AS position, ok.name AS kind, e.id
      FROM link l JOIN linkset s ON s.id = l.linkset AND s.name = $5
      JOIN entry e ON e.seq = s.source JOIN kind ok ON ok.id = e.kind
      WHERE l.target = a.seq AND l.linkset > $6 ORDER BY l.linkset LIMIT $7) AS o
    ORDER BY w.place, o.position";

fn link(query: &LinkQuery, anchor: &Key, row: &Row) -> Link {
    let other = Key {
        kind: row.get("kind"),
        id: row.get("id"),
    };
    let (source, target) = match query.direction {
        Direction::Outgoing => (anchor.clone(), other),
        Direction::Incoming => (other, anchor.clone()),
    };
    Link {
        source,
        name: query.name.clone(),
        target,
    }
}

/// The value of each counter, in their order.
pub(super) async fn counters(session: &Session, tenant: i64, names: &[String]) -> Step<Vec<u64>> {
    let storable = names.iter().map(|name| match name.contains('\0') {
        true => None,
        false => Some(name.as_str()),
    });
    let storable: Vec<Option<&str>> = storable.collect();
    let rows = session
        .rows(
            "SELECT w.place, c.value FROM unnest($2::TEXT[]) WITH ORDINALITY AS w(name, place)
         JOIN counter c ON c.tenant = $1 AND c.name = w.name",
            &[&tenant, &storable],
        )
        .await?;
    let mut values = vec![0; names.len()];
    for row in rows {
        if let Some(value) = values.get_mut(place(&row).saturating_sub(1)) {
            *value = unsigned(row.get("value"));
        }
    }
    Ok(values)
}

/// The events after this number: as many as fit the answer, but at least one.
pub(super) async fn events(
    session: &Session,
    tenant: i64,
    after: u64,
    limit: u32,
) -> Step<Vec<RecordedEvent>> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    // Bodies are added up there, so that no more of them travel than the answer may have.
    let rows = session.rows(
        "SELECT * FROM (
           SELECT e.*, sum(octet_length(body)) OVER (ORDER BY sequence) - octet_length(body) AS before
           FROM event e
           WHERE tenant = $1 AND EXISTS(SELECT 1 FROM tenant WHERE id = $1) AND sequence > $2
           ORDER BY sequence LIMIT $3) AS e
         WHERE before = 0 OR before + octet_length(body) <= $4 ORDER BY sequence",
        &[
            &tenant,
            &after,
            &i64::from(limit.min(bounds::EVENTS)),
            &(bounds::ANSWER_BYTES as i64),
        ],
    ).await?;
    Ok(rows.iter().map(read_event).collect())
}

fn read_event(row: &Row) -> RecordedEvent {
    let subject = match (row.get("subject_kind"), row.get("subject_id")) {
        (Some(kind), Some(id)) => Some(Key { kind, id }),
        _ => None,
    };
    let channel = match row.get::<_, i64>("channel") {
        0 => Channel::Feed,
        _ => Channel::Audit,
    };
    RecordedEvent {
        sequence: unsigned(row.get("sequence")),
        at: unsigned(row.get("at")),
        actor: row.get("actor"),
        event: Event {
            channel,
            name: row.get("name"),
            subject,
            body: row.get("body"),
        },
        body_digest: digest(row, "body_digest"),
        digest: digest(row, "digest"),
    }
}

/// A digest; if a column holds what is none, one that cannot be right, so that whoever verifies the chain notices.
pub(super) fn digest(row: &Row, column: &str) -> chain::Digest {
    row.get::<_, &[u8]>(column)
        .try_into()
        .unwrap_or(chain::START)
}

//! Reads of links: whether given links exist, and pages of links.

use scimlet_sql::null_character;
use scimlet_sql::{decode_link, encode_link};
use tokio_postgres::Row;

use super::error::PostgresResult;
use super::read::{Keys, place};
use super::session::Session;
use crate::store::{Direction, Key, Link, LinkPage, limits};

/// Returns whether each link exists, in the order of `links`.
pub(super) async fn has(
    session: &Session,
    tenant: i64,
    links: &[Link],
) -> PostgresResult<Vec<bool>> {
    let wanted: Vec<(usize, &Link)> =
        links.iter().enumerate().filter(|(_, link)| null_character::link(link)).collect();
    let sources: Keys<'_> = wanted.iter().map(|(n, link)| (*n, &link.source)).collect();
    let targets: Keys<'_> = wanted.iter().map(|(n, link)| (*n, &link.target)).collect();
    let names: Vec<&str> = wanted.iter().map(|(_, link)| link.name.as_str()).collect();
    let rows = session
        .rows(
            "SELECT w.place FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[],
         $7::BIGINT[])
           AS w(source_kind, source, name, target_kind, target, place)
         JOIN scimlet_kind sk ON sk.tenant = $1 AND sk.name = w.source_kind
         JOIN scimlet_entry s ON s.kind = sk.id AND s.id = w.source
         JOIN scimlet_kind tk ON tk.tenant = $1 AND tk.name = w.target_kind
         JOIN scimlet_entry t ON t.kind = tk.id AND t.id = w.target
         JOIN scimlet_linkset set ON set.source = s.seq AND set.name = w.name
         JOIN scimlet_link l ON l.linkset = set.id AND l.target = t.seq",
            &[
                &tenant,
                &sources.kinds,
                &sources.ids,
                &names,
                &targets.kinds,
                &targets.ids,
                &sources.places,
            ],
        )
        .await?;
    let mut there = vec![false; links.len()];
    for row in rows {
        if let Some(link) = there.get_mut(place(&row)) {
            *link = true;
        }
    }
    Ok(there)
}

/// The parameters of `links` that are the same for each anchor.
pub(super) struct LinkQuery {
    pub(super) name: String,
    pub(super) direction: Direction,
    pub(super) after: i64,
    pub(super) limit: u32,
}

impl LinkQuery {
    /// Decodes the position `after`.
    ///
    /// # Errors
    /// `Refusal::Invalid` if the position does not belong to this direction.
    pub(super) fn new(
        name: String,
        direction: Direction,
        after: Option<&str>,
        limit: u32,
    ) -> PostgresResult<LinkQuery> {
        let after = match after {
            Some(position) => decode_link(direction, position)?,
            None => 0,
        };
        Ok(LinkQuery { name, direction, after, limit })
    }
}

/// Returns one page of links for each anchor, in the order of the anchors. One statement reads as
/// many anchors as may have full pages within [`limits::LINKS`].
pub(super) async fn links(
    session: &Session,
    tenant: i64,
    anchors: &[Key],
    query: &LinkQuery,
) -> PostgresResult<Vec<LinkPage>> {
    let mut left = limits::LINKS as usize;
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
) -> PostgresResult<Vec<LinkPage>> {
    let empty = || LinkPage { links: Vec::new(), next: None };
    let mut pages: Vec<LinkPage> = anchors.iter().map(|_| empty()).collect();
    if null_character::has(&query.name) {
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
    JOIN scimlet_kind k ON k.tenant = $1 AND k.name = w.kind
    JOIN scimlet_entry a ON a.kind = k.id AND a.id = w.id
    CROSS JOIN LATERAL (
      SELECT l.target AS position, ok.name AS kind, e.id
      FROM scimlet_linkset s JOIN scimlet_link l ON l.linkset = s.id
      JOIN scimlet_entry e ON e.seq = l.target JOIN scimlet_kind ok ON ok.id = e.kind
      WHERE s.source = a.seq AND s.name = $5 AND l.target > $6 ORDER BY l.target LIMIT $7) AS o
    ORDER BY w.place, o.position";

const INCOMING: &str = "SELECT w.place, o.position, o.kind, o.id
    FROM unnest($2::TEXT[], $3::TEXT[], $4::BIGINT[]) AS w(kind, id, place)
    JOIN scimlet_kind k ON k.tenant = $1 AND k.name = w.kind
    JOIN scimlet_entry a ON a.kind = k.id AND a.id = w.id
    CROSS JOIN LATERAL (
      SELECT l.linkset AS position, ok.name AS kind, e.id
      FROM scimlet_link l JOIN scimlet_linkset s ON s.id = l.linkset AND s.name = $5
      JOIN scimlet_entry e ON e.seq = s.source JOIN scimlet_kind ok ON ok.id = e.kind
      WHERE l.target = a.seq AND l.linkset > $6 ORDER BY l.linkset LIMIT $7) AS o
    ORDER BY w.place, o.position";

fn link(query: &LinkQuery, anchor: &Key, row: &Row) -> Link {
    let other = Key { kind: row.get("kind"), id: row.get("id") };
    let (source, target) = match query.direction {
        Direction::Outgoing => (anchor.clone(), other),
        Direction::Incoming => (other, anchor.clone()),
    };
    Link { source, name: query.name.clone(), target }
}

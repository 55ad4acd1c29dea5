//! Reads by key: entries, counters and events. Each takes one statement for any number of keys.

use tokio_postgres::Row;

use super::bodies::{self, Bytes};
use super::error::PostgresResult;
use super::session::Session;
use crate::store::digest::Damage;
use crate::store::{
    Channel, Entry, Event, Key, RecordedEvent, Refusal, hash_chain, limits, too_many_bytes,
};

/// Keys as parallel arrays for one statement: kinds, ids, and the index of each key. Keys with
/// U+0000 are left out, since the database contains none.
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

/// Converts a signed PostgreSQL integer that is never negative.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Returns the index of the caller's key that a row belongs to.
pub(super) fn place(row: &Row) -> usize {
    usize::try_from(row.get::<_, i64>("place")).unwrap_or(usize::MAX)
}

/// Returns the entries of these keys, in the order of the keys; `None` for those that do not exist.
pub(super) async fn get(
    session: &Session,
    tenant: i64,
    keys: &[Key],
) -> PostgresResult<Vec<Option<Entry>>> {
    let wanted: Keys<'_> = keys.iter().enumerate().collect();
    let rows = session
        .weighed(
            "SELECT w.place, e.id, e.version, e.created, e.modified, e.body, e.digest,
             e.digest_version
         FROM unnest($2::TEXT[], $3::TEXT[], $4::BIGINT[]) AS w(kind, id, place)
         JOIN scimlet_kind k ON k.tenant = $1 AND k.name = w.kind
         JOIN scimlet_entry e ON e.kind = k.id AND e.id = w.id",
            &[&tenant, &wanted.kinds, &wanted.ids, &wanted.places],
            weigh_body,
            limits::ANSWER_BYTES,
        )
        .await?;
    let rows = rows.ok_or_else(too_many_bytes)?;
    let mut entries = vec![None; keys.len()];
    for row in rows {
        let place = place(&row);
        if let (Some(entry), Some(key)) = (entries.get_mut(place), keys.get(place)) {
            *entry = Some(read_entry(&key.kind, &row)?);
        }
    }
    Ok(entries)
}

/// The size of a row's body in bytes.
pub(super) fn weigh_body(row: &Row) -> usize {
    row.get::<_, Bytes<'_>>("body").0.len()
}

/// Reads an entry from the columns id, version, created, modified, body, digest and digest_version.
/// A damaged body is an error: otherwise it would be changed and written back with a valid digest.
pub(super) fn read_entry(kind: &str, row: &Row) -> Result<Entry, Refusal> {
    if bodies::body(row).is_damaged() {
        return Err(Damage::of(kind, row.get("id")).into());
    }
    Ok(Entry {
        key: Key { kind: kind.to_owned(), id: row.get("id") },
        version: unsigned(row.get("version")),
        created: unsigned(row.get("created")),
        modified: unsigned(row.get("modified")),
        body: row.get("body"),
    })
}

/// Returns the events after sequence number `after`: as many as fit into an answer, but at least
/// one.
pub(super) async fn events(
    session: &Session,
    tenant: i64,
    after: u64,
    limit: u32,
) -> PostgresResult<Vec<RecordedEvent>> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    // PostgreSQL adds up the sizes, so that no more bodies travel than fit into one answer.
    let rows = session
        .rows(
            "SELECT * FROM (
           SELECT e.*, sum(octet_length(body)) OVER (ORDER BY sequence) - octet_length(body)
             AS before
           FROM scimlet_event e
           WHERE tenant = $1 AND EXISTS(SELECT 1 FROM scimlet_tenant WHERE id = $1)
           AND sequence > $2
           ORDER BY sequence LIMIT $3) AS e
         WHERE before = 0 OR before + octet_length(body) <= $4 ORDER BY sequence",
            &[
                &tenant,
                &after,
                &i64::from(limit.min(limits::EVENTS)),
                &(limits::ANSWER_BYTES as i64),
            ],
        )
        .await?;
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
        event: Event { channel, name: row.get("name"), subject, body: row.get("body") },
        body_digest: digest(row, "body_digest"),
        digest: digest(row, "digest"),
    }
}

/// Reads a digest. A column that does not hold 32 bytes gives a digest that cannot be right, so
/// that verifying the chain reports it.
pub(super) fn digest(row: &Row, column: &str) -> hash_chain::Digest {
    row.get::<_, &[u8]>(column).try_into().unwrap_or(hash_chain::START)
}

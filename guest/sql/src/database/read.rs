//! Reads by key. Each is one statement for any number of keys.

use scimlet_store::digest::{Body, Damage};
use scimlet_store::{Entry, Key, Link, Refusal, limits};

use super::connection::{Connection, rows};
use super::row::Row;
use super::source::{List, Type, listed};
use crate::null_character;
use crate::{Dialect, Sql};

/// The id of the tenant whose name is the next parameter.
pub(super) const TENANT: &str = "(SELECT id FROM scimlet_tenant WHERE name = ?)";

/// The bytes of an entry's body.
pub(super) fn size(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "length(CAST(e.body AS BLOB))",
        Dialect::Postgres => "octet_length(e.body)",
    }
}

/// Returns kinds and ids as rows of the columns `kind` and `id`, each with the caller's index as
/// `number`. Keys with U+0000, of which there are none in a database, are left out.
fn keys(keys: &[Key]) -> List {
    let mut list = List::new();
    for (index, Key { kind, id }) in keys.iter().enumerate() {
        if !null_character::has(kind) && !null_character::has(id) {
            list.row(&[kind.into(), id.into(), index.into()]);
        }
    }
    list
}

/// The columns of [`keys`].
const KEYS: [(&str, Type); 3] =
    [("kind", Type::Text), ("id", Type::Text), ("number", Type::Integer)];

/// Returns the entries of these keys, in the order of the keys.
pub(super) fn get(
    connection: &impl Connection,
    tenant: &str,
    wanted: &[Key],
) -> Result<Vec<Option<Entry>>, Refusal> {
    let dialect = connection.dialect();
    let size = size(dialect);
    // Some drivers return integers as doubles, which do not hold all 64 bits of a digest.
    let columns =
        "e.id, e.version, e.created, e.modified, e.body, CAST(e.digest AS TEXT) AS digest,
       e.digest_version";
    let found = Sql::new(&format!("SELECT w.number, {columns}, {size} AS size FROM "))
        .append(listed(dialect, &KEYS, keys(wanted)))
        .text(" CROSS JOIN scimlet_kind k CROSS JOIN scimlet_entry e WHERE k.tenant = ")
        .text(TENANT)
        .bind(tenant.to_owned())
        .text(" AND k.name = w.kind AND e.kind = k.id AND e.id = w.id");
    let mut entries = vec![None; wanted.len()];
    let sql = match wanted {
        [_] => found,
        // The database adds up the sizes, so that no more bodies travel than fit into an answer.
        _ => Sql::new(
            "SELECT e.number, e.id, e.version, e.created, e.modified,
               CASE WHEN SUM(e.size) OVER () <= ? THEN e.body END, e.digest, e.digest_version
             FROM (",
        )
        .bind(limits::ANSWER_BYTES as i64)
        .append(found)
        .text(") AS e"),
    };
    for mut row in rows(connection, sql)? {
        let number = row.place()?;
        if let (Some(entry), Some(key)) = (entries.get_mut(number), wanted.get(number)) {
            *entry = Some(read_entry(&key.kind, row)?.ok_or_else(too_many_bytes)?);
        }
    }
    Ok(entries)
}

/// Refuses to return more bytes than an answer may have.
fn too_many_bytes() -> Refusal {
    Refusal::TooMany("bytes of the entries".into())
}

/// Reads an entry from the columns id, version, created, modified, body, digest and digest_version;
/// `None` if the body was left out. A damaged body is an error: otherwise it would be changed and
/// written back with a valid digest.
pub(super) fn read_entry(kind: &str, mut row: Row) -> Result<Option<Entry>, Refusal> {
    let (id, version) = (row.text()?, row.unsigned()?);
    let (created, modified) = (row.unsigned()?, row.unsigned()?);
    let Some(body) = row.optional_text()? else {
        return Ok(None);
    };
    let stored = Body {
        text: body.as_bytes(),
        version: i64::try_from(version).unwrap_or(i64::MAX),
        digest: row.optional_integer()?,
        digest_version: row.optional_integer()?,
    };
    if stored.is_damaged() {
        return Err(Damage::of(kind, &id).into());
    }
    let key = Key { kind: kind.to_owned(), id };
    Ok(Some(Entry { key, version, created, modified, body }))
}

/// Returns whether each link exists, in the order of `links`.
pub(super) fn has(
    connection: &impl Connection,
    tenant: &str,
    links: &[Link],
) -> Result<Vec<bool>, Refusal> {
    let mut there = vec![false; links.len()];
    for mut row in rows(connection, existing(connection.dialect(), tenant, links.iter()))? {
        if let Some(link) = there.get_mut(row.place()?) {
            *link = true;
        }
    }
    Ok(there)
}

/// Returns the query for those of the links that exist, with the columns: the index of the link,
/// and the rows of source and target.
pub(super) fn existing<'a>(
    dialect: Dialect,
    tenant: &str,
    links: impl Iterator<Item = &'a Link>,
) -> Sql {
    let mut list = List::new();
    for (index, link) in links.enumerate() {
        let Link { source, name, target } = link;
        if null_character::link(link) {
            list.row(&[
                (&source.kind).into(),
                (&source.id).into(),
                name.into(),
                (&target.kind).into(),
                (&target.id).into(),
                index.into(),
            ]);
        }
    }
    let columns = [
        ("source_kind", Type::Text),
        ("source", Type::Text),
        ("name", Type::Text),
        ("target_kind", Type::Text),
        ("target", Type::Text),
        ("number", Type::Integer),
    ];
    // The kinds are looked up row by row: with more tables in one join PostgreSQL may begin with
    // all links of all tenants.
    let kind = |column: &str| {
        Sql::new("(SELECT k.id FROM scimlet_kind k WHERE k.tenant = ")
            .text(TENANT)
            .bind(tenant.to_owned())
            .text(" AND k.name = ")
            .text(column)
            .text(")")
    };
    Sql::new("SELECT w.number, s.seq, t.seq FROM ")
        .append(listed(dialect, &columns, list))
        .text(
            " CROSS JOIN scimlet_entry s CROSS JOIN scimlet_linkset named
             CROSS JOIN scimlet_entry t CROSS JOIN scimlet_link l WHERE s.kind = ",
        )
        .append(kind("w.source_kind"))
        .text(
            " AND s.id = w.source AND named.source = s.seq AND named.name = w.name
             AND t.kind = ",
        )
        .append(kind("w.target_kind"))
        .text(" AND t.id = w.target AND l.linkset = named.id AND l.target = t.seq")
}

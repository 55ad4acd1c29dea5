//! The tenants of a database, and their events.

use scimlet_store::{Channel, Event, Key, RecordedEvent, Refusal, hash_chain, limits};

use super::connection::{Connection, Failure, Mode, execute, rows, within};
use super::read::{TENANT, size};
use super::row::Row;
use crate::{Dialect, Sql, Value};

/// The most events of one answer.
const EVENTS: u32 = 1_000;

/// How often a transaction that collided with another one is run again.
const RETRIES: u32 = 8;

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The name.
    pub name: String,
    /// When it was made, in milliseconds since 1970.
    pub created: u64,
}

/// Returns whether a tenant may have this name: 1 to 63 of `a`-`z`, `0`-`9` and `-`.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(allowed)
}

/// Returns all tenants in the order of their names.
///
/// # Errors
/// The database failed, or has other values than were written.
pub fn all(connection: &impl Connection) -> Result<Vec<Tenant>, Refusal> {
    let sql = Sql::new("SELECT name, created FROM scimlet_tenant ORDER BY name");
    let found = rows(connection, sql)?;
    let tenant = |mut row: Row| Ok(Tenant { name: row.text()?, created: row.unsigned()? });
    found.into_iter().map(tenant).collect()
}

/// Makes a tenant at a time in milliseconds since 1970. Returns whether there was none of this
/// name.
///
/// # Errors
/// The database failed.
pub fn create(connection: &impl Connection, name: &str, at: u64) -> Result<bool, Failure> {
    let values: [Value; 4] = [
        name.to_owned().into(),
        i64::try_from(at).unwrap_or(i64::MAX).into(),
        0.into(),
        hash_chain::START.to_vec().into(),
    ];
    let sql = "INSERT INTO scimlet_tenant(name, created, sequence, digest) VALUES (?, ?, ?, ?)
               ON CONFLICT DO NOTHING RETURNING name";
    let made = transaction(connection, vec![values.into_iter().fold(Sql::new(sql), Sql::bind)]);
    Ok(made?.into_iter().flatten().next().is_some())
}

/// Removes a tenant and everything that belongs to it. Returns whether there was one.
///
/// # Errors
/// The database failed.
pub fn delete(connection: &impl Connection, name: &str) -> Result<bool, Failure> {
    let id = "(SELECT id FROM scimlet_tenant WHERE name = ?)";
    let entries = format!(
        "(SELECT e.seq FROM scimlet_kind k JOIN scimlet_entry e ON e.kind = k.id
          WHERE k.tenant = {id})"
    );
    let sets = format!("(SELECT s.id FROM scimlet_linkset s WHERE s.source IN {entries})");
    let of_kinds = format!("(SELECT k.id FROM scimlet_kind k WHERE k.tenant = {id})");
    let mut statements = vec![format!("DELETE FROM scimlet_link WHERE linkset IN {sets}")];
    statements.push(format!("DELETE FROM scimlet_linkset WHERE source IN {entries}"));
    statements.push(format!("DELETE FROM scimlet_term WHERE seq IN {entries}"));
    for table in ["scimlet_entry", "scimlet_field"] {
        statements.push(format!("DELETE FROM {table} WHERE kind IN {of_kinds}"));
    }
    for table in ["scimlet_kind", "scimlet_counter", "scimlet_event", "scimlet_memo"] {
        statements.push(format!("DELETE FROM {table} WHERE tenant = {id}"));
    }
    statements.push("DELETE FROM scimlet_tenant WHERE name = ? RETURNING name".to_owned());
    let lock = match connection.dialect() {
        Dialect::Sqlite => "SELECT id FROM scimlet_tenant WHERE name = ?",
        Dialect::Postgres => "SELECT id FROM scimlet_tenant WHERE name = ? FOR UPDATE",
    };
    statements.insert(0, lock.to_owned());
    let statements = statements.iter().map(|text| Sql::new(text).bind(name.to_owned()));
    let removed = transaction(connection, statements.collect())?;
    Ok(removed.last().is_some_and(|rows| !rows.is_empty()))
}

/// Runs statements in a transaction of their own, and returns their rows. The transaction is
/// repeated if another one is in its way.
pub(super) fn transaction(
    connection: &impl Connection,
    statements: Vec<Sql>,
) -> Result<Vec<Vec<Row>>, Failure> {
    let mut collisions = 0;
    loop {
        let run = || execute(connection, statements.clone());
        match within(connection, Mode::Write, run) {
            Err(Failure::Again(_)) if collisions < RETRIES => collisions += 1,
            executed => return executed,
        }
    }
}

/// Returns the events of a tenant after a number, oldest first: at most `limit`, and fewer if their
/// bodies have more than 4 MiB.
///
/// # Errors
/// The database failed, or has other values than were written.
pub fn events(
    connection: &impl Connection,
    tenant: &str,
    after: u64,
    limit: u32,
) -> Result<Vec<RecordedEvent>, Refusal> {
    let size = size(connection.dialect());
    let sql = format!(
        "SELECT sequence, at, actor, channel, name, subject_kind, subject_id, body, body_digest,
           digest
         FROM (
           SELECT e.*, SUM({size}) OVER (ORDER BY sequence) - {size} AS before
           FROM scimlet_event e
           WHERE tenant = {TENANT} AND sequence > ? ORDER BY sequence LIMIT ?) AS e
         WHERE before < ? ORDER BY sequence"
    );
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let limit = i64::from(limit.min(EVENTS));
    let bytes = limits::PAGE_BYTES as i64;
    let sql = Sql::new(&sql).bind(tenant.to_owned()).bind(after).bind(limit).bind(bytes);
    rows(connection, sql)?.into_iter().map(event).collect()
}

fn event(mut row: Row) -> Result<RecordedEvent, Refusal> {
    let (sequence, at, actor) = (row.unsigned()?, row.unsigned()?, row.text()?);
    let channel = match row.integer()? {
        0 => Channel::Feed,
        _ => Channel::Audit,
    };
    let name = row.text()?;
    let subject = match (row.optional_text()?, row.optional_text()?) {
        (Some(kind), Some(id)) => Some(Key { kind, id }),
        _ => None,
    };
    let event = Event { channel, name, subject, body: row.text()? };
    Ok(RecordedEvent {
        sequence,
        at,
        actor,
        event,
        body_digest: row.bytes()?,
        digest: row.bytes()?,
    })
}

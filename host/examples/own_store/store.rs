//! The store: what the component reads.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use scimlet::store::{
    Committed, Comparison, Direction, Entry, Filter, Hit, Key, Link, LinkPage, Operator, Page,
    Query, Refusal, Rejection, Scalar, Store, StoreId, Window, Write, limits, validate,
};

use tokio::task::spawn_blocking;

use super::commit;

/// The database of one tenant. In a database with all tenants, each table and each condition would
/// begin with the tenant.
pub struct SqlStore {
    connection: Arc<Mutex<Connection>>,
    id: StoreId,
}

impl SqlStore {
    /// Adds the store's tables to the application's database, unless they are there.
    pub fn new(connection: Arc<Mutex<Connection>>) -> rusqlite::Result<Self> {
        let db = lock(&connection);
        db.pragma_update(None, "foreign_keys", true)?;
        db.execute_batch(include_str!("schema.sql"))?;
        drop(db);
        Ok(Self { connection, id: StoreId::new(StoreId::next_database(), 0) })
    }

    /// Runs on a thread that may block. What has begun ends, even if nobody waits for it.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> T {
        let connection = Arc::clone(&self.connection);
        let done = spawn_blocking(move || work(&mut lock(&connection))).await;
        done.expect("the work does not panic")
    }
}

/// Returns the connection, also after a panic: its transaction was rolled back.
pub fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Store for SqlStore {
    fn id(&self) -> Option<StoreId> {
        Some(self.id)
    }

    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        validate::keys(keys.len())?;
        self.run(move |db| entries(db, &keys)).await
    }

    async fn find(&self, mut query: Query) -> Result<Page, Refusal> {
        let filter = validate::query(&mut query)?;
        let start = start(&query.window)?;
        self.run(move |db| page(db, &query, &filter, start).map_err(unavailable)).await
    }

    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        validate::links(&anchors, after.as_deref())?;
        let after = after.as_deref().map_or(Ok(0), position)?;
        let pages = move |db: &mut Connection| {
            let mut left = limits::LINKS as usize;
            let page = |anchor: &Key| {
                let limit = left.min(limit as usize);
                let page = link_page(db, anchor, &name, direction, after, limit)?;
                left -= page.links.len();
                Ok(page)
            };
            anchors.iter().map(page).collect::<rusqlite::Result<_>>().map_err(unavailable)
        };
        self.run(pages).await
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        validate::keys(links.len())?;
        let there = move |db: &mut Connection| {
            let there = links.iter().map(|link| is_linked(db, link));
            there.collect::<rusqlite::Result<_>>().map_err(unavailable)
        };
        self.run(there).await
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        validate::commit(at, &actor, &writes)?;
        self.run(move |db| commit::commit(db, at, &actor, writes)).await
    }
}

fn unavailable(error: rusqlite::Error) -> Refusal {
    Refusal::Unavailable(error.to_string())
}

fn entries(db: &Connection, keys: &[Key]) -> Result<Vec<Option<Entry>>, Refusal> {
    let (mut entries, mut bytes) = (Vec::new(), 0);
    for key in keys {
        let entry = entry(db, key).map_err(unavailable)?;
        bytes += entry.as_ref().map_or(0, |entry| entry.body.len());
        if bytes > limits::ANSWER_BYTES && keys.len() > 1 {
            return Err(Refusal::TooMany("bytes of all entries".into()));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn entry(db: &Connection, key: &Key) -> rusqlite::Result<Option<Entry>> {
    let mut statement = db.prepare_cached(
        "SELECT kind, id, version, created, modified, body FROM scim_entry
         WHERE kind = ? AND id = ?",
    )?;
    statement.query_row([&key.kind, &key.id], read_entry).optional()
}

fn read_entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        key: Key { kind: row.get(0)?, id: row.get(1)? },
        version: unsigned(row, 2)?,
        created: unsigned(row, 3)?,
        modified: unsigned(row, 4)?,
        body: row.get(5)?,
    })
}

/// Numbers of SQLite are signed. All that are stored are positive.
pub fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}

/// The position that a page begins after, and how many entries it skips there.
fn start(window: &Window) -> Result<(i64, i64), Refusal> {
    Ok(match window {
        Window::Offset(offset) => (0, i64::try_from(*offset).unwrap_or(i64::MAX)),
        Window::After(after) => (position(after)?, 0),
    })
}

fn position(text: &str) -> Result<i64, Refusal> {
    let number = text.strip_prefix('#').and_then(|number| number.parse().ok());
    number.ok_or_else(|| Refusal::Invalid("a position that this store did not give".into()))
}

/// Answers the filter that clients send before every creation, one value of one path, from the
/// index. Of other filters, and of orders, it says that it ignored them, and the plugin does both.
fn page(
    db: &Connection,
    query: &Query,
    filter: &Filter,
    (after, skip): (i64, i64),
) -> rusqlite::Result<Page> {
    let equal = match filter {
        Filter::Compare(Comparison { path, operator: Operator::Equal, value }) => {
            Some((path.as_str(), json(value)))
        }
        _ => None,
    };
    let is_all = matches!(filter, Filter::All(filters) if filters.is_empty());
    let (path, value) = equal.clone().unzip();
    let matching = "kind = ?1 AND (?2 IS NULL OR seq IN
        (SELECT entry FROM scim_term WHERE kind = ?1 AND path = ?2 AND value = ?3))";
    let count = format!("SELECT count(*) FROM scim_entry WHERE {matching}");
    let total = || {
        let mut statement = db.prepare_cached(&count)?;
        statement.query_row(params![query.kind, path, value], |row| unsigned(row, 0))
    };
    let mut statement = db.prepare_cached(&format!(
        "SELECT kind, id, version, created, modified, body, seq FROM scim_entry
         WHERE {matching} AND seq > ?4 ORDER BY seq LIMIT ?5 OFFSET ?6"
    ))?;
    let mut rows = statement.query(params![query.kind, path, value, after, query.limit, skip])?;
    let (mut hits, mut bytes) = (Vec::new(), 0);
    while bytes < limits::PAGE_BYTES
        && let Some(row) = rows.next()?
    {
        let (entry, seq) = (read_entry(row)?, row.get::<_, i64>(6)?);
        bytes += entry.body.len();
        hits.push(Hit { entry, position: format!("#{seq}") });
    }
    Ok(Page {
        hits,
        total: query.count.then(total).transpose()?,
        exact: is_all || equal.is_some(),
        ordered: query.order.is_none(),
    })
}

/// A term's value as JSON. Minus zero equals zero.
pub fn json(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
        Scalar::Number(number) => serde_json::Value::from(number + 0.0).to_string(),
        Scalar::Boolean(boolean) => boolean.to_string(),
    }
}

fn link_page(
    db: &Connection,
    anchor: &Key,
    name: &str,
    direction: Direction,
    after: i64,
    limit: usize,
) -> rusqlite::Result<LinkPage> {
    let end = match direction {
        Direction::Outgoing => "source",
        Direction::Incoming => "target",
    };
    let mut statement = db.prepare_cached(&format!(
        "SELECT source_kind, source_id, target_kind, target_id, seq FROM scim_link
         WHERE {end}_kind = ? AND {end}_id = ? AND name = ? AND seq > ? ORDER BY seq LIMIT ?"
    ))?;
    let read = |row: &Row<'_>| {
        let source = Key { kind: row.get(0)?, id: row.get(1)? };
        let target = Key { kind: row.get(2)?, id: row.get(3)? };
        Ok((Link { source, name: name.to_owned(), target }, row.get(4)?))
    };
    // One more than asked for, to know whether more follow.
    let rows = statement
        .query_map(params![anchor.kind, anchor.id, name, after, limit as i64 + 1], read)?;
    let mut found = rows.collect::<rusqlite::Result<Vec<(Link, i64)>>>()?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map_or(after, |(_, seq)| *seq);
    let links = found.into_iter().map(|(link, _)| link).collect();
    Ok(LinkPage { links, next: more.then(|| format!("#{last}")) })
}

fn is_linked(db: &Connection, link: &Link) -> rusqlite::Result<bool> {
    let Link { source, name, target } = link;
    let mut statement = db.prepare_cached(
        "SELECT 1 FROM scim_link WHERE source_kind = ? AND source_id = ? AND name = ?
         AND target_kind = ? AND target_id = ?",
    )?;
    statement.exists([&source.kind, &source.id, name, &target.kind, &target.id])
}

//! The calls of `wit/store.wit` over a connection.

use scimlet_store::{
    Committed, Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Rejection, Write,
    validate,
};

use super::commit::{self, Commit, Source};
use super::connection::{Connection, Mode, within};
use super::links::LinkQuery;
use super::{find, links, read};

/// The store of one tenant over a connection. Refusals are those of `wit/store.wit`.
#[derive(Debug)]
pub struct SqlStore<'a, C> {
    connection: &'a C,
    tenant: &'a str,
}

impl<'a, C: Connection> SqlStore<'a, C> {
    /// Returns the store of the tenant of this name.
    pub fn new(connection: &'a C, tenant: &'a str) -> Self {
        Self { connection, tenant }
    }

    /// Returns the entries of these keys, in the order of the keys.
    ///
    /// # Errors
    /// `TooMany` if there are too many keys, or the bodies have more than 16 MiB.
    pub fn get(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, Refusal> {
        validate::keys(keys.len())?;
        read::get(self.connection, self.tenant, keys)
    }

    /// Returns one page of the entries that match a query.
    ///
    /// # Errors
    /// `TooMany` or `Invalid` for a query that the contract does not allow.
    pub fn find(&self, mut query: Query) -> Result<Page, Refusal> {
        let filter = validate::query(&mut query)?;
        within(self.connection, Mode::Read, || {
            find::find(self.connection, self.tenant, &query, filter)
        })
    }

    /// Returns one page of links for each anchor, in the order of the anchors.
    ///
    /// # Errors
    /// `TooMany` or `Invalid` for a call that the contract does not allow.
    pub fn links(
        &self,
        anchors: &[Key],
        name: &str,
        direction: Direction,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        validate::links(anchors, after)?;
        let query = LinkQuery::new(name, direction, after, limit)?;
        let pages = || links::links(self.connection, self.tenant, anchors, &query);
        match anchors {
            [] | [_] => pages(),
            _ => within(self.connection, Mode::Read, pages),
        }
    }

    /// Returns whether each link exists, in the order of `links`.
    ///
    /// # Errors
    /// `TooMany` if there are too many.
    pub fn has(&self, links: &[Link]) -> Result<Vec<bool>, Refusal> {
        validate::keys(links.len())?;
        read::has(self.connection, self.tenant, links)
    }

    /// Applies all writes or none, at the time `at` in milliseconds since 1970 or a later one.
    ///
    /// # Errors
    /// The first write that was refused, and why.
    pub fn commit(&self, at: u64, actor: &str, writes: &[Write]) -> Result<Committed, Rejection> {
        self.run(at, actor, Source::Given(writes))
    }

    /// Commits the writes that `prepare` returns. It is called in the transaction, so that what it
    /// does on the connection is committed with them or undone with them, and it is called again
    /// if the transaction is repeated because another one was in its way.
    ///
    /// # Errors
    /// That of [`SqlStore::commit`], or of `prepare`.
    pub fn commit_prepared(
        &self,
        at: u64,
        actor: &str,
        prepare: &mut dyn FnMut() -> Result<Vec<Write>, Rejection>,
    ) -> Result<Committed, Rejection> {
        self.run(at, actor, Source::Prepared(prepare))
    }

    fn run(&self, at: u64, actor: &str, source: Source<'_>) -> Result<Committed, Rejection> {
        let commit = Commit { tenant: self.tenant, at, actor };
        commit::run(self.connection, &commit, source)
    }
}

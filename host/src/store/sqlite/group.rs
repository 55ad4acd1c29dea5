//! The transaction of the writer that several commits share. Readers see all of them or none.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Deref;

use rusqlite::Connection;

/// The connection that writes, for one transaction.
pub(super) struct Group<'db> {
    db: &'db Connection,
    /// The number of each tenant's newest event when the transaction began.
    begun: RefCell<BTreeMap<i64, i64>>,
}

impl<'db> Group<'db> {
    /// Of a transaction that begins.
    pub(super) fn new(db: &'db Connection) -> Group<'db> {
        let begun = RefCell::default();
        Group { db, begun }
    }

    /// Whether the tenant's newest event is older than this transaction, so that it may have been read. Every commit of the tenant
    /// must ask before it appends.
    pub(super) fn is_from_before(&self, tenant: i64, newest: i64) -> bool {
        let mut begun = self.begun.borrow_mut();
        newest <= *begun.entry(tenant).or_insert(newest)
    }
}

impl Deref for Group<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.db
    }
}

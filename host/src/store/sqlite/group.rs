//! The writer's transaction, which several commits share. Readers see all of them or none.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Deref;

use rusqlite::Connection;

/// The writer's connection during one transaction.
pub(super) struct Group<'db> {
    db: &'db Connection,
    /// The sequence number of each tenant's newest event when the transaction began.
    begun: RefCell<BTreeMap<i64, i64>>,
}

impl<'db> Group<'db> {
    /// Wraps the connection at the start of a transaction.
    pub(super) fn new(db: &'db Connection) -> Group<'db> {
        let begun = RefCell::default();
        Group { db, begun }
    }

    /// Whether the tenant's newest event is older than this transaction, so that readers may have
    /// seen it. Every commit of the tenant must ask before it appends events.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::commit::{self, Commit};
    use crate::store::{Channel, Event, Write};

    fn database() -> Connection {
        let db = Connection::open_in_memory().expect("it opens");
        db.execute_batch(scimlet_sql::schema::SQLITE).expect("the tables are made");
        let tenant = "INSERT INTO scimlet_tenant VALUES (1, 'acme', 0, 0, zeroblob(32))";
        db.execute(tenant, []).expect("it is made");
        db
    }

    /// The time of a commit with an event when the clock says `at`.
    fn time(group: &Group<'_>, at: i64) -> u64 {
        let event = Event {
            channel: Channel::Feed,
            name: "changed".into(),
            subject: None,
            body: "{}".into(),
        };
        let commit = Commit { at, actor: "test".into(), writes: vec![Write::Append(event)] };
        let done = commit::apply(group, 1, commit);
        done.expect("it is committed").committed.at
    }

    #[test]
    fn times_run_ahead_of_the_clock_by_transactions_alone() {
        let db = database();
        let one = Group::new(&db);
        assert_eq!([9, 9, 8, 9].map(|at| time(&one, at)), [9, 9, 9, 9]);
        let next = Group::new(&db);
        assert_eq!([9, 9, 8, 12].map(|at| time(&next, at)), [10, 10, 10, 12]);
        assert_eq!(time(&Group::new(&db), i64::MAX), i64::MAX as u64);
    }
}

//! Which tenant a store is of.

use std::sync::atomic::{AtomicU64, Ordering};

/// Tells a tenant from every other one that this process works with or ever did: its name does not, since a tenant that is
/// deleted and made anew is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StoreId {
    database: u64,
    tenant: u64,
}

impl StoreId {
    /// Of a database's number in this process ([`Identity::next_database`]) and a number that no second tenant of it ever has.
    #[must_use]
    pub const fn new(database: u64, tenant: u64) -> Self {
        Self { database, tenant }
    }

    /// A number for a database that is being opened.
    #[must_use]
    pub fn next_database() -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }
}

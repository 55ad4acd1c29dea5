//! The identity of a tenant's store within a process.

use std::sync::atomic::{AtomicU64, Ordering};

/// Distinguishes a tenant from every other tenant that this process has ever used. The tenant's
/// name does not: a tenant that is deleted and created again is a different one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StoreId {
    database: u64,
    tenant: u64,
}

impl StoreId {
    /// Combines a database's number ([`StoreId::next_database`]) with a number that no other tenant
    /// of that database ever has.
    #[must_use]
    pub const fn new(database: u64, tenant: u64) -> Self {
        Self { database, tenant }
    }

    /// Returns a number for a database that is being opened, unique within this process.
    #[must_use]
    pub fn next_database() -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }
}

//! Tenants of the database behind the import `sql`: made for a case, and removed after it. Compiled
//! by each shell that has the import, beside a `connection` of its own.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use scimlet_contract::{Checked, OrBroken, Store, Stores};
use scimlet_sql::database::{SqlStore, migrate, tenants};
use scimlet_store::{
    Committed, Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Rejection, Write,
};

use crate::connection::{ImportedConnection, imported, tenant};

/// Makes tenants, whose names begin with that of the bound tenant, and removes them when it goes.
#[derive(Default)]
pub struct SqlTenants {
    made: Mutex<Vec<String>>,
}

/// The store of a tenant.
pub struct SqlTenant {
    tenant: String,
}

#[async_trait]
impl Stores for SqlTenants {
    async fn fresh(&self) -> Checked<Arc<dyn Store>> {
        let connection = imported();
        migrate::migrate(&connection).or_broken("tables for tenants")?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("{}-{}", tenant(), made.len());
        // A case that did not end may have left one.
        tenants::delete(&connection, &name).or_broken("a tenant is deleted")?;
        tenants::create(&connection, &name, 0).or_broken("a tenant is made")?;
        made.push(name.clone());
        Ok(Arc::new(SqlTenant { tenant: name }))
    }
}

impl Drop for SqlTenants {
    fn drop(&mut self) {
        let made = self.made.get_mut().unwrap_or_else(PoisonError::into_inner);
        for name in made {
            // The next run removes what cannot be removed now.
            drop(tenants::delete(&imported(), name));
        }
    }
}

impl SqlTenant {
    /// Calls `call` with the store.
    fn on_store<T>(&self, call: impl FnOnce(&SqlStore<'_, ImportedConnection>) -> T) -> T {
        call(&SqlStore::new(&imported(), &self.tenant))
    }
}

#[async_trait]
impl Store for SqlTenant {
    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        self.on_store(|store| store.get(&keys))
    }

    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        self.on_store(|store| store.find(query))
    }

    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        self.on_store(|store| store.links(&anchors, &name, direction, after.as_deref(), limit))
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        self.on_store(|store| store.has(&links))
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        self.on_store(|store| store.commit(at, &actor, &writes))
    }
}

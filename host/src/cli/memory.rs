//! A stand-in until the SQLite store is there: tenants of this process alone, without any storage.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use scimlet::Vacant;
use scimlet::store::{Database, DatabaseError, Store, Tenant};

#[derive(Default)]
pub(super) struct Memory {
    tenants: Mutex<BTreeMap<String, u64>>,
    settings: Mutex<BTreeMap<String, String>>,
}

#[expect(clippy::unnecessary_wraps, reason = "as the real one")]
pub(super) fn open(_path: &Path) -> Result<Memory, DatabaseError> {
    let memory = Memory::default();
    memory.tenants.lock().unwrap().insert("acme".to_owned(), 0);
    Ok(memory)
}

#[async_trait]
impl Database for Memory {
    async fn create_tenant(&self, name: &str, at: u64) -> Result<(), DatabaseError> {
        match self.tenants.lock().unwrap().insert(name.to_owned(), at) {
            None => Ok(()),
            Some(_) => Err(DatabaseError::Exists(name.to_owned())),
        }
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, DatabaseError> {
        let tenants = self.tenants.lock().unwrap();
        let tenant = |(name, created): (&String, &u64)| Tenant {
            name: name.clone(),
            created: *created,
        };
        Ok(tenants.iter().map(tenant).collect())
    }

    async fn delete_tenant(&self, name: &str) -> Result<(), DatabaseError> {
        let removed = self.tenants.lock().unwrap().remove(name);
        removed
            .map(drop)
            .ok_or_else(|| DatabaseError::Unknown(name.to_owned()))
    }

    async fn open(&self, name: &str) -> Result<Option<Arc<dyn Store>>, DatabaseError> {
        let is_there = self.tenants.lock().unwrap().contains_key(name);
        Ok(is_there.then(|| Arc::new(Vacant) as _))
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, DatabaseError> {
        Ok(self.settings.lock().unwrap().get(name).cloned())
    }

    async fn set_setting(&self, name: &str, value: &str) -> Result<(), DatabaseError> {
        self.settings
            .lock()
            .unwrap()
            .insert(name.to_owned(), value.to_owned());
        Ok(())
    }
}

//! A database in memory, for tests and examples: maps behind a lock, every commit on a copy, every
//! filter evaluated naively. It keeps the same contract as the real ones by other means.
//! [`Memory::unfiltered`] ignores filters and orders, which the contract allows.

mod data;
mod search;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::{
    ChainHead, Committed, Database, DatabaseError, Direction, Entry, EventLog, HostMetadata, Key,
    Link, LinkPage, MetadataEntry, Page, Query, RecordedEvent, Refusal, Rejection, Store, StoreId,
    Tenant, TenantStorage, Write, is_tenant_name, issuers, limits, validate,
};
use async_trait::async_trait;

use self::data::{Data, Rejected};

/// A database in memory. Clones share it.
///
/// ```
/// use scimlet::store::{Database as _, Draft, Key, Write, memory::Memory};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let database = Memory::exact();
/// database.create_tenant("acme", 0).await?;
/// let store = database.open("acme").await?.ok_or("no such tenant")?;
/// let key = Key { kind: "User".to_owned(), id: "1".to_owned() };
/// let draft = Draft { key: key.clone(), body: "{}".to_owned(), terms: Vec::new() };
/// store.commit(0, "application".to_owned(), vec![Write::Insert(draft)]).await?;
/// let entry = store.get(vec![key]).await?.remove(0);
/// assert_eq!(entry.map(|entry| entry.version), Some(1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Memory {
    state: Arc<Mutex<State>>,
    filters: bool,
    identity: u64,
}

#[derive(Default)]
struct State {
    tenants: BTreeMap<String, (u64, u64)>,
    /// By the number of the tenant; numbers are never used again.
    data: BTreeMap<u64, Data>,
    made: u64,
    settings: BTreeMap<String, String>,
}

impl Memory {
    /// A database that evaluates filters and orders.
    pub fn exact() -> Memory {
        Memory { state: Arc::default(), filters: true, identity: StoreId::next_database() }
    }

    /// A database that returns all entries of a kind, in the order of creation, whatever was asked.
    pub fn unfiltered() -> Memory {
        Memory { state: Arc::default(), filters: false, identity: StoreId::next_database() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Database for Memory {
    async fn create_tenant(&self, name: &str, at: u64) -> Result<(), DatabaseError> {
        if !is_tenant_name(name) {
            return Err(DatabaseError::Unsuitable(format!("`{name}` is no tenant's name")));
        }
        let mut state = self.state();
        if state.tenants.contains_key(name) {
            return Err(DatabaseError::Exists(name.into()));
        }
        state.made += 1;
        let number = state.made;
        state.tenants.insert(name.into(), (number, at));
        state.data.insert(number, Data::default());
        Ok(())
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, DatabaseError> {
        let state = self.state();
        let tenant = |(name, (_, created)): (&String, &(u64, u64))| Tenant {
            name: name.clone(),
            created: *created,
        };
        Ok(state.tenants.iter().map(tenant).collect())
    }

    async fn delete_tenant(&self, name: &str) -> Result<(), DatabaseError> {
        let mut state = self.state();
        let Some((number, _)) = state.tenants.remove(name) else {
            return Err(DatabaseError::Unknown(name.into()));
        };
        state.data.remove(&number);
        Ok(())
    }

    async fn open(&self, name: &str) -> Result<Option<Arc<dyn TenantStorage>>, DatabaseError> {
        let number = self.state().tenants.get(name).map(|(number, _)| *number);
        Ok(number.map(|number| -> Arc<dyn TenantStorage> {
            Arc::new(MemoryStore { memory: self.clone(), number })
        }))
    }

    async fn newest_event(&self) -> Result<Option<u64>, DatabaseError> {
        let state = self.state();
        Ok(state.data.values().filter_map(Data::newest_event).max())
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, DatabaseError> {
        Ok(self.state().settings.get(name).cloned())
    }

    async fn set_setting(&self, name: &str, value: &str) -> Result<(), DatabaseError> {
        self.state().settings.insert(name.into(), value.into());
        Ok(())
    }
}

struct MemoryStore {
    memory: Memory,
    number: u64,
}

impl MemoryStore {
    /// The profiles of all tenants.
    fn profiles(&self, state: &State) -> Vec<issuers::Kept> {
        let key = Key { kind: issuers::PROFILE_KIND.to_owned(), id: "current".to_owned() };
        let profile = |(tenant, (number, _)): (&String, &(u64, u64))| {
            let entry = state.data.get(number)?.entry(&key)?;
            Some(issuers::Kept {
                tenant: tenant.clone(),
                is_own: *number == self.number,
                document: entry.body.clone(),
            })
        };
        state.tenants.iter().filter_map(profile).collect()
    }

    /// Reads the tenant's data; those of a deleted tenant are empty.
    fn read<T>(&self, read: impl FnOnce(&Data) -> T) -> T {
        match self.memory.state().data.get(&self.number) {
            Some(data) => read(data),
            None => read(&Data::default()),
        }
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn id(&self) -> Option<StoreId> {
        Some(StoreId::new(self.memory.identity, self.number))
    }

    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        validate::keys(keys.len())?;
        Ok(self.read(|data| keys.iter().map(|key| data.entry(key).cloned()).collect()))
    }

    async fn find(&self, mut query: Query) -> Result<Page, Refusal> {
        let filter = query.filter.clone();
        validate::query(&mut query)?;
        if !self.memory.filters {
            query.order = None;
            let page = self.read(|data| search::find(data, &query, &[]))?;
            return Ok(Page { exact: false, ordered: false, ..page });
        }
        self.read(|data| search::find(data, &query, &filter))
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
        let skip = match after {
            Some(after) => Some(search::link_position(&after)?),
            None => None,
        };
        let page = |data: &Data, anchor: &Key| {
            search::link_page(data, anchor, &name, direction, skip, limit.min(limits::LINKS))
        };
        Ok(self.read(|data| anchors.iter().map(|anchor| page(data, anchor)).collect()))
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        validate::keys(links.len())?;
        Ok(self.read(|data| links.iter().map(|link| data.is_linked(link)).collect()))
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        validate::commit(at, &actor, &writes)?;
        let mut state = self.memory.state();
        if let Some(given) = issuers::given(&writes) {
            issuers::judge(&given, self.profiles(&state))?;
        }
        let Some(data) = state.data.get_mut(&self.number) else {
            let reason = Refusal::NotDone("this tenant was taken away".into());
            return Err(Rejection { write: 0, reason });
        };
        let mut changed = data.clone();
        let rejection = |(write, reason): Rejected| Rejection { write, reason };
        let done = changed.commit(at, &actor, writes).map_err(rejection)?;
        *data = changed;
        Ok(done)
    }
}

#[async_trait]
impl EventLog for MemoryStore {
    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal> {
        let limit = limit.min(limits::EVENTS) as usize;
        Ok(self.read(|data| data.events_after(after).take(limit).cloned().collect()))
    }

    async fn head(&self) -> Result<ChainHead, Refusal> {
        Ok(self.read(Data::head))
    }
}

#[async_trait]
impl HostMetadata for MemoryStore {
    async fn metadata(&self, prefix: String) -> Result<Vec<(String, String)>, Refusal> {
        Ok(self.read(|data| {
            let metadata = data.metadata.iter();
            let named = metadata.filter(|(name, _)| name.starts_with(&prefix));
            named.map(|(n, text)| (n.clone(), text.clone())).collect()
        }))
    }

    async fn set_metadata(
        &self,
        guard: MetadataEntry,
        changes: Vec<MetadataEntry>,
    ) -> Result<bool, Refusal> {
        let mut state = self.memory.state();
        let Some(data) = state.data.get_mut(&self.number) else {
            return Err(Refusal::Unavailable("this tenant was taken away".into()));
        };
        let holds = data.metadata.get(&guard.0) == guard.1.as_ref();
        if holds {
            for (name, text) in changes {
                match text {
                    Some(text) => drop(data.metadata.insert(name, text)),
                    None => drop(data.metadata.remove(&name)),
                }
            }
        }
        Ok(holds)
    }
}

impl TenantStorage for MemoryStore {}

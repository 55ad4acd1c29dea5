//! The store of a tenant that does not exist.

use async_trait::async_trait;

use crate::store::{
    ChainHead, Committed, Direction, Entry, EventLog, HostMetadata, Key, Link, LinkPage,
    MetadataEntry, Page, Query, RecordedEvent, Refusal, Rejection, Store, TenantStorage, Write,
};

const NO_TENANT: &str = "there is no such tenant";

/// A store that reads as empty and refuses every commit. An instance that is bound to it answers
/// any credential as it would answer a wrong one, so that responses do not reveal which tenants
/// exist.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmptyStore;

#[async_trait]
impl Store for EmptyStore {
    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        Ok(vec![None; keys.len()])
    }

    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        let total = query.count.then_some(0);
        Ok(Page { hits: Vec::new(), total, exact: true, ordered: true })
    }

    async fn links(
        &self,
        anchors: Vec<Key>,
        _name: String,
        _direction: Direction,
        _after: Option<String>,
        _limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        Ok(vec![LinkPage { links: Vec::new(), next: None }; anchors.len()])
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        Ok(vec![false; links.len()])
    }

    async fn commit(
        &self,
        _at: u64,
        _actor: String,
        _writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        let reason = Refusal::NotDone(NO_TENANT.to_owned());
        Err(Rejection { write: 0, reason })
    }
}

#[async_trait]
impl EventLog for EmptyStore {
    async fn events(&self, _after: u64, _limit: u32) -> Result<Vec<RecordedEvent>, Refusal> {
        Ok(Vec::new())
    }

    async fn head(&self) -> Result<ChainHead, Refusal> {
        Ok(ChainHead::START)
    }
}

#[async_trait]
impl HostMetadata for EmptyStore {
    async fn metadata(&self, _prefix: String) -> Result<Vec<(String, String)>, Refusal> {
        Ok(Vec::new())
    }

    async fn set_metadata(
        &self,
        _guard: MetadataEntry,
        _changes: Vec<MetadataEntry>,
    ) -> Result<bool, Refusal> {
        Err(Refusal::Unavailable(NO_TENANT.to_owned()))
    }
}

impl TenantStorage for EmptyStore {}

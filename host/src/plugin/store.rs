//! The import `scimlet:plugin/store`, which forwards calls to the tenant's
//! [`Store`](crate::store::Store).

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};
use tokio::sync::watch;

use super::convert::{lift, lower};
use super::entry_locks::WriteTargets;
use super::state::State;
pub(crate) use crate::bindings::scimlet::plugin::store::add_to_linker;
use crate::bindings::scimlet::plugin::store::{self as wit, Host};
use crate::store::{Committed, Refusal, Rejection, Write};

impl State {
    /// Waits for a read, until the deadline or until the client no longer waits.
    async fn read<T>(
        &mut self,
        call: impl Future<Output = Result<T, Refusal>>,
    ) -> wasmtime::Result<Result<T, Refusal>> {
        self.take_lock().await?;
        let gone = gone(self.gone.clone());
        let call = async {
            match select(pin!(call), pin!(gone)).await {
                Either::Left((answer, _)) => answer,
                Either::Right(_) => Err(Refusal::Unavailable("the client has gone".to_owned())),
            }
        };
        let answer = self.meter.before_deadline(self.meter.stored(call)).await?;
        self.meter.rearm();
        Ok(answer)
    }

    /// Waits for a commit. It does not begin after the deadline, and once begun it is not
    /// cancelled, so that its outcome is known.
    async fn committed<T>(&mut self, call: impl Future<Output = T>) -> wasmtime::Result<T> {
        self.take_lock().await?;
        let answer = self.meter.stored(call).await;
        self.meter.rearm();
        Ok(answer)
    }

    /// Waits for the locks of the entries that the writes change, and commits.
    async fn commit_locked(
        &mut self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> wasmtime::Result<Result<Committed, Rejection>> {
        let store = Arc::clone(&self.store);
        let refused = |why: &str| Rejection { write: 0, reason: Refusal::NotDone(why.to_owned()) };
        if !self.meter.may_commit()? {
            return Ok(Err(refused("the request's deadline has passed")));
        }
        let (locks, tenant) = (Arc::clone(&self.entry_locks), store.id());
        let targets = WriteTargets::of(&writes);
        let lock = self.entry_lock.before_commit(&locks, tenant, &targets);
        let lock = self.meter.stored(lock);
        let outcome = match self.meter.before_deadline(lock).await {
            Ok(Ok(())) => self.committed(store.commit(at, actor, writes)).await?,
            Ok(Err(rejection)) => Err(rejection),
            Err(_) if !self.meter.may_commit()? => {
                Err(refused("the request's deadline passed in the queue"))
            }
            Err(exceeded) => return Err(exceeded.into()),
        };
        if outcome.is_ok() {
            self.meter.committed();
        }
        self.entry_lock.after_commit(targets, &outcome);
        Ok(outcome)
    }

    async fn take_lock(&mut self) -> wasmtime::Result<()> {
        let (locks, tenant) = (Arc::clone(&self.entry_locks), self.store.id());
        let lock = self.meter.stored(self.entry_lock.before_call(&locks, tenant));
        self.meter.before_deadline(lock).await?;
        Ok(self.meter.in_time()?)
    }
}

/// Completes when the client no longer waits.
async fn gone(gone: Option<watch::Receiver<bool>>) {
    if let Some(mut gone) = gone
        && gone.wait_for(|gone| *gone).await.is_ok()
    {
        return;
    }
    // The sender was dropped with the answer, or there never was one.
    pending().await
}

impl Host for State {
    async fn get(
        &mut self,
        keys: Vec<wit::Key>,
    ) -> wasmtime::Result<Result<Vec<Option<wit::Entry>>, wit::Refusal>> {
        let store = Arc::clone(&self.store);
        let found = self.read(store.get(lift::keys(keys))).await?;
        Ok(found.map(lower::entries).map_err(lower::refusal))
    }

    async fn find(
        &mut self,
        query: wit::Query,
    ) -> wasmtime::Result<Result<wit::Page, wit::Refusal>> {
        let store = Arc::clone(&self.store);
        let page = self.read(store.find(lift::query(query))).await?;
        Ok(page.map(lower::page).map_err(lower::refusal))
    }

    async fn links(
        &mut self,
        anchors: Vec<wit::Key>,
        name: String,
        direction: wit::Direction,
        after: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<wit::LinkPage>, wit::Refusal>> {
        let store = Arc::clone(&self.store);
        let (anchors, direction) = (lift::keys(anchors), lift::direction(direction));
        let pages = self.read(store.links(anchors, name, direction, after, limit)).await?;
        Ok(pages.map(lower::link_pages).map_err(lower::refusal))
    }

    async fn has(
        &mut self,
        links: Vec<wit::Link>,
    ) -> wasmtime::Result<Result<Vec<bool>, wit::Refusal>> {
        let store = Arc::clone(&self.store);
        let found = self.read(store.has(lift::links(links))).await?;
        Ok(found.map_err(lower::refusal))
    }

    async fn commit(
        &mut self,
        at: u64,
        actor: String,
        writes: Vec<wit::Write>,
    ) -> wasmtime::Result<Result<wit::Committed, wit::Rejection>> {
        let outcome = self.commit_locked(at, actor, lift::writes(writes)).await?;
        Ok(outcome.map(lower::committed).map_err(lower::rejection))
    }
}

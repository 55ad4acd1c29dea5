//! Locks on entries, which requests hold from before a commit to its end. Of commits that replace
//! one version of an entry only the first succeeds, so requests that change one entry queue in
//! order of arrival: otherwise the fastest requests win again and again, and a slow one runs out of
//! attempts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as Lock, PoisonError};

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::store::{Key, Refusal, Rejection, StoreId, Write};

/// The locks of the entries that requests are changing.
#[derive(Default)]
pub(crate) struct EntryLocks(Lock<HashMap<TenantEntry, Arc<Queue>>>);

/// The key of a lock: tenant, kind and id of an entry.
type TenantEntry = (StoreId, String, String);

#[derive(Default)]
struct Queue {
    /// Held by the request that may change the entry; tokio's mutex is fair.
    lock: Arc<Mutex<()>>,
    /// The number of commits that changed the entry while requests waited for it.
    changes: AtomicU64,
}

/// A request's place in the queue for an entry, and the lock once it is at the head. Dropping it
/// lets the next request in.
pub(crate) struct EntryLock {
    locks: Arc<EntryLocks>,
    entry: TenantEntry,
    queue: Option<Arc<Queue>>,
    held: Option<OwnedMutexGuard<()>>,
}

impl EntryLocks {
    /// Waits for the lock of an entry. Also returns whether other requests changed the entry while
    /// this one waited.
    pub(crate) async fn acquire(self: &Arc<Self>, tenant: StoreId, key: &Key) -> (EntryLock, bool) {
        let entry = (tenant, key.kind.clone(), key.id.clone());
        let queue = {
            let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(queues.entry(entry.clone()).or_default())
        };
        let before = queue.changes.load(Ordering::Acquire);
        let mutex = Arc::clone(&queue.lock);
        let mut lock = EntryLock {
            locks: Arc::clone(self),
            entry,
            queue: Some(Arc::clone(&queue)),
            held: None,
        };
        lock.held = Some(mutex.lock_owned().await);
        let is_changed = queue.changes.load(Ordering::Acquire) != before;
        (lock, is_changed)
    }
}

impl EntryLock {
    fn is_at(&self, key: &Key) -> bool {
        self.entry.1 == key.kind && self.entry.2 == key.id
    }

    fn note_change(&self) {
        if let Some(queue) = &self.queue {
            queue.changes.fetch_add(1, Ordering::Release);
        }
    }
}

impl Drop for EntryLock {
    fn drop(&mut self) {
        self.held = None;
        self.queue = None;
        let mut queues = self.locks.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A waiting request holds the queue too, and took it while the map was locked.
        let is_last = queues.get(&self.entry).map(Arc::strong_count) == Some(1);
        if is_last {
            queues.remove(&self.entry);
        }
    }
}

/// The lock that a request holds or needs. A request holds at most one, so that no two wait for
/// each other.
#[derive(Default)]
pub(crate) struct RequestLock {
    held: Option<EntryLock>,
    /// The entry to lock before the store is called again.
    wanted: Option<Key>,
}

impl RequestLock {
    /// Takes the lock that is needed after a refused commit, so that what is read from now on stays
    /// unchanged until the next commit.
    pub(crate) async fn before_call(&mut self, locks: &Arc<EntryLocks>, tenant: Option<StoreId>) {
        if let (Some(key), Some(tenant)) = (self.wanted.take(), tenant) {
            self.held = None;
            self.held = Some(locks.acquire(tenant, &key).await.0);
        }
    }

    /// Waits for the lock of the entry that the commit replaces.
    ///
    /// # Errors
    /// [`Refusal::Stale`] if another request changed the entry meanwhile.
    pub(crate) async fn before_commit(
        &mut self,
        locks: &Arc<EntryLocks>,
        tenant: Option<StoreId>,
        targets: &WriteTargets,
    ) -> Result<(), Rejection> {
        let (Some((write, key)), Some(tenant)) = (&targets.replaced, tenant) else {
            return Ok(());
        };
        if self.held.as_ref().is_some_and(|lock| lock.is_at(key)) {
            return Ok(());
        }
        self.held = None;
        let (lock, is_changed) = locks.acquire(tenant, key).await;
        self.held = Some(lock);
        if is_changed {
            return Err(Rejection { write: *write, reason: Refusal::Stale(key.clone()) });
        }
        Ok(())
    }

    /// Releases the lock, or keeps it for the next attempt at the same entry.
    pub(crate) fn after_commit<T>(
        &mut self,
        targets: WriteTargets,
        outcome: &Result<T, Rejection>,
    ) {
        let held = self.held.take();
        let rejection = match outcome {
            Ok(_) => {
                if let Some(lock) = held {
                    lock.note_change();
                }
                return;
            }
            Err(rejection) => rejection,
        };
        match targets.contended(rejection) {
            Some(key) if held.as_ref().is_some_and(|lock| lock.is_at(&key)) => self.held = held,
            wanted => self.wanted = wanted,
        }
    }
}

/// The entries of a commit that other commits may change at the same time.
pub(crate) struct WriteTargets {
    /// The first entry that is replaced or removed with a version, and the number of that write.
    replaced: Option<(u32, Key)>,
    /// The entries that are inserted, with the numbers of their writes.
    inserted: Vec<(u32, Key)>,
}

impl WriteTargets {
    pub(crate) fn of(writes: &[Write]) -> Self {
        let (mut replaced, mut inserted) = (None, Vec::new());
        for (index, write) in (0u32..).zip(writes) {
            match write {
                Write::Replace(replacement) if replaced.is_none() => {
                    replaced = Some((index, replacement.draft.key.clone()));
                }
                Write::Remove(removal) if replaced.is_none() && removal.version.is_some() => {
                    replaced = Some((index, removal.key.clone()));
                }
                Write::Insert(draft) => inserted.push((index, draft.key.clone())),
                _ => {}
            }
        }
        Self { replaced, inserted }
    }

    /// Returns the entry that other requests change too. Nearly all commits expect the plugin's own
    /// entries (`$profile` and the like) but do not change them, so a request waits for one only if
    /// its commit replaces it.
    fn contended(self, rejection: &Rejection) -> Option<Key> {
        match &rejection.reason {
            Refusal::Stale(key) => {
                let is_replaced = self.replaced.is_some_and(|(_, replaced)| replaced == *key);
                (is_replaced || !key.kind.starts_with('$')).then(|| key.clone())
            }
            Refusal::Taken(path) if path == "id" => {
                let mut inserted = self.inserted.into_iter();
                let made = inserted.find(|(write, _)| *write == rejection.write);
                made.map(|(_, key)| key)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::store::{Draft, Expectation, Replacement};

    const HERE: Option<StoreId> = Some(StoreId::new(1, 1));
    const THERE: Option<StoreId> = Some(StoreId::new(1, 2));

    fn key(id: &str) -> Key {
        Key { kind: "User".to_owned(), id: id.to_owned() }
    }

    fn replace(id: &str) -> WriteTargets {
        let draft = Draft { key: key(id), body: String::new(), terms: Vec::new() };
        WriteTargets::of(&[Write::Replace(Replacement { draft, version: 1 })])
    }

    fn stale(id: &str) -> Result<(), Rejection> {
        Err(Rejection { write: 0, reason: Refusal::Stale(key(id)) })
    }

    #[tokio::test]
    async fn who_waited_while_it_was_changed_keeps_the_turn_for_the_next_attempt() {
        let locks = Arc::new(EntryLocks::default());
        let (mut first, mut second, mut third) =
            (RequestLock::default(), RequestLock::default(), RequestLock::default());
        let targets = || replace("a");
        first.before_commit(&locks, HERE, &targets()).await.expect("nobody is there");
        let same = targets();
        let mut waiting = Box::pin(second.before_commit(&locks, HERE, &same));
        assert!((&mut waiting).now_or_never().is_none());
        // An entry of another tenant with this key has a lock of its own.
        let mut other = RequestLock::default();
        let others = other.before_commit(&locks, THERE, &same).now_or_never();
        assert!(others.is_some());
        first.after_commit(targets(), &Ok(()));
        let refused = waiting.await.expect_err("it has changed");
        assert_eq!(refused.reason, Refusal::Stale(key("a")));
        second.after_commit(targets(), &Err::<(), _>(refused));
        let mut late = Box::pin(third.before_commit(&locks, HERE, &same));
        assert!((&mut late).now_or_never().is_none());
        let again = second.before_commit(&locks, HERE, &same).now_or_never();
        assert_eq!(again, Some(Ok(())));
        drop(second);
        // No other request has changed it this time.
        assert_eq!(late.await, Ok(()));
        drop((third, other));
        assert!(locks.0.lock().expect("nobody panics").is_empty());
    }

    #[tokio::test]
    async fn no_two_turns_are_held_and_none_for_what_is_only_expected() {
        let locks = Arc::new(EntryLocks::default());
        let mut one = RequestLock::default();
        let targets = || replace("a");
        one.before_commit(&locks, HERE, &targets()).await.expect("nobody is there");
        // Refused because of another entry: the first lock is released before the other one is
        // awaited.
        one.after_commit(targets(), &stale("b"));
        assert!(one.held.is_none());
        let (taken, _) = locks.acquire(StoreId::new(1, 1), &key("b")).await;
        assert!(one.before_call(&locks, HERE).now_or_never().is_none());
        drop(taken);
        let mut profile = key("current");
        profile.kind = "$profile".to_owned();
        let expect =
            WriteTargets::of(&[Write::Expect(Expectation { key: profile.clone(), version: 1 })]);
        let reason = Refusal::Stale(profile);
        let mut other = RequestLock::default();
        other.after_commit(expect, &Err::<(), _>(Rejection { write: 0, reason }));
        assert!(other.wanted.is_none());
    }

    #[tokio::test]
    async fn a_waiter_that_is_gone_is_passed_over() {
        let locks = Arc::new(EntryLocks::default());
        let here = StoreId::new(1, 1);
        let (taken, _) = locks.acquire(here, &key("a")).await;
        assert!(locks.acquire(here, &key("a")).now_or_never().is_none());
        drop(taken);
        assert!(locks.acquire(here, &key("a")).now_or_never().is_some());
        assert!(locks.0.lock().expect("nobody panics").is_empty());
    }
}

//! Whose turn it is to change an entry. Of commits that replace one version of an entry only the
//! first succeeds, so those of different requests queue up, first come, first served: without that
//! the fastest win again and again, and some request has used up its attempts before it is lucky.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as Lock, PoisonError};

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::store::{Identity, Key, Refusal, Rejection, Write};

/// The queues before the entries that somebody is changing.
#[derive(Default)]
pub(crate) struct Turns(Lock<HashMap<Place, Arc<Queue>>>);

/// An entry of a tenant: its kind and id.
type Place = (Identity, String, String);

#[derive(Default)]
struct Queue {
    /// Held by whose turn it is; tokio's is fair.
    turn: Arc<Mutex<()>>,
    /// Commits that changed the entry while the queue was there.
    changes: AtomicU64,
}

/// A place in the queue before an entry, up to the head of it. The next one follows when it is
/// dropped.
pub(crate) struct Turn {
    turns: Arc<Turns>,
    place: Place,
    queue: Option<Arc<Queue>>,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits until it is the caller's turn at the entry. Also returns whether others changed the
    /// entry meanwhile.
    pub(crate) async fn wait(self: &Arc<Self>, tenant: Identity, key: &Key) -> (Turn, bool) {
        let place = (tenant, key.kind.clone(), key.id.clone());
        let queue = {
            let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(queues.entry(place.clone()).or_default())
        };
        let before = queue.changes.load(Ordering::Acquire);
        let waited = Arc::clone(&queue.turn);
        let mut turn = Turn {
            turns: Arc::clone(self),
            place,
            queue: Some(Arc::clone(&queue)),
            held: None,
        };
        turn.held = Some(waited.lock_owned().await);
        let is_changed = queue.changes.load(Ordering::Acquire) != before;
        (turn, is_changed)
    }
}

impl Turn {
    fn is_at(&self, key: &Key) -> bool {
        self.place.1 == key.kind && self.place.2 == key.id
    }

    fn note_change(&self) {
        if let Some(queue) = &self.queue {
            queue.changes.fetch_add(1, Ordering::Release);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.held = None;
        self.queue = None;
        let mut queues = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever waits has the queue too, and takes it while the queues are locked.
        let is_last = queues.get(&self.place).map(Arc::strong_count) == Some(1);
        if is_last {
            queues.remove(&self.place);
        }
    }
}

/// What a request has to do with turns: it holds at most one, so that no two requests wait for each
/// other.
#[derive(Default)]
pub(crate) struct Standing {
    held: Option<Turn>,
    /// Where the next one is to be taken before the store is called again.
    wanted: Option<Key>,
}

impl Standing {
    /// Takes the turn that is wanted since a commit was refused, so that what is read from now on
    /// stays until the next commit.
    pub(crate) async fn before_call(&mut self, turns: &Arc<Turns>, tenant: Option<Identity>) {
        if let (Some(key), Some(tenant)) = (self.wanted.take(), tenant) {
            self.held = None;
            self.held = Some(turns.wait(tenant, &key).await.0);
        }
    }

    /// Waits for the turn at what the commit replaces. If somebody else changed that meanwhile, it
    /// need not be tried.
    pub(crate) async fn before_commit(
        &mut self,
        turns: &Arc<Turns>,
        tenant: Option<Identity>,
        aims: &Aims,
    ) -> Result<(), Rejection> {
        let (Some((write, key)), Some(tenant)) = (&aims.replaced, tenant) else {
            return Ok(());
        };
        if self.held.as_ref().is_some_and(|turn| turn.is_at(key)) {
            return Ok(());
        }
        self.held = None;
        let (turn, is_changed) = turns.wait(tenant, key).await;
        self.held = Some(turn);
        if is_changed {
            return Err(Rejection {
                write: *write,
                reason: Refusal::Stale(key.clone()),
            });
        }
        Ok(())
    }

    /// Passes the turn on, or keeps it for the next attempt at the same entry.
    pub(crate) fn after_commit<T>(&mut self, aims: Aims, outcome: &Result<T, Rejection>) {
        let held = self.held.take();
        let rejection = match outcome {
            Ok(_) => {
                if let Some(turn) = held {
                    turn.note_change();
                }
                return;
            }
            Err(rejection) => rejection,
        };
        match aims.contended(rejection) {
            Some(key) if held.as_ref().is_some_and(|turn| turn.is_at(&key)) => self.held = held,
            wanted => self.wanted = wanted,
        }
    }
}

/// The entries for which commits may get into one another's way.
pub(crate) struct Aims {
    /// The first of which a version is replaced or removed, and by which write.
    replaced: Option<(u32, Key)>,
    /// Those that are made.
    inserted: Vec<(u32, Key)>,
}

impl Aims {
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

    /// The entry that others are changing, too. What the plugin keeps for itself (`$profile` and
    /// its like) is only expected to stay as it is by nearly all commits, so that nobody need wait
    /// for it, unless the commit replaces it.
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

    const HERE: Option<Identity> = Some(Identity::new(1, 1));
    const THERE: Option<Identity> = Some(Identity::new(1, 2));

    fn key(id: &str) -> Key {
        Key {
            kind: "User".to_owned(),
            id: id.to_owned(),
        }
    }

    fn replace(id: &str) -> Aims {
        let draft = Draft {
            key: key(id),
            body: String::new(),
            terms: Vec::new(),
        };
        Aims::of(&[Write::Replace(Replacement { draft, version: 1 })])
    }

    fn stale(id: &str) -> Result<(), Rejection> {
        Err(Rejection {
            write: 0,
            reason: Refusal::Stale(key(id)),
        })
    }

    #[tokio::test]
    async fn who_waited_while_it_was_changed_keeps_the_turn_for_the_next_attempt() {
        let turns = Arc::new(Turns::default());
        let (mut first, mut second, mut third) = (
            Standing::default(),
            Standing::default(),
            Standing::default(),
        );
        let aims = || replace("a");
        first
            .before_commit(&turns, HERE, &aims())
            .await
            .expect("nobody is there");
        let same = aims();
        let mut waiting = Box::pin(second.before_commit(&turns, HERE, &same));
        assert!((&mut waiting).now_or_never().is_none());
        // Another tenant's entry of this name is another one.
        let mut other = Standing::default();
        let others = other.before_commit(&turns, THERE, &same).now_or_never();
        assert!(others.is_some());
        first.after_commit(aims(), &Ok(()));
        let refused = waiting.await.expect_err("it has changed");
        assert_eq!(refused.reason, Refusal::Stale(key("a")));
        second.after_commit(aims(), &Err::<(), _>(refused));
        let mut late = Box::pin(third.before_commit(&turns, HERE, &same));
        assert!((&mut late).now_or_never().is_none());
        let again = second.before_commit(&turns, HERE, &same).now_or_never();
        assert_eq!(again, Some(Ok(())));
        drop(second);
        // Nobody has changed it this time.
        assert_eq!(late.await, Ok(()));
        drop((third, other));
        assert!(turns.0.lock().expect("nobody panics").is_empty());
    }

    #[tokio::test]
    async fn no_two_turns_are_held_and_none_for_what_is_only_expected() {
        let turns = Arc::new(Turns::default());
        let mut one = Standing::default();
        let aims = || replace("a");
        one.before_commit(&turns, HERE, &aims())
            .await
            .expect("nobody is there");
        // Refused for another entry: the turn at the first is given back before the other is waited
        // for.
        one.after_commit(aims(), &stale("b"));
        assert!(one.held.is_none());
        let (taken, _) = turns.wait(Identity::new(1, 1), &key("b")).await;
        assert!(one.before_call(&turns, HERE).now_or_never().is_none());
        drop(taken);
        let mut profile = key("current");
        profile.kind = "$profile".to_owned();
        let expect = Aims::of(&[Write::Expect(Expectation {
            key: profile.clone(),
            version: 1,
        })]);
        let reason = Refusal::Stale(profile);
        let mut other = Standing::default();
        other.after_commit(expect, &Err::<(), _>(Rejection { write: 0, reason }));
        assert!(other.wanted.is_none());
    }

    #[tokio::test]
    async fn a_waiter_that_is_gone_is_passed_over() {
        let turns = Arc::new(Turns::default());
        let here = Identity::new(1, 1);
        let (taken, _) = turns.wait(here, &key("a")).await;
        assert!(turns.wait(here, &key("a")).now_or_never().is_none());
        drop(taken);
        assert!(turns.wait(here, &key("a")).now_or_never().is_some());
        assert!(turns.0.lock().expect("nobody panics").is_empty());
    }
}

//! Everything that a guest can reach.

use std::sync::Arc;

use tokio::sync::watch;
use wasmtime::component::{HasSelf, Linker};

use super::entry_locks::{EntryLocks, RequestLock};
use super::journal::Notes;
use super::limits::Meter;
use super::random::Random;
use super::{clock, journal, random, store};
use crate::clock::Clock;
use crate::store::Store;

/// The bindings of one component instance, on which all its imports operate: the storage of one
/// tenant, a journal, a clock and random bytes. There is no file, socket or environment.
pub(crate) struct State {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) notes: Notes,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) meter: Meter,
    pub(crate) entry_locks: Arc<EntryLocks>,
    pub(crate) entry_lock: RequestLock,
    /// Becomes true when the client no longer waits for the answer.
    pub(crate) gone: Option<watch::Receiver<bool>>,
}

/// Adds the imports to the linker, one interface at a time. A component that imports another one
/// does not load.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    store::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    journal::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    clock::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    random::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

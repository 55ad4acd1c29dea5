//! The connections that read. Every new read transaction sees all commits before it, those of other
//! processes included.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Instant;

use rusqlite::Connection;
use tokio::runtime::{Builder, Handle, Runtime};

use super::error::SqliteResult;
use super::guard::Guard;
use super::schema;
use super::writer::execute;
use crate::cpu_scheduler::{CpuScheduler, CpuTask};
use crate::fair_semaphore::FairSemaphore;
use crate::store::{Refusal, StoreId, limits, too_many_rows};

/// Searches that run at once on blocking threads, shared fairly between tenants; others wait. More
/// would only compete for the processors.
const SEARCHES: usize = 16;

/// The niceness of the threads of long searches: each gets a tenth of what another thread gets
/// where both want one processor.
const NICENESS: i32 = 10;

/// SQLite virtual machine steps between two time checks of a read on an async thread.
const STEPS: std::ffi::c_int = 100;

/// SQLite virtual machine steps between two time checks of a read on a blocking thread.
const LONG_STEPS: std::ffi::c_int = 2_000;

/// Time checks after which a read no longer counts as brief: a fraction of a millisecond.
const BRIEF: u32 = 20;

/// A pool of read-only connections.
pub(super) struct Readers {
    path: PathBuf,
    guard: Arc<Guard>,
    idle: Mutex<Vec<Connection>>,
    searches: Arc<FairSemaphore<StoreId>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, guard: Arc<Guard>) -> Readers {
        Readers { path, guard, idle: Mutex::default(), searches: FairSemaphore::new(SEARCHES) }
    }

    /// Reads on the calling thread, for reads that take microseconds.
    pub(super) fn point<T>(
        &self,
        snapshot: &Snapshot,
        read: impl FnOnce(&Connection) -> SqliteResult<T>,
    ) -> Result<T, Refusal> {
        Ok(self.read(snapshot, |db| read(db))?)
    }

    /// Reads on the calling thread if that proves brief; otherwise starts again on a blocking
    /// thread. Stops when the caller stops waiting.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] if the read takes longer than [`limits::SEARCH`].
    pub(super) async fn search<T: Send + 'static>(
        self: Arc<Self>,
        snapshot: &Snapshot,
        tenant: StoreId,
        read: impl Fn(&Connection) -> SqliteResult<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        if let Some(result) = self.briefly(snapshot, &read) {
            return Ok(result?);
        }
        self.end(snapshot);
        let permit = self.searches.acquire(tenant).await;
        let awaited = Arc::new(());
        let watch = Arc::downgrade(&awaited);
        let task = CpuTask::new(CpuScheduler::all(), Some(tenant));
        task.begin().await;
        let runtime = Handle::current();
        let result = long_searches()?.spawn_blocking(move || {
            let result = self.interruptible(&task, &runtime, watch, read);
            task.pause();
            drop(permit);
            result
        });
        let result = result.await.map_err(unavailable)?;
        drop(awaited);
        match result {
            Err(fault) if fault.is_interruption() => Err(too_many_rows()),
            result => Ok(result?),
        }
    }

    /// Reads until it takes too long or the caller stops waiting. Meanwhile it yields the processor
    /// to other tasks.
    fn interruptible<T>(
        &self,
        task: &Arc<CpuTask>,
        runtime: &Handle,
        awaited: Weak<()>,
        read: impl Fn(&Connection) -> SqliteResult<T>,
    ) -> SqliteResult<T> {
        let (task, runtime) = (Arc::clone(task), runtime.clone());
        let end = Instant::now() + limits::SEARCH;
        let is_over = move || {
            task.yield_to_others_blocking(&runtime);
            awaited.strong_count() == 0 || Instant::now() >= end
        };
        self.read(&Snapshot::PerCall, |db| {
            db.progress_handler(LONG_STEPS, Some(is_over))?;
            let result = read(db);
            db.progress_handler(LONG_STEPS, None::<fn() -> bool>)?;
            result
        })
    }

    /// Reads on the calling thread; `None` if that takes more than [`BRIEF`] time checks.
    fn briefly<T>(
        &self,
        snapshot: &Snapshot,
        read: impl Fn(&Connection) -> SqliteResult<T>,
    ) -> Option<SqliteResult<T>> {
        let mut left = BRIEF;
        let is_over = move || {
            left -= 1;
            left == 0
        };
        let result = self.read(snapshot, |db| {
            db.progress_handler(STEPS, Some(is_over))?;
            let result = read(db);
            db.progress_handler(STEPS, None::<fn() -> bool>)?;
            result
        });
        let is_over = matches!(&result, Err(fault) if fault.is_interruption());
        (!is_over).then_some(result)
    }

    /// Runs `read` in a transaction on the snapshot.
    fn read<T>(
        &self,
        snapshot: &Snapshot,
        read: impl FnOnce(&mut Connection) -> SqliteResult<T>,
    ) -> SqliteResult<T> {
        self.guard.still().map_err(Refusal::Unavailable)?;
        let mut db = match snapshot.take() {
            Some(db) => db,
            None => self.begin()?,
        };
        let result = read(&mut db);
        match snapshot {
            Snapshot::PerCall => self.finish(db),
            Snapshot::Pinned(held) => *lock(held) = Some(db),
        }
        result
    }

    /// Ends a snapshot; later reads use a new one.
    pub(super) fn end(&self, snapshot: &Snapshot) {
        if let Some(db) = snapshot.take() {
            self.finish(db);
        }
    }

    fn begin(&self) -> SqliteResult<Connection> {
        let idle = self.idle().pop();
        let db = match idle {
            Some(db) => db,
            None => {
                // A connection to a file that has been replaced must not join the pool.
                self.guard.check().map_err(Refusal::Unavailable)?;
                schema::open_reader(&self.path)?
            }
        };
        execute(&db, "BEGIN")?;
        Ok(db)
    }

    /// Returns a connection to the pool, unless its transaction cannot be ended.
    fn finish(&self, db: Connection) {
        if execute(&db, "COMMIT").is_ok() {
            self.idle().push(db);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        lock(&self.idle)
    }
}

/// Which snapshot a caller reads from.
pub(super) enum Snapshot {
    /// Each call reads from a snapshot of its own.
    PerCall,
    /// All calls read from the first call's snapshot, until it is ended.
    Pinned(Mutex<Option<Connection>>),
}

impl Snapshot {
    fn take(&self) -> Option<Connection> {
        match self {
            Snapshot::PerCall => None,
            Snapshot::Pinned(held) => lock(held).take(),
        }
    }
}

/// The threads of long searches, of which the process has one set. All other threads go before
/// them: what takes a millisecond need not wait until the operating system takes a processor from a
/// search.
///
/// # Errors
/// The operating system gives no threads.
fn long_searches() -> Result<&'static Runtime, Refusal> {
    static THREADS: OnceLock<std::io::Result<Runtime>> = OnceLock::new();
    let threads = THREADS.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(SEARCHES)
            .thread_name("scimlet-search")
            .on_thread_start(give_way)
            .build()
    });
    threads.as_ref().map_err(unavailable)
}

/// Lowers the priority of the calling thread. Elsewhere than on Linux it would be that of the whole
/// process.
fn give_way() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unavailable(error: impl std::fmt::Display) -> Refusal {
    Refusal::Unavailable(error.to_string())
}

#[cfg(test)]
mod tests {
    use crate::store::sqlite::Sqlite;
    use crate::store::{Database as _, Draft, Key, Query, Store, Window, Write};

    async fn count(store: &dyn Store) -> u64 {
        let query = Query {
            kind: "User".into(),
            filter: Vec::new(),
            order: None,
            window: Window::Offset(0),
            limit: 0,
            count: true,
        };
        store.find(query).await.expect("it reads").total.expect("it counts")
    }

    async fn insert(store: &dyn Store, id: &str) {
        let key = Key { kind: "User".into(), id: id.into() };
        let draft = Draft { key, body: "{}".into(), terms: Vec::new() };
        let done = store.commit(0, "test".into(), vec![Write::Insert(draft)]).await;
        done.expect("it commits");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_long_search_lets_other_threads_go_first() {
        use std::sync::Arc;

        use super::{NICENESS, Snapshot};
        use crate::store::StoreId;

        let folder = tempfile::tempdir().expect("a folder");
        let database = Sqlite::open(folder.path().join("x.db")).expect("a file");
        let niceness = |db: &rusqlite::Connection| {
            let sql = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 100000)
                       SELECT COUNT(*) FROM n";
            let _: i64 = db.query_row(sql, [], |row| row.get(0))?;
            Ok(rustix::process::getpriority_process(None).expect("it is known"))
        };
        let readers = Arc::clone(&database.shared.readers);
        let found = readers.search(&Snapshot::PerCall, StoreId::new(1, 1), niceness).await;
        assert_eq!(found, Ok(NICENESS));
        let own = rustix::process::getpriority_process(None).expect("it is known");
        assert!(own < NICENESS, "the thread that asked has {own}");
    }

    #[tokio::test]
    async fn a_request_reads_of_one_moment_until_it_commits() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Sqlite::open(folder.path().join("x.db")).expect("a file");
        database.create_tenant("acme", 0).await.expect("a tenant");
        let others = database.open("acme").await.expect("it reads");
        let others = others.expect("it is there");
        let request = others.snapshot().expect("it is different");
        assert_eq!(count(&*request).await, 0);
        insert(&*others, "1").await;
        assert_eq!((count(&*request).await, count(&*others).await), (0, 1));
        insert(&*request, "2").await;
        assert_eq!((count(&*request).await, count(&*others).await), (2, 2));
        drop(request);
        let next = others.snapshot().expect("it is different");
        insert(&*others, "3").await;
        assert_eq!(count(&*next).await, 3);
    }
}

//! The one thread that writes. It takes the waiting commits, those of all tenants in turn, and
//! makes small ones durable together: one transaction with a savepoint for each, one fsync for all.
//! A refused commit rolls back to its savepoint and affects no other.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::checkpoint::Checkpoints;
use super::group::Group;
use super::guard::Guard;
use super::queue::{Next, Owner, Queue, Size};
use super::{error, schema, sweep};
use crate::store::Refusal;

/// The most commits that share one transaction: the first of them waits for the last.
const GROUP: usize = 64;

/// How long a transaction accepts further commits.
const GROUP_TIME: Duration = Duration::from_millis(4);

/// The least time between two attempts to empty the log while readers need it or others write.
const EMPTYING: Duration = Duration::from_millis(200);

/// Sends the result of a job, once it is known whether the transaction is durable.
type Reply = Box<dyn FnOnce(Result<(), Refusal>)>;

/// One commit: runs inside its savepoint, or receives the reason why it cannot.
type Job = Box<dyn FnOnce(Result<&Group<'_>, Refusal>) -> Done + Send>;

/// A job that has run.
struct Done {
    /// Whether its changes are kept; otherwise they are rolled back.
    keep: bool,
    reply: Reply,
}

/// The handle of the writer thread.
pub(super) struct Writer {
    jobs: Arc<Queue<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the writer thread.
    pub(super) fn start(
        db: Connection,
        guard: Arc<Guard>,
        checkpoints: Arc<Checkpoints>,
    ) -> std::io::Result<Writer> {
        let jobs = Arc::new(Queue::new());
        let queue = Arc::clone(&jobs);
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || serve(&db, &guard, &checkpoints, &queue))?;
        Ok(Writer { jobs, thread: Some(thread) })
    }

    /// Runs `work` in a savepoint, and returns its result when that is durable. The changes are
    /// kept if `work` succeeds. A queued job runs even if its caller stops waiting.
    ///
    /// # Errors
    /// The outer error: [`Refusal::NotDone`] if `work` was not committed, [`Refusal::Unavailable`]
    /// if that is unknown.
    pub(super) async fn run<T, E>(
        &self,
        owner: Owner,
        size: Size,
        work: impl FnOnce(&Group<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<T, E>, Refusal>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let stopped = || "the writer has stopped".to_owned();
        let (answer, answered) = oneshot::channel();
        if !self.jobs.push(owner, size, job(work, answer)) {
            return Err(Refusal::NotDone(stopped()));
        }
        answered.await.map_err(|_| Refusal::Unavailable(stopped()))?
    }
}

impl Drop for Writer {
    /// Finishes the queued jobs; SQLite cleans up as the last connection closes.
    fn drop(&mut self) {
        self.jobs.close();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn job<T, E>(
    work: impl FnOnce(&Group<'_>) -> Result<T, E> + Send + 'static,
    answer: oneshot::Sender<Result<Result<T, E>, Refusal>>,
) -> Job
where
    T: Send + 'static,
    E: Send + 'static,
{
    Box::new(move |group| {
        let result = group.map(work);
        let keep = matches!(result, Ok(Ok(_)));
        let reply = move |durable: Result<(), Refusal>| {
            // The receiver is gone if the caller stopped waiting.
            drop(answer.send(durable.and(result)));
        };
        Done { keep, reply: Box::new(reply) }
    })
}

fn serve(db: &Connection, guard: &Guard, checkpoints: &Checkpoints, queue: &Queue<Job>) {
    let step = |with_log| {
        sweep::step(db, checkpoints, with_log).unwrap_or_else(|error| {
            tracing::debug!("sweeping has to wait: {error}");
            false
        })
    };
    // An earlier process may have left rows to sweep.
    let mut sweeping = Sweeping::Now;
    let mut emptied: Option<Instant> = None;
    loop {
        let next = match sweeping {
            Sweeping::Now => queue.next(),
            Sweeping::Later => queue.wait_for(EMPTYING),
            Sweeping::Done => queue.wait(),
        };
        let first = match next {
            Next::Job(job) => job,
            Next::Closed => return close(db, guard, checkpoints),
            Next::Nothing => {
                let with_log = emptied.is_none_or(|tried| tried.elapsed() >= EMPTYING);
                if with_log {
                    emptied = Some(Instant::now());
                }
                sweeping = match guard.check().is_ok() {
                    true if step(with_log) => Sweeping::Now,
                    true if is_due(db) => Sweeping::Later,
                    _ => Sweeping::Done,
                };
                continue;
            }
        };
        let begun = Instant::now();
        let rest = std::iter::from_fn(|| match begun.elapsed() < GROUP_TIME {
            true => queue.next_small(),
            false => None,
        });
        commit(db, guard, std::iter::once(first).chain(rest.take(GROUP - 1)));
        sweeping = match guard.still().is_ok() && is_due(db) {
            true => Sweeping::Now,
            false => Sweeping::Done,
        };
    }
}

/// When the writer sweeps while no commit waits.
enum Sweeping {
    Now,
    /// Only the log is left: a reader needs it, or emptying it was tried a moment ago.
    Later,
    Done,
}

fn is_due(db: &Connection) -> bool {
    sweep::is_due(db).unwrap_or(false)
}

/// Empties the log if that is scheduled: closing would leave it as it is while other processes have
/// the file open. Leaves a file that is no longer ours unchanged.
fn close(db: &Connection, guard: &Guard, checkpoints: &Checkpoints) {
    match guard.check() {
        Ok(()) => drop(sweep::empty_log(db, checkpoints)),
        Err(_) => schema::abandon(db),
    }
}

/// Runs the jobs in one transaction, and replies once it is durable or has failed.
fn commit(db: &Connection, guard: &Guard, mut jobs: impl Iterator<Item = Job>) {
    let mut replies = Vec::new();
    let durable = transact(db, guard, &mut jobs, &mut replies);
    if let Err(why) = &durable {
        if !db.is_autocommit() {
            drop(db.execute_batch("ROLLBACK"));
        }
        replies.extend(jobs.map(|job| job(Err(why.clone())).reply));
    }
    for reply in replies {
        reply(durable.clone());
    }
}

fn transact(
    db: &Connection,
    guard: &Guard,
    jobs: &mut impl Iterator<Item = Job>,
    replies: &mut Vec<Reply>,
) -> Result<(), Refusal> {
    guard.still().map_err(Refusal::NotDone)?;
    let is_changed = run(db, jobs, replies).map_err(|error| error::not_done(&error))?;
    guard.check().map_err(Refusal::NotDone)?;
    if !is_changed {
        // A commit would write all pages that the refused jobs changed and restored.
        return execute(db, "ROLLBACK").map_err(|error| error::not_done(&error));
    }
    execute(db, "COMMIT").map_err(|error| error::unknown(&error))?;
    // Checks once more, so that what is acknowledged is in the file that the next start opens.
    guard.check().map_err(Refusal::Unavailable)
}

/// Runs the jobs of a transaction, without committing it. Returns whether any was kept.
fn run(
    db: &Connection,
    jobs: &mut impl Iterator<Item = Job>,
    replies: &mut Vec<Reply>,
) -> rusqlite::Result<bool> {
    execute(db, "BEGIN IMMEDIATE")?;
    let (group, mut is_changed) = (Group::new(db), false);
    for job in jobs {
        execute(db, "SAVEPOINT one")?;
        let done = job(Ok(&group));
        replies.push(done.reply);
        is_changed |= done.keep;
        if !done.keep {
            // Fails if a full disk, for example, has already rolled back the transaction; then the
            // whole group fails.
            execute(db, "ROLLBACK TO one")?;
        }
        execute(db, "RELEASE one")?;
    }
    Ok(is_changed)
}

/// Runs a cached statement without parameters.
pub(super) fn execute(db: &Connection, sql: &str) -> rusqlite::Result<()> {
    db.prepare_cached(sql)?.execute([]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(
        sql: &'static str,
    ) -> impl FnOnce(&Group<'_>) -> rusqlite::Result<usize> + Send + 'static {
        move |db| db.execute(sql, [])
    }

    #[tokio::test]
    async fn what_is_refused_leaves_nothing_in_the_log() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("refused.db");
        let db = Connection::open(&file).expect("it opens");
        let sql = "PRAGMA journal_mode = WAL; CREATE TABLE end(id INTEGER PRIMARY KEY)";
        db.execute_batch(sql).expect("the table is made");
        let log = || std::fs::metadata(file.with_extension("db-wal")).expect("a log").len();
        let before = log();
        let writer = Writer::start(db, Arc::new(Guard::none()), Arc::default());
        let writer = writer.expect("it starts");
        let refused = writer.run(Some(1), Size::Large, |group| {
            group.execute("INSERT INTO end VALUES (1)", []).expect("it is inserted");
            Err::<(), _>("refused")
        });
        assert_eq!(refused.await, Ok(Err("refused")));
        assert_eq!(log(), before);
        let kept = writer.run(Some(1), Size::Small, insert("INSERT INTO end VALUES (1)")).await;
        assert_eq!(kept, Ok(Ok(1)));
        assert!(log() > before);
    }

    #[tokio::test]
    async fn a_group_that_cannot_be_committed_fails_as_a_whole() {
        let db = Connection::open_in_memory().expect("it opens");
        db.execute_batch(
            "CREATE TABLE end(id INTEGER PRIMARY KEY);
             CREATE TABLE line(end REFERENCES end DEFERRABLE INITIALLY DEFERRED);",
        )
        .expect("the tables are made");
        let writer = Writer::start(db, Arc::new(Guard::none()), Arc::default());
        let writer = writer.expect("it starts");
        let (started, running) = oneshot::channel();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let first = writer.run(Some(1), Size::Small, move |_| {
            started.send(()).expect("the test listens");
            wait.recv()
        });
        // Both jobs queue behind the first, whose transaction accepts no more after `GROUP_TIME`.
        // So they share the next one, which the dangling line makes fail.
        let group = async {
            running.await.expect("the first runs");
            let good = writer.run(Some(1), Size::Small, insert("INSERT INTO end VALUES (1)"));
            let bad = writer.run(Some(1), Size::Small, insert("INSERT INTO line VALUES (7)"));
            let queued = async {
                tokio::time::sleep(2 * GROUP_TIME).await;
                go.send(()).expect("the first waits");
            };
            tokio::join!(good, bad, queued)
        };
        let (first, (good, bad, ())) = tokio::join!(first, group);
        assert_eq!(first, Ok(Ok(())));
        for outcome in [good, bad] {
            let why = outcome.expect_err("the group failed");
            assert!(format!("{why:?}").contains("FOREIGN KEY"), "{why:?}");
        }
        let rest = writer.run(Some(1), Size::Small, insert("INSERT INTO end VALUES (1)")).await;
        assert_eq!(rest, Ok(Ok(1)), "the row of the failed group is gone");
    }
}

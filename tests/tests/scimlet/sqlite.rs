//! Expectations of a SQLite file that the contract of stores does not name.

mod tables;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use rusqlite::Connection;
use scimlet::store::sqlite::Sqlite;
use scimlet::store::{Database, DatabaseError, Store, TenantStorage, hash_chain};
use scimlet_contract::kit::*;
use scimlet_tests::wording::mentions;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Runs with a path at which there is no file yet.
type Case = fn(&Path, &Runtime);

const CASES: [(&str, Case); 12] = [
    ("a_newer_file_is_refused", a_newer_file_is_refused),
    ("another_applications_file_is_refused", another_applications_file_is_refused),
    ("what_is_no_database_is_refused", what_is_no_database_is_refused),
    ("an_empty_file_is_opened_by_many_at_once", an_empty_file_is_opened_by_many_at_once),
    ("two_processes_share_a_file", two_processes_share_a_file),
    ("data_survive_reopening", data_survive_reopening),
    ("a_queued_commit_needs_no_listener", a_queued_commit_needs_no_listener),
    ("a_lock_of_another_process_is_waited_for", a_lock_of_another_process_is_waited_for),
    ("deleted_tenants_are_swept_up", deleted_tenants_are_swept_up),
    ("removed_links_are_swept_up", removed_links_are_swept_up),
    ("file_names_mean_themselves", file_names_mean_themselves),
    ("nobody_else_may_read_the_file", nobody_else_may_read_the_file),
];

/// One trial for each case, each with a directory of its own.
pub fn trials() -> Vec<Trial> {
    let trial = |(name, run): (&str, Case)| {
        Trial::test(format!("sqlite::{name}"), move || {
            let directory = TempDir::new()?;
            run(&directory.path().join("scimlet.db"), &super::runtime()?);
            Ok(())
        })
    };
    CASES.into_iter().map(trial).chain(tables::trials()).collect()
}

fn open(path: &Path) -> Sqlite {
    Sqlite::open(path).expect("the file opens")
}

/// Returns the reason why the file is refused.
fn unsuitable(path: &Path) -> String {
    match Sqlite::open(path).map(drop) {
        Err(DatabaseError::Unsuitable(why)) => {
            assert!(why.contains(&path.display().to_string()), "`{why}` names the file");
            why
        }
        other => panic!("{other:?}"),
    }
}

/// The store of the tenant `acme`, which is made if need be.
async fn acme(database: &Sqlite) -> Arc<dyn TenantStorage> {
    match database.create_tenant("acme", AT).await {
        Ok(()) | Err(DatabaseError::Exists(_)) => {}
        Err(error) => panic!("{error}"),
    }
    database.open("acme").await.expect("open succeeds").expect("the tenant is there")
}

fn execute(path: &Path, sql: &str) {
    Connection::open(path).and_then(|db| db.execute_batch(sql)).expect("the SQL runs");
}

fn a_newer_file_is_refused(path: &Path, _: &Runtime) {
    drop(open(path));
    execute(path, "UPDATE scimlet_schema SET version = 7; PRAGMA user_version = 7");
    let why = unsuitable(path);
    assert!(mentions(&why, "7") && mentions(&why, "3"), "{why}");
    // A version between this one and the one without prefix never was.
    execute(path, "DROP TABLE scimlet_schema");
    unsuitable(path);
}

fn another_applications_file_is_refused(path: &Path, _: &Runtime) {
    execute(path, "CREATE TABLE theirs(x)");
    let before = std::fs::read(path).expect("the file is there");
    let theirs = unsuitable(path);
    execute(path, "DROP TABLE theirs; PRAGMA application_id = 5");
    assert_eq!(unsuitable(path), theirs);
    execute(path, "PRAGMA application_id = 0; PRAGMA user_version = 3");
    unsuitable(path);
    execute(path, "PRAGMA user_version = 0; CREATE TABLE theirs(x)");
    let after = std::fs::read(path).expect("the file is there");
    assert_eq!(before.len(), after.len());
    assert_eq!(after[18..20], [1, 1], "the journal mode is theirs to choose");
}

fn what_is_no_database_is_refused(path: &Path, _: &Runtime) {
    std::fs::write(path, "a text file, longer than the header of a database. ".repeat(50))
        .expect("it is written");
    unsuitable(path);
    let directory = path.parent().expect("it has one");
    assert!(matches!(Sqlite::open(directory).map(drop), Err(DatabaseError::Unavailable(_))));
    let nowhere = directory.join("nowhere/scimlet.db");
    match Sqlite::open(&nowhere).map(drop) {
        Err(DatabaseError::Unavailable(why)) => assert!(why.contains("nowhere"), "{why}"),
        other => panic!("{other:?}"),
    }
}

fn an_empty_file_is_opened_by_many_at_once(path: &Path, runtime: &Runtime) {
    // Who comes first differs from file to file.
    for round in 0..20 {
        let path = path.with_file_name(format!("{round}.db"));
        let barrier = Arc::new(Barrier::new(4));
        let opener = |path: PathBuf| {
            let barrier = barrier.clone();
            std::thread::spawn(move || {
                barrier.wait();
                Sqlite::open(path)
            })
        };
        let openers: Vec<_> = (0..4).map(|_| opener(path.clone())).collect();
        for opener in openers {
            let database = opener.join().expect("no panic").expect("the file opens");
            runtime.block_on(acme(&database));
        }
    }
}

fn two_processes_share_a_file(path: &Path, runtime: &Runtime) {
    let (one, two) = (open(path), open(path));
    runtime.block_on(async {
        let (one, two) = (acme(&one).await, acme(&two).await);
        commit(&*one, vec![insert(named("0", "bo")), append("0")]).await.unwrap();
        for round in 0..50u64 {
            let (writer, reader) = if round % 2 == 0 { (&two, &one) } else { (&one, &two) };
            let body = format!("{round}");
            commit(&**writer, vec![replace(named("0", &body), round + 1), append(&body)])
                .await
                .unwrap();
            assert_eq!(version(&**reader, user("0")).await.unwrap(), round + 2);
            let found = reader.find(query(vec![equal("userName", &body)])).await;
            assert_eq!(found.expect("find succeeds").hits.len(), 1);
        }
        let write = |store: Arc<dyn TenantStorage>, from: u32| async move {
            for number in from..from + 50 {
                commit(&*store, vec![insert(plain(user(&number.to_string()))), append("x")])
                    .await
                    .unwrap();
            }
        };
        let tasks = [tokio::spawn(write(one.clone(), 100)), tokio::spawn(write(two, 200))];
        for task in tasks {
            task.await.expect("no commit is refused");
        }
        let events = one.events(0, 1000).await.expect("events succeeds");
        assert_eq!(events.len(), 151);
        let mut previous = hash_chain::START;
        for (event, number) in events.iter().zip(1..) {
            assert_eq!(event.sequence, number);
            assert!(hash_chain::holds(&previous, event));
            previous = event.digest;
        }
    });
}

fn data_survive_reopening(path: &Path, runtime: &Runtime) {
    let database = open(path);
    runtime.block_on(async {
        let store = acme(&database).await;
        let writes = vec![
            insert(named("1", "bo")),
            insert(plain(group("g"))),
            link(group("g"), user("1")),
            adjust("seats", 4, None),
            append("x"),
        ];
        commit(&*store, writes).await.unwrap();
        database.set_setting("url", "http://a").await.expect("it is set");
    });
    drop(database);
    let database = open(path);
    runtime.block_on(async {
        let store = acme(&database).await;
        assert_eq!(version(&*store, user("1")).await.unwrap(), 1);
        assert!(has(&*store, group("g"), user("1")).await.unwrap());
        assert_eq!(counter(&*store, "seats").await.unwrap(), 4);
        assert_eq!(
            refused(&*store, vec![insert(named("2", "bo"))]).await.unwrap(),
            (0, taken("userName"))
        );
        assert_eq!(store.events(0, 9).await.expect("events succeeds").len(), 1);
        let url = database.setting("url").await.expect("setting succeeds");
        assert_eq!(url.as_deref(), Some("http://a"));
    });
}

fn a_queued_commit_needs_no_listener(path: &Path, runtime: &Runtime) {
    let database = open(path);
    runtime.block_on(async {
        let store = acme(&database).await;
        for number in 0..20 {
            let writes = vec![insert(plain(user(&number.to_string())))];
            let mut future = store.commit(AT, "tester".into(), writes);
            // One look queues it; then its caller goes away.
            std::future::poll_fn(|context| {
                drop(future.as_mut().poll(context));
                Poll::Ready(())
            })
            .await;
        }
        commit(&*store, vec![append("after all of them")]).await.unwrap();
        let page = store.find(query(Vec::new())).await.expect("find succeeds");
        assert_eq!(page.total, Some(20));
    });
}

fn a_lock_of_another_process_is_waited_for(path: &Path, runtime: &Runtime) {
    let database = open(path);
    runtime.block_on(async {
        let store = acme(&database).await;
        let other = Connection::open(path).expect("it opens");
        other.execute_batch("BEGIN IMMEDIATE").expect("it locks");
        let waiting = store.clone();
        let commit =
            tokio::spawn(async move { commit(&*waiting, vec![append("x")]).await.unwrap() });
        // Reading does not wait for the lock, and shows nothing of what waits for it.
        for _ in 0..100 {
            assert_eq!(store.events(0, 9).await, Ok(Vec::new()));
        }
        assert!(!commit.is_finished());
        other.execute_batch("ROLLBACK").expect("it unlocks");
        commit.await.expect("the commit succeeds");
    });
}

/// A group of many users.
async fn large_group(store: &dyn Store) {
    let mut writes = vec![insert(plain(group("g")))];
    for id in (0..1500).map(|number| number.to_string()) {
        writes.extend([insert(named(&id, &id)), link(group("g"), user(&id)), append("x")]);
    }
    commit(store, writes).await.unwrap();
}

/// Waits until these tables are empty.
fn await_empty(path: &Path, tables: &[&str]) {
    let db = Connection::open(path).expect("it opens");
    let rows = |table: &&str| -> i64 {
        let sql = format!("SELECT COUNT(*) FROM scimlet_{table}");
        db.query_row(&sql, [], |row| row.get(0)).expect("the SQL runs")
    };
    let start = Instant::now();
    while tables.iter().any(|table| rows(table) > 0) {
        let left: Vec<_> = tables.iter().map(|table| (table, rows(table))).collect();
        assert!(start.elapsed() < Duration::from_secs(20), "{left:?}");
        std::thread::yield_now();
    }
}

fn deleted_tenants_are_swept_up(path: &Path, runtime: &Runtime) {
    let database = open(path);
    runtime.block_on(async {
        let store = acme(&database).await;
        large_group(&*store).await;
        commit(&*store, vec![adjust("seats", 1, None)]).await.unwrap();
        database.delete_tenant("acme").await.expect("it is deleted");
    });
    let things = ["entry", "field", "term", "linkset", "link", "event"];
    await_empty(path, &things);
    await_empty(path, &["sweep", "tenant", "kind", "counter"]);
}

fn removed_links_are_swept_up(path: &Path, runtime: &Runtime) {
    let database = open(path);
    runtime.block_on(async {
        let store = acme(&database).await;
        large_group(&*store).await;
        commit(&*store, vec![unlink_all(group("g")), link(group("g"), user("1"))]).await.unwrap();
        commit(&*store, vec![remove(group("g"))]).await.unwrap();
    });
    await_empty(path, &["link", "linkset", "sweep"]);
}

fn file_names_mean_themselves(path: &Path, runtime: &Runtime) {
    let directory = path.parent().expect("it has one");
    for name in ["a b?mode=memory#%41.db", ":memory:", "file:x.db"] {
        let path = directory.join(name);
        runtime.block_on(acme(&open(&path)));
        assert!(path.metadata().expect("the file is there").len() > 0, "{name}");
    }
    assert!(matches!(Sqlite::open("").map(drop), Err(DatabaseError::Unsuitable(_))));
}

fn nobody_else_may_read_the_file(path: &Path, runtime: &Runtime) {
    let database = open(path);
    runtime.block_on(acme(&database));
    #[cfg(unix)]
    for suffix in ["", "-wal", "-shm"] {
        use std::os::unix::fs::PermissionsExt as _;
        let path = PathBuf::from(format!("{}{suffix}", path.display()));
        let mode = path.metadata().expect("the file is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
}

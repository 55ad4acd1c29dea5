//! scimlet-sql's transactions over a connection that fails or collides: they end in every case, are
//! repeated where that helps, and see one state of the database.

use std::cell::{Cell, RefCell};

use anyhow::{anyhow, ensure};
use libtest_mimic::{Failed, Trial};
use scimlet::store::{Direction, Draft, Key, Link, LinkPage, Query, Refusal, Window, Write};
use scimlet_sql::Dialect;
use scimlet_sql::database::migrate::{Unusable, migrate};
use scimlet_sql::database::{Connection, Failure, Mode, Row, SqlStore, Statement, tenants};
use scimlet_tests::sql::SqliteConnection;
use tempfile::TempDir;

const AT: u64 = 1_700_000_000_000;

/// The trials.
pub fn trials() -> Vec<Trial> {
    macro_rules! trials {
        ($($name:ident)*) => {
            vec![$(Trial::test(concat!("database::", stringify!($name)), move || {
                $name().map_err(|error| Failed::from(format!("{error:?}")))
            })),*]
        };
    }
    trials![
        failed_transactions_are_undone
        collisions_are_tried_again
        reading_is_one_snapshot
        without_a_tenant_nothing_is_done
        newer_tables_are_refused_under_the_lock
    ]
}

/// A change that another connection makes.
type Interference = Box<dyn FnOnce() -> anyhow::Result<()>>;

/// A connection that fails where it is told to.
struct Faulty {
    connection: SqliteConnection,
    /// The failures of the next calls of `commit`, the last one first; the others succeed.
    commits: RefCell<Vec<Failure>>,
    /// Executed when so many transactions for writing have begun.
    at_begin: Cell<Option<(u32, &'static str)>>,
    /// Done after the next statement.
    beside: RefCell<Option<Interference>>,
    folder: TempDir,
}

impl Faulty {
    /// A connection to a database without tables.
    fn empty() -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let connection = SqliteConnection::open(&folder.path().join("faulty.db"))?;
        let (commits, beside) = (RefCell::default(), RefCell::default());
        Ok(Self { connection, commits, at_begin: Cell::new(None), beside, folder })
    }

    /// A connection to a database with the tenant `acme`, which has two groups.
    fn new() -> anyhow::Result<Self> {
        let faulty = Self::empty()?;
        migrate(&faulty).map_err(|error| anyhow!("{error:?}"))?;
        ensure!(tenants::create(&faulty, "acme", AT) == Ok(true));
        store(&faulty).commit(AT, "test", &[insert("g1"), insert("g2")]).map_err(plain)?;
        Ok(faulty)
    }

    /// Commits on another connection after the next statement on this one.
    fn interfere(&self, writes: Vec<Write>) -> anyhow::Result<()> {
        let other = SqliteConnection::open(&self.folder.path().join("faulty.db"))?;
        let commit = move || store(&other).commit(AT, "other", &writes).map(drop).map_err(plain);
        *self.beside.borrow_mut() = Some(Box::new(commit));
        Ok(())
    }

    /// The next calls of `commit` fail in this way.
    fn fail(&self, failure: fn(String) -> Failure, times: usize) {
        *self.commits.borrow_mut() = vec![failure("as told".to_owned()); times];
    }

    /// Whether an entry of this id is stored.
    fn has(&self, id: &str) -> anyhow::Result<bool> {
        let found = store(self).get(&[key(id)]).map_err(|refusal| anyhow!("{refusal:?}"))?;
        Ok(found[0].is_some())
    }
}

impl Connection for Faulty {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn begin(&self, mode: Mode) -> Result<(), Failure> {
        self.connection.begin(mode)?;
        match self.at_begin.take() {
            Some((1, text)) if mode == Mode::Write => {
                let statement = Statement { text: text.to_owned(), parameters: Vec::new() };
                self.connection.execute(vec![statement])?;
            }
            Some((count, text)) => self.at_begin.set(Some((count - 1, text))),
            None => {}
        }
        Ok(())
    }

    fn execute(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure> {
        let mut rows = Vec::new();
        for statement in statements {
            rows.extend(self.connection.execute(vec![statement])?);
            if let Some(interference) = self.beside.take() {
                interference().map_err(|error| Failure::Failed(error.to_string()))?;
            }
        }
        Ok(rows)
    }

    fn commit(&self) -> Result<(), Failure> {
        match self.commits.borrow_mut().pop() {
            Some(failure) => Err(failure),
            None => self.connection.commit(),
        }
    }

    fn roll_back(&self) {
        self.connection.roll_back();
    }
}

fn store<C: Connection>(connection: &C) -> SqlStore<'_, C> {
    SqlStore::new(connection, "acme")
}

fn key(id: &str) -> Key {
    Key { kind: "Group".to_owned(), id: id.to_owned() }
}

fn insert(id: &str) -> Write {
    Write::Insert(Draft { key: key(id), body: "{}".to_owned(), terms: Vec::new() })
}

fn plain(rejection: impl std::fmt::Debug) -> anyhow::Error {
    anyhow!("{rejection:?}")
}

fn failed_transactions_are_undone() -> anyhow::Result<()> {
    let faulty = Faulty::new()?;
    for failure in [Failure::Failed, Failure::Unknown] {
        faulty.fail(failure, 1);
        let refused = store(&faulty).commit(AT, "test", &[insert("a")]);
        ensure!(refused.is_err(), "{refused:?}");
        ensure!(!faulty.has("a")?);
        faulty.fail(failure, 1);
        ensure!(tenants::create(&faulty, "other", AT).is_err());
        ensure!(tenants::all(&faulty).map_err(plain)?.len() == 1);
        let page = store(&faulty).find(groups());
        ensure!(page.map_err(plain)?.total == Some(2));
    }
    // The connection is free for the next one.
    store(&faulty).commit(AT, "test", &[insert("a")]).map_err(plain)?;
    ensure!(faulty.has("a")?);
    Ok(())
}

fn collisions_are_tried_again() -> anyhow::Result<()> {
    let faulty = Faulty::new()?;
    faulty.fail(Failure::Again, 3);
    store(&faulty).commit(AT, "test", &[insert("a")]).map_err(plain)?;
    ensure!(faulty.has("a")?);
    faulty.fail(Failure::Again, 3);
    ensure!(tenants::create(&faulty, "other", AT) == Ok(true));
    faulty.fail(Failure::Again, 3);
    ensure!(tenants::delete(&faulty, "other") == Ok(true));
    ensure!(tenants::all(&faulty).map_err(plain)?.len() == 1);
    // They end, and nothing is half done.
    faulty.fail(Failure::Again, 1_000);
    ensure!(matches!(tenants::create(&faulty, "other", AT), Err(Failure::Again(_))));
    let refused = store(&faulty).commit(AT, "test", &[insert("b")]);
    ensure!(refused.is_err_and(|rejection| matches!(rejection.reason, Refusal::NotDone(_))));
    faulty.commits.take();
    ensure!(tenants::all(&faulty).map_err(plain)?.len() == 1 && !faulty.has("b")?);
    Ok(())
}

fn reading_is_one_snapshot() -> anyhow::Result<()> {
    let faulty = Faulty::new()?;
    faulty.interfere(vec![insert("g3")])?;
    let page = store(&faulty).find(groups()).map_err(plain)?;
    ensure!(page.hits.len() == 2 && page.total == Some(2), "{page:?}");
    let [first, second] = ["g1", "g2"].map(key);
    let linked = [&first, &second].map(|source| {
        let (name, target) = ("members".to_owned(), key("g3"));
        Link { source: source.clone(), name, target }
    });
    faulty.interfere(vec![Write::Link(linked.into())])?;
    let anchors = [first, second];
    let pages = || store(&faulty).links(&anchors, "members", Direction::Outgoing, None, 10);
    let linked = |page: &LinkPage| page.links.len();
    let before: Vec<_> = pages().map_err(plain)?.iter().map(linked).collect();
    let after: Vec<_> = pages().map_err(plain)?.iter().map(linked).collect();
    ensure!(before == [0, 0] && after == [1, 1], "{before:?} {after:?}");
    Ok(())
}

fn groups() -> Query {
    Query {
        kind: "Group".to_owned(),
        filter: Vec::new(),
        order: None,
        window: Window::Offset(0),
        limit: 10,
        count: true,
    }
}

fn without_a_tenant_nothing_is_done() -> anyhow::Result<()> {
    let faulty = Faulty::new()?;
    let nobody = SqlStore::new(&faulty, "nobody");
    let refused = nobody.commit(AT, "test", &[insert("a")]);
    ensure!(refused.is_err_and(|rejection| matches!(rejection.reason, Refusal::NotDone(_))));
    ensure!(tenants::all(&faulty).map_err(plain)?.len() == 1);
    Ok(())
}

/// Another process makes newer tables between the first look and the lock.
fn newer_tables_are_refused_under_the_lock() -> anyhow::Result<()> {
    let faulty = Faulty::empty()?;
    faulty.at_begin.set(Some((3, "UPDATE scimlet_schema SET version = 99")));
    ensure!(migrate(&faulty) == Err(Unusable::Newer(99)));
    Ok(())
}

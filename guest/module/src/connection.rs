//! The import as scimlet-sql's connection, in the form of `wit/sql.wit`. A call that the host
//! cannot answer is one that failed.

use std::cell::RefCell;

use scimlet_sql::Dialect;
use scimlet_sql::database::{Connection, Failure, Mode, Row, Statement};
use serde::{Deserialize, Serialize};

use crate::import;

/// The database of a call: its member `database`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundDatabase {
    dialect: Dialect,
    tenant: String,
}

thread_local! {
    static DATABASE: RefCell<Option<BoundDatabase>> = const { RefCell::new(None) };
}

/// Sets the database of the running call.
pub fn bind(database: Option<BoundDatabase>) {
    DATABASE.set(database);
}

/// Whether the running call has a database.
pub fn is_bound() -> bool {
    DATABASE.with_borrow(Option::is_some)
}

fn database() -> BoundDatabase {
    DATABASE.with_borrow(Clone::clone).expect("storage is by SQL only where there is a database")
}

/// Returns the name of the tenant of the running call.
pub fn tenant() -> String {
    database().tenant
}

/// The import.
#[derive(Clone, Copy, Debug)]
pub struct ImportedConnection(Dialect);

/// Returns the connection of the running call.
pub fn imported() -> ImportedConnection {
    ImportedConnection(database().dialect)
}

#[derive(Serialize)]
struct Begin {
    mode: Mode,
}

#[derive(Serialize)]
struct Execute {
    statements: Vec<Statement>,
}

#[derive(Serialize)]
struct Nothing {}

impl Connection for ImportedConnection {
    fn dialect(&self) -> Dialect {
        self.0
    }

    fn begin(&self, mode: Mode) -> Result<(), Failure> {
        import::ask("sql.begin", &Begin { mode }, Failure::Failed)
    }

    fn execute(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure> {
        import::ask("sql.execute", &Execute { statements }, Failure::Failed)
    }

    fn commit(&self) -> Result<(), Failure> {
        import::ask("sql.commit", &Nothing {}, Failure::Unknown)
    }

    fn roll_back(&self) {
        // If this fails, the transaction ends with its connection.
        import::tell("sql.roll-back", &Nothing {});
    }
}

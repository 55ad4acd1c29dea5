//! The second way to store, `wit/sql.wit`: connections to SQLite and PostgreSQL as an embedder has
//! them, the store of scimlet-sql over them, the component, and the import of the core module.

mod component;
mod import;
mod postgres;
mod sqlite;
mod store;

pub use component::{COMPONENT, OverComponent, broken_rules, load};
pub use import::answer;
pub use postgres::PostgresConnection;
pub use sqlite::SqliteConnection;
pub use store::SqlTenant;

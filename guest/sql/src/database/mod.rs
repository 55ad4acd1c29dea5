//! The store over a connection that only carries statements: [`SqlStore`] has the calls of
//! `wit/store.wit`, [`tenants`] and [`migrate`] those of `wit/tables.wit`. Whoever implements
//! [`Connection`] needs to know nothing of scimlet. With the feature `json` the types of a
//! connection have the form of `wit/module.md`.
//!
//! Statements go out in lists that do not depend on each other's rows, so that a connection to a
//! distant database waits for few answers. Lists of keys and numbers are one parameter, as JSON.

#[cfg(feature = "json")]
mod base64;
mod commit;
mod connection;
mod find;
mod insert;
mod links;
pub mod migrate;
mod read;
mod row;
mod source;
mod store;
pub mod tenants;

pub use self::connection::{Connection, Failure, Mode, Statement};
pub use self::row::{Cell, Row};
pub use self::store::SqlStore;

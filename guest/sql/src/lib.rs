//! SQL of scimlet's tables, without I/O: a query's filter, order and window become SQL here, and a
//! commit becomes the rows that are to be written ([`commit`]). The texts that make
//! the tables, in each dialect, are here too ([`schema`]).
//!
//! Nothing here accesses a database. What must be looked up first (row ids of names, numbers of
//! matches, the state before a commit) is passed in as values, so that synchronous and asynchronous
//! stores can use it, and so that it compiles for WebAssembly. [`database`] is the whole store over
//! a [`Connection`](database::Connection) that carries statements.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a failing test may panic"
    )
)]

pub mod commit;
pub mod database;
pub mod dialect;
mod names;
pub mod null_character;
mod order;
mod plan;
mod position;
mod predicate;
pub mod schema;
mod search;
mod statement;
mod value;

pub use self::dialect::Dialect;
pub use self::names::{End, Field, Names};
pub use self::order::Part;
pub use self::plan::{COUNTED, FEW, Plan, Size, counted, leaves};
pub use self::position::{Position, decode_link, encode_link, no_position};
pub use self::predicate::{Range, Test};
pub use self::search::{Kind, Search, window};
pub use self::statement::{Sql, Value};
pub use self::value::Stored;

//! `wit/sql.wit`. A call that the host cannot answer is one that failed.

use std::cell::RefCell;

use serde::{Deserialize, Serialize};

use super::{received, sent};
use crate::call;
use crate::json::{Outcome, wide};

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// The database of a call: its member `database`.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BoundDatabase {
    pub dialect: Dialect,
    pub tenant: String,
}

/// A value. Its form is `"null"`, or an object with the name of its type.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    Null,
    Integer(#[serde(deserialize_with = "wide")] i64),
    Real(f64),
    Text(String),
    Blob(#[serde(with = "base64")] Vec<u8>),
    Boolean(bool),
}

/// Bytes, as base64 with padding (RFC 4648 section 4).
mod base64 {
    use base64ct::{Base64, Encoding};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base64::encode_string(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Base64::decode_vec(&text).map_err(D::Error::custom)
    }
}

sent! {
    pub enum Mode {
        Read,
        Write,
    }

    pub struct Statement {
        pub text: String,
        pub parameters: Vec<Value>,
    }

    struct Begin {
        mode: Mode,
    }

    struct Execute<'a> {
        statements: &'a [Statement],
    }

    struct Nothing {}
}

received! {
    pub enum Failure {
        Again(String),
        Failed(String),
        Unknown(String),
    }
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

pub fn database() -> BoundDatabase {
    DATABASE.with_borrow(Clone::clone).expect("storage is by SQL only where there is a database")
}

pub fn begin(mode: Mode) -> Result<(), Failure> {
    call::ask("sql.begin", &Begin { mode }).map_or_else(unanswered, Outcome::into)
}

pub fn execute(statements: &[Statement]) -> Result<Vec<Vec<Vec<Value>>>, Failure> {
    call::ask("sql.execute", &Execute { statements }).map_or_else(unanswered, Outcome::into)
}

pub fn commit() -> Result<(), Failure> {
    let answer = call::ask("sql.commit", &Nothing {});
    answer.map_or_else(|sentence| Err(Failure::Unknown(sentence)), Outcome::into)
}

pub fn roll_back() {
    // If this fails, the transaction ends with its connection.
    let _ = call::ask::<()>("sql.roll-back", &Nothing {});
}

fn unanswered<T>(sentence: String) -> Result<T, Failure> {
    Err(Failure::Failed(sentence))
}

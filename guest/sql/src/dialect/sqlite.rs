//! SQLite's parts of the shared SQL.

use scimlet_store::Operator;

use super::Dialect;
use crate::Sql;

/// SQLite's dialect: a term's value is a REAL, TEXT or BLOB, which sort in this order.
#[derive(Clone, Copy, Debug)]
pub struct SqliteDialect;

impl Dialect for SqliteDialect {
    const FROM_TEXT: &'static str = ">= ''";
    const BEFORE_TEXT: &'static str = "< ''";
    const FROM_BOOLEAN: &'static str = ">= x''";
    const BEFORE_BOOLEAN: &'static str = "< x''";
    const SEARCHES: bool = false;
    const PROBE: &'static str = "";

    /// Both operators compare bytes: SQLite's `length` of a text would stop at U+0000.
    fn within(operator: Operator, text: &str) -> Sql {
        let bytes = text.as_bytes().to_vec();
        match operator {
            Operator::EndsWith => Sql::new("substr(CAST(t.value AS BLOB), ?) = ?")
                .bind(-(bytes.len() as i64))
                .bind(bytes),
            _ => Sql::new("instr(CAST(t.value AS BLOB), ?) > 0").bind(bytes),
        }
    }

    fn among(candidates: Sql) -> Sql {
        Sql::new("x.seq IN (").append(candidates).text(")")
    }
}
